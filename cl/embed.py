# SPDX-License-Identifier: Apache-2.0
"""Writes files as C arrays and a table of them. usage: embed.py TABLE FOLDER OUTPUT FILE..."""
import os
import sys

table, folder, output, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
rows = []
with open(output, "w", encoding="ascii") as out:
    out.write('#include "device/sources.h"\n\n')
    for i, path in enumerate(files):
        with open(path, "rb") as source:
            data = source.read()
        out.write("static const char source_%d[] = {\n" % i)
        for at in range(0, len(data), 24):
            out.write("    " + " ".join("%d," % (byte - 256 if byte > 127 else byte)
                                        for byte in data[at:at + 24]) + "\n")
        out.write("    0};\n")
        rows.append('    {"%s", source_%d, %d},\n' % (os.path.relpath(path, folder), i, len(data)))
    out.write("\nextern const qn_source %s[];\nconst qn_source %s[] = {\n%s    {0, 0, 0}};\n"
              % (table, table, "".join(rows)))
