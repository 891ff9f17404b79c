# SPDX-License-Identifier: Apache-2.0
"""Losses (values, gradients, label smoothing), metrics, and weights of samples and classes."""
from itertools import product

import numpy as np

from keras_case import Family, given, noise, one_hot

LABELS = np.array([0, 3, 5, 1, 2, 4, 4, 0, 1, 5, 3, 2, 0, 1], "i4")
X = noise((14, 6), 8, 4.0)
PLAIN = "dense(6, linear, use_bias=false)"
EYE = [given(np.eye(6, dtype="f4"))]
SOFT = np.abs(noise((14, 6), 9).values)
SOFT = given(SOFT / SOFT.sum(axis=1, keepdims=True))
BITS = given((noise((14, 6), 11).values > 0).astype("f4"))
BIT = given((noise((14, 1), 12).values > 0).astype("f4"))
ONE_HOT = given(one_hot(LABELS, 6))
# What each loss is tried on: the last layer, and targets.
MODELS = {"categorical_crossentropy": ("dense(6, softmax)", ONE_HOT),
          "sparse_categorical_crossentropy": ("dense(6, softmax)", given(LABELS)),
          "binary_crossentropy": ("dense(6, sigmoid)", BITS),
          "mean_squared_error": ("dense(3)", noise((14, 3), 13, 4.0)),
          "mean_absolute_error": ("dense(3)", noise((14, 3), 13, 4.0))}


def losses():
    cases = Family("losses")

    def one_step(name, layers, y, loss):
        cases.case(name, layers, X, y, loss=loss, rate="auto")

    for loss, (layers, y) in MODELS.items():
        one_step(loss, layers, y, loss)
    one_step("categorical_crossentropy, soft labels", "dense(6, softmax)", SOFT,
             "categorical_crossentropy")
    one_step("categorical_crossentropy of sigmoids", "dense(6, sigmoid)", ONE_HOT,
             "categorical_crossentropy")
    one_step("binary_crossentropy of one output", "dense(1, sigmoid)", BIT, "binary_crossentropy")
    for amount, y in product((0.1, 0.2, 0.5, 1), (ONE_HOT, SOFT)):
        for layers in ("dense(6, softmax)", "dense(6, sigmoid)"):
            loss = f"categorical_crossentropy(label_smoothing={amount})"
            one_step(f"{loss}, {'one-hot' if y is ONE_HOT else 'soft'} labels, {layers}", layers, y,
                     loss)
    for amount, (layers, y) in product((0.1, 0.2, 0.5, 1), (("dense(6, sigmoid)", BITS),
                                                            ("dense(1, sigmoid)", BIT))):
        loss = f"binary_crossentropy(label_smoothing={amount})"
        one_step(f"{loss}, {layers}", layers, y, loss)
    for loss, layers, y in (
            ("categorical_crossentropy(label_smoothing=0.1)", "dense(6, softmax)", ONE_HOT),
            ("binary_crossentropy(label_smoothing=0.2)", "dense(6, sigmoid)", BITS)):
        cases.case(f"{loss}, three epochs", layers, X, y, loss=loss, epochs=3, batch_size=4,
                   metrics="accuracy", optimizer="adam(learning_rate=0.05)")
    # Probabilities outside [1e-7, 1 - 1e-7] are clipped before the logarithm.
    clipped = np.zeros((6, 6), "f4")
    clipped[np.arange(6), [0, 1, 2, 3, 4, 5]] = 1
    clipped[3] = [0.5, 0.5, 0, 0, 0, 0]
    labels = np.array([0, 1, 3, 3, 0, 5], "i4")
    for loss, y in (("categorical_crossentropy", one_hot(labels, 6)),
                    ("sparse_categorical_crossentropy", labels),
                    ("binary_crossentropy", one_hot(labels, 6)),
                    ("categorical_crossentropy(label_smoothing=0.1)", one_hot(labels, 6)),
                    ("binary_crossentropy(label_smoothing=0.1)", one_hot(labels, 6))):
        cases.case(f"{loss}, clipped", PLAIN, given(clipped), given(y), loss=loss, weights=EYE,
                   train=False)
    cases.write()


