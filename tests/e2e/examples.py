# SPDX-License-Identifier: Apache-2.0
"""The example programs do what they say.
usage: examples.py gradient_descent|lecture|stability PROGRAM"""
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

SVG = "{http://www.w3.org/2000/svg}"


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                          timeout=300).stdout


def descend(rate, start, steps):
    """The same descent in double precision, along the eigenvectors, where it is one product."""
    flat, steep, angle = 0.45, 8.0, math.radians(24)
    c, s = math.cos(angle), math.sin(angle)
    u, v = c * start[0] + s * start[1], c * start[1] - s * start[0]
    for i in range(steps + 1):
        a, b = u * (1 - rate * flat) ** i, v * (1 - rate * steep) ** i
        yield c * a - s * b, s * a + c * b, (flat * a * a + steep * b * b) / 2


def check_gradient_descent(program):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "figure.svg"
        rows = [[float(word) for word in line.split()] for line in run(program, path).splitlines()]
        root = xml.parse(path).getroot()
    assert len(rows) == 82, len(rows)
    for rate, part in ((0.02, rows[:41]), (0.245, rows[41:])):
        for row, want in zip(part, descend(rate, part[0][2:4], 40)):
            assert all(abs(a - b) < 2e-5 for a, b in zip(row[2:], want)), (row, want)
    paths = root.findall(f".//{SVG}polyline")
    assert len(paths) == 2, len(paths)
    for path in paths:
        assert len(path.get("points").split()) == 41
    # Each panel draws its points where its axes say: 72 units for 1, from (-5.1, -2.85).
    for path, part in zip(paths, (rows[:41], rows[41:])):
        for text, row in zip(path.get("points").split(), part):
            x, y = map(float, text.split(","))
            assert abs(x - (row[2] + 5.1) * 72) < 0.02 and abs(y - (380 - (row[3] + 2.85) * 72)) < 0.02
    assert len(root.findall(f".//{SVG}ellipse")) > 20


def check_lecture(program):
    text = run(program, "1")
    assert float(re.search(r"test accuracy: (\S+)", text).group(1)) > 0.8, text
    table = text[text.index("truth"):].splitlines()[1:]
    assert len(table) == 10, text
    right = sum(line[:12].strip() == line[14:26].strip() for line in table)
    assert right >= 6, text


def check_stability(program):
    """What the page is there to show: which of the deep networks train."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "page.html"
        text = run(program, path)
        page = path.read_text()
    nets = {}
    for activation, init, norm, accuracy in re.findall(
            r"^20 layers, (\w+)\s+(\w+)\s+(\S+)\s+loss \S+\s+accuracy (\S+)$", text, re.M):
        nets[activation, init, norm.split("_")[0]] = float(accuracy)
    assert len(nets) == 27, text
    assert all(nets["sigmoid", init, "none"] < 0.3 for init in
               ("random_normal", "glorot_uniform", "he_normal")), text
    assert nets["sigmoid", "glorot_uniform", "batch"] > 0.6, text
    for activation in ("tanh", "relu"):
        assert nets[activation, "random_normal", "none"] < 0.3, text
        assert nets[activation, "he_normal", "none"] > 0.6, text
    few = [float(a) for a in re.findall(r"^2000 images, .*accuracy (\S+) on", text, re.M)]
    assert len(few) == 4 and few[1] > few[0] and few[3] > few[0], text
    small, right, large = [float(v) for v in
                           re.findall(r"^learning rate \S+: loss (\S+) ", text, re.M)]
    assert right < small and right < large, text
    pictures = re.findall(r"<svg.*?</svg>", page, re.S)
    assert len(pictures) == 6 * 2 + 4 + 3, len(pictures)
    for picture in pictures:
        xml.fromstring(picture)


{"stability": check_stability, "gradient_descent": check_gradient_descent, "lecture": check_lecture}[sys.argv[1]](sys.argv[2])
