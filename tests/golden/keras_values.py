# SPDX-License-Identifier: Apache-2.0
"""Writes cases.json and lecture.json: what Keras itself (JAX backend) answers, for test_golden.c.

In a virtual environment: pip install keras jax numpy; then
    KERAS_BACKEND=jax python keras_values.py
Needs the Debian package dataset-fashion-mnist. The C test knows nothing of Keras: it reads these
files, does the same through Quern's public API, and compares.
"""
import gzip
import json
import os
import pathlib

os.environ["KERAS_BACKEND"] = "jax"
import jax
import keras
import numpy as np
from keras import layers, metrics, optimizers

HERE = pathlib.Path(__file__).parent
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")


def noise(count, stream, scale=1.0):
    """Numbers in [-scale/2, scale/2) that C and Python compute alike, exactly: the top 24 bits of a
    multiplicative hash (Knuth's constant), for a scale that is a power of two."""
    i = np.arange(count, dtype=np.uint64) + np.uint64(stream * 1000003)
    word = (i * np.uint64(2654435761)) % np.uint64(2**32)
    word = ((word ^ (word >> np.uint64(15))) * np.uint64(2246822519)) % np.uint64(2**32)
    return (((word >> np.uint64(8)).astype("f8") * 2.0**-24 - 0.5) * scale).astype("f4")


def array(values):
    """A tensor as data; nine digits bring every float32 back exactly."""
    values = np.asarray(values)
    flat = values.ravel().tolist()
    return {"shape": list(values.shape), "dtype": str(values.dtype),
            "values": [float(f"{v:.9g}") for v in flat] if values.dtype.kind == "f" else flat}


CASES = []


def case(name, text, made, x, y, *, loss, optimizer=None, weights=None, metric="", keras_metrics=(),
         sgd=None, epochs=1, batch_size=32, exact=()):
    """One small model: what it predicts and evaluates to, then, with an optimizer, the results of
    every epoch of a fit without shuffling and the weights after it.

    text: the layers in Quern's words; made: the same as Keras's objects. `metric` likewise.
    """
    x, y = np.asarray(x, "f4"), np.asarray(y)
    model = keras.Sequential([keras.Input(x.shape[1:])] + made)
    model.compile(optimizer=sgd if sgd is not None else optimizers.SGD(0.01), loss=loss,
                  metrics=list(keras_metrics))
    if weights is None:
        weights = [noise(w.size, 10 + i, 2.0).reshape(w.shape)
                   for i, w in enumerate(model.get_weights())]
    model.set_weights(weights)
    record = {"name": name, "layers": text, "loss": loss if isinstance(loss, str) else loss.name,
              "metrics": metric, "optimizer": optimizer or "sgd", "epochs": epochs,
              "batch_size": batch_size, "x": array(x), "y": array(y),
              "weights": [array(w) for w in weights],
              "predict": array(model.predict(x, verbose=0))}
    logs = model.evaluate(x, y, batch_size=batch_size, verbose=0, return_dict=True)
    record["evaluate"] = {k: float(v) for k, v in logs.items()}
    if optimizer:
        history = model.fit(x, y, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0)
        record["fit"] = {k: [float(v) for v in vs] for k, vs in history.history.items()}
        record["after"] = [array(w) for w in model.get_weights()]
    CASES.append(record)


def one_hot(labels, classes):
    return np.eye(classes, dtype="f4")[labels]


