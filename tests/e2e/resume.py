# SPDX-License-Identifier: Apache-2.0
"""Training that was killed goes on from its checkpoint to the bytes of a training that was not.
usage: resume.py QUERN TESTCASE"""
import json
import os
import random
import signal
import subprocess
import time

import support
from support import Case, read_model

LAYERS = "dense(16), batch_normalization, activation(relu), dropout(0.3), dense(3, softmax)"
EPOCHS = 20


class Training(Case):
    """One training on small data: the file of an uninterrupted run, and ways to break others."""

    more = ()  # further arguments of the first run
    callbacks = ""  # before the checkpoint

    def setUp(self):
        super().setUp()
        self.data = self.small_data(rows=330)
        self.last = self.folder / "last.safetensors"
        self.final = self.folder / "final.safetensors"

    def first(self, seed, save=None):
        callbacks = self.callbacks + f"model_checkpoint({self.last})"
        return ["train", "--data", self.data, "--layers", LAYERS, "--batch-size", 32, "--epochs",
                EPOCHS, "--seed", seed, "--callbacks", callbacks, *self.more, "--save",
                save or self.final]

    def resumed(self, *more, save=None):
        return ["train", "--data", self.data, "--resume", self.last, *more, "--save",
                save or self.final]

    def whole(self, seed):
        """The bytes of the model that an uninterrupted run saves."""
        self.last.unlink(missing_ok=True)
        self.quern(*self.first(seed))
        return self.final.read_bytes()

    def start(self, args):
        self.final.unlink(missing_ok=True)
        return subprocess.Popen([support.QUERN, *map(str, args)], text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def kill_at_epoch(self, args, epoch, delay, how=signal.SIGKILL):
        """True when it was killed before it was done."""
        process = self.start(args)
        for line in process.stderr:
            if line.startswith(f"Epoch {epoch}/"):
                break
        time.sleep(delay)
        process.send_signal(how)
        process.communicate(timeout=60)
        return process.returncode == (-how if how == signal.SIGKILL else 130)

    def kill_while_saving(self, args, skip):
        """Kills when the temporary file of the skip-th save after the first is there."""
        process = self.start(args)
        seen = set()
        while process.poll() is None:
            seen |= {name for name in os.listdir(self.folder) if name.endswith(".tmp")}
            if len(seen) > skip and self.last.exists():
                process.kill()
                break
        process.communicate(timeout=60)
        return process.returncode == -signal.SIGKILL

    def finish(self, expected):
        """Resumes to the end, and compares."""
        done = self.quern(*self.resumed())
        self.assertIn(f"resume  {self.last}: ", done.stderr)
        self.assert_same(expected, self.final.read_bytes())

    def assert_same(self, expected, found):
        if found == expected:
            return
        (self.folder / "a").write_bytes(expected)
        (self.folder / "b").write_bytes(found)
        a, b = ((json.loads(header.pop("__metadata__")["quern"]), header, body) for header, body in
                (read_model(self.folder / name) for name in "ab"))
        for key in a[0]:
            self.assertEqual(a[0][key], b[0].get(key), key)
        self.assertEqual(a[1], b[1])
        for name, info in a[1].items():
            begin, end = info["data_offsets"]
            self.assertEqual(a[2][begin:end], b[2][begin:end], name)
        self.fail("the files differ")

    def check_kills(self, seeds):
        killed = 0
        for seed in seeds:
            rng = random.Random(seed)
            expected = self.whole(seed)
            with self.subTest(seed=seed):
                self.last.unlink()
                args = self.first(seed)
                if seed % 2:
                    killed += self.kill_while_saving(args, rng.randrange(8))
                else:
                    killed += self.kill_at_epoch(args, rng.randrange(2, 8), rng.uniform(0, 0.01))
                # And once more, in what goes on.
                killed += self.kill_at_epoch(self.resumed(), rng.randrange(9, 12), 0)
                self.finish(expected)
        self.assertGreater(killed, len(seeds))


class Schedule(Training):
    """Batch normalization, dropout, shuffling, a schedule by step."""

    more = ("--schedule", "exponential_decay(0.02, 40, 0.8)")

    def test_killed(self):
        self.check_kills((1, 2, 3, 4))

    def test_interrupted(self):
        expected = self.whole(5)
        self.last.unlink()
        interrupted = self.folder / "interrupted.safetensors"
        self.assertTrue(self.kill_at_epoch(self.first(5, save=interrupted), 4, 0, signal.SIGINT))
        self.assertTrue(interrupted.exists())
        self.finish(expected)

    def test_more_epochs(self):
        """A training that reached its end goes on to a further one."""
        self.quern(*self.first(6), "--validation-split", 0.25)
        told = self.quern(*self.resumed("--epochs", 2 * EPOCHS))
        self.assertIn(f"goes on at epoch {EPOCHS + 1} of {2 * EPOCHS}", told.stderr)
        self.assertIn("val_loss", told.stdout)
        longer = self.final.read_bytes()
        args = self.first(6)
        args[args.index(EPOCHS)] = 2 * EPOCHS
        self.quern(*args, "--validation-split", 0.25)
        self.assert_same(self.final.read_bytes(), longer)

    def test_nothing_left(self):
        expected = self.whole(7)
        self.finish(expected)
        for more in ((), ("--epochs", 3)):
            done = self.quern(*self.resumed(*more))
            self.assertIn(f"{EPOCHS} of {more[1] if more else EPOCHS} epochs are done: nothing is "
                          "left to train", done.stderr)
            self.assertNotIn("Epoch", done.stderr)
        found = json.loads(self.quern(*self.resumed("--json")).stdout)
        self.assertEqual((found["epochs"], found["steps"]), ([], 0))


class Plateau(Training):
    """Callbacks with a memory: the learning rate falls, training ends early, the best weights come
    back."""

    more = ("--optimizer", "adam(learning_rate=0.05)", "--validation-split", "0.25")
    callbacks = ("early_stopping(patience=5, restore_best_weights=true), "
                 "reduce_lr_on_plateau(patience=1, factor=0.5), ")

    def test_killed(self):
        self.check_kills((11, 12, 13))

    def test_memory_is_used(self):
        """Or the other tests would show nothing."""
        self.whole(11)
        kept = json.loads(read_model(self.final)[0]["__metadata__"]["quern"])
        self.assertLess(kept["training"]["epochs"], EPOCHS)
        self.assertLess(kept["learning_rate"], 0.05)
        stopping = kept["training"]["callback_states"][0]
        self.assertTrue(stopping["text"].startswith("early_stopping"))
        self.assertGreater(stopping["values"], 0)

    def test_killed_at_the_end(self):
        """The checkpoint of the last epoch knows that it was the last."""
        expected = self.whole(14)
        self.assertTrue(self.last.exists())
        self.final.unlink()
        self.finish(expected)


if __name__ == "__main__":
    support.main()
