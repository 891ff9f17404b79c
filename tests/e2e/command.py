# SPDX-License-Identifier: Apache-2.0
"""The command from end to end. usage: command.py QUERN TESTCASE"""
import array
import os
import pty
import re
import signal
import subprocess
import time

import support
from support import LECTURE, Case, read_idx, read_model, read_npy, write_npy

TINY = "dense(8, tanh), dense(3, softmax)"


class Lecture(Case):
    """The lecture's model on the whole of Fashion-MNIST."""

    def test_train_eval_predict(self):
        model = self.folder / "model.safetensors"
        result = self.json("train", "--data", "fashion-mnist", "--layers", LECTURE, "--epochs", 2,
                           "--seed", 1, "--save", model, "--quiet")
        self.check_fields(result)
        self.assertGreater(result["test"]["accuracy"], 0.82)
        self.assertLess(result["epochs"][1]["loss"], result["epochs"][0]["loss"])

        evaluated = self.json("eval", "--model", model, "--data", "fashion-mnist")
        for name in ("loss", "accuracy"):
            found = evaluated.get("test", evaluated)[name]
            self.assertAlmostEqual(found, result["test"][name], delta=1e-5)
        self.check_predictions(model, result["test"]["accuracy"])
        self.assertIn("79,510", self.quern("summary", "--model", model).stdout)
        self.check_file(model)

    def check_fields(self, result):
        self.assertEqual([e["epoch"] for e in result["epochs"]], [1, 2])
        for epoch in result["epochs"]:
            self.assertGreater(epoch["seconds"], 0)
            self.assertIn("accuracy", epoch)
        self.assertEqual(result["steps"], 2 * 1875)
        self.assertTrue(result["device"])
        self.assertGreater(result["launches_per_step"], 1)
        self.assertGreater(result["seconds_to_first_epoch"], 0)
        self.assertGreater(result["peak_rss_bytes"], 60000 * 784)
        self.assertIn("calls_per_step", result)
        self.assertEqual(result["waits_per_step"], 0)
        self.assertEqual(result["allocations_per_step"], 0)

    def check_predictions(self, model, accuracy):
        out = self.folder / "predicted.npy"
        self.quern("predict", "--model", model, "--data", "fashion-mnist", "--out", out)
        shape, values = read_npy(out)
        self.assertEqual(shape, (10000, 10))
        labels = read_idx("t10k-labels-idx1-ubyte.gz")[8:]
        right = 0
        for i, label in enumerate(labels):
            row = values[10 * i:10 * i + 10]
            self.assertAlmostEqual(sum(row), 1, delta=1e-5)
            right += row.index(max(row)) == label
        self.assertAlmostEqual(right / 10000, accuracy, delta=1e-9 + 1e-6)

    def check_file(self, model):
        header, body = read_model(model)
        self.assertEqual(len(body), 3 * 4 * 79510)
        shapes = [[10], [100], [100, 10], [784, 100]]
        for folder in ("dense", "optimizer/momentum/", "optimizer/velocity/"):
            self.assertEqual(sorted(v["shape"] for k, v in header.items() if k.startswith(folder)),
                             shapes)
        self.assertEqual(len(header), 1 + 3 * len(shapes))

    def test_same_seed(self):
        models = [self.folder / f"{i}.safetensors" for i in range(3)]
        for model, seed in zip(models, (5, 5, 6)):
            self.quern("train", "--data", "fashion-mnist", "--layers", LECTURE, "--epochs", 1,
                       "--seed", seed, "--save", model, "--quiet")
        bodies = [read_model(model)[1] for model in models]
        self.assertEqual(bodies[0], bodies[1])
        self.assertNotEqual(bodies[0], bodies[2])


