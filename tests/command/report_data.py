# SPDX-License-Identifier: Apache-2.0
"""Profiles for the report's page that no small run gives: long, unmeasured, empty, with odd names."""

LAYERS = (("", "gather", "forward"), ("dense", "dense", "forward"), ("loss", "softmax_loss", "forward"),
          ("dense", "matmul", "backward"), ("optimizer", "adam", "update"), ("", "write", "transfer"))
STEP = range(5)  # kernels of a step, as indices into LAYERS


def kernel(index, calls):
    layer, op, phase = LAYERS[index]
    mean = 1e-5 * (index + 1)
    flops = 0 if phase == "transfer" else 1000.0 * 10 ** index
    return {"name": f"{op}_kernel", "op": op, "layer": layer, "phase": phase,
            "product": "quern" if op == "matmul" else None, "calls": calls, "measured_calls": calls,
            "total_seconds": mean * calls, "mean_seconds": mean, "min_seconds": mean / 2,
            "max_seconds": mean * 3, "share": (index + 1) / 20, "flops": flops, "bytes": 4e5,
            "gflops": flops / mean * 1e-9 if flops else None, "gbytes_per_second": 4e5 / mean * 1e-9,
            "roofline_share": 0.1 * index, "bound": "memory", "global": [64, 2], "local": [1, 1],
            "queue": "transfer" if phase == "transfer" else "compute"}


def commands(steps):
    """A transfer, then steps of five commands with gaps of 8 us, as columns of differences."""
    columns = {"kernel": [5], "enqueue_begin": [1000], "enqueue_length": [2000], "begin": [9000],
               "length": [60000]}
    host, device, last = 1000, 9000, 9000
    for step in range(steps):
        for index in STEP:
            length = 10000 * (index + 1)
            columns["kernel"].append(index)
            columns["enqueue_begin"].append(3000)
            columns["enqueue_length"].append(2000)
            columns["begin"].append(device - last)
            columns["length"].append(length)
            host, last = host + 3000, device
            device += length + 8000
    return columns, device


def plan():
    nodes = [{"op": op, "layer": layer, "detail": "", "shape": "(32, 100)", "updates": op == "adam",
              "inputs": [{"node": i - 1}] if i else [{"value": "x", "kind": "data"}]}
             for i, (layer, op, _) in enumerate(LAYERS[:5])]
    nodes[3]["inputs"].append({"node": 0})
    steps = [{"kind": "KERNEL", "op": f"{layer}/{op}" if layer else op, "routine": f"{op}_kernel",
              "global": [64, 2], "local": [1, 1], "flops": 1000.0, "bytes": 4000.0}
             for layer, op, _ in LAYERS[:5]]
    values = [{"value": f"value {i}", "type": "float32", "segment": "arena", "index": 0,
               "offset": 4096 * (i % 2), "bytes": 4096, "shape": [-1, 32], "first": i, "last": i + 1}
              for i in range(4)]
    return {"task": "train", "batch": 32, "bytes": 8192, "nodes": nodes, "steps": steps,
            "values": values}


def profile(steps=40):
    columns, end = commands(steps)
    kernels = [kernel(i, 1 if i == 5 else steps) for i in range(len(LAYERS))]
    count = len(columns["kernel"])
    return {"version": "0.1.0", "device": "pocl:0: a processor", "command": "quern profile train",
            "wall_seconds": end * 1e-9, "device_span_seconds": (end - 9000) * 1e-9,
            "gaps_seconds": 8e-6 * 5 * steps, "enqueue_seconds": 2e-6 * count, "commands": count,
            "measured_commands": count,
            "build": {"programs_compiled": 1, "programs_loaded": 2, "build_seconds": 0.5,
                      "first_launches": 5, "first_launch_seconds": 0.01},
            "roofline": {"peak_gflops": 120.0, "gbytes_per_second": 28.0,
                         "local_gbytes_per_second": 300.0, "launch_seconds_queued": 1e-6,
                         "launch_seconds_waited": 7e-5, "levels": [
                             {"working_set_bytes": 1 << 14, "gbytes_per_second": 150.0},
                             {"working_set_bytes": 1 << 16, "gbytes_per_second": 145.0},
                             {"working_set_bytes": 1 << 28, "gbytes_per_second": 28.0}]},
            "advice": {"text": "a larger batch would be faster", "estimated": True},
            "kernels": kernels,
            "timeline": {"commands": columns, "dropped": 0, "spans": [
                {"name": "fit", "begin": 0, "end": end, "depth": 0},
                {"name": "epoch 1", "begin": 100, "end": end // 2, "depth": 1}]},
            "memory": {"segments": ["parameters", "samples"], "time": [0, 0, end // 2],
                       "segment": [0, 1, 1], "bytes": [1 << 16, 1 << 20, 0]},
            "plans": [plan(), dict(plan(), task="predict")]}


def unmeasured():
    made = profile(3)
    made.update(device_span_seconds=None, gaps_seconds=None, measured_commands=0, roofline=None,
                advice=None)
    for row in made["kernels"]:
        for key in row:
            if key.endswith("_seconds") or key in ("share", "gflops", "gbytes_per_second",
                                                   "roofline_share", "bound"):
                row[key] = None
        row["measured_calls"] = 0
    columns = made["timeline"]["commands"]
    for name in ("begin", "length"):
        columns[name] = [None] * len(columns[name])
    return made


def empty():
    return {"version": "0.1.0", "device": "pocl:0: a processor", "command": None,
            "wall_seconds": 0.1, "device_span_seconds": None, "gaps_seconds": None,
            "enqueue_seconds": 0, "commands": 0, "measured_commands": 0, "build": None,
            "roofline": None, "advice": None, "kernels": [], "timeline": None, "memory": None,
            "plans": []}


ODD = '</script><script>document.title = "broken"</script><!-- & "quoted" \' \u2028 ' + "long" * 60


def odd():
    made = profile(3)
    made["device"] = made["command"] = ODD
    for row in made["kernels"]:
        row["layer"] = row["name"] = ODD
    made["timeline"]["spans"][0]["name"] = ODD
    made["memory"]["segments"][0] = ODD
    for node in made["plans"][0]["nodes"]:
        node["layer"] = node["detail"] = ODD
    return made
