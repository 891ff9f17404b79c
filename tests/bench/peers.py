# SPDX-License-Identifier: Apache-2.0
"""tools/bench/peers.py with workers that pretend: order of the runs, table, what is missing.
usage: peers.py PEERS PREDICT"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

# Says in a log that it ran, and answers with seconds that its row and the run's number give.
WORKER = """
import json, os, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
row = os.path.basename(sys.argv[0])[5:-3] + ":" + given["--variant"]
log = open(os.environ["PEERS_LOG"], "a+")
log.seek(0)
turn = sum(line.startswith(row + " ") for line in log)
log.write(f"{row} {given['--batch-size']} {given['--epochs']}\\n")
if row == os.environ.get("PEERS_BREAKS"):
    sys.exit("it broke")
if row == os.environ.get("PEERS_MODERATE"):
    accuracy = 0.1
else:
    accuracy = 0.875
s = {"quern:pocl": 1.0, "keras:jax": 3.0, "torch:eager": 2.0}[row] * [0, 1, 2, 1.5][turn]
print("noise before the answer")
print(json.dumps({"name": row.upper(), "epochs": [99.0] + [s] * (int(given["--epochs"]) - 1),
    "first_epoch_done": 10 * s, "peak_rss_bytes": 1e8, "accuracy": accuracy, "predict": s / 100}))
