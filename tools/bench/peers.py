#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times Quern beside Keras, PyTorch and JAX on this machine, in turn, and prints the table.
It installs nothing: --python names what has the frameworks."""
import argparse
import json
import os
import pathlib
import platform
import resource
import subprocess
import sys
import tempfile
import time

import peers_table

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUSY = 0.1  # of the processors, taken by others: more and the figures are worth little

# Row, worker, variant, modules, what to install.
PEERS = [
    ("keras-jax", "with_keras.py", "jax", ("keras", "jax", "numpy"), "keras jax"),
    ("keras-tensorflow", "with_keras.py", "tensorflow", ("keras", "tensorflow", "numpy"),
     "keras tensorflow-cpu"),
    ("torch", "with_torch.py", "eager", ("torch", "numpy"), "torch numpy"),
    ("torch-compile", "with_torch.py", "compile", ("torch", "numpy"), "torch numpy"),
    ("jax", "with_jax.py", "", ("jax", "numpy"), "jax"),
]
OWN = [("quern-pocl", "pocl"), ("quern-intel", "intel")]
# The lecture's model at two batch sizes, and a larger one.
CASES = {
    "32": ["--hidden", "100", "--activation", "sigmoid", "--batch-size", "32"],
    "128": ["--hidden", "100", "--activation", "sigmoid", "--batch-size", "128"],
    "512": ["--hidden", "512,512", "--activation", "relu", "--batch-size", "128"],
}
ROWS = [name for name, *_ in OWN + PEERS]


def names(allowed):
    def read(text):
        found = [name.strip() for name in text.split(",")]
        wrong = [name for name in found if name not in allowed]
        if wrong:
            raise argparse.ArgumentTypeError(f"'{wrong[0]}' is none of {', '.join(allowed)}")
        return found
    return read


def at_least(least):
    def read(text):
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"'{text}' is no whole number from {least} on")
        return int(text)
    return read


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Run it on a quiet machine. Rows: " + ", ".join(ROWS) + ".\nexample:\n  "
        "python3 -m venv peers && peers/bin/pip install keras jax tensorflow-cpu torch\n  "
        "tools/bench/peers.py --python peers --rounds 3")
    parser.add_argument("--quern", type=pathlib.Path, default=ROOT / "build/tools/quern/quern",
                        help="the command (default: build/tools/quern/quern)")
    parser.add_argument("--predict", type=pathlib.Path, metavar="PROGRAM",
                        help="the program predict (default: beside it, ../bench/predict)")
    parser.add_argument("--python", type=pathlib.Path, default=pathlib.Path(sys.executable),
                        metavar="PATH", help="a Python, a virtual environment, or a folder of them "
                        "(default: this Python)")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", metavar="FOLDER",
                        help="MNIST's four files, .gz (default: Debian's dataset-fashion-mnist)")
    parser.add_argument("--only", type=names(ROWS), default=ROWS, metavar="ROWS",
                        help="such as quern-pocl,jax (default: all)")
    parser.add_argument("--cases", type=names(list(CASES)), default=list(CASES), metavar="LIST",
                        help="batch 32, batch 128, two layers of 512 (default: 32,128,512)")
    parser.add_argument("--rounds", type=at_least(1), default=3, metavar="N",
                        help="how often each is run, in turn (default: 3)")
    parser.add_argument("--epochs", type=at_least(2), default=4, metavar="N",
                        help="of a run; the first is apart (default: 4)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="all figures, each run of them")
    parser.add_argument("--write-readme", nargs="?", type=pathlib.Path, const=ROOT / "README.md",
                        metavar="FILE", help="put the table into README.md, between its markers")
    parser.add_argument("--workers", type=pathlib.Path, default=HERE / "peers", metavar="FOLDER",
                        help="the programs that are timed (default: tools/bench/peers)")
    found = parser.parse_args()
    if not found.predict:
        found.predict = found.quern.parent.parent / "bench/predict"
    return found


# ---- what there is ----

def pythons(path):
    """A Python, an environment's, or those of a folder of environments."""
    if path.is_file():
        return [path]
    own = path / "bin/python"
    return [own] if own.exists() else sorted(path.glob("*/bin/python"))


def has(python, modules):
    look = "import importlib.util, sys; sys.exit(any(map(lambda m: " \
           "importlib.util.find_spec(m) is None, sys.argv[1:])))"
    return subprocess.run([python, "-c", look, *modules], stderr=subprocess.DEVNULL).returncode == 0


def own_row(args, name, implementation):
    row = {"row": name, "name": f"Quern, {implementation}", "quern": True, "missing": None,
           "runs": {}}
    if implementation == "intel" and not os.environ.get("QUERN_INTEL"):
        row["missing"] = "not installed: sh tools/intel-runtime.sh FOLDER, then QUERN_INTEL=FOLDER"
    for program in (args.quern, args.predict):
        if not program.is_file():
            row["missing"] = f"not built: {program}; ninja -C build, or name it (--quern)"
    row["command"] = [sys.executable, args.workers / "with_quern.py", "--variant", implementation,
                      "--device", f"{implementation}:0", "--quern", args.quern.resolve(),
                      "--predict", args.predict.resolve()]
    return row


