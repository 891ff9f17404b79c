# SPDX-License-Identifier: Apache-2.0
"""quern bench: device, with its peak beside that of a loop in plain C; gemm; train.
usage: bench.py QUERN FMA_PEAK [PAIRS UNITS]
With PAIRS, prints so many paired runs of a device of UNITS compute units instead, for a look on a
quiet machine."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import unittest

import case
from case import LAYERS, Case

RATES = ("peak_gflops", "memory_bytes_per_second", "upload_bytes_per_second",
         "upload_staged_bytes_per_second", "download_bytes_per_second",
         "download_staged_bytes_per_second")
# The machine may be busy in one of the two runs; a wrong count of operations is a factor of its own.
FACTOR = 4
CL = pathlib.Path(__file__).resolve().parents[2] / "cl"


def c_peak(units):
    done = subprocess.run([FMA_PEAK, str(units)], capture_output=True, text=True, timeout=60,
                          check=True)
    return float(done.stdout)


class Bench(Case):
    def test_json(self):
        found = self.json("bench", "device")
        for key in RATES:
            self.assertGreater(found[key], 0, key)
        self.assertTrue(1e-9 < found["launch_seconds_queued"] < 0.1, found)
        self.assertTrue(1e-9 < found["launch_seconds_waited"] < 0.1, found)
        self.assertEqual(found["device"], os.environ["QUERN_DEVICE"])
        self.check_levels(found)
        for item in found["measured"]:
            self.assertIn(item["unit"], ("FLOP/s", "B/s", "s"))
            self.assertGreaterEqual(item["spread"], 0)
            better = item["median"] - item["best"]
            self.assertTrue(better >= 0 if item["unit"] == "s" else better <= 0, item)
        self.check_peak(found)

    def check_levels(self, found):
        """Powers of four from 16 KiB on; what fits a cache is not slower than memory."""
        levels = found["bandwidth"]
        self.assertEqual([level["bytes"] for level in levels],
                         [16384 * 4**i for i in range(len(levels))])
        self.assertGreaterEqual(levels[-1]["bytes"], 1 << 26)
        rates = [level["bytes_per_second"] for level in levels]
        self.assertGreater(max(rates[:-1]), rates[-1])
        whats = [item["what"] for item in found["measured"]]
        self.assertEqual(whats.count("level"), len(levels))
        self.assertEqual(whats.count("fma"), 4)
        for what in ("read", "write", "copy", "launch_queued", "launch_waited", "upload",
                     "upload_staged", "download", "download_staged"):
            self.assertEqual(whats.count(what), 1, what)

    def check_peak(self, found):
        """A loop of multiply-adds in plain C, with as many threads as the device has units."""
        listed = self.json("devices")["devices"]
        kind = [d["type"] for d in listed if d["selector"] == found["device"]]
        if kind != ["cpu"]:
            return
        here = c_peak(found["compute_units"])
        print(f"peak {found['peak_gflops']:.1f} GFLOP/s, in C {here:.1f}, "
              f"ratio {found['peak_gflops'] / here:.3f}")
        self.assertTrue(1 / FACTOR < found["peak_gflops"] / here < FACTOR)

    def test_text(self):
        done = self.quern("bench", "device")
        self.assertEqual(done.stderr, "")  # no progress but on a terminal
        lines = done.stdout.splitlines()
        self.assertIn(os.environ["QUERN_DEVICE"], lines[0])
        self.assertRegex(lines[1], r"^ +median +best +unit +spread$")
        for piece in ("multiply-add, float16", "read again, 16.0 KiB", "launch, queued",
                      "download, pinned"):
            self.assertEqual(sum(line.startswith(piece) for line in lines), 1, piece)
        self.assertRegex(lines[-1], r"^peak \d+\.\d GFLOP/s, memory \d+\.\d GB/s: ")

    def test_kept(self):
        """One file for the device; what is there is replaced, and nothing half-written stays."""
        cache = self.folder / "cache"
        for _ in range(2):
            self.quern("bench", "device", env=dict(os.environ, QUERN_CACHE_DIR=str(cache)))
            files = list((cache / "bench").iterdir())
            self.assertEqual(len(files), 1)
            text = files[0].read_text()
            self.assertTrue(text.startswith("quern bench 1\nfma 1 "), text)
            files[0].write_text("damaged")
        done = self.quern("bench", "device", env=dict(os.environ, QUERN_CACHE_DIR=""))
        self.assertIn("peak", done.stdout)

    def test_refused(self):
        self.refused("bench", says=["WHAT"])
        self.refused("bench", "devcie", says=["devcie", "device"])
        self.refused("bench", "device", "--device", "nosuchdevice", says=["nosuchdevice"])


class Gemm(Case):
    def test_json(self):
        found = self.json("bench", "gemm", "--shapes", "17x33x5, 9x8x7")
        self.assertEqual([(p["m"], p["n"], p["k"], p["trans"]) for p in found],
                         [(*shape, trans) for shape in ((17, 33, 5), (9, 8, 7))
                          for trans in ("NN", "NT", "TN")])
        for product in found:
            for key, who in (("gflops", "quern"), ("clblast_gflops", "clblast")):
                rate = product[who]
                self.assertEqual(product[key], rate["median"])
                self.assertTrue(0 < rate["median"] <= rate["best"], rate)
                self.assertGreaterEqual(rate["spread"], 0)
                self.assertGreaterEqual(rate["samples"], 5)
                self.assertEqual((rate["failed"], rate["why"]), (False, None))
            self.assertAlmostEqual(product["ratio"] * product["clblast_gflops"], product["gflops"])
            self.assertAlmostEqual(product["peak_share"] * product["peak_gflops"],
                                   product["gflops"])
            self.assertEqual(product["device"], os.environ["QUERN_DEVICE"])

    def test_text(self):
        lines = self.quern("bench", "gemm", "--trans", "TN", "--shapes=64x32x16").stdout.splitlines()
        self.assertIn(os.environ["QUERN_DEVICE"], lines[0])
        self.assertRegex(lines[1], r"^peak \d+\.\d GFLOP/s")
        self.assertRegex(lines[3], r"^op +M +N +K +median +best +spread +median +best +spread")
        rate = r" +[\d.]+ +[\d.]+ +\d+%"
        self.assertRegex(lines[4], rf"^TN +64 +32 +16{rate}{rate} +[\d.]+ +[\d.]+$")
        self.assertEqual(len(lines), 5)

    def test_wrong_results_are_refused(self):
        """Quern's kernels with a fault in them; CLBlast is measured all the same."""
        shutil.copytree(CL, self.folder / "cl")
        for path in (self.folder / "cl").glob("gemm_*.cl"):
            text = path.read_text()
            self.assertIn("fma(", text)
            path.write_text(text.replace("fma(", "0.5f + fma("))
        done = self.quern("bench", "gemm", "--shapes", "8x8x8", "--trans", "NN", "--json", code=1,
                          env=dict(os.environ, QUERN_CL_DIR=str(self.folder / "cl")))
        self.assertRegex(done.stderr, r"quern: NN 8x8x8 by Quern's own kernels on \S+ failed: its "
                                      r"result is wrong: row 0, column 0 should be -?\d+ and is ")
        product, = json.loads(done.stdout)
        self.assertEqual((product["gflops"], product["peak_share"]), (None, None))
        self.assertTrue(product["quern"]["failed"])
        self.assertGreater(product["clblast_gflops"], 0)

    def test_refused(self):
        for shapes in ("", "8x8", "8x8x8x8", "8x8x0", "8x-8x8", "8x8x8,", "8 x 8 x 8", "8x8x8;9"):
            self.refused("bench", "gemm", "--shapes", shapes, says=["MxNxK", "128x100x784"])
        self.refused("bench", "gemm", "--shapes", "8x8x8", "--trans", "TT",
                     says=['"TT"', "NN, NT, TN, all"])
        self.refused("bench", "gemm", "--shapse", "8x8x8", says=["did you mean --shapes?"])
        self.refused("bench", "--shapes", "8x8x8", says=['quern bench: unknown option "--shapes"'])


