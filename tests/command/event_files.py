# SPDX-License-Identifier: Apache-2.0
"""quern train --tensorboard: its files read back by TensorBoard itself, and what is refused.
usage: event_files.py QUERN TESTCASE...; EventFiles needs the folder that tools/tensorboard.sh made
in QUERN_TENSORBOARD, and is skipped (exit 77) without it."""
import array
import json
import os
import subprocess
import sys
import time

import case
from case import LAYERS, Case


class EventFiles(Case):
    """What TensorBoard's own reader gives back."""

    def setUp(self):
        super().setUp()
        self.logs = self.folder / "logs"

    def read(self, run):
        reader = event_accumulator.EventAccumulator(
            str(self.logs / run), size_guidance={event_accumulator.TENSORS: 0})
        return reader.Reload()

    def series(self, reader, tag):
        """Steps and values of a tag."""
        events = reader.Tensors(tag)
        return ([event.step for event in events],
                [tensor_util.make_ndarray(event.tensor_proto) for event in events])

    def check_scalar(self, reader, tag, steps, values):
        found, tensors = self.series(reader, tag)
        self.assertEqual(found, steps, tag)
        for tensor, value in zip(tensors, values, strict=True):
            self.assertEqual((tensor.dtype, tensor.shape), (numpy.float32, ()))
            self.assertEqual(tensor, numpy.float32(value), tag)
        self.assertEqual(reader.SummaryMetadata(tag).plugin_data.plugin_name, "scalars")

    def weights(self):
        content = self.model.read_bytes()
        end = 8 + int.from_bytes(content[:8], "little")
        head = json.loads(content[8:end])
        del head["__metadata__"]
        for name, about in head.items():
            first, last = about["data_offsets"]
            if "/" in name and not name.startswith("optimizer"):
                yield name, array.array("f", content[end + first:end + last])

    def test_results(self):
        """Every number of the history, as float32, at its step."""
        done = self.train("--epochs", 3, "--batch", 15, "--validation-split", 0.25,
                          "--tensorboard", self.logs)
        self.assertEqual(done["tensorboard"], str(self.logs))
        train, validation = self.read("train"), self.read("validation")
        steps = [0, 1, 2]
        for name in ("loss", "accuracy"):
            self.check_scalar(train, f"epoch_{name}", steps, [e[name] for e in done["epochs"]])
            values = [e[f"val_{name}"] for e in done["epochs"]]
            self.check_scalar(validation, f"epoch_{name}", steps, values)
            self.check_scalar(validation, f"evaluation_{name}_vs_iterations", [3, 6, 9], values)
        self.check_scalar(train, "epoch_learning_rate", steps, [0.001] * 3)
        self.assertEqual(sorted(train.Tags()["tensors"]),
                         ["epoch_accuracy", "epoch_learning_rate", "epoch_loss", "keras"])
        self.assertEqual(len(validation.Tags()["tensors"]), 4)

    def test_histograms(self):
        """Of the last epoch: what TensorBoard itself makes of the weights that were saved."""
        layers = "dense(20, tanh), batch_normalization, dense(3, softmax)"
        self.train("--layers", layers, "--epochs", 3, "--histogram-freq", 2, "--tensorboard",
                   self.logs, "--callbacks", f"csv_logger({self.folder}/log.csv)")
        reader, seen = self.read("train"), set()
        for name, values in self.weights():
            tag = f"sequential/{name}/histogram"
            steps, tensors = self.series(reader, tag)
            self.assertEqual(steps, [0, 2])
            expected = histogram.histogram_pb(tag, numpy.array(values)).value[0].tensor
            numpy.testing.assert_array_equal(tensors[1], tensor_util.make_ndarray(expected))
            self.assertEqual(tensors[1][:, 2].sum(), len(values))
            self.assertEqual(tensors[1][0, 0], min(values))
            self.assertEqual(tensors[1][-1, 1], max(values))
            self.assertEqual(reader.SummaryMetadata(tag).plugin_data.plugin_name, "histograms")
            seen.add(tag)
        self.assertEqual(len(seen), 8)
        self.assertEqual({tag for tag in reader.Tags()["tensors"] if "/" in tag}, seen)
        self.assertEqual(len((self.folder / "log.csv").read_text().splitlines()), 4)

    def train(self, *words):
        layers = () if "--layers" in words else ("--layers", LAYERS)
        return self.json("train", "--data", self.data(), *layers, "--quiet", "--seed", 3,
                         "--save", self.model, *words)

    def test_graphs(self):
        """Layers in their order; ops that hang together and lead from the data to the update."""
        self.train("--epochs", 1, "--tensorboard", self.logs)
        reader = self.read("train")
        about = reader.SummaryMetadata("keras").plugin_data
        self.assertEqual((about.plugin_name, about.content), ("graph_keras_model", b"1"))
        _, (text,) = self.series(reader, "keras")
        layers = keras_util.keras_model_to_graph_def(json.loads(text.item()))
        self.assertEqual([(n.name, list(n.input), n.attr["keras_class"].s) for n in layers.node],
                         [("sequential/input_layer", [], b"InputLayer"),
                          ("sequential/dense", ["sequential/input_layer"], b"Dense"),
                          ("sequential/dense_1", ["sequential/dense"], b"Dense")])
        nodes = {node.name: node for node in reader.Graph().node}
        for node in nodes.values():
            for name in node.input:
                self.assertIn(name.split(":")[0], nodes)
        seen, found = set(), ["optimizer/adam"]
        while found:
            name = found.pop()
            seen.add(name)
            found.extend({n.split(":")[0] for n in nodes[name].input} - seen)
        self.assertLessEqual({"x", "y", "dense/kernel", "dense/matmul", "dense_1/bias",
                              "dense_1/softmax", "loss/loss_grad"}, seen)
        shape = nodes["dense/matmul"].attr["_output_shapes"].list.shape[0]
        self.assertEqual([dim.size for dim in shape.dim], [-1, 6])

    def test_batches(self):
        callback = f'tensorboard("{self.logs}", update_freq=3, write_steps_per_second=true)'
        done = self.train("--epochs", 3, "--batch", 15, "--callbacks", callback)
        reader = self.read("train")
        self.assertEqual(self.series(reader, "batch_loss")[0], [3, 6, 9, 12])
        self.check_scalar(reader, "epoch_loss", [0, 1, 2], [e["loss"] for e in done["epochs"]])
        # the last batch of the last epoch: its running mean is the epoch's
        self.assertEqual(self.series(reader, "batch_loss")[1][-1],
                         numpy.float32(done["epochs"][-1]["loss"]))
        for tag in ("epoch_steps_per_second", "batch_steps_per_second"):
            self.assertGreater(self.series(reader, tag)[1][0], 0)

    def test_resume(self):
        """One curve of two runs, in the folder that the file remembers."""
        self.train("--epochs", 2, "--tensorboard", self.logs, "--histogram-freq", 1)
        done = self.quern("train", "--data", self.data(), "--resume", self.model, "--epochs", 4,
                          "--save", self.model)
        self.assertIn(f"callbacks tensorboard({self.logs}, histogram_freq=1)\n", done.stderr)
        reader = self.read("train")
        self.assertEqual(self.series(reader, "epoch_loss")[0], [0, 1, 2, 3])
        self.assertEqual(self.series(reader, "sequential/dense/bias/histogram")[0], [0, 1, 2, 3])
        self.assertEqual(len(list((self.logs / "train").iterdir())), 2)
        other = self.folder / "other"
        self.quern("train", "--data", self.data(), "--resume", self.model, "--epochs", 5,
                   "--tensorboard", other)  # instead of the one of before
        self.assertEqual(len(list((self.logs / "train").iterdir())), 2)
        self.logs = other
        self.assertEqual(self.series(self.read("train"), "epoch_loss")[0], [4])

    def test_watched(self):
        """TensorBoard shows epochs while others are to come."""
        seen, words = 0, ("train", "--data", self.data(), "--layers", LAYERS, "--quiet",
                          "--epochs", "100000", "--tensorboard", str(self.logs))
        with subprocess.Popen([case.QUERN, *words], stdout=subprocess.DEVNULL) as process:
            end = time.monotonic() + 60
            while seen < 3 and process.poll() is None and time.monotonic() < end:
                if (self.logs / "train").exists():
                    reader = self.read("train")
                    if "epoch_loss" in reader.Tags()["tensors"]:
                        seen = len(reader.Tensors("epoch_loss"))
            self.assertIsNone(process.poll())
            process.terminate()
        self.assertGreaterEqual(seen, 3)


