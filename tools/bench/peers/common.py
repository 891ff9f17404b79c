# SPDX-License-Identifier: Apache-2.0
"""What the workers share: their arguments, Fashion-MNIST as numpy users read it, their answer."""
import argparse
import gzip
import json
import pathlib
import resource
import statistics
import time

PREDICTIONS = 20


def arguments():
    parser = argparse.ArgumentParser(description="trains one model and prints its times as JSON")
    parser.add_argument("--variant", default="")
    parser.add_argument("--hidden", default="100", help="units of the hidden layers: 512,512")
    parser.add_argument("--activation", default="sigmoid", choices=("sigmoid", "relu"))
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", metavar="FOLDER")
    parser.add_argument("--began", type=float, default=time.time(),
                        help="when the process was started, in seconds since 1970")
    parser.add_argument("--quern", help="the command quern")
    parser.add_argument("--predict", help="the program predict")
    parser.add_argument("--device", help="Quern's")
    found = parser.parse_args()
    found.hidden = [int(units) for units in found.hidden.split(",")]
    return found


def read_idx(path):
    import numpy
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = numpy.frombuffer(data, ">i4", rank, 4)
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def fashion_mnist(folder):
    """(x, y), (x_test, y_test): images as float32 between 0 and 1, labels as int32."""
    folder = pathlib.Path(folder)
    return [(read_idx(folder / f"{name}-images-idx3-ubyte.gz").astype("float32") / 255,
             read_idx(folder / f"{name}-labels-idx1-ubyte.gz").astype("int32"))
            for name in ("train", "t10k")]


class Clock:
    """Seconds of epochs; when the first one ended, counted from the start of the process."""

    def __init__(self, began):
        self.began, self.epochs, self.first = began, [], None

    def begin(self):
        self.start = time.perf_counter()

    def end(self):
        self.epochs.append(time.perf_counter() - self.start)
        if self.first is None:
            self.first = time.time() - self.began


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def time_predict(call):
    """The median of some calls; the first one, which may compile, is apart."""
    call()
    seconds = []
    for _ in range(PREDICTIONS):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def answer(name, epochs, first, memory, accuracy, predict):
    print(json.dumps({"name": name, "epochs": epochs, "first_epoch_done": first,
                      "peak_rss_bytes": memory, "accuracy": accuracy, "predict": predict}))
