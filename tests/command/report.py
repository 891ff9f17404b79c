# SPDX-License-Identifier: Apache-2.0
"""The report of a profile in a headless Chromium: what quern writes, and the page with data that no
small run gives. usage: report.py QUERN TESTCASE... | report.py PAGE Page"""
import json
import re

import case
import report_data
from browser import Browser
from case import LAYERS, Case

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)
SIZES = ((1280, 900, False), (390, 844, True))  # width, height, a phone

# What each part has drawn: counted in the page as it is, with no help from its script.
DRAWN = """(() => {
  const count = (selector) => document.querySelectorAll(selector).length;
  const colours = (id) => {
    const canvas = document.getElementById(id);
    if (!canvas) return 0;
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(new Uint32Array(pixels.buffer)).size;
  };
  return {stack: count("#where .stack > span"), kernels: count("#kernel-table tbody tr.row"),
    layers: count("#layer-table tbody tr"), points: count("#roofline-chart circle"),
    roofs: count("#roofline-chart .level, #roofline-chart .roof"), tracks: colours("tracks"),
    overview: colours("overview"), segments: count("#memory-chart path"),
    values: count("#arena-chart rect"), nodes: count("#plan-graph .node"),
    edges: count("#plan-graph .edge"), steps: count("#plan-steps tbody tr")};
})()"""


class Paged(Case):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def tearDown(self):
        # The page remembers the reader's choices.
        self.browser.evaluate("localStorage.clear()")

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def fits(self):
        """No complaint, no failed part, nothing wider than the screen."""
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.evaluate("document.getElementById('failure').textContent"), "")
        # Not innerWidth, which grows on a phone with what is too wide.
        wide = self.browser.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(wide, self.browser.width)
        return self.browser.evaluate(DRAWN)

    def middle(self, selector):
        """Of an element that is scrolled into sight; the page has come to rest."""
        self.browser.evaluate(f"document.querySelector({json.dumps(selector)})"
                              ".scrollIntoView({behavior: 'instant', block: 'center'});"
                              "new Promise((done) => setTimeout(done, 300))")
        return self.browser.evaluate(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)})"
            ".getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()")