class Refusals(Case):
    """Said before anything is trained."""

    def refused_train(self, *words, says, code=2):
        self.refused("train", "--data", self.data(), "--layers", LAYERS, "--epochs", 1, *words,
                     says=says, code=code)

    def test_words(self):
        logs = self.folder / "logs"
        for words, says in (
                (("--tensorboard", logs, "--callbacks", "csv_logger(a), TensorBoard(b)"),
                 ("TensorBoard(b)", f"tensorboard({logs})", "leave one out")),
                (("--histogram-freq", 2), ("--histogram-freq", "--tensorboard")),
                (("--tensorboard", logs, "--histogram-freq", -1), ("--histogram-freq", "-1")),
                (("--tensorboard", ""), ("log_dir is empty",)),
                (("--callbacks", "tensorboard(a, histogram_freq=-1)"), ("histogram_freq", "-1")),
                (("--callbacks", "tensorboard(a, update_freq=0)"), ("update_freq is 0", "epoch")),
                (("--callbacks", "tensorboard(a, update_freq=2.5)"), ("update_freq is 2.5",)),
                (("--callbacks", "tensorboard(a, update_freq=none)"), ("update_freq is none",)),
                (("--callbacks", "tensorboard(a, 1, true, true)"), ("3 arguments",)),
                (("--callbacks", "tensorboard(a, profile_batch=2)"),
                 ("profile_batch", "update_freq"))):
            with self.subTest(words=words):
                self.refused_train(*words, says=says)
        self.assertFalse(logs.exists())

    def test_folder(self):
        self.refused_train("--tensorboard", self.folder / "x.npy",
                           says=("fit: tensorboard", f"{self.folder}/x.npy"), code=1)
        self.refused_train("--tensorboard", "/proc/self", says=("/proc/self/train",), code=1)

    def test_folder_lost(self):
        """Training ends, with the reason and without a crash."""
        logs = self.folder / "logs"
        with subprocess.Popen([case.QUERN, "train", "--data", self.data(), "--layers", LAYERS,
                               "--quiet", "--epochs", "100000", "--tensorboard", str(logs)],
                              text=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as process:
            while process.poll() is None and not list((logs / "train").glob("*")):
                time.sleep(0.001)
            logs.rename(self.folder / "elsewhere")
            _, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, stderr)
        self.assertEqual(stderr.count("was removed while it was written"), 1, stderr)