class Train(Case):
    def test_json(self):
        data = self.data()
        found = self.json("bench", "train", "--data", data, "--layers", LAYERS, "--epochs", 3)
        self.assertEqual((found["samples"], found["data"]), (60, data))
        self.assertEqual([(run["batch_size"], run["steps"], run["epochs"])
                          for run in found["runs"]], [(32, 2, 3), (128, 1, 3)])
        for run in found["runs"]:
            trained = self.train("--batch-size", run["batch_size"], data=data)
            for key in ("launches_per_step", "calls_per_step"):
                self.assertEqual(run[key], trained[key])
            self.assertTrue(0 < run["best_epoch_seconds"] <= run["epoch_seconds"])
            self.assertGreater(run["seconds_to_first_epoch"], run["best_epoch_seconds"])
            # The epoch within a profile: so many launches, and time between them.
            steps = run["launches_per_step"] + run["calls_per_step"]
            self.assertEqual(run["profiled_launches"], run["steps"] * steps)
            self.assertTrue(0 <= run["profiled_gaps_seconds"] <= run["profiled_span_seconds"])
            self.assertAlmostEqual(run["gap_seconds"] * run["profiled_launches"],
                                   run["profiled_gaps_seconds"])

    def test_text(self):
        done = self.quern("bench", "train", "--data", self.data(), "--layers", LAYERS,
                          "--batch-size", 16, "--epochs", 1)
        lines = done.stdout.splitlines()
        self.assertIn(os.environ["QUERN_DEVICE"], lines[0])
        self.assertRegex(lines[2], r"^ +batch +s/epoch +best +spread +first +launches +calls +gap")
        self.assertRegex(lines[3], r"^ +16 +\d\.\d{4} .* +\d+\.\dus +\d+\.\d%$")
        self.assertTrue(lines[4].startswith("s/epoch"))
        self.assertEqual(done.stderr.count("labels  one-hot"), 1)

    def test_refused(self):
        self.refused("bench", "train", "--data", "npy:nosuch.npy", says=["nosuch.npy"], code=1)
        self.data()
        self.refused("bench", "train", "--data", f"npy:{self.folder}/x.npy", "--layers", LAYERS,
                     says=["has no targets"])
        self.refused("bench", "train", "--epochs", 0, says=["--epochs"])


def pairs(count):
    """The loop in C runs before and after, and its better run counts."""
    ratios = []
    for _ in range(count):
        before = c_peak(UNITS)
        done = subprocess.run([case.QUERN, "bench", "device", "--json"], capture_output=True,
                              check=True)
        found = json.loads(done.stdout)
        here = max(before, c_peak(UNITS))
        ratios.append(found["peak_gflops"] / here)
        print(f"{found['device']}: {found['peak_gflops']:.1f} GFLOP/s, in C {here:.1f}, "
              f"ratio {ratios[-1]:.3f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    case.QUERN, FMA_PEAK = sys.argv[1:3]
    if len(sys.argv) > 3:
        UNITS = int(sys.argv[4])
        pairs(int(sys.argv[3]))
    else:
        unittest.main(argv=[sys.argv[0], "-v"])
