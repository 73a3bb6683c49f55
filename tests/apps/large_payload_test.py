#!/usr/bin/env python3
"""Payloads of many megabytes through mqtk-pub and mqtk-sub: all bytes arrive, and memory holds them once."""

import hashlib
import os
import pathlib
import subprocess
import tempfile
import unittest

import running
from running import LIMIT, run, start

SIZE = 64_000_000
PROGRAM = 30_000_000  # bytes that a program takes without any payload; plenty, since the debug build is large


# The address sanitizer keeps what is freed and marks what is used: what is measured with it is its memory.
SANITIZED = b"__asan_init" in (running.BIN / "mqtk-pub").read_bytes()


@unittest.skipUnless(running.MOSQUITTO, "mosquitto is not installed")  # which passes on QoS 0 of any size
class LargePayload(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = pathlib.Path(cls.folder.name) / "payload"
        cls.file.write_bytes(os.urandom(1_000_000) * (SIZE // 1_000_000))
        cls.broker = running.Mosquitto()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        cls.folder.cleanup()

    def peak(self, process):
        """Status and the most memory in bytes."""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_maxrss * 1024

    def test_a_file_goes_and_comes_with_the_memory_of_one_copy(self):
        received = pathlib.Path(self.folder.name) / "received"
        for qos in (0, 1, 2):
            proxy = running.CuttingProxy(self.broker.port, [])
            self.addCleanup(proxy.close)
            with received.open("wb") as out:
                subscriber = start("sub", "-p", proxy.port, "-t", "large", "-q", qos, "-C", 1, "-N", stdout=out, stderr=subprocess.DEVNULL)
            self.assertTrue(proxy.subscribed.wait(LIMIT))
            publisher = start("pub", "-p", self.broker.port, "-t", "large", "-q", qos, "-f", self.file, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
            for process, name in ((publisher, "pub"), (subscriber, "sub")):
                status, bytes_ = self.peak(process)
                self.assertEqual(status, 0, name)
                if not SANITIZED:
                    self.assertLess(bytes_, SIZE * 1.2 + PROGRAM, f"{name} at QoS {qos}")
            self.assertEqual(hashlib.sha256(received.read_bytes()).digest(), hashlib.sha256(self.file.read_bytes()).digest())

    def test_a_slow_reader_of_a_pipe_gets_all_of_a_long_message(self):
        run("pub", "-p", self.broker.port, "-t", "kept", "-r", "-q", 1, "-f", self.file)
        with start("sub", "-p", self.broker.port, "-t", "kept", "-C", 1, "-N") as subscriber:
            digest, size = hashlib.sha256(), 0
            while block := subscriber.stdout.read1(1 << 16):
                digest.update(block)
                size += len(block)
            self.assertEqual(subscriber.wait(LIMIT), 0)
        self.assertEqual(size, SIZE)
        self.assertEqual(digest.digest(), hashlib.sha256(self.file.read_bytes()).digest())

    def test_a_file_that_cannot_be_read_is_told_before_connecting(self):
        result = run("pub", "-p", 1, "-t", "a", "-f", self.folder.name)
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (1, f"mqtk-pub: cannot read {self.folder.name}: Is a directory\n"))

    def test_a_file_larger_than_any_packet_is_told_before_connecting(self):
        path = pathlib.Path(self.folder.name) / "huge"
        with path.open("wb") as file:
            file.truncate(300_000_000)
        result = run("pub", "-p", 1, "-t", "a", "-f", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"bytes of the largest MQTT packet", result.stderr)


if __name__ == "__main__":
    unittest.main()