class WithoutProtobuf(Case):
    """A build without protobuf-c trains, and says what it lacks where it is asked for."""

    def test_refused(self):
        logs = self.folder / "logs"
        for words in (("--tensorboard", logs), ("--callbacks", f"tensorboard({logs})")):
            self.refused("train", "--data", self.data(), "--layers", LAYERS, "--epochs", 1, *words,
                         says=["built without protobuf-c", "libprotobuf-c-dev",
                               "protobuf-c-compiler", "-Dprotobuf=enabled"], code=1)
        self.assertFalse(logs.exists())
        self.train("--epochs", 1)


if __name__ == "__main__":
    if any(word.startswith("EventFiles") for word in sys.argv):
        installed = os.environ.get("QUERN_TENSORBOARD")
        if not installed:
            print("skipped: sh tools/tensorboard.sh FOLDER, then QUERN_TENSORBOARD=FOLDER")
            sys.exit(77)
        if os.path.realpath(sys.prefix) != os.path.realpath(installed):
            os.execv(f"{installed}/bin/python", [f"{installed}/bin/python", *sys.argv])
        import numpy
        from tensorboard.backend.event_processing import event_accumulator
        from tensorboard.plugins.graph import keras_util
        from tensorboard.plugins.histogram import summary_v2 as histogram
        from tensorboard.util import tensor_util
    case.main()
