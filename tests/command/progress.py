# SPDX-License-Identifier: Apache-2.0
"""The line that says what takes long: on a terminal, after half a second, and gone in the end.
A layer makes each build of a program slow, whatever is in a cache.
usage: progress.py QUERN LAYER"""
import os
import pty
import re
import subprocess
import sys
import time

import case
from case import LAYERS, Case

LAYER = None
SLOW = 100_000  # microseconds
LINE = re.compile(r"(?:looking|opening|measuring|compiling|testing|reading|drawing|writing) ")


def screen(text):
    """What a terminal shows of it."""
    lines, column = [""], 0
    for piece in re.findall(r"\r|\n|\033\[K|\033\[[0-9;]*m|[^\r\n\033]+", text):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            lines.append("")
            column = 0
        elif piece == "\033[K":
            lines[-1] = lines[-1][:column]
        elif piece[0] != "\033":
            lines[-1] = lines[-1][:column] + piece + lines[-1][column + len(piece):]
            column += len(piece)
    return lines


class Progress(Case):
    def environment(self, **more):
        return {**os.environ, "OPENCL_LAYERS": LAYER, "TERM": "xterm", "NO_COLOR": "1",
                "QUERN_LAYER_DELAY_US": f"clBuildProgram:{SLOW}",
                "QUERN_CACHE_DIR": str(self.folder / "cache"), **more}

    def on_terminal(self, *words, code=0, **more):
        """What arrives at a terminal, and when the line was first there."""
        master, slave = pty.openpty()
        began, first, text = time.monotonic(), None, b""
        child = subprocess.Popen([case.QUERN, *map(str, words)], stdin=slave, stdout=slave,
                                 stderr=slave, env=self.environment(**more))
        os.close(slave)
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # Linux says so that the other end is closed
                break
            if not piece:
                break
            text += piece
            if not first and b"\033[K" in text:
                first = time.monotonic() - began
        os.close(master)
        self.assertEqual(child.wait(timeout=240), code, text)
        return text.decode(), first

    def plan(self):
        return ("plan", "--data", self.data(), "--layers", LAYERS)

    def test_plan(self):
        text, first = self.on_terminal(*self.plan())
        self.assertGreater(first, 0.45)
        self.assertRegex(text, r"\rcompiling kernels \d+/\d+")
        shown = screen(text)
        self.assertFalse([line for line in shown if LINE.match(line)], shown)
        self.assertIn("dense", "\n".join(shown))

    def test_train(self):
        text, _ = self.on_terminal("train", "--data", self.data(), "--layers", LAYERS, "--epochs",
                                   2, "--save", self.model)
        self.assertIn("\rcompiling kernels", text)
        shown = screen(text)
        self.assertFalse([line for line in shown if LINE.match(line)], shown)
        self.assertTrue(shown[0].startswith("data ") or shown[0].startswith("device "), shown)
        self.assertEqual(len([line for line in shown if re.match(r"Epoch \d/2", line)]), 2, shown)

    def test_refused(self):
        text, _ = self.on_terminal("devices", "--self-test", "--device", "nosuch", code=2)
        self.assertFalse([line for line in screen(text) if LINE.match(line)], text)

    def test_nowhere_else(self):
        """Neither with --quiet, nor on a dumb terminal, nor on a pipe."""
        text, _ = self.on_terminal(*self.plan(), "--quiet")
        self.assertNotIn("compiling", text)
        text, _ = self.on_terminal(*self.plan(), TERM="dumb")
        self.assertNotIn("compiling", text)
        done = subprocess.run([case.QUERN, *self.plan()], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=240, check=True,
                              env=self.environment())
        self.assertFalse(re.search(r"[\r\033]|compiling", done.stdout), done.stdout)


if __name__ == "__main__":
    LAYER = sys.argv.pop(2)
    case.main()
