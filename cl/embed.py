# SPDX-License-Identifier: Apache-2.0
"""Writes the kernel sources as C arrays. usage: embed.py FOLDER OUTPUT FILE..."""
import os
import sys

folder, output, files = sys.argv[1], sys.argv[2], sys.argv[3:]
rows = []
with open(output, "w", encoding="ascii") as out:
    out.write('#include "device/sources.h"\n\n')
    for i, path in enumerate(files):
        with open(path, "rb") as source:
            data = source.read()
        out.write("static const char source_%d[] = {\n" % i)
        for at in range(0, len(data), 24):
            out.write("    " + " ".join("%d," % byte for byte in data[at:at + 24]) + "\n")
        out.write("    0};\n")
        rows.append('    {"%s", source_%d, %d},\n' % (os.path.relpath(path, folder), i, len(data)))
    out.write("\nconst qn_source qn_sources[] = {\n%s    {0, 0, 0}};\n" % "".join(rows))
