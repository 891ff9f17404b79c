# SPDX-License-Identifier: Apache-2.0
"""quern profile on small data: the table, JSON, CSV, refusals.
usage: profile.py QUERN TESTCASE..."""
import csv

import case
from case import LAYERS, Case


class Profile(Case):
    def words(self, *more):
        return ("profile", "train", "--data", self.data(), "--layers", LAYERS, "--quiet", "--batch",
                "20", *more)

    def test_train(self):
        found = self.json(*self.words("--epochs", 2, "--csv", self.folder / "p.csv", "--save",
                                      self.model))
        self.assertGreater(found["wall_seconds"], 0)
        kernels = found["kernels"]
        steps = [k for k in kernels if k["phase"] != "transfer"]
        # Two epochs of three steps; the epoch that warmed up is not there.
        self.assertTrue(all(k["calls"] % 6 == 0 for k in steps), steps)
        self.assertEqual({k["phase"] for k in kernels},
                         {"forward", "backward", "update", "transfer"})
        self.assertEqual([k["calls"] for k in steps if k["layer"] == "optimizer"], [6])
        self.assertTrue(any(k["product"] for k in kernels))
        if found["device_span_seconds"] is not None:
            self.measured(found)
        with open(self.folder / "p.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(r["name"], r["layer"], int(r["calls"])) for r in rows],
                         [(k["name"], k["layer"], k["calls"]) for k in kernels])
        self.assertTrue(self.model.exists())

    def measured(self, found):
        span = found["device_span_seconds"]
        self.assertLess(span, 1.1 * found["wall_seconds"])
        busy = sum(k["total_seconds"] for k in found["kernels"] if k["queue"] == "compute")
        self.assertAlmostEqual(busy + found["gaps_seconds"], span, delta=0.01 * span)
        for k in found["kernels"]:
            self.assertLessEqual(k["min_seconds"], k["mean_seconds"] * (1 + 1e-6))
            self.assertLessEqual(k["mean_seconds"], k["max_seconds"] * (1 + 1e-6))

    def test_table(self):
        text = self.quern(*self.words("--epochs", 1)).stdout
        for piece in ("kernel", "calls", "GFLOP/s", "dense/", "optimizer/adam", "wall clock",
                      "layer  "):
            self.assertIn(piece, text)
        self.assertTrue(all(len(line) <= 110 for line in text.splitlines()), text)

    def test_eval_and_predict(self):
        self.train("--epochs", 1)
        for task in ("eval", "predict"):
            words = ("profile", task, "--model", self.model, "--data", self.data(), "--count", 0)
            found = self.json(*(words if task == "predict" else words[:-2]))
            self.assertEqual({k["phase"] for k in found["kernels"]}, {"forward", "transfer"})
            steps = [k["calls"] for k in found["kernels"] if k["phase"] == "forward"]
            # 60 samples by 32, once: the warm-up is not there. Samples and targets have one row.
            self.assertEqual(set(steps) | {2, 4}, {2, 4})
            self.assertIn(2, steps)

    def test_refusals(self):
        self.refused("profile", says=["what to profile", "train, eval, predict"])
        self.refused("profile", "trian", says=['unknown task "trian"', "did you mean train?"])
        self.refused("profile", "train", "--epoch", "3", says=["quern profile train", "--epochs"])
        self.refused(*self.words("--csv", self.folder / "missing" / "p.csv"),
                     says=[str(self.folder / "missing")], code=1)
        text = self.quern("profile", "eval", "--help").stdout
        self.assertIn("--csv FILE", text)
        self.assertIn("--split NAME", text)
        self.assertIn("example:\n  quern profile eval", text)


if __name__ == "__main__":
    case.main()
