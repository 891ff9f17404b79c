# SPDX-License-Identifier: Apache-2.0
"""Whole trainings on Fashion-MNIST from fixed weights in a fixed order: the lecture's model step by
step, and models with normalization, penalties, clipping and schedules by epoch."""
import gzip
import pathlib

import jax
import keras
import numpy as np
from keras import layers

import keras_text
from keras_case import CHECKING, Family, default_weights, expected, nine, noise, one_hot, write

FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")


def idx(name):
    data = gzip.decompress((FASHION / name).read_bytes())
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def samples(count):
    return (idx("train-images-idx3-ubyte.gz")[:count].astype("f4") * np.float32(1 / 255),
            one_hot(idx("train-labels-idx1-ubyte.gz")[:count], 10))


def sample(weights):
    """A weight tensor's sum, sum of absolute values, and every 97th element."""
    flat = np.asarray(weights).ravel().astype("f8")
    return {"shape": list(weights.shape), "sum": flat.sum(), "sum_absolute": np.abs(flat).sum(),
            "every_97th": [nine(v) for v in flat[::97]]}


def lecture():
    """50 steps of the lecture's model, one fit per step so that each step's loss is seen; then one
    epoch over 1,605 samples, whose last batch has 5."""
    steps, batch = 50, 32
    x, y = samples(1605)

    def fresh():
        keras.backend.clear_session()
        model = keras.Sequential([keras.Input((28, 28)), layers.Flatten(),
                                  layers.Dense(100, "sigmoid"), layers.Dense(10, "softmax")])
        model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
        model.set_weights([noise((784, 100), 1, 0.125).values, noise(100, 2, 0.125).values,
                           noise((100, 10), 3, 0.5).values, noise(10, 4, 0.125).values])
        return model

    model = fresh()
    logs = []
    for step in range(steps):
        rows = slice(step * batch, (step + 1) * batch)
        logs.append(model.fit(x[rows], y[rows], batch_size=batch, shuffle=False, verbose=0).history)
    after = [sample(w) for w in model.get_weights()]
    predicted = model.predict(x[:20], verbose=0)
    evaluated = model.evaluate(x, y, verbose=0, return_dict=True)
    epoch = fresh()
    history = epoch.fit(x, y, batch_size=batch, epochs=2, shuffle=False, verbose=0,
                        validation_split=0.1).history
    write("lecture", {
        "keras": keras.__version__, "jax": jax.__version__, "steps": steps, "batch_size": batch,
        "loss": [v["loss"][0] for v in logs], "accuracy": [v["accuracy"][0] for v in logs],
        "after": after, "predict": expected(predicted),
        "evaluate": {k: float(v) for k, v in evaluated.items()},
        "epochs": {"samples": 1605, "validation_split": 0.1,
                   "logs": {k: [float(v) for v in vs] for k, vs in history.items()},
                   "after": [sample(w) for w in epoch.get_weights()]}})


TRAININGS = {
    "batch normalization": {
        "layers": "flatten, dense(48, use_bias=false), batch_normalization(momentum=0.9), "
                  "activation(sigmoid), dense(32, use_bias=false), batch_normalization, "
                  "activation(tanh), dense(10, softmax)",
        "optimizer": "adam(learning_rate=0.002)"},
    "layer normalization": {
        "layers": "flatten, dense(48), layer_normalization, activation(gelu), dense(10, softmax)",
        "optimizer": "adamw(learning_rate=0.002)"},
    "l2 and a dropout of nothing": {
        "layers": "flatten, dense(64, tanh, kernel_regularizer=l2(0.001)), dropout(0), "
                  "dense(10, softmax, kernel_regularizer=l2(0.001))",
        "optimizer": "rmsprop(learning_rate=0.001)"},
    "clipping and a schedule": {
        "layers": "flatten, dense(48, silu), dense(32, tanh), dense(10, softmax)",
        "optimizer": "sgd(learning_rate=cosine_decay(0, 250, warmup_target=0.02, warmup_steps=60), "
                     "momentum=0.9, nesterov=true, global_clipnorm=0.5)"},
}


def weights_of(model):
    """Noise of about Glorot's size; around 1 where a weight scales what was normalized."""
    made = []
    for i, (weight, usual) in enumerate(zip(model.weights, default_weights(model.weights))):
        scale = 2.0 ** np.round(np.log2(2 * np.sqrt(6 / sum(weight.shape)))) \
            if weight.name == "kernel" else 0.125
        made.append(noise(weight.shape, 50 + i, float(scale), usual.told["offset"]))
    return made


def trainings():
    count, batch_size, epochs = 3205, 32, 4  # the last batch of the 2,885 has 5 samples
    x, y = samples(count)
    cases = Family("trainings")
    for name, training in TRAININGS.items():
        model = keras_text.sequential((28, 28), training["layers"])
        weights = weights_of(model)
        model.set_weights([w.values for w in weights])
        model.compile(keras_text.read("optimizer", training["optimizer"])[0],
                      loss="categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0,
                            validation_split=0.1).history
        cases.add({"name": name, **training, "loss": "categorical_crossentropy",
                   "metrics": "accuracy", "samples": count, "batch_size": batch_size,
                   "epochs": epochs, "validation_split": 0.1, "weights": [w.told for w in weights],
                   "fit": {k: [nine(v) for v in vs] for k, vs in history.items()},
                   "after": [sample(w) for w in model.get_weights()]})
    cases.write()


def family():
    if not CHECKING:
        lecture()
    trainings()