def peer_row(args, found, name, worker, variant, modules, packages):
    row = {"row": name, "name": name, "quern": False, "missing": None, "runs": {}}
    python = next((python for python in found if has(python, modules)), None)
    if python:
        row["command"] = [python, args.workers / worker, "--variant", variant]
    else:
        row["missing"] = f"not installed: pip install {packages}"
    return row


def rows_of(args):
    found = pythons(args.python)
    rows = [own_row(args, *own) for own in OWN if own[0] in args.only]
    return rows + [peer_row(args, found, *peer) for peer in PEERS if peer[0] in args.only]


# ---- the machine ----

def first_line(path, key):
    with open(path, encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith(key)), "?")


def describe_machine():
    kib = int(first_line("/proc/meminfo", "MemTotal").split()[0])
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    return {"processor": first_line("/proc/cpuinfo", "model name"),
            "processors": os.cpu_count(), "memory": f"{kib / 2**20:.0f} GiB", "system": system}


class Others:
    """The share of the processors that processes which are not ours take."""

    def __init__(self):
        self.begin, self.busy, self.own = time.monotonic(), self.all_busy(), self.all_own()

    @staticmethod
    def all_busy():
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system = map(int, file.readline().split()[1:4])
        return (user + nice + system) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def all_own():
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF,
                                                      resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    def share(self):
        theirs = self.all_busy() - self.busy - (self.all_own() - self.own)
        return max(0.0, theirs / (time.monotonic() - self.begin) / os.cpu_count())


# ---- runs ----

def run(row, case, args, epochs):
    """One run of a worker: what it printed, or an exception that says what it said."""
    command = [*map(str, row["command"]), *CASES[case], "--epochs", str(epochs), "--data",
               args.data, "--began", f"{time.time():.6f}"]
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=said, text=True)
        said.seek(0)
        last = (said.read().strip().splitlines() or ["it said nothing"])[-1]
    if done.returncode:
        raise RuntimeError(f"failed: {last}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if len(found["epochs"]) != epochs or found["accuracy"] < (0.7 if epochs > 1 else 0.5):
        raise RuntimeError(f"failed: {len(found['epochs'])} epochs of {epochs}, "
                           f"test accuracy {found['accuracy']}")
    return found


def attempt(row, case, args, epochs):
    """A row that fails says so, gives up, and the others go on."""
    try:
        found = run(row, case, args, epochs)
    except (RuntimeError, OSError, ValueError, KeyError, IndexError) as error:
        row["missing"] = str(error).replace("|", "/")
        row["runs"] = {}
        print(f"{row['row']}: {row['missing']}", file=sys.stderr)
        return None
    row["name"] = found["name"]
    return found


def save(args, rows, machine):
    if args.json:
        kept = [{key: value for key, value in row.items() if key != "command"} for row in rows]
        args.json.write_text(json.dumps({"machine": machine, "epochs": args.epochs,
                                         "rounds": args.rounds, "rows": kept}, indent=1) + "\n")


def measure(args, rows, machine):
    """A B C, A B C, ...: a row's figures and its neighbour's are of the same minutes. A first round
    of one epoch fills the caches of compiled programs and is thrown away. The file of --json is
    whole after each round, so that an interruption costs one round at most."""
    others = Others()
    for turn in range(args.rounds + 1):
        for case in args.cases:
            for row in [row for row in rows if not row["missing"]]:
                print(f"{f'round {turn}' if turn else 'warm-up'}, {case}: {row['row']}",
                      file=sys.stderr)
                found = attempt(row, case, args, args.epochs if turn else 1)
                if turn and found:
                    row["runs"].setdefault(case, []).append(found)
        machine["others"] = others.share()
        save(args, rows, machine)


def report(args, rows, machine):
    body = peers_table.section(rows, machine, args.rounds, args.epochs)
    print(body)
    if machine["others"] > BUSY:
        print(f"peers.py: other processes took {100 * machine['others']:.0f} % of the processors: "
              "these figures are worth little; run it on a quiet machine", file=sys.stderr)
    if args.write_readme:
        peers_table.write_section(args.write_readme, body)


def main():
    args = arguments()
    wrong = args.write_readme and peers_table.complaint(args.write_readme)
    if not wrong and not pythons(args.python):
        wrong = f"no Python at {args.python}: name a Python or a virtual environment"
    if wrong:
        print(f"peers.py: {wrong}", file=sys.stderr)
        return 1
    rows, machine = rows_of(args), describe_machine()
    try:
        measure(args, rows, machine)
    except KeyboardInterrupt:
        print("peers.py: interrupted: no table; --json's file has the rounds before",
              file=sys.stderr)
        return 130
    if all(row["missing"] for row in rows):
        for row in rows:
            print(f"peers.py: {row['row']}: {row['missing']}", file=sys.stderr)
        return 1
    report(args, rows, machine)
    return 0 if not any((row["missing"] or "").startswith("failed") for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
