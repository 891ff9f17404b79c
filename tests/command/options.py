# SPDX-License-Identifier: Apache-2.0
"""The command on small data: every option, every subcommand's help, tables, refusals.
usage: options.py QUERN TESTCASE..."""
import array
import json
import os
import re
import signal
import struct
import subprocess
import time

import case
from case import LAYERS, Case, read_npy, write_npy

SUBCOMMANDS = ("devices", "train", "eval", "predict", "summary", "plan", "weights", "profile", "bench", "doctor",
               "completion", "man")


class Options(Case):
    """The option tables: what they take, what they refuse, what --help says."""

    def test_help_tells_every_option(self):
        options = {
            "devices": "--self-test --device --json",
            "train": "--data --layers --init --optimizer --loss --metrics --batch-size --batch "
                     "--seed --device --gemm --schedule --callbacks --sample-weight --class-weight "
                     "--resume --epochs --validation-split --save --plot --tensorboard --histogram-freq "
                     "--json --quiet",
            "eval": "--model --data --split --batch-size --batch --device --gemm --sample-weight "
                    "--per-class --confusion --worst --json --quiet",
            "weights": "--model --layer --png --device --json",
            "predict": "--model --data --split --out --count --batch-size --batch --device --gemm --json "
                       "--quiet",
            "summary": "--model --device --json",
            "plan": "--data --layers --init --optimizer --loss --metrics --batch-size --batch "
                    "--seed --device --gemm --epochs --validation-split --save --task --dot --after "
                    "--json --quiet",
            "profile": "--csv --trace --roofline --html --json",
            "bench": "--device --json",
            "doctor": "--device --json",
            "completion": "",
            "man": ""}
        self.assertEqual(sorted(options), sorted(SUBCOMMANDS))
        for name, words in options.items():
            for flag in ("--help", "-h"):
                done = self.quern(name, flag)
                self.assertEqual(done.stderr, "")
                self.assertTrue(done.stdout.startswith(f"usage: quern {name}"))
                self.assertIn(f"example:\n  quern {name}", done.stdout)
                # The example of profile has options of what it profiles.
                shown = (done.stdout.split("example:")[0] if name == "profile" else done.stdout)
                self.assertEqual(set(words.split()) | {"--help"},
                                 set(re.findall(r"--[a-z][a-z-]*", shown)) -
                                 self.of_example(done.stdout, words))
            self.assertIn(f"\n  {name} ", self.quern("--help").stdout)

    def test_help_of_what_bench_measures(self):
        options = {"device": "--device --json",
                   "gemm": "--shapes --trans --device --json",
                   "train": "--layers --data --optimizer --loss --metrics --batch-size --batch "
                            "--epochs --device --gemm --json"}
        for name, words in options.items():
            text = self.quern("bench", name, "--help").stdout
            self.assertTrue(text.startswith(f"usage: quern bench {name}"))
            self.assertIn(f"example:\n  quern bench {name}", text)
            shown = text.split("example:")[0]
            self.assertEqual(set(words.split()) | {"--help"},
                             set(re.findall(r"--[a-z][a-z-]*", shown)))

    def of_example(self, text, words):
        """Options that only a help text names."""
        return set(re.findall(r"(?:needed without|with) (--[a-z]+)", text)) - set(words.split())

    def test_help_tells_the_defaults(self):
        text = " ".join(self.quern("train", "--help").stdout.split())
        for piece in ("(default: adam)", "(default: categorical_crossentropy)",
                      "(default: accuracy)", "(default: 32) (also --batch)", "(default: 5)",
                      "(default: 0)"):
            self.assertIn(piece, text)

    def test_version(self):
        self.assertRegex(self.quern("--version").stdout, r"^quern \d+\.\d+\.\d+\n$")

    def test_no_or_wrong_subcommand(self):
        self.refused(says=["usage: quern SUBCOMMAND", *SUBCOMMANDS])
        self.refused("predct", says=['unknown subcommand "predct"', "did you mean predict?",
                                     *SUBCOMMANDS])
        self.refused("convolve-everything", says=["convolve-everything", *SUBCOMMANDS])
        self.refused("--versoin", says=['unknown option "--versoin"'])

    def test_wrong_options(self):
        base = ("train", "--data", "npy:x.npy", "--layers", LAYERS)
        for words, says in (
                (("--epoch", "3"), ('unknown option "--epoch"', "did you mean --epochs?",
                                    "--validation-split")),
                (("--frobnicate",), ('unknown option "--frobnicate"', "--batch-size")),
                (("stray",), ('unknown argument "stray"',)),
                (("--epochs",), ("--epochs needs a value, N",)),
                (("--epochs", "2.5"), ("--epochs takes a whole number", 'found "2.5"')),
                (("--epochs", "0"), ("--epochs takes a whole number of at least 1",)),
                (("--batch-size", "-4"), ("--batch-size", 'found "-4"')),
                (("--batch", "1e3"), ("--batch-size", 'found "1e3"')),
                (("--seed", "-1"), ("--seed", 'found "-1"')),
                (("--seed", "99999999999999999999"), ("--seed",)),
                (("--validation-split", "1"), ("at least 0 and below 1", 'found "1"')),
                (("--validation-split", "nan"), ("--validation-split",)),
                (("--json=yes",), ('--json takes no value, found "yes"',)),
                (("--json", "--json"), ("--json is given twice",)),
                (("--batch", "3", "--batch-size", "3"), ("--batch-size is given twice",)),
                (("--data", "npy:y.npy"), ("--data is given twice",))):
            with self.subTest(words=words):
                self.refused(*base, *words, says=says)
        self.refused("train", "--layers", LAYERS, says=["--data SPEC is needed"])
        self.refused("eval", "--data", "x", says=["--model FILE is needed"])
        self.refused("eval", "--data", "x", "--model", "m", "--split", "tset",
                     says=['--split is "tset"', "did you mean test?", "train, test"])
        self.refused("plan", *base[1:], "--task", "fit", says=["train, evaluate, predict"])
        self.refused("devices", "--quiet", says=['unknown option "--quiet"', "--self-test"])


