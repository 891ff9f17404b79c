# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command on small data share."""
import array
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

QUERN = None
LAYERS = "dense(6, tanh), dense(3, softmax)"


def write_npy(path, descr, shape, values):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
                     values.tobytes())


def read_npy(path):
    data = path.read_bytes()
    end = 10 + struct.unpack("<H", data[8:10])[0]
    return eval(data[10:end], {})["shape"], array.array("f", data[end:])


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quern-command."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.model = self.folder / "model.safetensors"

    def quern(self, *words, code=0, **options):
        done = subprocess.run([QUERN, *map(str, words)], capture_output=True, text=True,
                              timeout=240, **options)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *words):
        return json.loads(self.quern(*words, "--json").stdout)

    def refused(self, *words, says, code=2):
        done = self.quern(*words, code=code)
        self.assertEqual(done.stdout, "")
        for piece in says:
            self.assertIn(piece, done.stderr)

    def data(self, rows=60):
        """Three classes, told apart by the largest of three inputs; labels as int64."""
        x, y = array.array("f"), array.array("q")
        for i in range(rows):
            x.extend([0.1 * (i % 7), 0.1 * (i % 5), 0.1 * (i % 3)])
            x[3 * i + i % 3] += 2
            y.append(i % 3)
        write_npy(self.folder / "x.npy", "<f4", (rows, 3), x)
        write_npy(self.folder / "y.npy", "<i8", (rows,), y)
        return f"npy:{self.folder}/x.npy,{self.folder}/y.npy"

    def train(self, *words, data=None):
        return self.json("train", "--data", data or self.data(), "--layers", LAYERS, "--quiet",
                         "--seed", 3, "--save", self.model, *words)


def main():
    """usage: SCRIPT QUERN TESTCASE..."""
    global QUERN
    QUERN = sys.argv[1]
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[2:], "-v"])