class Train(Case):
    """Train's other arguments, on small data."""

    def train(self, data, *args, **options):
        return self.json("train", "--data", data, "--layers", TINY, "--seed", 1, *args, **options)

    def test_npy(self):
        result = self.train(self.small_data(), "--epochs", 40, "--optimizer",
                            "adam(learning_rate=0.02)", "--batch", 16)
        self.assertGreater(result["epochs"][-1]["accuracy"], 0.9)
        self.assertEqual(result["steps"], 40 * 16)

    def test_validation_and_metrics(self):
        result = self.train(self.small_data(), "--epochs", 2, "--validation-split", 0.25,
                            "--metrics", "accuracy, top_k_categorical_accuracy(k=2), mse")
        for epoch in result["epochs"]:
            for name in ("loss", "accuracy", "top_k_categorical_accuracy"):
                self.assertIn(name, epoch)
                self.assertIn("val_" + name, epoch)
        self.assertEqual(result["steps"], 2 * 6)

    def test_continue(self):
        data, model = self.small_data(), self.folder / "m.safetensors"
        first = self.train(data, "--epochs", 5, "--save", model)
        second = self.json("train", "--data", data, "--init", model, "--epochs", 1, "--seed", 1)
        self.assertLess(second["epochs"][0]["loss"], first["epochs"][0]["loss"])
        self.train(data, "--init", model, "--epochs", 1)
        self.refused("train", "--data", data, "--init", model, "--layers", "dense(3, softmax)",
                     code=2, words=["dense(3"])

    def test_losses(self):
        data = self.small_data()
        self.train(data, "--epochs", 1, "--loss", "sparse_categorical_crossentropy")
        self.train(data, "--epochs", 1, "--loss", "mse", "--optimizer", "sgd(learning_rate=0.1)")

    def test_quiet_prints_nothing(self):
        done = self.quern("train", "--data", self.small_data(), "--layers", TINY, "--quiet")
        self.assertEqual(done.stderr, "")

    def test_plan_and_devices(self):
        self.assertTrue(self.json("devices"))
        self.assertIn(os.environ["QUERN_DEVICE"], self.quern("devices").stdout)
        arguments = ("plan", "--data", self.small_data(), "--layers", TINY)
        self.assertIn("matmul", self.quern(*arguments).stdout)
        self.assertIn("digraph", self.quern(*arguments, "--dot").stdout)
        self.assertTrue(self.json(*arguments))

    def test_help(self):
        self.assertRegex(self.quern("--version").stdout, r"^quern \d+\.\d+\.\d+\n$")
        for name in ("devices", "train", "eval", "predict", "summary", "plan"):
            self.assertIn("quern " + name, self.quern(name, "--help").stdout)
            self.assertIn(name, self.quern("--help").stdout)


