#!/usr/bin/env python3
"""mqtk-sub --watch on a pseudo terminal: what is drawn, and what keys do."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

import running
from running import LIMIT, run

HOME = b"\x1b[H"


class Terminal:
    """mqtk-sub --watch on a terminal of 80x24, or another size."""

    def __init__(self, *arguments, columns=80, rows=24):
        self.control, terminal = pty.openpty()
        self.resize(columns, rows)
        environment = running.clean_environment({"TERM": "xterm", "LANG": "C.UTF-8"})

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen([running.BIN / "mqtk-sub", "--watch", *map(str, arguments)], stdin=terminal, stdout=terminal,
                                        stderr=terminal, env=environment, preexec_fn=take_terminal)
        os.close(terminal)
        self.output = b""

    def resize(self, columns, rows):
        fcntl.ioctl(self.control, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.control, keys.encode())

    def read(self, seconds):
        ready, _, _ = select.select([self.control], [], [], seconds)
        if ready:
            try:
                self.output += os.read(self.control, 65536)
            except OSError:  # the program has ended
                return False
        return True

    def screen(self):
        """The lines of the latest whole picture, without control sequences."""
        pictures = self.output.split(HOME)[1:]
        # The last one may not have come as a whole.
        for picture in reversed(pictures):
            lines = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", picture).decode(errors="replace").replace("\r", "").split("\n")
            if len(lines) == struct.unpack("HHHH", fcntl.ioctl(self.control, termios.TIOCGWINSZ, bytes(8)))[0]:
                return lines
        return []

    def await_screen(self, is_so):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            lines = self.screen()
            if lines and is_so(lines):
                return lines
            if not self.read(0.1):
                break
        raise AssertionError("not on the screen: " + "\n".join(self.screen()) + repr(self.output[-300:]))

    def topics(self):
        return [line.split()[0] for line in self.screen()[2:-1] if line.strip()]

    def wait(self):
        while self.read(1):
            if self.process.poll() is not None and not select.select([self.control], [], [], 0)[0]:
                break
        return self.process.wait(LIMIT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT)
        os.close(self.control)


class Job(Terminal):
    """A program that an interactive shell has started on a terminal, so that Ctrl-Z stops it."""

    def __init__(self, *words):
        self.control, terminal = pty.openpty()
        self.resize(80, 24)
        environment = running.clean_environment({"TERM": "xterm", "LANG": "C.UTF-8", "PS1": "", "ENV": ""})

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(["sh", "-i"], stdin=terminal, stdout=terminal, stderr=terminal, env=environment,
                                        preexec_fn=take_terminal)
        os.close(terminal)
        self.output = b""
        self.press(" ".join(map(str, words)) + "\n")

    def is_raw(self):
        return not termios.tcgetattr(self.control)[3] & (termios.ECHO | termios.ICANON)

    def await_output(self, is_so):
        end = time.monotonic() + 20
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(self.output[-500:])
            self.read(0.05)


class Watch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = running.MqtkBroker()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()

    def setUp(self):
        self.topic = f"watch/{self._testMethodName}"[:20]

    def watch(self, *arguments, **size):
        terminal = Terminal("-p", self.broker.port, "-t", self.topic + "/#", *arguments, **size)
        self.addCleanup(terminal.close)
        terminal.await_screen(lambda lines: "TOPIC" in lines[1])
        return terminal

    def publish(self, name, payload, *arguments):
        result = run("pub", "-p", self.broker.port, "-t", f"{self.topic}/{name}", "-m", payload, "-q", 1, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_row_has_value_age_rate_count_and_whether_the_broker_kept_it(self):
        self.publish("kept", "21.5", "-r")
        terminal = self.watch()
        self.publish("live", "on")
        self.publish("live", "off")
        lines = terminal.await_screen(lambda lines: " off " in lines[3])
        self.assertTrue(lines[0].startswith(f"mqtk sub  localhost:{self.broker.port}  2 topics  "), lines[0])
        self.assertEqual(lines[1].split(), ["TOPIC^", "VALUE", "AGE", "PER", "SEC", "COUNT", "K"])
        topic, value, age, _, count, kept = lines[2].split()
        self.assertEqual((topic, value, age, count, kept), (self.topic + "/kept", "21.5", "?", "1", "K"))
        topic, value, _, unit, rate, count = lines[3].split()
        self.assertEqual((topic, value, unit, count), (self.topic + "/live", "off", "s", "2"))
        self.assertGreater(float(rate), 0)

    def test_the_picture_fits_80_columns_and_24_rows_whatever_comes(self):
        terminal = self.watch()
        for number in range(30):
            self.publish(f"{number:02}/{'long' * 40}", "value " * 40)
        self.publish("a", "\x1b[31mr\n\u202e\u4e2d")
        lines = terminal.await_screen(lambda lines: "31 topics" in lines[0])
        self.assertEqual(len(lines), 24)
        self.assertEqual([len(line) for line in lines if len(line) > 80], [])
        self.assertNotIn(b"\x1b[31m", terminal.output)
        self.assertNotIn("\u202e".encode(), terminal.output)
        self.assertEqual(len(terminal.topics()), 21)
        terminal.press("\x1b[F")
        terminal.await_screen(lambda lines: "\\x1b[31mr\\n\\u{202e}\u4e2d" in lines[-2].lower())
        terminal.press("\x1b[H\x1b[B")
        terminal.await_screen(lambda lines: lines[2].startswith(self.topic + "/01/"))
        terminal.press("\x1b[A")
        terminal.await_screen(lambda lines: lines[2].startswith(self.topic + "/00/"))
        terminal.press("\x1b[6~")
        terminal.await_screen(lambda lines: lines[-2].startswith(self.topic + "/a"))

    def test_keys_sort(self):
        terminal = self.watch()
        for name, value, times in (("a", "3", 1), ("b", "1", 3), ("c", "2", 2)):
            self.publish(name, value, "--repeat", times)
        terminal.await_screen(lambda lines: "3 topics" in lines[0] and lines[4].split()[-1] == "2")
        for key, order in (("c", "bca"), ("c", "acb"), ("v", "bca"), ("v", "acb"), ("t", "abc"), ("t", "cba"), ("a", "cba"), ("k", "abc")):
            terminal.press(key)
            terminal.await_screen(lambda _, order=order: [topic[-1] for topic in terminal.topics()] == list(order))

    def test_a_filter_is_typed_kept_and_ended(self):
        terminal = self.watch()
        for name in ("one/x", "two/x", "two/y"):
            self.publish(name, "1")
        terminal.await_screen(lambda lines: "3 topics" in lines[0])
        terminal.press("/two")
        terminal.await_screen(lambda lines: "/two (2)" in lines[0] and len(terminal.topics()) == 2)
        terminal.press("\x7f\x7f\x7f" + self.topic + "/+/x\r")
        terminal.await_screen(lambda lines: [topic[-5:] for topic in terminal.topics()] == ["one/x", "two/x"])
        terminal.press("q")  # not part of the filter any more
        self.assertEqual(terminal.wait(), 0)

    def test_space_holds_the_picture(self):
        terminal = self.watch()
        self.publish("a", "before")
        terminal.await_screen(lambda lines: "before" in lines[2])
        terminal.press(" ")
        terminal.await_screen(lambda lines: "paused" in lines[0])
        self.publish("a", "after")
        terminal.press("x")
        time.sleep(0.6)
        terminal.read(0.1)
        self.assertIn("before", terminal.screen()[2])
        terminal.press(" ")
        terminal.await_screen(lambda lines: "after" in lines[2])

    def test_the_screen_is_given_back_at_every_end(self):
        for end in (lambda terminal: terminal.press("q"), lambda terminal: terminal.press("\x03"),
                    lambda terminal: terminal.process.send_signal(signal.SIGTERM)):
            terminal = self.watch()
            before = termios.tcgetattr(terminal.control)[3] & (termios.ECHO | termios.ICANON)
            self.assertEqual(before, 0)
            end(terminal)
            self.assertEqual(terminal.wait(), 0)
            self.assertIn(b"\x1b[?1049h", terminal.output)
            self.assertTrue(terminal.output.endswith(b"\x1b[?25h\x1b[?1049l"), terminal.output[-80:])

    def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(self):
        job = Job(running.BIN / "mqtk-sub", "--watch", "-p", self.broker.port, "-t", self.topic + "/#")
        self.addCleanup(job.close)
        for round in range(1, 3):
            job.await_output(lambda: job.output.count(b"\x1b[?1049h") == round and job.is_raw())
            job.await_screen(lambda lines: "TOPIC" in lines[1])
            job.press("\x1a")
            job.await_output(lambda: job.output.count(b"\x1b[?1049l") == round and not job.is_raw())
            job.press("echo in the $((1 + 1))nd shell\n")
            job.await_output(lambda: job.output.count(b"in the 2nd shell") == round)
            # Nothing is drawn over the shell, also not where the program goes on in the background.
            if round == 2:
                job.press("bg\n")
                job.read(0.6)
                job.press("echo in the $((1 + 2))rd shell\n")
                job.await_output(lambda: b"in the 3rd shell" in job.output)
                self.assertNotIn(b"TOPIC", job.output[job.output.rindex(b"\x1b[?1049l"):])
            job.press("fg\n")
        job.await_output(lambda: job.output.count(b"\x1b[?1049h") == 3 and job.is_raw())
        self.publish("back", "again")
        job.await_screen(lambda lines: "again" in lines[2])
        job.press("q")
        job.await_output(lambda: not job.is_raw())

    def test_a_time_limit_is_told_where_it_can_be_read(self):
        terminal = self.watch("-W", "2s")
        self.assertEqual(terminal.wait(), 6)
        self.assertRegex(terminal.output, rb"\x1b\[\?1049lmqtk-sub: the time limit of 2 s is over[^\x1b]*$")

    def test_another_size_is_drawn_at_once(self):
        terminal = self.watch()
        self.publish("a", "x")
        for columns, rows in ((120, 10), (40, 5), (10, 2)):
            terminal.resize(columns, rows)
            lines = terminal.await_screen(lambda lines, rows=rows: len(lines) == rows)
            self.assertEqual([line for line in lines if len(line) > columns], [])

    def test_a_lost_connection_is_told_in_the_picture(self):
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        terminal = Terminal("-p", proxy.port, "-t", self.topic + "/#", "--reconnect-delay", "1s")
        self.addCleanup(terminal.close)
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        terminal.await_screen(lambda lines: "0 topics" in lines[0])
        proxy.cut_all()
        terminal.await_screen(lambda lines: "connection lost, trying again" in lines[0])
        terminal.await_screen(lambda lines: "connection lost" not in lines[0])

    def test_without_a_terminal_it_is_a_usage_error(self):
        result = run("sub", "--watch", "-p", self.broker.port, "-t", "a")
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (1, b"", b"mqtk-sub: --watch: standard output is no terminal; use -v\n"))


if __name__ == "__main__":
    unittest.main()
