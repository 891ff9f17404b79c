# SPDX-License-Identifier: Apache-2.0
"""Training curves, confusion matrices, worst images, weights, and a build that draws none.
usage: pictures.py QUERN TESTCASE..."""
import array
import collections
import json
import struct
import subprocess
import time
import xml.etree.ElementTree
import zlib

import case
from case import LAYERS, Case, read_npy, write_npy

BLUE, ORANGE, GREEN = (0, 114, 178), (213, 94, 0), (0, 158, 115)


def read_png(content):
    """Width, height and the colours of all pixels of an RGB image, every checksum checked."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n", content[:8]
    at, packed, kinds = 8, b"", []
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        body = content[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", content[at + 8 + length:][:4])[0]
        kinds.append(kind)
        if kind == b"IHDR":
            width, height, depth, colours, *_ = struct.unpack(">IIBBBBB", body)
            assert (depth, colours) == (8, 2), (depth, colours)
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND", kinds
    return width, height, unfilter(zlib.decompress(packed), width, height)


def unfilter(data, width, height):
    """Undoes the filters of PNG's rows and counts each colour."""
    step, stride = 3, 3 * width
    assert len(data) == height * (stride + 1)
    above, colours = bytearray(stride), collections.Counter()
    for y in range(height):
        kind, row = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1:][:stride])
        for i in range(stride):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            row[i] = (row[i] + predicted(kind, left, above[i], corner)) & 255
        colours.update(zip(row[0::3], row[1::3], row[2::3]))
        above = row
    return colours


