# SPDX-License-Identifier: Apache-2.0
"""quern bench device: its fields, and its peak beside that of a loop in plain C.
usage: bench.py QUERN FMA_PEAK [PAIRS UNITS]
With PAIRS, prints so many paired runs of a device of UNITS compute units instead, for a look on a
quiet machine."""
import json
import os
import statistics
import subprocess
import sys
import unittest

import case
from case import Case

RATES = ("peak_gflops", "memory_bytes_per_second", "upload_bytes_per_second",
         "upload_staged_bytes_per_second", "download_bytes_per_second",
         "download_staged_bytes_per_second")
# The machine may be busy in one of the two runs; a wrong count of operations is a factor of its own.
FACTOR = 4


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
