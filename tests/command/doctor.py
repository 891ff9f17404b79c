# SPDX-License-Identifier: Apache-2.0
"""quern doctor on machines that are fit and that are not. usage: doctor.py QUERN LAYER TESTCASE..."""
import json
import os
import pty
import subprocess
import sys

import case
from case import Case

LAYER = None


class Doctor(Case):
    def doctor(self, *words, code, **environment):
        done = self.quern("doctor", "--json", *words, code=code,
                          env={**os.environ, **environment})
        self.assertEqual(done.stderr, "")
        found = json.loads(done.stdout)
        self.assertEqual(found["fit"], code == 0)
        self.assertEqual(found["fit"], not self.by_level(found, "problem"))
        for finding in found["findings"]:
            self.assertIn(finding["level"], ("ok", "note", "problem"))
            self.assertTrue(finding["text"])
            self.assertEqual(finding["advice"] is None, finding["level"] == "ok")
        return found

    def by_level(self, found, level):
        return [finding for finding in found["findings"] if finding["level"] == level]

    def by_topic(self, found, topic):
        return [finding for finding in found["findings"] if finding["topic"] == topic]

    def no_platform(self):
        """With it, nothing is slow."""
        folder = self.folder / "no-vendors"
        folder.mkdir(exist_ok=True)
        return {"OCL_ICD_VENDORS": str(folder)}

    def test_fit(self):
        selector = os.environ["QUERN_DEVICE"]
        found = self.doctor("--device", selector, code=0)
        self.assertIn("OpenCL", self.by_topic(found, "loader")[0]["text"])
        listed = {device["selector"]: device for device in self.json("devices")["devices"]}
        seen = [finding for finding in self.by_topic(found, "device") if finding["level"] == "ok"]
        self.assertEqual({finding["subject"] for finding in seen}, set(listed))
        for finding in seen:
            self.assertIn(listed[finding["subject"]]["driver"], finding["text"])
        tests = self.by_topic(found, "self-test")
        self.assertEqual([test["subject"] for test in tests], [selector])
        passed = self.json("devices", "--self-test", "--device", selector)["self_tests"][selector]
        self.assertEqual(tests[0]["text"], f"{len(passed)} kernels answer rightly")
        cache = self.by_topic(found, "cache")[0]
        self.assertEqual((cache["level"], cache["subject"]), ("ok", os.environ["QUERN_CACHE_DIR"]))
        self.assertEqual(list(self.folder.parent.joinpath(cache["subject"]).glob("doctor.*")), [])
        self.assertEqual(len(self.by_topic(found, "memory")), 1)
        self.assertIn("version", self.by_topic(found, "clblast")[0]["text"])
        quirky = {selector for selector, device in listed.items()
                  if device["platform"] == "intel" or
                  device["platform"] == "pocl" and device["driver"].startswith("3.")}
        self.assertLessEqual(quirky,
                             {finding["subject"] for finding in self.by_topic(found, "driver")})

        bench = self.by_topic(found, "benchmark")[0]
        self.assertEqual((bench["level"], bench["subject"]), ("ok", selector))
        self.assertRegex(bench["text"], r"^[0-9.]+ GFLOP/s.*, a launch waited for in \d+ us$")
        measured, expected = bench["figures"]["measured"], bench["figures"]["expected"]
        self.assertGreater(measured["gflops"], 0)
        if expected["basis"]:
            self.assertLess(expected["least_gflops"], expected["most_gflops"])
            self.assertIn(f"{expected['least_gflops']:.0f} to ", bench["text"])

    def test_slow(self):
        """A driver whose waits take long: a problem, told with both figures and what to do."""
        selector = os.environ["QUERN_DEVICE"]
        found = self.doctor("--device", selector, code=1, OPENCL_LAYERS=LAYER,
                            QUERN_LAYER_DELAY_US="clWaitForEvents:4000")
        slow, = [finding for finding in self.by_topic(found, "benchmark")
                 if "a launch" in finding["text"] and finding["level"] != "ok"]
        self.assertEqual((slow["level"], slow["subject"]), ("problem", selector))
        self.assertRegex(slow["text"], r"take \d{4,} us, 200 or less expected, an order of magn")
        self.assertIn("larger batches", slow["advice"])

    def test_no_platform(self):
        found = self.doctor(code=1, **self.no_platform())
        problem, = self.by_level(found, "problem")
        self.assertEqual(problem["topic"], "platform")
        self.assertIn("no OpenCL platform was found: install", problem["text"])
        self.assertIn("OpenCL", self.by_topic(found, "loader")[0]["text"])
        done = self.quern("doctor", code=1, env={**os.environ, **self.no_platform()})
        self.assertIn("\nproblem  platform   no OpenCL platform", done.stdout)
        self.assertIn("\nThis machine is not fit: ", done.stdout)

    def test_unwritable_cache(self):
        blocked = self.folder / "file"
        blocked.touch()
        found = self.doctor(code=1, QUERN_CACHE_DIR=str(blocked / "cache"), **self.no_platform())
        problem = next(finding for finding in self.by_level(found, "problem")
                       if finding["topic"] == "cache")
        self.assertEqual(problem["subject"], str(blocked / "cache"))
        self.assertIn("cannot be written: Not a directory", problem["text"])
        self.assertIn("QUERN_CACHE_DIR", problem["advice"])
        self.assertEqual(blocked.stat().st_size, 0)

    def test_cache_size_and_no_cache(self):
        folder = self.folder / "cache" / "deep"
        (folder / "programs").mkdir(parents=True)
        (folder / "programs" / "a").write_bytes(bytes(3 << 20))
        (folder / "loop").symlink_to(folder)
        found = self.doctor(code=1, QUERN_CACHE_DIR=str(folder), **self.no_platform())
        self.assertIn("writable, holds 3.0 MiB, ", self.by_topic(found, "cache")[0]["text"])
        found = self.doctor(code=1, QUERN_CACHE_DIR="", **self.no_platform())
        cache, = self.by_topic(found, "cache")
        self.assertEqual((cache["level"], cache["text"]), ("note", "nothing is kept on disk"))

    def test_wrong_device(self):
        self.refused("doctor", "--device", "nosuch", says=["'nosuch'"])
        several = f"{os.environ['QUERN_DEVICE']}.0,{os.environ['QUERN_DEVICE']}.1"
        self.refused("doctor", "--device", several, says=[several])

    def on_terminal(self, **environment):
        """What appears on a terminal, errors included."""
        master, slave = pty.openpty()
        child = subprocess.Popen([case.QUERN, "doctor"], stdin=slave, stdout=slave, stderr=slave,
                                 env={**os.environ, **self.no_platform(), "TERM": "xterm",
                                      **environment})
        os.close(slave)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # Linux says so that the other end is closed
                break
            if not piece:
                break
            text += piece
        os.close(master)
        self.assertEqual(child.wait(timeout=60), 1)
        return text.decode()

    def test_colours(self):
        os.environ.pop("NO_COLOR", None)
        self.assertIn("\033[1;31mproblem  \033[0m", self.on_terminal())
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\033", self.on_terminal(**environment))
        piped = self.quern("doctor", code=1, env={**os.environ, **self.no_platform()})
        self.assertNotIn("\033", piped.stdout)

    def test_plain_where_not_utf8(self):
        folder = self.folder / "caché\033[2J"
        for locale, shown in (("C", "cach??"), ("C.UTF-8", "caché")):
            done = self.quern("doctor", code=1, encoding="utf-8",
                              env={**os.environ, **self.no_platform(), "LC_ALL": locale,
                                   "QUERN_CACHE_DIR": str(folder)})
            self.assertIn(f"/{shown}?[2J: writable", done.stdout)
            self.assertNotIn("\033", done.stdout)
            self.assertEqual(done.stdout.isascii(), locale == "C")


if __name__ == "__main__":
    LAYER = sys.argv.pop(2)
    case.main()