class Report(Paged):
    """What quern profile writes."""

    def test_training(self):
        path = self.folder / "report.html"
        self.quern("profile", "train", "--data", self.data(), "--layers", LAYERS, "--quiet",
                   "--batch", 20, "--epochs", 2, "--html", path)
        page = path.read_text(encoding="utf-8")
        # The namespace of SVG is a name, not an address that is asked for anything.
        self.assertEqual(re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", page), [])
        self.assertEqual(re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*""", page), [])
        found = json.loads(DATA.search(page).group(1))
        self.assertGreater(found["wall_seconds"], 0)
        for part in ("roofline", "timeline", "memory", "plans"):
            self.assertTrue(found[part], part)
        for width, height, phone in SIZES:
            with self.subTest(width=width):
                self.browser.open(path, width, height, touch=phone)
                self.check(found, self.fits())

    def check(self, found, drawn):
        """Each part shows what the data has."""
        self.assertEqual(drawn["kernels"], len(found["kernels"]))
        self.assertEqual(drawn["layers"], len({k["layer"] for k in found["kernels"]}))
        self.assertEqual(drawn["stack"] > 1, found["device_span_seconds"] is not None)
        self.assertEqual(drawn["roofs"] > 1, found.get("roofline") is not None)
        self.assertEqual(drawn["tracks"] > 3, found.get("timeline") is not None)
        self.assertEqual(drawn["segments"] > 0, found.get("memory") is not None)
        for part in ("values", "nodes", "steps"):
            self.assertEqual(drawn[part] > 0, bool(found.get("plans")), part)
        self.assertEqual(self.text("#device"), found["device"])

    def test_unwritable(self):
        missing = self.folder / "missing" / "report.html"
        self.refused("profile", "train", "--data", self.data(), "--layers", LAYERS, "--quiet",
                     "--html", missing, says=[str(missing)], code=1)


class Page(Paged):
    """The page with made data."""

    def show(self, data, width=1280, height=900, **more):
        with open(case.QUERN, encoding="utf-8") as file:
            page = file.read()
        path = self.folder / "page.html"
        path.write_text(page.replace("@DATA@", json.dumps(data).replace("<", "\\u003c")),
                        encoding="utf-8")
        self.browser.open(path, width, height, **more)
        return self.fits()

    def test_all_parts(self):
        grounds = set()
        for width, height, phone in SIZES:
            for dark in (False, True):
                with self.subTest(width=width, dark=dark):
                    drawn = self.show(report_data.profile(), width, height, dark=dark, touch=phone)
                    tracks, overview = drawn.pop("tracks"), drawn.pop("overview")
                    self.assertEqual(drawn, {
                        "stack": 4, "kernels": 6, "layers": 4, "points": 5, "roofs": 4,
                        "segments": 2, "values": 4, "nodes": 5, "edges": 5, "steps": 5})
                    # Four phases, the ground, texts.
                    self.assertGreater(tracks, 6)
                    self.assertGreater(overview, 3)
                    grounds.add(self.browser.evaluate(
                        "getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(grounds), 2)
        before = self.browser.evaluate("getComputedStyle(document.body).backgroundColor")
        self.browser.evaluate("document.getElementById('theme').click()")
        self.assertNotEqual(
            self.browser.evaluate("getComputedStyle(document.body).backgroundColor"), before)

    def range(self):
        """What the timeline says of its range: how long it is, how many commands."""
        text = self.text("#in-view p")
        length, count = re.search(r"\(([^)]+)\), \D+([\d,]+) command", text).groups()
        number, unit = length.split()
        return float(number) * {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}[unit], \
            int(count.replace(",", ""))

    def test_timeline_zooms(self):
        self.show(report_data.profile())
        x, y = self.middle("#tracks")
        whole = self.range()
        self.assertEqual(whole[1], 200)
        self.browser.wheel(x, y, -600)
        wheel = self.range()
        self.assertLess(wheel[0], 0.5 * whole[0])
        self.assertLess(wheel[1], 150)
        self.browser.evaluate("document.getElementById('tracks').focus()")
        self.browser.key("+")
        keyed = self.range()
        self.assertLess(keyed[0], 0.7 * wheel[0])
        before = self.text("#in-view p")
        self.browser.mouse("mousePressed", x, y, button="left", clickCount=1)
        for by in range(0, 200, 40):
            self.browser.mouse("mouseMoved", x - by, y, button="left", buttons=1)
        self.browser.mouse("mouseReleased", x - 160, y, button="left", clickCount=1)
        self.browser.settle()
        self.assertNotEqual(self.text("#in-view p"), before)
        self.assertAlmostEqual(self.range()[0], keyed[0], delta=0.02 * keyed[0])
        for _ in range(3):
            self.browser.key(".")
        self.assertRegex(self.text("#chosen-command"), r"took\s+\d+\.\d µs")
        self.browser.click(x, y, times=2)
        self.assertEqual(self.range(), whole)
        self.assertEqual(self.browser.complaints(), [])

    def test_hover_and_tap_tell(self):
        for width, height, phone in SIZES:
            self.show(report_data.profile(3), width, height, touch=phone)
            for selector, says in (("#tracks", "took"), ("#roofline-chart circle", "intensity"),
                                   ("#arena-chart rect", "last read by node"),
                                   ("#plan-graph .node", "reads"),
                                   ("#memory-chart svg", "parameters")):
                with self.subTest(phone=phone, selector=selector):
                    x, y = self.middle(selector)
                    # The compute queue is the last but one of the rows.
                    y += 45 if selector == "#tracks" else 0
                    if phone:
                        self.browser.tap(x, y)
                    else:
                        self.browser.mouse("mouseMoved", x, y)
                        self.browser.settle()
                    self.assertFalse(
                        self.browser.evaluate("document.getElementById('tip').hidden"))
                    self.assertIn(says, self.text("#tip"))
                    self.assertNotIn("[object", self.text("#tip"))

    def test_table(self):
        self.show(report_data.profile())
        ops = "[...document.querySelectorAll('#kernel-table tr.row .name')].map((e) => e.innerText)"
        press = "[...document.querySelectorAll('th button')].find((b) => b.innerText === 'mean').click()"
        first = self.browser.evaluate(ops)
        self.assertIn("optimizer/adam", first[0])
        self.browser.evaluate(press)
        self.assertIn("write", self.browser.evaluate(ops)[0])
        self.browser.evaluate(press.replace("=== 'mean'", ".startsWith('mean')"))
        self.assertIn("gather", self.browser.evaluate(ops)[0])
        self.browser.evaluate("document.querySelector('#kernel-controls input').click()")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('tr.group').length"), 4)
        self.browser.evaluate("document.querySelector('tr.row button').click()")
        self.assertIn("64 × 2", self.text("tr.detail"))
        self.browser.evaluate("document.querySelector('tr.detail button').click()")
        self.browser.settle()
        self.assertEqual(self.browser.complaints(), [])
        self.assertRegex(self.text("#chosen-command"), r"took\s+\d+\.\d µs")

    def test_many_commands(self):
        drawn = self.show(report_data.profile(40000))
        self.assertGreater(drawn["tracks"], 6)
        self.assertEqual(self.range()[1], 200000)

    def test_unmeasured(self):
        drawn = self.show(report_data.unmeasured())
        self.assertEqual([drawn["stack"], drawn["points"], drawn["roofs"]], [0, 0, 0])
        self.assertGreater(drawn["tracks"], 6)  # the host's own times
        self.assertIn("not measured", self.text("#facts"))
        self.assertIn("no times that can be true", self.text("#where"))
        self.assertIn("Run quern bench device once", self.text("#roofline-chart"))
        self.assertIn("The device's times are not measured", self.text("#timeline"))

    def test_empty(self):
        drawn = self.show(report_data.empty())
        self.assertEqual(set(drawn.values()), {0})
        for part in ("kernel-table", "layer-table", "roofline-chart", "timeline-view",
                     "memory-chart", "arena-chart", "plan-graph"):
            self.assertRegex(self.text("#" + part), r"^N[a-z].+\.$", part)

    def test_odd_names(self):
        for width, height, phone in SIZES:
            self.show(report_data.odd(), width, height, touch=phone)
            self.assertEqual(self.browser.evaluate("document.getElementById('device').textContent"),
                             report_data.ODD)
            self.assertTrue(self.browser.evaluate("document.title").startswith("Quern profile of </"))
        self.browser.evaluate("document.getElementById('colour-by').value = 'layer';"
                              "document.getElementById('colour-by').dispatchEvent(new Event('change'))")
        self.fits()

    def test_nothing_else_runs(self):
        """The page's policy refuses a script that is not its own: the complaint is the proof."""
        with open(case.QUERN, encoding="utf-8") as file:
            page = file.read().replace("@DATA@", json.dumps(report_data.empty()))
        path = self.folder / "page.html"
        path.write_text(page.replace("</main>", "<script>document.title = 'broken'</script></main>"),
                        encoding="utf-8")
        self.browser.open(path, 800, 600)
        self.assertIn("Content Security Policy", "".join(self.browser.complaints()))
        self.assertNotEqual(self.browser.evaluate("document.title"), "broken")


if __name__ == "__main__":
    case.main()
