# SPDX-License-Identifier: Apache-2.0
"""Initializers: values of those without chance; bounds and deviations of the others, by shape."""
from unittest import mock

import numpy as np
from keras.src.initializers import random_initializers

import keras_text
from keras_case import Family, expected, nine

EXACT = ("zeros", "ones", "constant", "constant(0.25)", "constant(value=-3)", "identity",
         "identity(gain=2)", "identity(0.5)")
RANDOM = ("random_normal", "random_normal(mean=1, stddev=0.2)", "random_uniform",
          "random_uniform(minval=-1, maxval=3)", "random_uniform(0, 1)", "truncated_normal",
          "truncated_normal(mean=-0.5, stddev=0.2)", "glorot_uniform", "glorot_normal",
          "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "variance_scaling",
          "variance_scaling(scale=2, mode=fan_out, distribution=uniform)",
          "variance_scaling(scale=2, mode=fan_avg, distribution=truncated_normal)",
          "variance_scaling(scale=0.5, mode=fan_in, distribution=untruncated_normal)",
          "variance_scaling(3, fan_out, untruncated_normal)")
SHAPES = ((32, 128), (128, 32), (64, 64))
TRUNCATED = 0.87962566103423978  # deviation of a standard normal truncated at 2


def asked(initializer, shape):
    """What Keras would draw: the distribution it asks for, with its arguments."""
    draws = []

    def record(kind):
        return lambda shape, dtype=None, seed=None, **how: draws.append((kind, how)) or np.zeros(shape)

    fake = mock.Mock(wraps=random_initializers.random, uniform=record("uniform"),
                     normal=record("normal"), truncated_normal=record("truncated"))
    with mock.patch.object(random_initializers, "random", fake):
        keras_text.read("initializer", initializer)[0](shape)
    return draws[0]


def spread(initializer, shape):
    """Lowest, highest (None: any), mean and deviation of a weight."""
    kind, how = asked(initializer, shape)
    if kind == "uniform":
        low, high = how["minval"], how["maxval"]
        return low, high, (low + high) / 2, (high - low) / 12**0.5
    mean, deviation = how["mean"], how["stddev"]
    if kind == "normal":
        return None, None, mean, deviation
    return mean - 2 * deviation, mean + 2 * deviation, mean, deviation * TRUNCATED


def family():
    cases = Family("initializers")
    for text in EXACT:
        for inputs, units in ((5, 7), (6, 6)):
            bias = "" if "identity" in text else f", bias_initializer={text}"
            layers = f"dense({units}, kernel_initializer={text}{bias})"
            model = keras_text.sequential((inputs,), layers)
            cases.add({"name": f"{text}, {inputs} to {units}", "layers": layers, "inputs": inputs,
                       "initial": [expected(w) for w in model.get_weights()]})
    for text in RANDOM:
        for inputs, units in SHAPES:
            low, high, mean, deviation = spread(text, (inputs, units))
            record = {"name": f"{text}, {inputs} to {units}", "inputs": inputs,
                      "layers": f"dense({units}, use_bias=false, kernel_initializer={text})",
                      "mean": nine(mean), "deviation": nine(deviation)}
            if low is not None:
                record.update(low=nine(low), high=nine(high))
            cases.add(record)
    cases.write()
