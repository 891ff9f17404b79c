# SPDX-License-Identifier: Apache-2.0
"""Keras, on the backend that --variant names: compile, fit and predict with its defaults."""
import os

import common

args = common.arguments()
os.environ["KERAS_BACKEND"] = args.variant
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import importlib.metadata  # noqa: E402

import keras  # noqa: E402


class Timer(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        clock.begin()

    def on_epoch_end(self, epoch, logs=None):
        clock.end()


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return importlib.metadata.version(package + "-cpu")


clock = common.Clock(args.began)
(x, y), (x_test, y_test) = common.fashion_mnist(args.data)
y, y_test = (keras.utils.to_categorical(labels, 10) for labels in (y, y_test))
model = keras.Sequential(
    [keras.Input((28, 28)), keras.layers.Flatten()] +
    [keras.layers.Dense(units, activation=args.activation) for units in args.hidden] +
    [keras.layers.Dense(10, activation="softmax")])
model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=args.batch_size, epochs=args.epochs, verbose=0, callbacks=[Timer()])
accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)[1]
memory = common.peak_memory()
predict = common.time_predict(lambda: model.predict(x_test, batch_size=1000, verbose=0))
titles = {"tensorflow": "TensorFlow", "jax": "JAX"}
common.answer(f"Keras {keras.__version__}, {titles[args.variant]} {version(args.variant)}",
              clock.epochs, clock.first, memory, float(accuracy), predict)