class Tables(Case):
    """What people and programs read."""

    def test_devices(self):
        listed = self.json("devices")["devices"]
        text = self.quern("devices").stdout
        for i, device in enumerate(listed):
            self.assertEqual(device["index"], i)
            self.assertGreater(device["memory"], 0)
            self.assertGreater(device["compute_units"], 0)
            self.assertIsInstance(device["fp64"], bool)
            for key in ("id", "selector", "name", "driver", "platform_name"):
                self.assertIn(device[key][:79], text)
            if device["skipped"]:
                self.assertIn(device["skipped"], text)
        self.assertIn(os.environ["QUERN_DEVICE"], [device["selector"] for device in listed])

    def test_self_test(self):
        selector = os.environ["QUERN_DEVICE"]
        found = self.json("devices", "--self-test", "--device", selector)["self_tests"]
        self.assertEqual(list(found), [selector])
        self.assertGreater(len(found[selector]), 20)
        for test in found[selector]:
            self.assertTrue(test["passed"], test)
        done = self.quern("devices", "--self-test", "--device", selector)
        self.assertIn(f"self-test of {selector}: {len(found[selector])} passed, 0 failed",
                      done.stdout)
        self.refused_device("nosuch")

    def refused_device(self, name):
        done = self.quern("devices", "--self-test", "--device", name, code=2)
        self.assertIn(name, done.stderr)

    def test_train_text(self):
        done = self.quern("train", "--data", self.data(), "--layers", LAYERS, "--epochs", 2,
                          "--save", self.model, "--validation-split", 0.25)
        self.assertRegex(done.stdout, r"^train loss \d+\.\d{4}  accuracy \d\.\d{4}  "
                                      r"val_loss \d+\.\d{4}  val_accuracy \d\.\d{4}\n"
                                      r"seed  \d+\nsaved .*model\.safetensors\n$")
        seed = re.search(r"seed  (\d+)", done.stdout).group(1)
        self.assertRegex(done.stderr, rf"seed +{seed}\n")
        self.assertIn("60 samples of float32 (3,), scale 1", done.stderr)
        self.assertIn("labels  one-hot encoded to (60, 3), as categorical_crossentropy wants",
                      done.stderr)
        self.assertIn("Epoch 2/2", done.stderr)

    def test_train_json(self):
        result = self.train("--epochs", 3)
        self.assertEqual([epoch["epoch"] for epoch in result["epochs"]], [1, 2, 3])
        self.assertEqual(result["steps"], 6)
        self.assertIsNone(result["test"])  # arrays have one split: no test of its own
        self.assertEqual(result["seed"], 3)
        self.assertEqual(result["saved"], str(self.model))
        self.assertFalse(result["interrupted"])
        self.assertGreater(result["peak_rss_bytes"], 1 << 20)
        self.assertTrue(0 < result["seconds_to_first_epoch"] < 100)
        for key in ("launches_per_step", "calls_per_step", "waits_per_step",
                    "allocations_per_step", "device", "device_name"):
            self.assertIn(key, result)

    def test_seeds(self):
        first, again = self.train(), self.train()
        other = self.train("--epochs", "5")
        self.assertEqual([e["loss"] for e in first["epochs"]], [e["loss"] for e in again["epochs"]])
        self.assertEqual([e["loss"] for e in first["epochs"]], [e["loss"] for e in other["epochs"]])
        drawn = {self.json("train", "--data", self.data(), "--layers", LAYERS, "--quiet",
                           "--epochs", 1)["seed"] for _ in range(2)}
        self.assertEqual(len(drawn), 2)

    def test_predictions(self):
        data = self.data()
        self.train("--epochs", 60, "--optimizer", "adam(learning_rate=0.05)")
        text = self.quern("predict", "--model", self.model, "--data", data).stdout.splitlines()
        self.assertRegex(text[0], r"^ sample +predicted +probability +truth$")
        self.assertEqual(len(text), 11)
        for i, line in enumerate(text[1:]):
            sample, predicted, probability, truth = line.split()[:4]
            self.assertEqual((int(sample), int(truth)), (i, i % 3))
            self.assertTrue(1 / 3 < float(probability) <= 1)
            self.assertEqual("wrong" in line, predicted != truth)
        rows = self.json("predict", "--model", self.model, "--data", data, "--count",
                         0)["predictions"]
        self.assertEqual(len(rows), 60)
        right = sum(row["class"] == row["truth"] for row in rows)
        self.assertGreater(right, 54)
        self.check_file(data, rows)

    def check_file(self, data, rows):
        out = self.folder / "out.npy"
        done = self.quern("predict", "--model", self.model, "--data", data, "--out", out)
        self.assertIn("wrote float32 (60, 3) to", done.stdout)
        shape, values = read_npy(out)
        self.assertEqual(shape, (60, 3))
        for i, row in enumerate(rows):
            for j in range(3):
                self.assertAlmostEqual(values[3 * i + j], row["values"][j], delta=1e-6)
        self.quern("predict", "--model", self.model, "--data", data, "--out", out, "--count", 7)
        self.assertEqual(read_npy(out)[0], (7, 3))

    def test_eval_agrees_with_training(self):
        result = self.train("--epochs", 2, "--batch", 60)
        for split in ("train", "test"):
            done = self.json("eval", "--model", self.model, "--data", self.data(), "--split", split)
            self.assertEqual(done["samples"], 60)
            self.assertLess(done["loss"], result["epochs"][-1]["loss"])
        self.assertRegex(self.quern("eval", "--model", self.model, "--data", self.data()).stdout,
                         r"^test  loss \d+\.\d{4}  accuracy \d\.\d{4}\n$")

    def test_summary(self):
        self.train("--epochs", 1)
        self.assertIn("Trainable params: 45", self.quern("summary", "--model", self.model).stdout)
        found = self.json("summary", "--model", self.model)
        self.assertEqual(found["parameters"], 45)
        self.assertEqual([w["shape"] for w in found["weights"]], [[3, 6], [6], [6, 3], [3]])
        self.assertEqual(found["layers"], "dense(6, activation=tanh), dense(3, activation=softmax)")
        self.assertEqual(found["input_shape"], [3])
        self.assertEqual(found["loss"], "categorical_crossentropy")

    def test_plan(self):
        words = ("plan", "--data", self.data(), "--layers", LAYERS, "--quiet")
        self.assertIn("KERNEL", self.quern(*words).stdout)
        self.assertTrue(self.quern(*words, "--dot").stdout.startswith("digraph"))
        self.assertNotEqual(self.quern(*words, "--after", "build").stdout,
                            self.quern(*words, "--after", "fuse").stdout)
        training = len(self.json(*words)["steps"])
        self.assertLess(len(self.json(*words, "--task", "predict")["steps"]), training)
        self.refused(*words, "--after", "fuze", says=["fuze", "build"])

    def test_full_output(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([case.QUERN, "devices"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)


class Models(Case):
    """Losses, --init, images, Ctrl-C."""

    def test_equals_and_alias(self):
        data = self.data()
        result = self.json("train", f"--data={data}", f"--layers={LAYERS}", "--batch=20",
                           "--epochs=2", "--seed=0", "--quiet")
        self.assertEqual(result["batch_size"], 20)
        self.assertEqual(result["steps"], 6)
        self.assertEqual(result["seed"], 0)

    def test_init(self):
        data = self.data()
        first = self.train("--epochs", 4)
        again = self.json("train", "--data", data, "--init", self.model, "--epochs", 1, "--quiet")
        self.assertLess(again["epochs"][0]["loss"], first["epochs"][0]["loss"])
        self.train("--init", self.model, "--epochs", 1)
        self.refused("train", "--data", data, "--init", self.model, "--layers",
                     "dense(7, tanh), dense(3, softmax)", says=["dense(7", "dense(6", "leave"])
        done = self.quern("train", "--data", data, "--init", self.model, "--epochs", 1, "--loss",
                          "sparse_categorical_crossentropy")
        self.assertIn("compiled anew: optimizer adam, loss sparse_categorical_crossentropy",
                      done.stderr)
        self.assertNotIn("one-hot", done.stderr)
        only = self.json("train", "--data", data, "--init", self.model, "--epochs", 1, "--metrics",
                         "mse", "--quiet")
        self.assertNotIn("accuracy", only["epochs"][0])

    def test_regression(self):
        data = self.data()
        self.json("train", "--data", data, "--layers", "dense(4, tanh), dense(1)", "--loss", "mse",
                  "--metrics", "mean_absolute_error", "--epochs", 2, "--quiet", "--save", self.model)
        text = self.quern("predict", "--model", self.model, "--data", data, "--count", 3).stdout
        self.assertEqual(len(text.splitlines()), 4)
        self.assertRegex(text, r"^ sample  outputs\n      0 +-?\d")

    def test_images_take_the_models_scale(self):
        """Raw pixels at prediction: scaled as in training, told on stderr."""
        folder = self.folder / "idx"
        folder.mkdir()
        pixels = bytes(i * 37 % 256 for i in range(40 * 4))
        labels = bytes(i % 2 for i in range(40))
        for split in ("train", "t10k"):
            (folder / f"{split}-images-idx3-ubyte").write_bytes(
                struct.pack(">BBBBIII", 0, 0, 8, 3, 40, 2, 2) + pixels)
            (folder / f"{split}-labels-idx1-ubyte").write_bytes(
                struct.pack(">BBBBI", 0, 0, 8, 1, 40) + labels)
        trained = self.json("train", "--data", f"idx:{folder}", "--layers",
                            "flatten, dense(2, softmax)", "--epochs", 1, "--quiet", "--save",
                            self.model)
        self.assertIn("accuracy", trained["test"])
        self.assertAlmostEqual(self.json("summary", "--model", self.model)["input_scale"], 1 / 255)
        write_npy(self.folder / "raw.npy", "|u1", (40, 2, 2), array.array("B", pixels))
        images = self.json("predict", "--model", self.model, "--data", f"idx:{folder}")
        raw = self.json("predict", "--model", self.model, "--data", f"npy:{self.folder}/raw.npy")
        for a, b in zip(images["predictions"], raw["predictions"]):
            self.assertEqual(a["values"], b["values"])
            self.assertIsNone(b["truth"])
        done = self.quern("predict", "--model", self.model, "--data", f"npy:{self.folder}/raw.npy")
        self.assertIn("scaled by 0.00392157", done.stderr)
        self.assertNotIn("truth", done.stdout)

    def test_interrupt(self):
        process = subprocess.Popen(
            [case.QUERN, "train", "--data", self.data(), "--layers", LAYERS, "--epochs",
             "100000000", "--save", str(self.model), "--json"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("Epoch 3/"):
                break
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        stdout, stderr = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertIn(f"saved the interrupted model to {self.model}", stderr)
        result = json.loads(stdout)
        self.assertTrue(result["interrupted"])
        self.assertGreaterEqual(len(result["epochs"]), 2)
        self.quern("summary", "--model", self.model)


class Refusals(Case):
    """Bad names, files and shapes: the right exit code, nothing on stdout, nothing left behind."""

    def test_names(self):
        data = self.data()
        base = ("train", "--data", data, "--epochs", 1)
        for words, says in (
                (("--layers", "flaten, dense(3)"), ("flaten", "flatten")),
                (("--layers", "dense(3, sigmod)"), ("sigmod", "sigmoid")),
                (("--layers", "dense(3, activaton=relu)"), ("activaton", "activation", "units")),
                (("--layers", "dense(3"), ("column 8",)),
                (("--layers", LAYERS, "--optimizer", "adm"), ("adm", "adam")),
                (("--layers", LAYERS, "--loss", "categorical_crossentrop"),
                 ("categorical_crossentropy",)),
                (("--layers", LAYERS, "--metrics", "acuracy"), ("acuracy", "accuracy")),
                (("--layers", LAYERS, "--device", "nosuchdevice"), ("nosuchdevice",)),
                ((), ("--layers TEXT or --init FILE is needed",))):
            with self.subTest(words=words):
                self.refused(*base, *words, says=says)
        self.refused("train", "--data", "fashion-mnits", "--layers", LAYERS,
                     says=["fashion-mnits", "fashion-mnist", "idx:DIR"])

    def test_files(self):
        data = self.data()
        missing = self.folder / "missing"
        for verb in (("eval", "--data", data), ("predict", "--data", data), ("summary",)):
            self.refused(*verb, "--model", missing, says=[str(missing)], code=1)
        self.refused("train", "--data", f"npy:{missing}", "--layers", LAYERS, says=[str(missing)],
                     code=1)
        self.refused("train", "--data", f"npy:{self.folder}/x.npy", "--layers", LAYERS,
                     says=["has no targets"])
        self.refused("train", "--data", data, "--layers", LAYERS, "--save", missing / "m",
                     says=[str(missing)], code=1)
        self.train("--epochs", 1)
        self.refused("predict", "--model", self.model, "--data", data, "--out", missing / "p.npy",
                     says=[str(missing)], code=1)
        self.refused("eval", "--model", self.model, "--data", f"npy:{self.folder}/x.npy",
                     says=["has no targets"])
        self.assertEqual(sorted(os.listdir(self.folder)), ["model.safetensors", "x.npy", "y.npy"])

    def test_nothing_before_a_refusal(self):
        done = self.quern("train", "--data", f"npy:{self.folder}/missing", "--layers", LAYERS,
                          code=1)
        self.assertRegex(done.stderr, r"\Aquern: could not open [^\n]*/missing: [^\n]*\n\Z")

    def test_choices(self):
        for word, says in (("nope", '"nope"; it is one of device, gemm, train\n'),
                           ("devize", "\"devize\"; did you mean device? It is one of device, "
                            "gemm, train\n")):
            done = self.quern("bench", word, code=2)
            self.assertEqual(done.stderr, f"quern bench: WHAT is {says}")

    def test_labels_and_shapes(self):
        data = self.data()
        self.refused("train", "--data", data, "--layers", "dense(2, softmax)", "--save", self.model,
                     says=["label 2 in row 2", "[0, 2)"], code=1)
        self.refused("train", "--data", data, "--layers", "dense(3, input_shape=(4,))",
                     says=["3", "4"])
        self.assertFalse(self.model.exists())
        self.train("--epochs", 1)
        write_npy(self.folder / "wide.npy", "<f4", (2, 5), array.array("f", [0] * 10))
        self.refused("predict", "--model", self.model, "--data", f"npy:{self.folder}/wide.npy",
                     says=["5", "3"])

    def test_diverged(self):
        done = self.quern("train", "--data", self.data(), "--layers", "dense(3)", "--loss", "mse",
                          "--optimizer", "sgd(learning_rate=1e15)", "--epochs", 30, "--save",
                          self.model, code=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("saved the last good weights to", done.stderr)
        self.assertTrue(self.model.exists())


if __name__ == "__main__":
    case.main()
