# SPDX-License-Identifier: Apache-2.0
"""Normalizations: training and inference, moving statistics over several steps, axes, options."""
from itertools import product

import numpy as np

from keras_case import Family, given, noise

FLAT = noise((13, 6), 8, 4.0, 1.0)  # 13 rows: the last batch is smaller
WIDE = noise((13, 12), 7, 4.0, 1.0)
DEEP = noise((7, 4, 6), 9, 4.0, -0.5)


def target(x):
    return noise(x.values.shape, 3)


def one_step(cases, text, x, label):
    """The layer alone, then between two dense layers: its own gradients, and its input's."""
    bare = "center=false, scale=false" in text  # nothing to train
    cases.case(f"{text}, {label}", text, x, target(x), rate="auto", after=True, train=not bare)
    # No bias before: a normalization takes it away again, and its gradient is rounding.
    cases.case(f"{text}, {label}, inside", f"dense({x.values.shape[-1]}, use_bias=false), {text}, "
               "dense(3, tanh)", x, noise(x.values.shape[:-1] + (3,), 4), rate="auto", after=True)


def batch(cases):
    for axis, x, label in ((-1, FLAT, "rank 2"), (1, FLAT, "axis 1 of rank 2"), (-1, DEEP, "rank 3"),
                           (1, DEEP, "axis 1 of rank 3"), (2, DEEP, "axis 2 of rank 3"),
                           (-2, DEEP, "axis -2 of rank 3")):
        one_step(cases, f"batch_normalization(axis={axis}, momentum=0.5)", x, label)
    for center, scale in product(("true", "false"), repeat=2):
        one_step(cases, f"batch_normalization(momentum=0.5, center={center}, scale={scale})", FLAT,
                 "options")
    for epsilon in (1e-5, 0.1, 2):
        one_step(cases, f"batch_normalization(momentum=0.5, epsilon={epsilon})", FLAT, "epsilon")
    for x in (FLAT, DEEP):
        cases.case(f"defaults, rank {x.values.ndim}", "batch_normalization", x, target(x), rate=0.5,
                   epochs=4, batch_size=5, after=True)
    # Moving statistics over several steps; batches of every raggedness, down to one row.
    layers = "dense(6, use_bias=false), batch_normalization({}), dense(3, tanh)"
    for momentum, size in product((0.99, 0.9, 0.5, 0), (13, 5, 4)):
        cases.case(f"momentum {momentum}, batches of {size}", layers.format(f"momentum={momentum}"),
                   FLAT, noise((13, 3), 4), rate=0.25, epochs=3, batch_size=size, after=True)
    for size in (7, 3):
        cases.case(f"rank 3, batches of {size}", layers.format("momentum=0.8"), DEEP,
                   noise((7, 4, 3), 4), rate=0.25, epochs=3, batch_size=size, after=True)
    for size, options in product((13, 5), ("trainable=false", "momentum=0.5, trainable=false",
                                           "center=false, trainable=false")):
        cases.case(f"{options}, batches of {size}", layers.format(options), FLAT,
                   noise((13, 3), 4), rate=0.25, epochs=2, batch_size=size, after=True)
    cases.case("two of them", "dense(6, tanh), batch_normalization(momentum=0.9), "
               "dense(5, tanh, use_bias=false), batch_normalization(momentum=0.7), dense(3)", FLAT,
               noise((13, 3), 4), rate=0.125, epochs=3, batch_size=5, after=True)
    cases.case("mean far from zero", "batch_normalization(momentum=0.5, epsilon=1e-6)",
               noise((13, 6), 5, 0.5, 100.0), noise((13, 6), 3), epochs=2, rate=0.5, batch_size=5)