"""
ROWS = "quern-pocl,keras-jax,torch,jax"


class Peers(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quern-peers."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "workers").mkdir()
        for name in ("quern", "keras", "torch", "jax"):
            (self.folder / f"workers/with_{name}.py").write_text(WORKER)
        self.python("venv", "keras", "torch", "numpy", "jax")

    def python(self, name, *modules):
        """An environment that has these modules and no others."""
        python, modules_folder = self.folder / name / "bin/python", self.folder / name / "modules"
        python.parent.mkdir(parents=True)
        for module in modules:
            (modules_folder / module).mkdir(parents=True)
            (modules_folder / module / "__init__.py").touch()
        python.write_text(f'#!/bin/sh\nPYTHONPATH={modules_folder} exec {sys.executable} -S "$@"\n')
        python.chmod(0o755)

    def peers(self, *words, code=0, python="venv", only=ROWS, cases="32", **environment):
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, PEERS, "--workers", self.folder / "workers", "--python",
             self.folder / python, "--only", only, "--cases", cases, "--quern", PREDICT,
             "--predict", PREDICT, *words],
            capture_output=True, text=True, timeout=60,
            env={**os.environ, "PEERS_LOG": str(log), **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.log = log.read_text().splitlines() if log.exists() else []
        return done

    def cells(self, text, name):
        """The cells of the table's lines that begin with a name."""
        return [[cell.strip() for cell in line.strip("|").split("|")][1:]
                for line in text.splitlines() if line.startswith(f"| {name} |")]

    def test_in_turn(self):
        self.peers("--rounds", "2", "--epochs", "3", only="quern-pocl,keras-jax,torch")
        turn = ["quern:pocl 32", "keras:jax 32", "torch:eager 32"]
        self.assertEqual(self.log, [f"{row} 1" for row in turn] + 2 * [f"{row} 3" for row in turn])

    def test_cases(self):
        text = self.peers("--rounds", "1", only="torch", cases="128").stdout
        self.assertEqual(self.log, ["torch:eager 128 1", "torch:eager 128 4"])
        self.assertNotIn("batch 32", text.split("|---")[0].split("\n\n")[1])

    def test_table(self):
        text = self.peers(only="quern-pocl,keras-jax,torch").stdout
        quern, = self.cells(text, "QUERN:POCL")
        self.assertEqual(quern, ["1.50 (2.00)", "15.0 ms (20.0 ms)", "15.0 (20.0)",
                                 "100 MB (100 MB)"])
        measured, ratio = self.cells(text, "KERAS:JAX")
        self.assertEqual(measured[0], "4.50 (6.00)")
        self.assertEqual(ratio, ["3.00 (3.00 to 3.00)"] * 3 + ["1.00 (1.00 to 1.00)"])
        self.assertIn("Medians of 3 rounds", " ".join(text.split()))
        self.assertIn("of all these runs: 0.875 to 0.875", " ".join(text.split()))

    def test_not_installed(self):
        shutil.rmtree(self.folder / "venv/modules/jax")
        text = self.peers("--rounds", "1").stdout
        self.assertEqual(self.cells(text, "jax")[0][0], "not installed: pip install jax")
        self.assertEqual(self.cells(text, "keras-jax")[0][0],
                         "not installed: pip install keras jax")
        self.assertEqual(len(self.cells(text, "TORCH:EAGER")), 2)
        text = self.peers("--rounds", "1", only="quern-pocl,quern-intel", QUERN_INTEL="").stdout
        self.assertIn("tools/intel-runtime.sh", self.cells(text, "Quern, intel")[0][0])
        text = self.peers("--rounds", "1", "--quern", "/no/quern", only="quern-pocl,torch").stdout
        self.assertIn("not built: /no/quern;", self.cells(text, "Quern, pocl")[0][0])

    def test_folder_of_environments(self):
        self.python("many/a", "torch", "numpy")
        self.python("many/b", "keras", "jax", "numpy")
        text = self.peers("--rounds", "1", python="many", only="keras-jax,torch").stdout
        self.assertNotIn("not installed", text)

    def test_failures(self):
        """A row that fails is told, the others go on, and the exit code says it."""
        text = self.peers("--rounds", "1", code=1, only="quern-pocl,keras-jax,torch",
                          PEERS_BREAKS="keras:jax").stdout
        self.assertEqual(self.cells(text, "keras-jax")[0][0], "failed: it broke")
        self.assertEqual(len(self.cells(text, "TORCH:EAGER")), 2)
        done = self.peers("--rounds", "1", code=1, only="quern-pocl,torch",
                          PEERS_MODERATE="torch:eager")
        self.assertIn("test accuracy 0.1", self.cells(done.stdout, "torch")[0][0])
        done = self.peers(code=1, only="torch", PEERS_BREAKS="torch:eager")
        self.assertEqual(done.stdout, "")

    def test_readme(self):
        readme, head, tail = self.folder / "R.md", "# A\n\ntext\n", "\n\nafter <!-- other -->\n"
        readme.write_text(f"{head}<!-- peers: begin -->\nold\n<!-- peers: end -->{tail}")
        text = self.peers("--rounds", "1", "--write-readme", readme,
                          only="quern-pocl,torch").stdout
        self.assertEqual(readme.read_text(), f"{head}<!-- peers: begin -->\n{text}"
                                             f"<!-- peers: end -->{tail}")
        readme.write_text("no markers\n")
        done = self.peers("--write-readme", readme, code=1)
        self.assertIn("<!-- peers: begin -->", done.stderr)
        self.assertEqual((readme.read_text(), self.log), ("no markers\n", []))

    def test_our_readme(self):
        """README of this tree has a section to be replaced."""
        sys.path.insert(0, os.path.dirname(PEERS))
        import peers_table
        self.assertIsNone(peers_table.complaint(pathlib.Path(PEERS).parents[2] / "README.md"))

    def test_json(self):
        self.peers("--rounds", "2", "--json", self.folder / "o.json", only="quern-pocl,torch")
        found = json.loads((self.folder / "o.json").read_text())
        self.assertEqual([[run["predict"] for run in row["runs"]["32"]] for row in found["rows"]],
                         [[0.01, 0.02], [0.02, 0.04]])
        self.assertTrue(0 <= found["machine"]["others"] <= 1, found["machine"])

    def test_refusals(self):
        for words in (("--only", "theano"), ("--rounds", "0"), ("--epochs", "1"), ("--cases", "7")):
            self.assertIn(words[1], self.peers(*words, code=2).stderr)
        self.assertIn("no Python at", self.peers(code=1, python="nowhere").stderr)


class Predict(unittest.TestCase):
    def test_refusals(self):
        for words in ((), ("model", "data", "cpu", "0"), ("model", "data", "cpu", "1x")):
            done = subprocess.run([PREDICT, *words], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("usage: predict", done.stderr)


if __name__ == "__main__":
    PEERS, PREDICT = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:], "-v"])
