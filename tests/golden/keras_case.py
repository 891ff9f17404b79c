# SPDX-License-Identifier: Apache-2.0
"""One case: a small model in Quern's words, and what Keras answers. Families collect cases."""
import json
import os
import pathlib

import jax
import keras
import numpy as np

import keras_text

HERE = pathlib.Path(__file__).parent
ONE_OP, TRAINING_RUN = 1e-5, 1e-4  # the project's tolerances, of max|reference|
CHECKING = keras.config.floatx() == "float64"


class Tensor:
    """A float32 tensor and how the data file tells it: as values, or as noise to be made again."""

    def __init__(self, values, told):
        self.values, self.told = values, told


def hashed(count, stream, scale):
    """Numbers in [-scale/2, scale/2) that C and Python compute alike, exactly: the top 24 bits of a
    multiplicative hash (Knuth's constant), for a scale that is a power of two."""
    i = np.arange(count, dtype=np.uint64) + np.uint64(stream * 1000003)
    word = (i * np.uint64(2654435761)) % np.uint64(2**32)
    word = ((word ^ (word >> np.uint64(15))) * np.uint64(2246822519)) % np.uint64(2**32)
    return ((word >> np.uint64(8)).astype("f8") * 2.0**-24 - 0.5) * scale


def noise(shape, stream, scale=2.0, offset=0.0):
    """Noise around `offset`; the data file holds its description only."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    values = (hashed(int(np.prod(shape)), stream, scale) + offset).astype("f4").reshape(shape)
    return Tensor(values, {"shape": list(shape), "noise": stream, "scale": scale, "offset": offset})


def given(values):
    """A tensor as data; nine digits bring every float32 back exactly."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        flat = [float(f"{v:.9g}") for v in values.ravel().tolist()]
        return Tensor(values.astype("f4"), {"shape": list(values.shape), "values": flat})
    return Tensor(values.astype("i4"), {"shape": list(values.shape), "dtype": "int32",
                                        "values": values.ravel().tolist()})


def expected(values):
    return given(np.asarray(values, "f4")).told


def one_hot(labels, classes):
    return np.eye(classes, dtype="f4")[labels]


def default_weights(variables):
    """Noise, and around 1 where a weight multiplies what was normalized or is a variance."""
    made = []
    for i, weight in enumerate(variables):
        around_one = weight.name in ("gamma", "scale", "moving_variance")
        made.append(noise(weight.shape, 10 + i, 0.5 if around_one else 2.0, float(around_one)))
    return made