def within_samples(cases):
    for text, x, label in (
            ("layer_normalization", FLAT, "rank 2"), ("layer_normalization", DEEP, "rank 3"),
            ("layer_normalization(axis=1)", FLAT, "rank 2"),
            ("layer_normalization(axis=1)", DEEP, "rank 3"),
            ("layer_normalization(axis=-2)", DEEP, "rank 3"),
            ("layer_normalization(axis=(1, 2))", DEEP, "rank 3"),
            ("layer_normalization(axis=(-2, -1))", DEEP, "rank 3"),
            ("layer_normalization(epsilon=1e-6)", FLAT, "rank 2"),
            ("layer_normalization(epsilon=0.5)", DEEP, "rank 3"),
            ("rms_normalization", FLAT, "rank 2"), ("rms_normalization", DEEP, "rank 3"),
            ("rms_normalization(epsilon=0.5)", FLAT, "rank 2"),
            ("rms_normalization(axis=(1, 2))", DEEP, "rank 3"),
            ("group_normalization(groups=2)", FLAT, "rank 2"),
            ("group_normalization(groups=3)", WIDE, "rank 2"),
            ("group_normalization(groups=1)", FLAT, "rank 2"),
            ("group_normalization(3)", DEEP, "rank 3"),
            ("group_normalization(groups=2)", DEEP, "rank 3"),
            ("group_normalization(groups=1)", DEEP, "rank 3"),
            ("group_normalization(groups=-1)", DEEP, "rank 3"),
            ("group_normalization(groups=2, epsilon=0.5)", DEEP, "rank 3")):
        one_step(cases, text, x, label)
    for axis, groups in ((1, 2), (1, 4), (2, 3)):
        one_step(cases, f"group_normalization(groups={groups}, axis={axis})", DEEP, "rank 3")
    for name, options in (("layer_normalization", ""), ("group_normalization", "groups=3, ")):
        for center, scale in (("true", "false"), ("false", "true"), ("false", "false")):
            one_step(cases, f"{name}({options}center={center}, scale={scale})", WIDE, "options")
    for text, x in (("unit_normalization", FLAT), ("unit_normalization", DEEP),
                    ("unit_normalization(axis=1)", DEEP), ("unit_normalization(axis=(1, 2))", DEEP)):
        cases.case(f"{text}, rank {x.values.ndim}", f"dense(6), {text}, dense(3, tanh)", x,
                   noise(x.values.shape[:-1] + (3,), 4), rate="auto")
    for text in ("layer_normalization", "rms_normalization", "group_normalization(groups=2)",
                 "layer_normalization(trainable=false)", "group_normalization(2, trainable=false)"):
        cases.case(f"{text}, several steps", f"dense(6), {text}, dense(3, tanh)", FLAT,
                   noise((13, 3), 4), rate=0.25, epochs=3, batch_size=5, after=True)


def of_inputs(cases):
    for text, x in (("normalization(mean=0.5, variance=4)", FLAT),
                    ("normalization(mean=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), "
                     "variance=(1, 4, 0.25, 9, 2, 0.5))", FLAT),
                    ("normalization(mean=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), "
                     "variance=(1, 4, 0.25, 9, 2, 0.5))", DEEP),
                    ("normalization(axis=1, mean=(1, 2, 3, 4), variance=(1, 4, 0.25, 9))", DEEP),
                    ("normalization(mean=0.5, variance=4, invert=true)", FLAT),
                    ("normalization(mean=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), "
                     "variance=(1, 4, 0.25, 9, 2, 0.5), invert=true)", DEEP),
                    ("rescaling(0.5, offset=1)", FLAT), ("rescaling(0.5)", DEEP),
                    ("rescaling(scale=-0.25, offset=-3)", DEEP), ("rescaling(2, 1)", FLAT)):
        rows = x.values.shape[:-1] + (3,)
        cases.case(f"{text}, rank {x.values.ndim}", f"{text}, dense(3, tanh)", x, noise(rows, 4),
                   rate="auto")
    cases.case("no variance", "normalization(mean=0.5, variance=0)", FLAT, target(FLAT), train=False)
    for text, x in (("normalization", FLAT), ("normalization", DEEP), ("normalization(axis=1)", DEEP),
                    ("normalization(axis=2)", DEEP), ("normalization(axis=none)", DEEP),
                    ("normalization(axis=(1, 2))", DEEP), ("normalization(axis=none)", FLAT),
                    ("normalization(invert=true)", FLAT), ("normalization(axis=1, invert=true)", DEEP),
                    ("normalization", noise((13, 6), 5, 0.5, 8.0))):
        spread = f"around {x.told['offset']:g}"
        rows = x.values.shape[:-1] + (3,)
        cases.case(f"adapt {text}, rank {x.values.ndim}, {spread}", f"{text}, dense(3)",
                   x, noise(rows, 4), adapt=True, rate="auto")
    constant = np.array(FLAT.values)
    constant[:, 2] = 1.5
    cases.case("adapt normalization to a constant column", "normalization, dense(3)",
               given(constant), noise((13, 3), 4), adapt=True, rate="auto")


def family():
    cases = Family("normalizations")
    batch(cases)
    within_samples(cases)
    of_inputs(cases)
    cases.write()