def predicted(kind, left, above, corner):
    if kind < 4:
        return (0, left, above, (left + above) // 2)[kind]
    whole = left + above - corner
    return min((left, above, corner), key=lambda value: abs(whole - value))


class PictureCase(Case):
    def picture(self, name):
        return read_png((self.folder / name).read_bytes())

    def images(self, rows=60):
        """Three classes of 2 x 3 images, told apart by the brightest column. One is mislabelled,
        and it alone has a pixel of 77; all others have 90 there."""
        x, y = array.array("B"), array.array("q")
        for i in range(rows):
            image = [10] * 6
            image[i % 3] = 250
            image[3 + i % 3] = 200
            image[(i + 1) % 3] = 77 if i == 5 else 90
            x.extend(image)
            y.append(i % 3 if i != 5 else (i + 1) % 3)
        write_npy(self.folder / "x.npy", "|u1", (rows, 2, 3), x)
        write_npy(self.folder / "y.npy", "<i8", (rows,), y)
        return f"npy:{self.folder}/x.npy,{self.folder}/y.npy"

    def train_images(self):
        data = self.images()
        self.train("--layers", "rescaling(0.004), flatten, dense(3, softmax)", "--epochs", 60,
                   "--optimizer", "adam(0.05)", data=data)
        return data

    def train(self, *words, data=None):
        layers = () if "--layers" in words else ("--layers", LAYERS)
        return self.json("train", "--data", data or self.data(), *layers, "--quiet", "--seed", 3,
                         "--save", self.model, *words)


class Pictures(PictureCase):
    def test_curves(self):
        file = self.folder / "curves.png"
        result = self.train("--epochs", 3, "--validation-split", 0.25, "--plot", file)
        self.assertEqual(result["plot"], str(file))
        width, height, colours = self.picture("curves.png")
        self.assertEqual((width, height), (960, 344))  # loss and accuracy beside each other
        self.assertGreater(colours[(255, 255, 255)], width * height * 0.7)
        for colour in (BLUE, ORANGE):
            self.assertGreater(colours[colour], 500)

    def test_curves_without_validation(self):
        file = self.folder / "curves.png"
        self.train("--epochs", 1, "--plot", file, "--metrics", "accuracy, mean_squared_error")
        width, height, colours = self.picture("curves.png")
        self.assertEqual((width, height), (960, 644))
        self.assertGreater(colours[BLUE], 50)
        self.assertEqual(colours[ORANGE], 0)

    def test_roofline(self):
        """Discs of all phases under the device's limits."""
        words = ("profile", "train", "--data", self.data(), "--layers", LAYERS, "--epochs", 1,
                 "--quiet", "--roofline")
        self.quern(*words, self.folder / "roofline.png")
        width, height, colours = self.picture("roofline.png")
        self.assertEqual((width, height), (1040, 600))
        for colour in (BLUE, ORANGE, GREEN):  # the key's squares at least
            self.assertGreater(colours[colour], 60)
        self.assertGreater(len([c for c in colours if c[2] > c[0] + 60]), 20)  # of discs as well
        self.quern(*words, self.folder / "roofline.svg")
        text = (self.folder / "roofline.svg").read_text(encoding="utf-8")
        self.assertTrue(text.startswith("<?xml"))

    def test_kinds(self):
        for end in ("svg", "pdf", "PNG"):
            self.train("--epochs", 2, "--plot", self.folder / f"curves.{end}")
        root = xml.etree.ElementTree.parse(self.folder / "curves.svg").getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertGreater(len(list(root.iter())), 50)
        self.assertTrue((self.folder / "curves.pdf").read_bytes().startswith(b"%PDF-"))
        self.picture("curves.PNG")

    def test_watched(self):
        """Whoever looks while it trains sees whole pictures, and several."""
        file, seen = self.folder / "curves.png", set()
        with subprocess.Popen([case.QUERN, "train", "--data", self.data(), "--layers", LAYERS,
                               "--epochs", "40", "--quiet", "--plot", str(file)],
                              stdout=subprocess.PIPE) as process:
            while process.poll() is None:
                if file.exists():
                    seen.add(file.read_bytes())
            self.assertEqual(process.returncode, 0)
        self.assertGreater(len(seen), 4)
        for content in seen:
            read_png(content)
        self.assertEqual(sorted(f.name for f in self.folder.iterdir()),
                         ["curves.png", "x.npy", "y.npy"])

    def test_disk_lost(self):
        """A picture that cannot be written any more does not end the training, nor is it silent."""
        folder = self.folder / "pictures"
        folder.mkdir()
        with subprocess.Popen([case.QUERN, "train", "--data", self.data(), "--layers", LAYERS,
                               "--epochs", "200", "--quiet", "--save", str(self.model), "--plot",
                               str(folder / "curves.png")], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while process.poll() is None and not (folder / "curves.png").exists():
                time.sleep(0.001)
            folder.rename(self.folder / "elsewhere")
            stdout, stderr = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 1, stderr)
        self.assertEqual(stderr.count("goes on without --plot"), 1, stderr)
        self.assertIn("curves.png", stderr)
        self.assertNotIn("plot", stdout)
        self.assertIn(f"saved {self.model}\n", stdout)
        self.quern("summary", "--model", self.model)

    def expected(self, data, classes):
        """The confusion matrix, from the predictions themselves."""
        out = self.folder / "p.npy"
        self.quern("predict", "--model", self.model, "--data", data, "--out", out, "--quiet")
        (rows, columns), values = read_npy(out)
        labels = array.array("q", (self.folder / "y.npy").read_bytes()[-8 * rows:])
        matrix = [[0] * classes for _ in range(classes)]
        for i in range(rows):
            row = values[i * columns:(i + 1) * columns]
            matrix[labels[i]][row.index(max(row)) if columns > 1 else int(row[0] > 0.5)] += 1
        return matrix

    def check_per_class(self, data, classes):
        matrix = self.expected(data, classes)
        done = self.json("eval", "--model", self.model, "--data", data, "--per-class")
        self.assertEqual(done["confusion_matrix"], matrix)
        self.assertEqual([entry["class"] for entry in done["classes"]], list(range(classes)))
        for i, entry in enumerate(done["classes"]):
            hits, real = matrix[i][i], sum(matrix[i])
            found = sum(row[i] for row in matrix)
            self.assertEqual(entry["support"], real)
            for name, above, below in (("precision", hits, found), ("recall", hits, real),
                                       ("f1", 2 * hits, found + real)):
                if below:
                    self.assertAlmostEqual(entry[name], above / below, delta=1e-8)
                else:
                    self.assertIsNone(entry[name])
        return done["classes"]

    def test_per_class(self):
        data = self.data(rows=70)
        self.train("--epochs", 1, data=data)
        classes = self.check_per_class(data, 3)
        text = self.quern("eval", "--model", self.model, "--data", data, "--per-class").stdout
        self.assertRegex(text, r"\nclass +precision +recall +f1 +support\n")
        for entry in classes:
            words = next(line for line in text.splitlines()
                         if line.split()[:1] == [str(entry["class"])]).split()
            shown = ["-" if entry[name] is None else f"{entry[name]:.4f}"
                     for name in ("precision", "recall", "f1")]
            self.assertEqual(words[1:], [*shown, str(entry["support"])])

    def test_class_never_predicted_nor_true(self):
        data = self.data()
        self.train("--layers", "dense(5, softmax)", "--epochs", 300, "--optimizer", "adam(0.1)",
                   data=data)
        classes = self.check_per_class(data, 5)
        self.assertIsNone(classes[4]["recall"])
        self.assertIsNone(classes[4]["f1"])

    def test_two_classes_of_one_output(self):
        self.data()
        labels = array.array("q", (i % 3 == 0 for i in range(60)))
        write_npy(self.folder / "y.npy", "<i8", (60,), labels)
        data = f"npy:{self.folder}/x.npy,{self.folder}/y.npy"
        self.train("--layers", "dense(1, sigmoid)", "--loss", "binary_crossentropy", "--epochs", 2,
                   data=data)
        self.check_per_class(data, 2)

    def test_confusion(self):
        data, file = self.data(), self.folder / "cm.png"
        self.train("--epochs", 2)
        base = ("eval", "--model", self.model, "--data", data, "--quiet")
        self.assertIn(f"confusion  {file}\n", self.quern(*base, "--confusion", file).stdout)
        width, height, colours = self.picture("cm.png")
        self.assertEqual((width, height), (480, 332))
        self.assertGreater(len(colours), 50)
        self.assertEqual(self.json(*base, "--confusion", file)["confusion"], str(file))

    def test_worst(self):
        data, file = self.train_images(), self.folder / "worst.png"
        base = ("eval", "--model", self.model, "--data", data, "--quiet")
        matrix = self.json(*base, "--per-class", "--worst", file)["confusion_matrix"]
        self.assertEqual(sum(matrix[i][i] for i in range(3)), 59)  # all but the mislabelled one
        _, _, colours = self.picture("worst.png")
        for grey in (77, 250, 200):
            self.assertGreaterEqual(colours[(grey,) * 3], 50 * 50)
        self.assertLess(colours[(90,) * 3], 100)

    def test_worst_of_none(self):
        """Nothing wrong is no error: the picture says so."""
        data = self.train_images()
        labels = array.array("q", [i % 3 for i in range(60)])
        write_npy(self.folder / "y.npy", "<i8", (60,), labels)
        self.quern("eval", "--model", self.model, "--data", data, "--worst",
                   self.folder / "w.png")
        _, _, colours = self.picture("w.png")
        self.assertGreater(colours[(33,) * 3], 100)  # the title
        self.assertLess(colours[(77,) * 3], 100)  # no image, but edges of letters

    def test_weights(self):
        self.train("--epochs", 1)
        content = self.model.read_bytes()
        end = 8 + int.from_bytes(content[:8], "little")
        head = json.loads(content[8:end])
        listed = self.json("weights", "--model", self.model)["weights"]
        self.assertEqual([(w["layer"], w["name"]) for w in listed],
                         [(1, "dense/kernel"), (1, "dense/bias"), (2, "dense_1/kernel"),
                          (2, "dense_1/bias")])
        for weight in listed:
            first, last = head[weight["name"]]["data_offsets"]
            values = array.array("f", content[end + first:end + last])
            mean = sum(values) / len(values)
            deviation = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5
            self.assertEqual(weight["shape"], head[weight["name"]]["shape"])
            for name, value in (("mean", mean), ("deviation", deviation), ("min", min(values)),
                                ("max", max(values))):
                self.assertAlmostEqual(weight[name], value, delta=1e-7)
        text = self.quern("weights", "--model", self.model, "--layer", 2).stdout
        self.assertRegex(text, r"^layer +weight +shape +mean +deviation +min +max\n"
                               r" +2  dense_1/kernel +\(6, 3\) .*\n +2  dense_1/bias +\(3,\) .*\n$")

    def test_weight_images(self):
        self.train_images()
        self.quern("weights", "--model", self.model, "--png", self.folder / "w.png")
        _, _, colours = self.picture("w.png")
        for sign in (1, -1):  # brown above zero, blue below it
            self.assertGreater(sum(count for (red, _, blue), count in colours.items()
                                   if sign * (red - blue) > 60), 2000)


class Refusals(PictureCase):
    """What is wrong is said before anything runs."""

    def test_names(self):
        data, missing = self.data(), self.folder / "missing" / "p.png"
        self.train("--epochs", 1)
        model = ("--model", self.model)
        for words, option in ((("train", "--data", data, "--layers", LAYERS), "--plot"),
                              (("eval", *model, "--data", data), "--confusion"),
                              (("eval", *model, "--data", data), "--worst"),
                              (("profile", "train", "--data", data, "--layers", LAYERS),
                               "--roofline"),
                              (("weights", *model), "--png")):
            for name in ("p.gif", "p", ".png"):
                self.refused(*words, option, name, says=[option, f'"{name}"', ".svg or .pdf"])
            done = self.quern(*words, option, missing, code=1)
            self.assertEqual(done.stdout, "")
            self.assertIn(str(missing), done.stderr)
            self.assertNotIn("loss", done.stderr)
        self.assertEqual(sorted(f.name for f in self.folder.iterdir()),
                         ["model.safetensors", "x.npy", "y.npy"])

    def test_no_images(self):
        data, file = self.data(), self.folder / "p.png"
        self.train("--epochs", 1)
        self.refused("eval", "--model", self.model, "--data", data, "--worst", file,
                     says=["--worst shows images", "(3,)"])
        self.refused("weights", "--model", self.model, "--png", file, says=["the input", "(3,)"])
        self.train_images()
        self.refused("weights", "--model", self.model, "--png", file, "--layer", 2,
                     says=["--layer is 2", "1 layer"])

    def test_layers_behind_the_first(self):
        self.train("--layers", "flatten, dense(6, tanh), dense(3, softmax)", "--epochs", 1,
                   data=self.images())
        self.refused("weights", "--model", self.model, "--png", self.folder / "p.png", "--layer", 2,
                     says=["layer 2", "has none"])

    def test_no_classes(self):
        data = self.data()
        self.train("--layers", "dense(3)", "--loss", "mse", "--epochs", 1)
        for words in (("--per-class",), ("--confusion", self.folder / "p.png")):
            self.refused("eval", "--model", self.model, "--data", data, *words,
                         says=["are about classes"])


class WithoutCairo(PictureCase):
    """A command that was built without cairo: it says so, and all else is as ever."""

    def test_refusals(self):
        for words, option in ((("train", "--data", "x", "--layers", LAYERS), "--plot"),
                              (("eval", "--model", "m", "--data", "x"), "--confusion"),
                              (("eval", "--model", "m", "--data", "x"), "--worst"),
                              (("profile", "train", "--data", "x"), "--roofline"),
                              (("weights", "--model", "m"), "--png")):
            self.refused(*words, option, "p.png", code=1,
                         says=[option, "built without cairo", "libcairo2-dev"])

    def test_the_rest(self):
        data = self.data()
        self.assertIsNone(self.train("--epochs", 1)["plot"])
        self.assertEqual(len(self.json("eval", "--model", self.model, "--data", data,
                                       "--per-class")["classes"]), 3)
        self.assertIn("dense/kernel", self.quern("weights", "--model", self.model).stdout)


if __name__ == "__main__":
    case.main()