class Errors(Case):
    """Bad input: exit code, the offending word, the nearest right one; nothing left behind."""

    def test_wrong_words(self):
        data = self.small_data()
        for arguments, words in (
                (("--layers", "dens(3)"), ("dens", "dense")),
                (("--layers", "dense(3, sigmoyd)"), ("sigmoyd", "sigmoid")),
                (("--layers", "dense(3, unitz=4)"), ("unitz", "units")),
                (("--layers", "dense(3"), ("column",)),
                (("--layers", TINY, "--optimizer", "adamm"), ("adamm", "adam")),
                (("--layers", TINY, "--optimizer", "adam(learning_rat=1)"), ("learning_rate",)),
                (("--layers", TINY, "--loss", "mean_square_error"), ("mean_squared_error",)),
                (("--layers", TINY, "--metrics", "acuracy"), ("acuracy", "accuracy")),
                (("--layers", TINY, "--device", "nosuch"), ("nosuch",)),
                (("--layers", TINY, "--epocs", "1"), ("--epocs", "--epochs")),
                (("--layers", TINY, "--epochs", "x"), ("--epochs", "x")),
                (("--layers", TINY, "--epochs"), ("--epochs",)),
                (("--layers", TINY, "--batch-size", "0"), ("batch",)),
                (("--layers", TINY, "--validation-split", "1"), ("validation",))):
            with self.subTest(arguments=arguments):
                self.refused("train", "--data", data, *arguments, code=2, words=words)
        self.refused("trian", code=2, words=["trian", "train"])
        self.refused("train", "--layers", TINY, code=2, words=["--data"])
        self.refused("train", "--data", "mnits", "--layers", TINY, code=2, words=["mnits"])

    def test_shapes_and_labels(self):
        data = self.small_data()
        write_npy(self.folder / "y.npy", "<i4", (256,), array.array("i", [7] * 256))
        done = self.refuse_any("train", "--data", data, "--layers", TINY)
        self.assertIn("7", done)
        write_npy(self.folder / "y.npy", "<i4", (255,), array.array("i", [1] * 255))
        done = self.refuse_any("train", "--data", data, "--layers", TINY)
        self.assertIn("255", done)
        self.assertIn("256", done)

    def refuse_any(self, *args):
        done = subprocess.run([support.QUERN, *args], capture_output=True, text=True, timeout=60)
        self.assertIn(done.returncode, (1, 2), done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_bad_data_files(self):
        images = read_idx("t10k-images-idx3-ubyte.gz")[:16 + 784 * 100]
        labels = read_idx("t10k-labels-idx1-ubyte.gz")[:8 + 100]
        images = images[:4] + (100).to_bytes(4, "big") + images[8:]
        labels = labels[:4] + (100).to_bytes(4, "big") + labels[8:]
        whole = {f"{split}-{kind}": content for split in ("train", "t10k")
                 for kind, content in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels))}
        spoiled = {
            "truncated": images[:-1], "oversized": images + b"x", "empty": b"",
            "wrong magic": b"\0\0\x0d\x03" + images[4:], "header only": images[:10],
            "count of 2^31": images[:4] + b"\x80\0\0\0" + images[8:],
            "other count": images[:4] + (99).to_bytes(4, "big") + images[8:-784],
            "truncated gzip": None}
        folder = self.folder / "idx"
        folder.mkdir()
        for name, content in whole.items():
            (folder / name).write_bytes(content)
        train = ("train", "--data", f"idx:{folder}", "--layers", LECTURE, "--epochs", 1)
        self.quern(*train)
        for what, content in spoiled.items():
            with self.subTest(what):
                if content is None:
                    (folder / "train-images-idx3-ubyte").unlink()
                    packed = (support.FASHION / "train-images-idx3-ubyte.gz").read_bytes()
                    (folder / "train-images-idx3-ubyte.gz").write_bytes(packed[:5000])
                else:
                    (folder / "train-images-idx3-ubyte").write_bytes(content)
                self.refused(*train, code=1, words=["train-images-idx3-ubyte"])
        self.refused("train", "--data", "idx:/nonexistent", "--layers", LECTURE, code=1,
                     words=["/nonexistent"])
        self.refused("train", "--data", "npy:/nonexistent.npy,/y.npy", "--layers", LECTURE, code=1,
                     words=["/nonexistent.npy"])

    def test_bad_model_files(self):
        data, model = self.small_data(), self.folder / "m.safetensors"
        self.quern("train", "--data", data, "--layers", TINY, "--save", model, "--quiet")
        good = model.read_bytes()
        header = int.from_bytes(good[:8], "little")
        for what, content in (("empty", b""), ("half", good[:len(good) // 2]),
                              ("one byte short", good[:-1]), ("one byte long", good + b"x"),
                              ("header length", b"\xff" * 8 + good[8:]),
                              ("not JSON", good[:8] + b"?" * header + good[8 + header:]),
                              ("not a model", b"hello, world" * 100)):
            with self.subTest(what):
                model.write_bytes(content)
                for verb in (("eval", "--data", data), ("predict", "--data", data), ("summary",)):
                    self.refused(verb[0], "--model", model, *verb[1:], code=1,
                                 words=["m.safetensors"])
        self.refused("eval", "--model", "/nonexistent", "--data", data, code=1,
                     words=["/nonexistent"])

    def test_unwritable_save(self):
        began = time.monotonic()
        self.refused("train", "--data", "fashion-mnist", "--layers", LECTURE, "--epochs", 50,
                     "--save", self.folder / "missing" / "m", code=1, words=["missing"])
        self.assertLess(time.monotonic() - began, 20)

    def test_not_finite(self):
        model = self.folder / "m.safetensors"
        self.refused("train", "--data", self.small_data(), "--layers", "dense(3)", "--loss", "mse",
                     "--optimizer", "sgd(learning_rate=1e12)", "--epochs", 20, "--save", model,
                     "--seed", 1, code=1, words=["step", "finite"])
        if model.exists():
            values = array.array("f", read_model(model)[1])
            self.assertTrue(all(value - value == 0 for value in values))

    def test_no_platform(self):
        (self.folder / "vendors").mkdir()
        env = {"OCL_ICD_VENDORS": str(self.folder / "vendors"), "QUERN_DEVICE": ""}
        for verb in (("devices",), ("train", "--data", self.small_data(), "--layers", TINY)):
            self.refused(*verb, code=1, words=["pocl-opencl-icd"], env=env)


class Interrupted(Case):
    """Ctrl-C and kill: what was asked to be saved is whole or not there."""

    def start(self, *args, **options):
        return subprocess.Popen([support.QUERN, *map(str, args)], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def test_ctrl_c(self):
        model = self.folder / "m.safetensors"
        process = self.start("train", "--data", "fashion-mnist", "--layers", LECTURE, "--epochs",
                             10000, "--save", model)
        line = process.stderr.readline()
        while line and "poch 2" not in line:  # a line an epoch: training is well under way
            line = process.stderr.readline()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn(str(model), stderr)
        result = self.json("eval", "--model", model, "--data", "fashion-mnist")
        self.assertGreater(result.get("test", result)["accuracy"], 0.5)

    def test_kill_while_saving(self):
        """The file is large enough for its writing to be seen; the old one must survive."""
        data, model = self.small_data(), self.folder / "m.safetensors"
        wide = "dense(2000, tanh), dense(2000, tanh), dense(3, softmax)"
        arguments = ("train", "--data", data, "--layers", wide, "--epochs", 1, "--batch-size", 256,
                     "--save", model, "--quiet")
        self.quern(*arguments, "--seed", 1)
        old = model.read_bytes()
        before = set(os.listdir(self.folder))
        killed = 0
        for seed in range(2, 30):
            process = self.start(*arguments, "--seed", seed)
            while process.poll() is None:
                fresh = [name for name in set(os.listdir(self.folder)) - before
                         if self.size(self.folder / name) > 0]
                if fresh:
                    process.kill()
                    killed += 1
                    break
            process.communicate(timeout=60)
            now = model.read_bytes()
            if now != old:  # renamed before the kill: then the new one is whole
                read_model(model)
                old = now
            before = set(os.listdir(self.folder))
            if killed >= 5:
                break
        self.assertGreaterEqual(killed, 5)
        self.quern("summary", "--model", model)
        self.quern(*arguments, "--seed", 1)

    def size(self, path):
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return 0


class Terminal(Case):
    """What one sees: a bar in a terminal, a line an epoch elsewhere."""

    def in_terminal(self, *args, env=None):
        master, slave = pty.openpty()
        process = subprocess.Popen([support.QUERN, *map(str, args)], stdout=subprocess.PIPE,
                                   stderr=slave, env={**os.environ, **(env or {})})
        os.close(slave)
        seen = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(master)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, seen)
        return seen.decode()

    def test_bar(self):
        seen = self.in_terminal("train", "--data", "fashion-mnist", "--layers", LECTURE,
                                "--epochs", 2, env={"TERM": "xterm", "NO_COLOR": "1"})
        self.assertIn("Epoch 1/2", seen)
        self.assertIn("Epoch 2/2", seen)
        self.assertIn("1875/1875", seen)
        self.assertRegex(seen, r"accuracy: 0\.\d+")
        self.assertIn("\r", seen)
        self.assertNotIn("\x1b[3", seen)  # no colour
        updates = len(re.findall(r"\d+/1875", seen))
        self.assertGreater(updates, 4)

    def test_plain(self):
        done = self.quern("train", "--data", "fashion-mnist", "--layers", LECTURE, "--epochs", 2)
        self.assertNotIn("\r", done.stderr)
        self.assertNotIn("\x1b", done.stderr + done.stdout)
        self.assertEqual(len(re.findall(r"1875/1875", done.stderr)), 2)


if __name__ == "__main__":
    support.main()