def small_cases():
    eye = np.eye(6, dtype="f4")
    wide = np.concatenate([noise(48, 1, 4.0), noise(36, 2, 32.0)]).reshape(14, 6)
    wide[0] = [0, -0.0, 1e-6, -1e-6, 20, -20]
    plain = "dense(6, linear, use_bias=false)"

    def identity():
        return layers.Dense(6, use_bias=False)

    # Activations: forward, and backward through a fit step of the layer before.
    # Rates make the change of the weights large beside their own rounding.
    for name, rate in (("linear", .5), ("sigmoid", 4), ("tanh", 4), ("relu", .5), ("softmax", 32)):
        case(f"activation {name}", f"dense(6, linear, use_bias=false), activation({name})",
             [identity(), layers.Activation(name)], wide, noise(84, 3, 2.0).reshape(14, 6),
             loss="mean_squared_error", optimizer=f"sgd(learning_rate={rate})",
             sgd=optimizers.SGD(float(rate)), weights=[eye])
    x = noise(17 * 5, 4, 4.0).reshape(17, 5)
    for bias in (True, False):
        case(f"dense {'with' if bias else 'without'} bias",
             f"dense(7, tanh, use_bias={str(bias).lower()}), dense(3)",
             [layers.Dense(7, activation="tanh", use_bias=bias), layers.Dense(3)], x,
             noise(51, 5, 2.0).reshape(17, 3), loss="mean_squared_error",
             optimizer="sgd(learning_rate=0.25)", sgd=optimizers.SGD(0.25))
    case("flatten", "flatten, dense(3, relu)", [layers.Flatten(), layers.Dense(3, activation="relu")],
         noise(9 * 8, 6, 2.0).reshape(9, 2, 4), noise(27, 7, 2.0).reshape(9, 3),
         loss="mean_squared_error", optimizer="sgd(learning_rate=0.25)", sgd=optimizers.SGD(0.25))

    # Losses: value, and gradient through one step of plain gradient descent.
    labels = np.array([0, 3, 5, 1, 2, 4, 4, 0, 1, 5, 3, 2, 0, 1], "i4")
    def sgd():
        return {"optimizer": "sgd(learning_rate=0.5)", "sgd": optimizers.SGD(0.5)}

    x = noise(14 * 6, 8, 4.0).reshape(14, 6)
    soft = np.abs(noise(84, 9, 2.0)).reshape(14, 6)
    soft /= soft.sum(axis=1, keepdims=True)
    case("categorical_crossentropy, one-hot", "dense(6, softmax)", [layers.Dense(6, "softmax")], x,
         one_hot(labels, 6), loss="categorical_crossentropy", **sgd())
    case("categorical_crossentropy, soft labels", "dense(6, softmax)", [layers.Dense(6, "softmax")],
         x, soft, loss="categorical_crossentropy", **sgd())
    case("categorical_crossentropy of sigmoids", "dense(6, sigmoid)", [layers.Dense(6, "sigmoid")],
         x, one_hot(labels, 6), loss="categorical_crossentropy", **sgd())
    case("sparse_categorical_crossentropy", "dense(6, softmax)", [layers.Dense(6, "softmax")], x,
         labels, loss="sparse_categorical_crossentropy", **sgd())
    case("binary_crossentropy", "dense(6, sigmoid)", [layers.Dense(6, "sigmoid")], x,
         (noise(84, 11) > 0).astype("f4").reshape(14, 6), loss="binary_crossentropy", **sgd())
    case("binary_crossentropy of one output", "dense(1, sigmoid)", [layers.Dense(1, "sigmoid")], x,
         (noise(14, 12) > 0).astype("f4").reshape(14, 1), loss="binary_crossentropy", **sgd())
    for name in ("mean_squared_error", "mean_absolute_error"):
        case(name, "dense(3)", [layers.Dense(3)], x, noise(42, 13, 4.0).reshape(14, 3), loss=name,
             **sgd())
    # Probabilities outside [1e-7, 1 - 1e-7] are clipped before the logarithm.
    clipped = np.zeros((6, 6), "f4")
    clipped[np.arange(6), [0, 1, 2, 3, 4, 5]] = 1
    clipped[3] = [0.5, 0.5, 0, 0, 0, 0]
    case("categorical_crossentropy, clipped", plain, [identity()], clipped,
         one_hot([0, 1, 3, 3, 0, 5], 6), loss="categorical_crossentropy", weights=[eye])
    case("sparse_categorical_crossentropy, clipped", plain, [identity()], clipped,
         np.array([0, 1, 3, 3, 0, 5], "i4"), loss="sparse_categorical_crossentropy", weights=[eye])
    case("binary_crossentropy, clipped", plain, [identity()], clipped,
         one_hot([0, 1, 3, 3, 0, 5], 6), loss="binary_crossentropy", weights=[eye])

    # Metrics, on scores with ties: argmax takes the first, top-k counts only what is greater.
    scores = np.array([[.1, .4, .4, .1, 0, 0], [.3, .3, .3, .1, 0, 0], [.2, .2, .2, .2, .1, .1],
                       [0, 0, .5, .5, 0, 0], [.6, .1, .1, .1, .05, .05], [.05, .06, .1, .1, .1, .6],
                       [1, 0, 0, 0, 0, 0]], "f4")
    hits = np.array([2, 1, 4, 2, 0, 0, 5], "i4")
    ranked = [(f"top_k_categorical_accuracy(k={k})", metrics.TopKCategoricalAccuracy(k=k))
              for k in (1, 2, 3)] + [("top_k_categorical_accuracy",
                                      metrics.TopKCategoricalAccuracy())]
    for text, metric in ranked + [("accuracy", "accuracy"),
                                  ("categorical_accuracy", "categorical_accuracy"),
                                  ("mse", "mse"), ("mae", "mae")]:
        case(f"metric {text}", plain, [identity()], scores, one_hot(hits, 6), weights=[eye],
             loss="categorical_crossentropy", metric=text, keras_metrics=[metric])
    for k in (1, 2, 3):
        case(f"metric sparse_top_k_categorical_accuracy(k={k})", plain, [identity()], scores, hits,
             weights=[eye], loss="sparse_categorical_crossentropy",
             metric=f"sparse_top_k_categorical_accuracy(k={k})",
             keras_metrics=[metrics.SparseTopKCategoricalAccuracy(k=k)])
    for text in ("accuracy", "sparse_categorical_accuracy"):
        case(f"metric {text}, labels", plain, [identity()], scores, hits, weights=[eye],
             loss="sparse_categorical_crossentropy", metric=text, keras_metrics=[text])
    half = np.array([[.5, .6, .4, .50001, 0, 1]] * 2, "f4")
    for text in ("accuracy", "binary_accuracy"):
        case(f"metric {text}, several outputs", plain, [identity()], half,
             np.array([[0, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, 1]], "f4"), weights=[eye],
             loss="binary_crossentropy", metric=text, keras_metrics=[text])
    case("metric accuracy, one output", "dense(1, sigmoid)", [layers.Dense(1, "sigmoid")], x,
         (noise(14, 12) > 0).astype("f4").reshape(14, 1), loss="binary_crossentropy",
         metric="accuracy, mean_squared_error, mean_absolute_error",
         keras_metrics=["accuracy", "mean_squared_error", "mean_absolute_error"], **sgd())

    # Optimizers: several steps, the last batch of each epoch smaller than the others.
    for text, made in (("sgd", optimizers.SGD()), ("sgd(learning_rate=0.2)", optimizers.SGD(0.2)),
                       ("adam", optimizers.Adam()),
                       ("adam(learning_rate=0.05)", optimizers.Adam(0.05)),
                       ("adam(learning_rate=0.02, beta_1=0.5, beta_2=0.8, epsilon=0.01)",
                        optimizers.Adam(0.02, 0.5, 0.8, 0.01)),
                       ("adam(learning_rate=0.02, beta_1=0)", optimizers.Adam(0.02, 0.0))):
        case(f"optimizer {text}", "dense(8, tanh), dense(6, softmax)",
             [layers.Dense(8, "tanh"), layers.Dense(6, "softmax")], x, one_hot(labels, 6),
             loss="categorical_crossentropy", metric="accuracy", keras_metrics=["accuracy"],
             optimizer=text, sgd=made, epochs=3, batch_size=4)