class Family:
    """Cases of one data file."""

    def __init__(self, name):
        self.name, self.cases = name, []
        self.known = {}
        if CHECKING:
            written = json.loads((HERE / f"{name}.json").read_text())["cases"]
            self.known = {case["name"]: case for case in written}

    def add(self, record):
        if any(case["name"] == record["name"] for case in self.cases):
            raise ValueError(f"{self.name}: two cases called {record['name']}")
        self.cases.append(record)
        if CHECKING:
            check(self.name, self.known[record["name"]], record)

    def case(self, name, layers, x, y, *, loss="mean_squared_error", metrics="", optimizer=None,
             rate=None, weights=None, epochs=1, batch_size=32, train=True, sample_weight=None,
             class_weight=None, validation_split=0.0, callbacks=None, after=False, adapt=False, batches=()):
        """What a model predicts and evaluates to; unless `train` is false, the results of every
        epoch of a fit without shuffling, and the weights after it (`after`: predictions too).

        optimizer: its text; None with no rate is Keras's default. rate: plain gradient descent at
        this rate; "auto": at one where weights move visibly beside their own rounding.
        adapt: the first layer is a normalization that adapts to x; weights are the others'.
        batches: so many rows in each of several train_on_batch, instead of fit.
        """
        model = keras_text.sequential(x.values.shape[1:], layers)
        if adapt:
            model.layers[0].adapt(x.values)
        own = len(model.layers[0].weights) if adapt else 0
        weights = weights or default_weights(model.weights[own:])
        weights_now = lambda: model.get_weights()[own:]
        reset = lambda: model.set_weights(model.get_weights()[:own] + [w.values for w in weights])
        compile_ = lambda text: compile_model(model, text, loss, metrics)
        record = {"name": name, "layers": layers, "loss": loss, "metrics": metrics,
                  "batch_size": batch_size, "x": x.told, "y": y.told,
                  "weights": [w.told for w in weights]}
        record.update({"adapt": True} if adapt else {})
        reset()
        compile_("sgd")
        infer(record, model, x, y, sample_weight)
        if batches:
            compile_(optimizer)
            record["optimizer"] = optimizer
            on_batches(record, model, x, y, batches, sample_weight, class_weight)
            record["after"] = [expected(w) for w in weights_now()]
        elif train:
            fit = {"x": x.values, "y": y.values, "batch_size": batch_size, "epochs": epochs}
            fit.update(fit_options(record, sample_weight, class_weight, validation_split, callbacks))
            if rate == "auto":
                compile_("sgd(learning_rate=1)")
                model.fit(**dict(fit, epochs=1, batch_size=len(x.values)))
                rate = visible_rate(weights, weights_now())
                reset()
            if rate is not None:
                optimizer = f"sgd(learning_rate={rate:g})"
            record.update({"optimizer": optimizer} if optimizer else {}, epochs=epochs)
            compile_(optimizer)
            history = model.fit(**fit).history
            record["fit"] = {k: [nine(v) for v in values] for k, values in history.items()}
            record["after"] = [expected(w) for w in weights_now()]
            if after:
                record["predict_after"] = expected(model.predict(x.values, verbose=0))
            refuse_hidden(name, weights, weights_now(), tolerance_of(record))
        self.add(record)

    def write(self):
        if not CHECKING:
            write(self.name, {"keras": keras.__version__, "jax": jax.__version__,
                              "cases": self.cases})
        print(f"{self.name}: {len(self.cases)} cases", flush=True)


def compile_model(model, optimizer, loss, metrics):
    # Eager: the same numbers, and no compilation for each of hundreds of little models.
    arguments = {} if optimizer is None else {
        "optimizer": keras_text.read("optimizer", optimizer)[0]}
    model.compile(loss=keras_text.read("loss", loss)[0],
                  metrics=keras_text.read("metric", metrics), run_eagerly=True, jit_compile=False,
                  **arguments)


def infer(record, model, x, y, sample_weight):
    """Predictions, evaluation, and evaluation with weights if there are any."""
    record["predict"] = expected(model.predict(x.values, verbose=0))
    evaluate = {"batch_size": record["batch_size"], "verbose": 0, "return_dict": True}
    logs = model.evaluate(x.values, y.values, **evaluate)
    record["evaluate"] = {k: nine(v) for k, v in logs.items()}
    if sample_weight is not None:
        logs = model.evaluate(x.values, y.values, sample_weight=sample_weight.values, **evaluate)
        record["evaluate_weighted"] = {k: nine(v) for k, v in logs.items()}


def fit_options(record, sample_weight, class_weight, validation_split, callbacks):
    """Keras's fit arguments; tells them in the record."""
    options = {"shuffle": False, "verbose": 0}
    if sample_weight is not None:
        record["sample_weight"] = sample_weight.told
        options["sample_weight"] = sample_weight.values
    if class_weight:
        record["class_weight"] = class_weight
        options["class_weight"] = keras_text.class_weight(class_weight)
    if validation_split:
        record["validation_split"] = options["validation_split"] = validation_split
    if callbacks:
        record["callbacks"] = callbacks
        options["callbacks"] = keras_text.read("callback", callbacks)
    return options


def on_batches(record, model, x, y, batches, sample_weight, class_weight):
    """The results of train_on_batch on rows after rows, each with those of test_on_batch after it."""
    record.update(batches=list(batches), train_on_batch=[], test_on_batch=[])
    options = fit_options(record, sample_weight, class_weight, None, None)
    first = 0
    for count in batches:
        rows = slice(first, first + count)
        weights = {"sample_weight": sample_weight.values[rows]} if sample_weight else {}
        classes = {k: v for k, v in options.items() if k == "class_weight"}
        for key, call in (("train_on_batch", model.train_on_batch),
                          ("test_on_batch", model.test_on_batch)):
            logs = call(x.values[rows], y.values[rows], return_dict=True, **weights,
                        **(classes if key == "train_on_batch" else {}))
            record[key].append({k: nine(v) for k, v in logs.items()})
        first += count


