# SPDX-License-Identifier: Apache-2.0
"""Puts the report's style and scripts into its page, with a policy that allows these alone: whatever
the data says, nothing else runs and nothing is loaded. usage: assemble.py PAGE OUTPUT"""
import base64
import hashlib
import pathlib
import re
import sys

page, output = map(pathlib.Path, sys.argv[1:])
allowed = {"style": [], "script": []}


def inlined(kind, name):
    text = "\n" + (page.parent / name).read_text(encoding="utf-8")
    if f"</{kind}" in text:
        sys.exit(f"{name} would end its own <{kind}>: it contains </{kind}")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    allowed[kind].append(f"'sha256-{digest}'")
    return f"<{kind}>{text}</{kind}>"


html = page.read_text(encoding="utf-8")
html = re.sub(r'<link rel="stylesheet" href="([^"]+)">', lambda m: inlined("style", m[1]), html)
html = re.sub(r'<script src="([^"]+)"></script>', lambda m: inlined("script", m[1]), html)
policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; " + "; ".join(
    f"{kind}-src {' '.join(hashes)}" for kind, hashes in allowed.items())
charset = '<meta charset="utf-8">\n'
if html.count(charset) != 1 or html.count("@DATA@") != 1 or not all(allowed.values()):
    sys.exit(f"{page}: needs {charset.strip()}, one @DATA@, a style and a script")
html = html.replace(charset, f'{charset}<meta http-equiv="Content-Security-Policy" content="{policy}">\n')
output.write_text(html, encoding="utf-8")