def idx(name):
    data = gzip.decompress((FASHION / name).read_bytes())
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def sample(weights):
    """A weight tensor's sum, sum of absolute values, and every 97th element."""
    flat = weights.ravel().astype("f8")
    return {"shape": list(weights.shape), "sum": flat.sum(), "sum_absolute": np.abs(flat).sum(),
            "every_97th": [float(f"{v:.9g}") for v in flat[::97]]}


def lecture():
    """50 steps of the lecture's model, one fit per step so that each step's loss is seen; then one
    epoch over 1,605 samples, whose last batch has 5."""
    steps, batch = 50, 32
    x = (idx("train-images-idx3-ubyte.gz")[:1605].astype("f4") * np.float32(1 / 255))
    y = one_hot(idx("train-labels-idx1-ubyte.gz")[:1605], 10)

    def fresh():
        keras.backend.clear_session()
        model = keras.Sequential([keras.Input((28, 28)), layers.Flatten(),
                                  layers.Dense(100, "sigmoid"), layers.Dense(10, "softmax")])
        model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
        model.set_weights([noise(78400, 1, 0.125).reshape(784, 100), noise(100, 2, 0.125),
                           noise(1000, 3, 0.5).reshape(100, 10), noise(10, 4, 0.125)])
        return model

    model = fresh()
    logs = []
    for step in range(steps):
        rows = slice(step * batch, (step + 1) * batch)
        logs.append(model.fit(x[rows], y[rows], batch_size=batch, shuffle=False, verbose=0).history)
    after = [sample(np.asarray(w)) for w in model.get_weights()]
    predicted = model.predict(x[:20], verbose=0)
    evaluated = model.evaluate(x, y, verbose=0, return_dict=True)
    epoch = fresh()
    history = epoch.fit(x, y, batch_size=batch, epochs=2, shuffle=False, verbose=0,
                        validation_split=0.1).history
    return {"keras": keras.__version__, "jax": jax.__version__, "steps": steps, "batch_size": batch,
            "loss": [v["loss"][0] for v in logs], "accuracy": [v["accuracy"][0] for v in logs],
            "after": after, "predict": array(predicted),
            "evaluate": {k: float(v) for k, v in evaluated.items()},
            "epochs": {"samples": 1605, "validation_split": 0.1,
                       "logs": {k: [float(v) for v in vs] for k, vs in history.items()},
                       "after": [sample(np.asarray(w)) for w in epoch.get_weights()]}}


def write(name, value):
    text = json.dumps(value)
    # One case or key a line: readable in a diff, small on disk.
    text = text.replace('}, {"name"', '},\n{"name"').replace(', "', ',\n "')
    (HERE / name).write_text(text + "\n")
    print(f"{name}: {len(text)} bytes")


small_cases()
write("cases.json", {"keras": keras.__version__, "jax": jax.__version__, "cases": CASES})
write("lecture.json", lecture())
