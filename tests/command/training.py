# SPDX-License-Identifier: Apache-2.0
"""quern train's callbacks, schedules, weights and --resume on small data.
usage: training.py QUERN TESTCASE..."""
import array
import json

import case
from case import LAYERS, Case, read_npy, write_npy


class Training(Case):
    """Callbacks, schedules, weights, --resume."""

    def test_callbacks(self):
        log = self.folder / "log.csv"
        best = self.folder / "{epoch:02d}.safetensors"
        self.train("--epochs", 3, "--callbacks", f'csv_logger({log}), model_checkpoint("{best}")')
        self.assertEqual(len(log.read_text().splitlines()), 4)
        for epoch in ("01", "02", "03"):
            self.quern("summary", "--model", self.folder / f"{epoch}.safetensors")
        stopped = self.train("--epochs", 50, "--callbacks",
                             "early_stopping(monitor=loss, min_delta=10, patience=2)")
        self.assertEqual(len(stopped["epochs"]), 3)

    def test_schedule(self):
        """The same as in the optimizer; it may stand beside an optimizer's other arguments."""
        whole = self.train("--optimizer", "adam(learning_rate=exponential_decay(0.1, 4, 0.5))")
        for words in (("--schedule", "exponential_decay(0.1, 4, 0.5)"),
                      ("--optimizer", "adam", "--schedule", "exponential_decay(0.1, 4, 0.5)")):
            self.assertEqual([e["loss"] for e in self.train(*words)["epochs"]],
                             [e["loss"] for e in whole["epochs"]])
        other = self.train("--optimizer", "adam(beta_1=0.5)", "--schedule",
                           "exponential_decay(0.1, 4, 0.5)")
        self.assertNotEqual(other["epochs"][-1]["loss"], whole["epochs"][-1]["loss"])

    def test_learning_rate_in_results(self):
        result = self.train("--epochs", 4, "--optimizer", "sgd(learning_rate=0.5)", "--callbacks",
                            "reduce_lr_on_plateau(monitor=loss, min_delta=10, patience=1)")
        rates = [epoch["learning_rate"] for epoch in result["epochs"]]
        self.assertAlmostEqual(rates[0], 0.5)
        self.assertAlmostEqual(rates[-1], 0.5 * 0.1 ** 2, delta=1e-9)

    def test_adapt(self):
        """A new model's normalization is that of the samples it trains on, and stays so."""
        data, model = self.data(), ("--layers", "normalization, dense(3, softmax)")
        done = self.quern("train", "--data", data, *model, "--epochs", 1, "--save", self.model,
                          "--validation-split", 0.5)
        self.assertIn("adapt   normalization has the mean and variance of 30 training samples\n",
                      done.stderr)
        head, _, mean = self.tensor("normalization/mean")
        self.assertEqual(head, [3])
        _, x = read_npy(self.folder / "x.npy")
        for column in range(3):
            self.assertAlmostEqual(mean[column], sum(x[column:90:3]) / 30, delta=1e-6)
        self.data(rows=30)
        for word in ("--init", "--resume"):
            done = self.quern("train", "--data", data, word, self.model, "--epochs", 2, "--save",
                              self.model)
            self.assertNotIn("adapt", done.stderr)
            self.assertEqual(self.tensor("normalization/mean")[2], mean)
        done = self.quern("train", "--data", data, "--epochs", 1, "--layers",
                          "normalization(mean=0, variance=1), dense(3, softmax)")
        self.assertNotIn("adapt", done.stderr)

    def tensor(self, name):
        content = self.model.read_bytes()
        end = 8 + int.from_bytes(content[:8], "little")
        info = json.loads(content[8:end])[name]
        first, last = info["data_offsets"]
        return info["shape"], info["dtype"], array.array("f", content[end + first:end + last])

    def test_sample_weight(self):
        """Weights of 0 and 1 are as good as leaving samples out, but for the mean."""
        data = self.data()
        weights = self.folder / "w.npy"
        write_npy(weights, "<f4", (60,), array.array("f", [i < 30 for i in range(60)]))
        self.train("--epochs", 1, "--sample-weight", weights)
        model = ("--model", self.model)
        whole = self.json("eval", *model, "--data", data)
        half = self.json("eval", *model, "--data", data, "--sample-weight", weights)
        self.assertLess(half["loss"], whole["loss"])
        self.data(rows=30)
        first = self.json("eval", *model, "--data", data)
        self.assertAlmostEqual(2 * half["loss"], first["loss"], delta=1e-5)
        self.assertEqual(half["accuracy"], whole["accuracy"])

    def test_class_weight(self):
        plain = self.train("--epochs", 1, "--batch", 60)["epochs"][0]["loss"]
        ones = self.train("--epochs", 1, "--batch", 60, "--class-weight", "0=1")
        doubled = self.train("--epochs", 1, "--batch", 60, "--class-weight", "0=2, 1=2, 2=2")
        self.assertAlmostEqual(ones["epochs"][0]["loss"], plain, delta=1e-6)
        self.assertAlmostEqual(doubled["epochs"][0]["loss"], 2 * plain, delta=1e-5)

    def test_resume(self):
        """What is not given is as before; tests/e2e compares bytes."""
        data = self.data()
        whole = self.train("--epochs", 6, "--batch", 20, "--validation-split", 0.2)
        self.train("--epochs", 4, "--batch", 20, "--validation-split", 0.2)
        done = self.quern("train", "--data", data, "--resume", self.model, "--epochs", 6)
        self.assertIn(f"resume  {self.model}: goes on at epoch 5 of 6, batch size 20, callbacks "
                      "none\n", done.stderr)
        self.assertIn("seed    3, of the file\n", done.stderr)
        self.assertIn("Epoch 6/6", done.stderr)
        rest = self.json("train", "--data", data, "--resume", self.model, "--epochs", 6)
        self.assertEqual([e["epoch"] for e in rest["epochs"]], [5, 6])
        for i, name in ((0, "loss"), (1, "loss"), (1, "val_loss")):
            self.assertEqual(rest["epochs"][i][name], whole["epochs"][4 + i][name])
        self.assertEqual((rest["resumed"], rest["seed"]), (str(self.model), 3))
        done = self.quern("train", "--data", data, "--resume", self.model)
        self.assertIn("4 of 4 epochs are done: nothing is left to train", done.stderr)


