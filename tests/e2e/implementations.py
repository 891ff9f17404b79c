# SPDX-License-Identifier: Apache-2.0
"""The losses of the first 200 steps are the same on every OpenCL implementation.
usage: implementations.py ON.SH LOSSES"""
import os
import subprocess
import sys

TOLERANCE = 1e-4  # of the largest loss: a training run
PLACES = ("pocl", "intel", "rusticl")


def losses(on, program, place):
    # This test itself runs where PoCL alone is seen: the others need the system's list again.
    env = {k: v for k, v in os.environ.items() if k not in ("OCL_ICD_VENDORS", "QUERN_DEVICE")}
    done = subprocess.run([on, place, program], stdout=subprocess.PIPE, text=True, timeout=400,
                          env=env)
    values = [float(line) for line in done.stdout.split()]
    if done.returncode or len(values) != 200:
        sys.exit(f"{place}: exit {done.returncode} after {len(values)} of 200 losses")
    return values


def main():
    on, program = sys.argv[1:]
    found = {place: losses(on, program, place) for place in PLACES}
    first = found[PLACES[0]]
    status = 0
    if not first[-1] < 0.75 * first[0]:
        print(f"the loss went from {first[0]} to {first[-1]}: nothing was learnt")
        status = 1
    for place in PLACES[1:]:
        worst = max(abs(a - b) for a, b in zip(first, found[place]))
        print(f"{PLACES[0]} and {place}: largest difference {worst:.3g} of losses up to "
              f"{max(first):.4g}, allowed {TOLERANCE * max(first):.3g}")
        if not worst <= TOLERANCE * max(first):
            status = 1
    sys.exit(status)


main()
