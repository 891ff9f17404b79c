# SPDX-License-Identifier: Apache-2.0
"""Quern: the command trains and saves, and the program predict runs the saved model. --variant intel
takes Intel's runtime from the folder that $QUERN_INTEL names."""
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import common


def run(*words):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{words[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout)


def driver():
    """PoCL 3.1, or what else the device is driven by."""
    found = run(args.quern, "devices", "--json")
    device = next(d for d in found["devices"] if d["selector"] == args.device)
    titles = {"pocl": "PoCL", "intel": "Intel's CPU runtime"}
    version = ".".join(device["driver"].split("+")[0].split(".")[:2])
    return f"{titles[device['platform']]} {version}"


args = common.arguments()
environment = dict(os.environ)
if args.variant == "intel":
    intel = pathlib.Path(os.environ["QUERN_INTEL"])
    environment.update(OCL_ICD_VENDORS=str(intel / "vendors"), LD_LIBRARY_PATH=str(intel / "lib"))
layers = ", ".join(["flatten", *(f"dense({units}, {args.activation})" for units in args.hidden),
                    "dense(10, softmax)"])
with tempfile.TemporaryDirectory(prefix="quern-peers.") as folder:
    model = pathlib.Path(folder) / "model.safetensors"
    trained = run(args.quern, "train", "--data", f"idx:{args.data}", "--layers", layers,
                  "--optimizer", "adam", "--loss", "categorical_crossentropy", "--batch-size",
                  args.batch_size, "--epochs", args.epochs, "--device", args.device, "--save",
                  model, "--json", "--quiet")
    predicted = run(args.predict, model, f"idx:{args.data}", args.device, common.PREDICTIONS)
test = trained["test"]["accuracy"]
if abs(test - predicted["accuracy"]) > 0.002:
    raise SystemExit(f"the saved model's accuracy is {predicted['accuracy']}, in training {test}")
common.answer(f"Quern {trained['version']}, {driver()}",
              [epoch["seconds"] for epoch in trained["epochs"]],
              trained["seconds_to_first_epoch"], trained["peak_rss_bytes"], test,
              statistics.median(predicted["seconds"]))
