# SPDX-License-Identifier: Apache-2.0
"""Completion scripts and manual pages: each has every option of every table, and they work.
usage: completion.py QUERN TESTCASE..."""
import os
import re
import shutil
import subprocess

import case
from case import Case

# Splits a line as readline does, calls the function, prints what it offers.
BASH = r"""
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_quern
printf '%s\n' "${COMPREPLY[@]}"
"""


class Tables(Case):
    def tables(self):
        """Every subcommand with the options that its --help has in its list."""
        text = self.quern("--help").stdout.split("subcommands:\n")[1].split("\n\n")[0]
        for name in re.findall(r"^  ([a-z]+)", text, re.M):
            shown = self.quern(name, "--help").stdout.split("\noptions:\n")[1].split("\nexample:")[0]
            words = re.findall(r"^  (--[a-z-]+)", shown, re.M)
            yield name, words + re.findall(r"\(also\s+(--[a-z-]+)\)", shown)


class Shells(Tables):
    def setUp(self):
        super().setUp()
        self.script = {}
        for shell in ("bash", "zsh", "fish"):
            self.script[shell] = self.quern("completion", shell).stdout

    def offered(self, *words):
        """What bash would offer for the last of the words."""
        path = self.folder / "quern.bash"
        path.write_text(self.script["bash"])
        done = subprocess.run(["bash", "-c", BASH, "bash", path, *words], capture_output=True,
                              text=True, timeout=60, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_scripts_know_every_option(self):
        tables = list(self.tables())
        self.assertGreater(len(tables), 7)
        for name, words in tables:
            line = re.search(rf"^    {name}\) words='([^']*)'", self.script["bash"], re.M).group(1)
            part = re.search(rf"^    {name}\)\n(.*?)^        ;;", self.script["zsh"],
                             re.M | re.S).group(1)
            self.assertIn("--help", words)
            for word in words:
                self.assertIn(word, line.split())
                self.assertRegex(part, rf"{word}[=\[]")
                self.assertIn(f"-n '__quern_is {name}' -l {word[2:]} ", self.script["fish"])

    def test_shells_accept_them(self):
        """bash is required; the others where they are installed. Their texts are checked anyhow."""
        for shell, text in self.script.items():
            path = self.folder / shell
            path.write_text(text)
            if shell == "bash" or shutil.which(shell):
                subprocess.run([shell, "-n", path], check=True, timeout=60,
                               env={**os.environ, "HOME": str(self.folder)})
        self.assertTrue(self.script["zsh"].startswith("#compdef quern\n"))
        for line in self.script["zsh"].splitlines():
            self.assertEqual(line.replace("'\\''", "").count("'") % 2, 0, line)
        for line in self.script["fish"].splitlines():
            self.assertEqual(re.sub(r"\\.", "", line).count("'") % 2, 0, line)

    def test_bash_subcommands_and_options(self):
        self.assertEqual(set(self.offered("quern", "")),
                         {name for name, _ in self.tables()} | {"--help", "--version"})
        self.assertEqual(self.offered("quern", "tr"), ["train"])
        self.assertEqual(self.offered("quern", "train", "--ba"), ["--batch-size", "--batch"])
        self.assertEqual(self.offered("quern", "devices", "--json", "--se"), ["--self-test"])
        self.assertEqual(self.offered("quern", "nosuch", "--"), [])
        self.assertEqual(self.offered("quern", "completion", ""), ["--help", "bash", "zsh", "fish"])
        self.assertEqual(self.offered("quern", "man", "ev"), ["eval"])

    def test_bash_task_of_profile(self):
        self.assertEqual(self.offered("quern", "profile", "tr"), ["train"])
        self.assertEqual(self.offered("quern", "profile", "train", "--opt"), ["--optimizer"])
        self.assertEqual(self.offered("quern", "profile", "train", "--cs"), ["--csv"])
        self.assertEqual(self.offered("quern", "profile", "eval", "--split", "te"), ["test"])

    def test_bash_what_bench_measures(self):
        self.assertEqual(self.offered("quern", "bench", "g"), ["gemm"])
        self.assertEqual(self.offered("quern", "bench", "gemm", "--"),
                         ["--shapes", "--trans", "--device", "--json", "--help"])
        self.assertEqual(self.offered("quern", "bench", "gemm", "--trans", "N"), ["NN", "NT"])
        self.assertEqual(self.offered("quern", "bench", "train", "--ep"), ["--epochs"])
        self.assertEqual(self.offered("quern", "bench", "train", "--gemm", "cl"), ["clblast"])
        self.assertEqual(self.offered("quern", "bench", "train", "--save"), [])

    def test_what_bench_measures_in_the_others(self):
        for words in ("gemm --shapes", "gemm --trans", "train --batch-size", "device --device"):
            what, option = words.split()
            part = re.search(rf'^    "bench {what}"\)\n(.*?)^        ;;', self.script["zsh"],
                             re.M | re.S).group(1)
            self.assertRegex(part, rf"{option}[=\[]")
            self.assertIn(f"-n '__quern_is bench {what}' -l {option[2:]} ", self.script["fish"])

    def test_bash_values(self):
        for words, expected in (
                (("--gemm", ""), ["auto", "quern", "clblast"]),
                (("--gemm", "q"), ["quern"]),
                (("--gemm", "="), ["auto", "quern", "clblast"]),
                (("--gemm", "=", "cl"), ["clblast"]),
                (("--gemm=cl",), ["--gemm=clblast"]),
                (("--epochs", ""), []),
                (("--optimizer", "ada"), ["adam", "adamw"]),
                (("--layers", "dr"), ["dropout"]),
                (("--layers", "'flatten, dr"), ["dropout"]),
                (("--loss", "mean_sq"), ["mean_squared_error"]),
                (("--metrics", "accuracy,binary_a"), ["accuracy,binary_accuracy"]),
                (("--data", "f"), ["fashion-mnist"])):
            with self.subTest(words=words):
                found = self.offered("quern", "train", *words)
                self.assertEqual([found[-1].split(", ")[-1]] if "'" in words[-1] else found,
                                 expected)

    def test_bash_files(self):
        (self.folder / "model.safetensors").touch()
        (self.folder / "models").mkdir()
        self.assertEqual(sorted(self.offered("quern", "eval", "--model", "mod")),
                         ["model.safetensors", "models"])
        self.assertEqual(self.offered("quern", "eval", "--data", "npy", ":", "model."),
                         ["model.safetensors"])
        self.assertEqual(self.offered("quern", "eval", "--data", "=", "idx", ":", "models"),
                         ["models"])
        self.assertEqual(self.offered("quern", "eval", "--data", "npy", ":", "a.npy,model."),
                         ["a.npy,model.safetensors"])

    def test_wrong_shell(self):
        self.refused("completion", says=["SHELL is needed: bash, zsh or fish"])
        self.refused("completion", "fihs", says=['SHELL is "fihs"', "did you mean fish?"])
        self.refused("completion", "bash", "zsh", says=['unknown argument "zsh"'])
        self.assertRegex(self.quern("completion", "--help").stdout, r"(?m)^  SHELL +bash, zsh or")


class Manual(Tables):
    def shown(self, page):
        """The page as a reader sees it: by man or mandoc where there is one, else by taking the
        markup of these pages out."""
        path = self.folder / "page.1"
        path.write_text(page)
        for words in (["man", "--warnings", "-l"], ["mandoc", "-W", "error", "-T", "ascii"]):
            if shutil.which(words[0]):
                done = subprocess.run([*words, path], capture_output=True, text=True, timeout=60,
                                      env={**os.environ, "MANWIDTH": "400", "LC_ALL": "C.UTF-8"})
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                return re.sub(".\b", "", done.stdout)
        text = re.sub(r"\\f[BIR]|^\.(SH|SS|BR|B|TP|nf|fi|br)\b ?", "", page, flags=re.M)
        for escape, character in ((r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\~", " ")):
            text = text.replace(escape, character)
        return text

    def test_pages(self):
        everything = self.quern("man").stdout
        for name, words in self.tables():
            self.assertIn(f"quern\\-{name} (1)", everything)
            page = self.quern("man", name).stdout
            text = self.shown(page)
            self.check_markup(page)
            for word in words:
                self.assertRegex(text, rf"(?m)^ *{word}\b|, {word}\b")
            for head in ("NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "SEE ALSO"):
                self.assertRegex(text, rf"(?m)^{head}$")
            example = self.quern(name, "--help").stdout.split("example:\n  ")[1].strip()
            self.assertIn(example, text)
        self.check_markup(everything)
        self.assertIn("QUERN_CACHE_DIR", self.shown(everything))

    def test_page_of_bench(self):
        """One page has what each of them takes."""
        page = self.shown(self.quern("man", "bench").stdout)
        gemm = page.split("quern bench gemm\n")[1].split("quern bench train\n")[0]
        self.assertRegex(gemm, r"(?m)^ *--shapes LIST$")
        self.assertNotIn("--epochs", gemm)
        self.assertRegex(page, r"(?m)^ *--epochs N$")
        self.assertIn("quern bench train --batch-size 128 --epochs 10", page)

    def check_markup(self, page):
        """Only the requests and escapes of man(7) that the pages are known to use."""
        self.assertTrue(page.startswith(".TH QUERN"))
        self.assertTrue(page.isascii())
        for line in page.splitlines():
            self.assertNotEqual(line, "")
            if line[0] in ".'":
                self.assertRegex(line, r"^\.(TH|SH|SS|TP|B|BR|nf|fi|br)\b")
        for escape in re.findall(r"\\(..?)", page):
            self.assertRegex(escape, r"^(f[BIR]|-|~|&|e|\((a|d))")

    def test_wrong_page(self):
        self.refused("man", "trian", says=['no subcommand "trian"', "did you mean train?"])


if __name__ == "__main__":
    case.main()
