# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: running the command, small data files, reading safetensors.
Standard library only."""
import array
import gzip
import json
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
LECTURE = "flatten, dense(100, sigmoid), dense(10, softmax)"
QUERN = None  # path of the command; main() sets it
EXTRA = []  # further arguments of the test


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quern-e2e."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def quern(self, *args, code=0, env=None, **options):
        """Runs the command and checks its exit code."""
        done = subprocess.run([QUERN, *map(str, args)], capture_output=True, text=True, timeout=300,
                              env={**os.environ, **(env or {})}, **options)
        self.assertEqual(done.returncode, code,
                         f"quern {' '.join(map(str, args))}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *args, **options):
        """Runs the command with --json and reads what it printed."""
        return json.loads(self.quern(*args, "--json", **options).stdout)

    def refused(self, *args, code, words, **options):
        """The command fails with `code`, naming every one of `words`, and prints no result."""
        done = self.quern(*args, code=code, **options)
        for word in words:
            self.assertIn(word.lower(), done.stderr.lower())
        self.assertEqual(done.stdout, "")
        return done.stderr

    def small_data(self, rows=256, inputs=6, classes=3, seed=1):
        """A learnable npy data set: which third of its inputs is the largest."""
        rng = random.Random(seed)
        x, y = array.array("f"), array.array("i")
        for _ in range(rows):
            row = [rng.uniform(-1, 1) for _ in range(inputs)]
            part = inputs // classes
            sums = [sum(row[c * part:(c + 1) * part]) for c in range(classes)]
            x.extend(row)
            y.append(sums.index(max(sums)))
        write_npy(self.folder / "x.npy", "<f4", (rows, inputs), x)
        write_npy(self.folder / "y.npy", "<i4", (rows,), y)
        return f"npy:{self.folder}/x.npy,{self.folder}/y.npy"


def write_npy(path, descr, shape, values):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
                     values.tobytes())


def read_npy(path):
    """Shape and float32 values of an .npy file."""
    data = path.read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    end = 10 + struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:end], {})
    assert head["descr"] == "<f4" and not head["fortran_order"], head
    values = array.array("f", data[end:])
    assert len(values) == math.prod(head["shape"])
    return head["shape"], values


def read_model(path):
    """Header and tensor bytes of a safetensors file, every offset checked."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    body = data[8 + length:]
    tensors = {k: v for k, v in header.items() if k != "__metadata__"}
    at = 0
    for info in sorted(tensors.values(), key=lambda info: info["data_offsets"]):
        begin, end = info["data_offsets"]
        assert begin == at and end - begin == 4 * math.prod(info["shape"]), info
        at = end
    assert at == len(body)
    return header, body


def read_idx(name):
    return gzip.decompress((FASHION / name).read_bytes())


def main():
    """usage: SCRIPT QUERN TESTCASE [EXTRA...]"""
    global QUERN
    QUERN = sys.argv[1]
    EXTRA.extend(sys.argv[3:])
    unittest.main(module="__main__", argv=[sys.argv[0], sys.argv[2], "-v"])