def nine(value):
    return float(f"{float(value):.9g}")


def visible_rate(before, after):
    """A power of two at which the slowest weight moves by an eighth of its largest, from what it
    moved at rate 1."""
    ratios = [np.abs(end - start.values).max() / np.abs(start.values).max()
              for start, end in zip(before, after) if (end != start.values).any()]
    return 2.0 ** np.ceil(np.log2(0.125 / min(ratios)))


def refuse_hidden(name, before, after, tolerance):
    """Says when weights move so little that their own rounding would hide a mistake."""
    for i, (start, end) in enumerate(zip(before, after)):
        moved = np.abs(np.asarray(end, "f8") - start.values).max()
        rounding = np.abs(end).max() * 2.0**-24
        if moved > 0 and rounding * 4 > tolerance * moved:
            print(f"  {name}: weight {i} moves by {moved:.2g} only, its rounding is {rounding:.2g}")


def tolerance_of(record):
    """One step of training is one op's worth of error; more are a training run."""
    rows = record["x"]["shape"][0] if "x" in record else record["samples"]
    steps = record.get("epochs", 1) * -(-rows // record["batch_size"])
    steps += len(record.get("batches", []))
    return ONE_OP if steps == 1 else TRAINING_RUN


def check(family, old, new):
    """Float64 (new) against what was written from float32: how well conditioned a case is."""
    def compare(what, a, b, tolerance):
        a, b = np.asarray(a, "f8").ravel(), np.asarray(b, "f8").ravel()
        if a.shape != b.shape:
            print(f"  {family}: {old['name']}: {what}: {a.shape} and {b.shape}")
        elif a.size and not np.abs(a - b).max() <= 0.4 * tolerance * np.abs(b).max():
            print(f"  {family}: {old['name']}: {what}: float32 is "
                  f"{np.abs(a - b).max() / np.abs(b).max():.2g} of max from float64")

    if "rates" in old:
        compare("rates", old["rates"], new["rates"], ONE_OP)
        return
    training = tolerance_of(old)
    for key, tolerance in (("predict", ONE_OP), ("predict_after", training)):
        if key in old:
            compare(key, old[key]["values"], new[key]["values"], tolerance)
    for key in ("evaluate", "evaluate_weighted"):
        for name, value in old.get(key, {}).items():
            compare(f"{key} {name}", value, new[key][name], ONE_OP)
    for key in ("train_on_batch", "test_on_batch"):
        for a, b in zip(old.get(key, []), new.get(key, [])):
            for name in a:
                compare(f"{key} {name}", a[name], b[name], TRAINING_RUN)
    for name, values in old.get("fit", {}).items():
        compare(f"fit {name}", values, new["fit"][name], training)
    for i, (a, b) in enumerate(zip(old.get("after", []), new.get("after", []))):
        if "every_97th" in a:
            compare(f"weight {i}", a["every_97th"], b["every_97th"], training)
            continue
        compare(f"weight {i}", a["values"], b["values"], training)
        start = tensor(old["weights"][i])
        compare(f"change of weight {i}", a["values"] - start, b["values"] - start, training)


def tensor(told):
    """A told tensor's values again."""
    if "noise" in told:
        return noise(told["shape"], told["noise"], told["scale"], told["offset"]).values.ravel()
    return np.asarray(told["values"], "f8")


def write(name, value):
    text = json.dumps(value)
    # One case or key a line: readable in a diff, small on disk.
    text = text.replace('}, {"name"', '},\n{"name"').replace(', "', ',\n "')
    (HERE / f"{name}.json").write_text(text + "\n")
    print(f"{name}.json: {len(text)} bytes")
