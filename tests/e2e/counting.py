# SPDX-License-Identifier: Apache-2.0
"""What a training step costs in the steady state, counted from outside by an OpenCL layer: the
difference of two runs that differ in epochs only. usage: counting.py QUERN LAYER [quern|clblast]"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

LECTURE = "flatten, dense(100, sigmoid), dense(10, softmax)"
STEPS = 1875  # an epoch at batch 32
SHORT, LONG = 2, 6
# Nothing of this happens in a step, or between epochs.
NEVER = ("clCreateBuffer", "clCreateSubBuffer", "clCreateKernel", "clBuildProgram",
         "clCreateProgramWithSource", "clCreateCommandQueue")
WAITS = ("clWaitForEvents", "clFinish", "blocking")


def train(quern, layer, folder, epochs, gemm):
    """Calls of each OpenCL function in one run, and what the command itself says of it."""
    log = folder / f"calls-{epochs}"
    done = subprocess.run(
        [quern, "train", "--data", "fashion-mnist", "--layers", LECTURE, "--epochs", str(epochs),
         "--seed", "1", "--quiet", "--json", "--gemm", gemm],
        env={**os.environ, "OPENCL_LAYERS": layer, "QUERN_LAYER_LOG": str(log)},
        stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    calls = dict(line.split() for line in log.read_text().splitlines())
    return {name: int(count) for name, count in calls.items()}, json.loads(done.stdout)


def main():
    quern, layer = sys.argv[1:3]
    gemm = sys.argv[3] if len(sys.argv) > 3 else "auto"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        train(quern, layer, folder, 1, gemm)  # fills the caches
        short, _ = train(quern, layer, folder, SHORT, gemm)
        long, said = train(quern, layer, folder, LONG, gemm)
    steps = (LONG - SHORT) * STEPS
    more = {name: long.get(name, 0) - short.get(name, 0) for name in long}
    for name, count in sorted(more.items(), key=lambda item: -item[1]):
        if count:
            print(f"{name:32} {count / steps:8.4f} a step")
    launches = more["clEnqueueNDRangeKernel"] / steps
    waits = sum(more.get(name, 0) for name in WAITS)
    print(f"waits in {steps} steps: {waits}; the command says {said['launches_per_step']:.3f} "
          f"launches, {said['waits_per_step']:.3f} waits a step")
    foreign = said["calls_per_step"]  # CLBlast makes a kernel and sets its arguments at every call
    wrong = [f"{name}: {more[name]} more" for name in NEVER if more.get(name, 0)
             and not (foreign and name == "clCreateKernel")]
    if not foreign and abs(launches - said["launches_per_step"]) > 0.02 * launches:
        wrong.append(f"launches: {launches:.3f} counted, {said['launches_per_step']:.3f} claimed")
    if waits > 0.05 * steps:  # per chunk of many steps, not per step
        wrong.append(f"waits: {waits} in {steps} steps")
    if not foreign and more["clSetKernelArg"] >= more["clEnqueueNDRangeKernel"]:
        wrong.append("as many arguments set as kernels launched: only the step's row may change")
    print("\n".join(wrong))
    sys.exit(bool(wrong))


main()
