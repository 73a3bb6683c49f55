"""What the tests of mqtk-bench share."""

import json
import pathlib
import subprocess
import tempfile
import time
import unittest

import running
from running import LIMIT, MqtkBroker, Stream, run

# Each of two parts has publishers and a subscriber, which hears those of both.
ACROSS = ["pubsub", "--clients", 4, "--subscribers", 2, "--filter", "mqtk/bench/+", "--rate", 200, "--duration", "1s"]


class Parallel(running.Listener):
    """As Scripted, but the connections are served at the same time: by talk(stream, number)."""

    def __init__(self, talk):
        self.talk = talk
        super().__init__()

    def serve(self, connected, number):
        self.talk(Stream(connected), number)


class Cases(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "result.json"

    def opened(self, thing):
        self.addCleanup(thing.close)
        return thing

    def broker(self, *options):
        return self.opened(MqtkBroker(*options))

    def text(self, *arguments, expect=0, environment=None):
        """Runs it to its end and returns what it printed."""
        done = run("bench", *arguments, environment=environment)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout.decode()

    def bench(self, *arguments, expect=0, environment=None):
        """The JSON of the result, and what it printed."""
        text = self.text(*arguments, "--output", self.file, expect=expect, environment=environment)
        return json.loads(self.file.read_text()), text

    def result(self, name, *arguments, expect=0, environment=None):
        """The JSON of the result, which is kept under `name`."""
        self.text(*arguments, "--quiet", "--output", self.folder / name, expect=expect, environment=environment)
        return json.loads((self.folder / name).read_text())

    def parts(self, port, *arguments, before=((), ()), expect=0, name=""):
        """Runs as many parts as there are words `before` the program: their results and what they printed."""
        start = start_in(4)
        count = len(before)
        running_parts = [
            subprocess.Popen([*words, str(running.BIN / "mqtk-bench"), *map(str, arguments), "-p", str(port), "--quiet",
                              "--shard", f"{i + 1}/{count}", "--start-at", start, "--output", str(self.folder / f"{name}{i}")],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=running.clean_environment())
            for i, words in enumerate(before)]
        results, texts = [], []
        for i, part in enumerate(running_parts):
            text, errors = part.communicate(timeout=LIMIT)
            self.assertEqual(part.returncode, expect, text + errors)
            results.append(json.loads((self.folder / f"{name}{i}").read_text()))
            texts.append(" ".join(text.decode().split()))
        return results, texts


def start_in(seconds):
    """For --start-at: a whole second, at most so far ahead."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def error_counts(result):
    counts = {}
    for error in result["errors"]:
        counts[error["kind"]] = counts.get(error["kind"], 0) + error["count"]
    return counts
