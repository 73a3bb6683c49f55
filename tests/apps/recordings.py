"""What the tests of recordings share: files written by hand, a recorder that is subscribed, terminals."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import tempfile
import termios
import time
import unittest

import running
from running import LIMIT, run, start


def own_terminal(descriptor):
    """For a child: a session whose terminal this is, with the child in front."""
    def prepare():
        os.setsid()
        fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
    return prepare


class Terminal:
    """A pseudo terminal: `theirs` goes to a program, which `began` closes here."""

    def __init__(self, case):
        self.ours, self.theirs = pty.openpty()
        self.text = b""
        case.addCleanup(os.close, self.ours)

    def began(self):
        os.close(self.theirs)

    def press(self, keys):
        os.write(self.ours, keys)

    def shows(self, pattern, limit=20):
        """Reads until what was shown since the last match matches; the match, or None."""
        end = time.monotonic() + limit
        while not (found := re.search(pattern, self.text, re.DOTALL)):
            ready, _, _ = select.select([self.ours], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            try:
                block = os.read(self.ours, 65536)
            except OSError:  # the other end has been closed
                return None
            if not block:
                return None
            self.text += block
        self.text = self.text[found.end():]
        return found


def lines_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def without_times(messages):
    return [{name: value for name, value in message.items() if name not in ("time", "packet_identifier")}
            for message in messages]


class Files(unittest.TestCase):
    """Tests with a folder of their own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def path(self, name):
        return self.folder / name

    def recording(self, *arguments, status=0, stdin=b""):
        result = run("recording", *arguments, stdin=stdin)
        self.assertEqual(result.returncode, status, result.stderr + result.stdout)
        return result

    def jsonl(self, name, messages, begin=1_700_000_000, step=0.01):
        """A recording written by hand: (topic, payload) or a whole object each."""
        lines = []
        for number, message in enumerate(messages):
            seconds, nanoseconds = divmod(begin * 10**9 + number * round(step * 10**9), 10**9)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanoseconds:09d}Z"
            if isinstance(message, tuple):
                message = {"topic": message[0], "qos": 0, "retain": False, "dup": False, "payload": message[1]}
            lines.append(json.dumps({"time": stamp, **message}))
        path = self.path(name)
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def mcap(self, name, source):
        self.recording("convert", source, "-o", self.path(name))
        return self.path(name)


class RecorderCases:
    """With a broker that make_broker makes."""

    make_broker = None

    @classmethod
    def setUpClass(cls):
        cls.broker = cls.make_broker()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()

    def start_recording(self, *arguments, ready=True, **pipes):
        """Started and subscribed."""
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        process = start("record", "-p", proxy.port, *arguments, **pipes)
        for pipe in (process.stdout, process.stderr):
            self.addCleanup(pipe.close if pipe else lambda: None)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        if ready:
            self.assertTrue(proxy.subscribed.wait(LIMIT))
        return process

    def end(self, process, status=0):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, status, err)
        return out, err

    def wait(self, process, status=0):
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, status, err)
        return out, err

    def publish(self, topic, *arguments, stdin=b""):
        result = run("pub", "-p", self.broker.port, "-t", topic, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)

    def replay(self, *arguments, status=0, stdin=b""):
        result = run("replay", "-p", self.broker.port, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def clear(self, *topics):
        for topic in topics:
            self.publish(topic, "-r", "-n", "-q", 1)