def metrics():
    """On scores with ties: argmax takes the first, top-k counts only what is greater."""
    cases = Family("metrics")
    scores = given(np.array([[.1, .4, .4, .1, 0, 0], [.3, .3, .3, .1, 0, 0],
                             [.2, .2, .2, .2, .1, .1], [0, 0, .5, .5, 0, 0],
                             [.6, .1, .1, .1, .05, .05], [.05, .06, .1, .1, .1, .6],
                             [1, 0, 0, 0, 0, 0]], "f4"))
    hits = np.array([2, 1, 4, 2, 0, 0, 5], "i4")

    def scored(text, y, loss, x=scores, label=""):
        cases.case(text + label, PLAIN, x, given(y), loss=loss, metrics=text, weights=EYE,
                   train=False)

    for text in [f"top_k_categorical_accuracy(k={k})" for k in (1, 2, 3)] + [
            "top_k_categorical_accuracy", "accuracy", "categorical_accuracy", "mse", "mae"]:
        scored(text, one_hot(hits, 6), "categorical_crossentropy")
    for text in [f"sparse_top_k_categorical_accuracy(k={k})" for k in (1, 2, 3)]:
        scored(text, hits, "sparse_categorical_crossentropy")
    for text in ("accuracy", "sparse_categorical_accuracy"):
        scored(text, hits, "sparse_categorical_crossentropy", label=", labels")
    half = given(np.array([[.5, .6, .4, .50001, 0, 1]] * 2, "f4"))
    bits = np.array([[0, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, 1]], "f4")
    for text in ("accuracy", "binary_accuracy"):
        scored(text, bits, "binary_crossentropy", half, ", several outputs")
    cases.case("accuracy, one output", "dense(1, sigmoid)", X, BIT, loss="binary_crossentropy",
               metrics="accuracy, mean_squared_error, mean_absolute_error", rate=0.5)
    cases.write()


def sample_weights():
    cases = Family("weighted")
    weights = np.abs(noise(14, 21, 4.0).values)
    zeros = np.where(np.arange(14) % 3 == 1, 0, weights)
    samples = {"some": given(weights), "with zeros": given(zeros), "all 2": given(np.full(14, 2.0))}
    for (loss, (layers, y)), (label, each) in product(MODELS.items(), samples.items()):
        cases.case(f"{loss}, {label}", layers, X, y, loss=loss, sample_weight=each, rate="auto")
        cases.case(f"{loss}, {label}, three epochs", layers, X, y, loss=loss, sample_weight=each,
                   rate=0.25, epochs=3, batch_size=4, metrics="mean_squared_error"
                   if "sparse" not in loss else "accuracy")
    for loss in ("categorical_crossentropy", "mean_squared_error"):
        layers, y = MODELS[loss]
        cases.case(f"{loss}, validation split", layers, X, y, loss=loss, rate=0.25, epochs=2,
                   sample_weight=samples["some"], batch_size=4, validation_split=0.3)
        cases.case(f"{loss}, validation split without weights", layers, X, y, loss=loss, rate=0.25,
                   epochs=2, batch_size=4, validation_split=0.3)
    for loss in ("categorical_crossentropy(label_smoothing=0.1)",
                 "binary_crossentropy(label_smoothing=0.2)"):
        layers, y = MODELS[loss.split("(")[0]]
        cases.case(f"{loss}, some", layers, X, y, loss=loss, rate=0.25, epochs=2, batch_size=4,
                   sample_weight=samples["some"])
    cases.case("weights and a penalty", "dense(6, softmax, kernel_regularizer=l2(0.05), "
               "activity_regularizer=l1(0.01))", X, ONE_HOT, loss="categorical_crossentropy",
               sample_weight=samples["some"], rate=0.25, epochs=2, batch_size=4)
    cases.case("weights and batch normalization", "dense(6, use_bias=false), "
               "batch_normalization(momentum=0.9), dense(6, softmax)", X, ONE_HOT,
               loss="categorical_crossentropy", sample_weight=samples["with zeros"], rate=0.25,
               epochs=2, batch_size=4)
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        layers, y = MODELS[loss]
        for text in ("0=1, 3=2.5", "0=0.5, 1=2, 2=0, 3=1, 4=3, 5=1.5", "5=4"):
            cases.case(f"{loss}, classes {text}", layers, X, y, loss=loss, class_weight=text,
                       rate=0.25, epochs=2, batch_size=4, metrics="accuracy")
        cases.case(f"{loss}, classes and a validation split", layers, X, y, loss=loss, rate=0.25,
                   class_weight="1=2, 4=0.5", epochs=2, batch_size=4, validation_split=0.3)
    cases.case("binary_crossentropy, classes", "dense(1, sigmoid)", X, BIT,
               loss="binary_crossentropy", class_weight="0=0.5, 1=3", rate=0.25, epochs=2,
               batch_size=4)
    cases.write()


def on_batch():
    cases = Family("on_batch")
    weights = given(np.abs(noise(14, 21, 4.0).values))
    dense, batch = "dense(8, tanh), dense(6, softmax)", "dense(8, use_bias=false), " \
        "batch_normalization(momentum=0.9), dense(6, softmax)"
    for (label, layers), optimizer, more in product(
            (("dense", dense), ("batch normalization", batch)),
            ("sgd(learning_rate=0.2, momentum=0.9)", "adam(learning_rate=0.05)",
             "sgd(learning_rate=exponential_decay(0.2, 2, 0.5))"),
            ({}, {"sample_weight": weights}, {"class_weight": "0=2, 3=0.5"})):
        cases.case(f"{label}, {optimizer}, {''.join(more) or 'plain'}", layers, X, ONE_HOT,
                   loss="categorical_crossentropy", metrics="accuracy", optimizer=optimizer,
                   batches=(4, 4, 6), **more)
    cases.write()