class TrainingRefusals(Case):
    """What is wrong is said before the first launch."""

    def test_words(self):
        for words, says in (
                (("--schedule", "exponential_decai(0.1, 4, 0.5)"),
                 ("exponential_decai", "exponential_decay")),
                (("--schedule", "piecewise_constant_decay((3, 2), (1, 2, 3))"), ("boundaries",)),
                (("--schedule", "exponential_decay(0.1, 4, 0.5)", "--optimizer",
                  "adam(learning_rate=0.1)"), ("adam(learning_rate=0.1)", "leave one out")),
                (("--schedule", "exponential_decay(0.1, 4, 0.5)", "--optimizer", "adam(0.1)"),
                 ("adam(0.1)", "leave one out")),
                (("--callbacks", "early_stoping"), ("early_stoping", "early_stopping")),
                (("--callbacks", "early_stopping(patience=-1)"), ("patience", "-1", "at least 0")),
                (("--callbacks", "early_stopping(monitor=los)"), ("los", "loss")),
                (("--callbacks", "early_stopping"), ("val_loss",)),
                (("--class-weight", "a=1"), ("class_weight", "a")),
                (("--class-weight", "0=-1"), ("class_weight", "-1")),
                (("--class-weight", "3=1"), ("class_weight", "3"))):
            with self.subTest(words=words):
                self.refused("train", "--data", self.data(), "--layers", LAYERS, "--epochs", 1,
                             *words, says=says)

    def test_callback_files(self):
        """Found out before the first launch."""
        file = self.folder / "x.npy"
        for callback in (f"model_checkpoint({file}/no)", f"csv_logger({file}/no)"):
            self.refused("train", "--data", self.data(), "--layers", LAYERS, "--callbacks",
                         callback, says=[callback.split("(")[0], str(file)], code=1)

    def test_weights(self):
        data, weights = self.data(), self.folder / "w.npy"
        base = ("train", "--data", data, "--layers", LAYERS, "--sample-weight", weights)
        self.refused(*base, says=[str(weights)], code=1)
        write_npy(weights, "<f4", (59,), array.array("f", [1] * 59))
        self.refused(*base, says=["sample_weight", "59", "60"])
        write_npy(weights, "<f4", (60,), array.array("f", [1] * 59 + [-1]))
        self.refused(*base, says=["sample_weight", "-1"], code=1)
        write_npy(weights, "<f4", (60,), array.array("f", [1] * 60))
        self.refused(*base, "--class-weight", "0=1", says=["sample_weight", "class_weight"])

    def test_resume(self):
        data, missing = self.data(), self.folder / "missing"
        base = ("train", "--data", data, "--resume", self.model)
        self.refused(*base, says=[str(self.model)], code=1)
        self.train("--epochs", 1)
        for word, value in (("--layers", LAYERS), ("--init", self.model), ("--optimizer", "sgd"),
                            ("--loss", "mse"), ("--schedule", "exponential_decay(0.1, 4, 0.5)")):
            self.refused(*base, word, value, says=["--resume", f"leave {word} out"])
        self.refused(*base, "--seed", 4, says=["--seed is 4", "seed, 3", "leave --seed out"])
        self.refused("train", "--data", data, "--init", self.model, "--seed", 4,
                     says=["--seed is 4", "leave --seed out"])
        self.refused(*base, "--epochs", 3, "--callbacks", "early_stoping", says=["early_stopping"])
        self.refused(*base, "--epochs", 3, "--save", missing / "m", says=[str(missing)], code=1)
        content = self.model.read_bytes()
        for length in (100, len(content) // 2, len(content) - 4):
            self.model.write_bytes(content[:length])
            self.refused(*base, says=[str(self.model)], code=1)


if __name__ == "__main__":
    case.main()
