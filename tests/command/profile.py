# SPDX-License-Identifier: Apache-2.0
"""quern profile on small data: the table, JSON, CSV, trace, refusals; a kernel made slow.
usage: profile.py QUERN LAYER TESTCASE..."""
import csv
import json
import os
import sys

import case
import trace_format
from case import LAYERS, Case


class Profile(Case):
    def words(self, *more):
        return ("profile", "train", "--data", self.data(), "--layers", LAYERS, "--quiet", "--batch",
                "20", *more)

    def test_train(self):
        found = self.json(*self.words("--epochs", 2, "--csv", self.folder / "p.csv", "--trace",
                                      self.folder / "p.json", "--save", self.model))
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
        self.known(found)
        self.traced(found)

    def known(self, found):
        """The roofline was measured on the way, and every step of known cost has its share."""
        self.assertGreater(found["roofline"]["peak_gflops"], 0)
        self.assertGreater(found["build"]["programs_compiled"] +
                           found["build"]["programs_loaded"], 0)
        self.assertGreater(found["build"]["first_launches"], 0)
        if not found["roofline"]["gbytes_per_second"]:
            return  # a simulator
        for k in found["kernels"]:
            if k["total_seconds"] and k["flops"] and k["phase"] != "transfer":
                self.assertGreater(k["roofline_share"], 0)
                self.assertIn(k["bound"], ("compute", "memory"))

    def traced(self, found):
        with open(self.folder / "p.json", encoding="utf-8") as file:
            written = json.load(file)
        self.assertEqual(list(trace_format.complaints(written)), [])
        slices = [e for e in written["traceEvents"] if e["ph"] == "X"]
        tracks = {e["tid"]: e["args"]["name"] for e in written["traceEvents"]
                  if e["name"] == "thread_name"}
        self.assertEqual(set(tracks.values()), {"host thread", "compute queue", "transfer queue"})
        spans = {e["name"] for e in slices if tracks[e["tid"]] == "host thread"}
        self.assertLessEqual({"epoch 2", "epoch 3", "fill chunk", "enqueue chunk", "wait"}, spans)
        # Every command once, on the host's track and, where it was measured, on its queue's.
        calls = sum(k["calls"] for k in found["kernels"])
        measured = sum(k["measured_calls"] for k in found["kernels"])
        self.assertEqual(sum(e.get("cat") == "enqueue" for e in slices), calls)
        self.assertEqual(sum(tracks[e["tid"]] != "host thread" for e in slices), measured)
        memory = [e["args"] for e in written["traceEvents"] if e["ph"] == "C"]
        self.assertGreaterEqual(memory[0]["parameters"], 4 * (3 * 6 + 6 + 6 * 3 + 3))
        self.assertGreater(memory[0]["samples"], 0)

    def measured(self, found):
        span = found["device_span_seconds"]
        self.assertLess(span, 1.1 * found["wall_seconds"])
        busy = sum(k["total_seconds"] for k in found["kernels"] if k["queue"] == "compute")
        self.assertAlmostEqual(busy + found["gaps_seconds"], span, delta=0.01 * span)
        for k in found["kernels"]:
            self.assertLessEqual(k["min_seconds"], k["mean_seconds"] * (1 + 1e-6))
            self.assertLessEqual(k["mean_seconds"], k["max_seconds"] * (1 + 1e-6))

    def test_slow(self):
        """A kernel with extra work on the device is in the table's first line."""
        slow = "accuracy_categorical"
        text = self.quern(*self.words("--epochs", 1), env={
            **os.environ, "OPENCL_LAYERS": LAYER, "QUERN_LAYER_SLOW": f"{slow}:3000000"}).stdout
        if "device times not measured" not in text:
            self.assertIn(slow, text.splitlines()[3])

    def test_table(self):
        text = self.quern(*self.words("--epochs", 1)).stdout
        for piece in ("kernel", "calls", "GFLOP/s", "dense/", "optimizer/adam", "wall clock",
                      "layer  ", "roof%", "global", "bound by", "first launches"):
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
        self.refused(*self.words("--trace", self.folder / "missing" / "t.json"),
                     says=[str(self.folder / "missing")], code=1)
        text = self.quern("profile", "eval", "--help").stdout
        for name in ("--csv", "--trace", "--roofline"):
            self.assertIn(f"{name} FILE", text)
        self.assertIn("--split NAME", text)
        self.assertIn("example:\n  quern profile eval", text)


if __name__ == "__main__":
    trace_format.prove()
    LAYER = sys.argv.pop(2)
    case.main()
