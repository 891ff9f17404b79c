# SPDX-License-Identifier: Apache-2.0
"""Refuses an include of a higher tier, OpenCL outside its rooms, and tools that reach inside.
usage: tiers.py REPOSITORY"""
import pathlib
import re
import sys

TIERS = {"base": 0, "device": 1, "kernels": 2, "graph": 3, "ops": 3, "data": 4, "nn": 5,
         "io": 6, "profile": 6, "train": 7}
OPENCL = re.compile(r"src/device/|src/kernels/gemm_clblast\.c$|include/quern/opencl\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def complaints(path, text):
    """What is wrong with the includes of one file (path relative to the repository)."""
    here = path.split("/")
    for kind, name in INCLUDE.findall(text):
        room = name.split("/")[0]
        if room in ("CL", "clblast_c.h") and not OPENCL.search(path):
            yield f"{path}: includes {name}: only src/device and gemm_clblast.c may"
        if kind == '"' and here[0] == "src":
            if room not in TIERS or "/" not in name:
                yield f'{path}: "{name}" does not name a room of src/'
            elif TIERS[room] > TIERS[here[1]]:
                yield f"{path}: {here[1]} (tier {TIERS[here[1]]}) includes {name} " \
                      f"(tier {TIERS[room]})"
        if here[0] == "tools" and kind == '"' and room in TIERS:
            yield f"{path}: tools include public headers only, not {name}"
        if here[0] == "include" and kind == '"':
            yield f"{path}: public headers include <quern/...>, not \"{name}\""


def main():
    root = pathlib.Path(sys.argv[1])
    files = [f for top in ("src", "tools", "include") for f in sorted((root / top).rglob("*.[ch]"))]
    found = [c for f in files
             for c in complaints(f.relative_to(root).as_posix(), f.read_text())]
    # A check that cannot fail is none: each rule must refuse an example.
    for path, line in (("src/base/x.c", '#include "nn/model.h"'), ("src/nn/x.c", "#include <CL/cl.h>"),
                       ("tools/x.c", '#include "nn/model.h"'), ("src/nn/x.c", '#include "model.h"'),
                       ("include/quern/x.h", '#include "common.h"')):
        if not list(complaints(path, line)):
            found.append(f"the test itself is wrong: it allows {line} in {path}")
    print("\n".join(found) or f"{len(files)} files include downwards only")
    sys.exit(bool(found) or not files)


main()
