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

# The address sanitizer keeps what is freed, and an eighth of what is used to mark it: what is measured with it is its
# memory.
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

    def without_payload(self, *words):
        """The memory in bytes of a mqtk-pub that sends next to nothing."""
        return self.peak(start("pub", "-p", self.broker.port, "-t", "small", *words, "-m", "x", stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL))[1]

    def assert_memory(self, peak, copies, words):
        if not SANITIZED:
            self.assertLess(peak, SIZE * copies, words)

    def test_pipes_and_standard_input_take_the_memory_of_one_copy(self):
        least = self.without_payload()
        pipe = pathlib.Path(self.folder.name) / "pipe"
        os.mkfifo(pipe)
        received = pathlib.Path(self.folder.name) / "piped"
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        with received.open("wb") as out:
            subscriber = start("sub", "-p", proxy.port, "-t", "piped", "-C", 3, "-N", stdout=out, stderr=subprocess.DEVNULL)
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        ways = [(["-s", "-q", 0], self.file), (["-f", "-", "-q", 1], "pipe"), (["-f", pipe, "-q", 2], "fifo")]
        for words, source in ways:
            feeder = None
            if source == self.file:
                given = self.file.open("rb")
            else:
                feeder = subprocess.Popen(["sh", "-c", f"cat {self.file}" + (f" > {pipe}" if source == "fifo" else "")],
                                          stdout=subprocess.PIPE)
                given = feeder.stdout if source == "pipe" else subprocess.DEVNULL
            publisher = start("pub", "-p", self.broker.port, "-t", "piped", *words, stdin=given, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
            status, peak = self.peak(publisher)
            self.assertEqual(status, 0, words)
            self.assert_memory(peak - least, 1.2, words)
            if feeder:
                feeder.stdout.close()
                feeder.wait(LIMIT)
            else:
                given.close()
        self.assertEqual(subscriber.wait(LIMIT), 0)
        with received.open("rb") as file:
            self.assertEqual([hashlib.sha256(file.read(SIZE)).digest() for _ in ways] + [file.read()],
                             [hashlib.sha256(self.file.read_bytes()).digest()] * len(ways) + [b""])

    def test_a_message_that_comes_back_is_held_twice_at_most(self):
        least = self.without_payload("--confirm")
        for qos, copies in ((0, 1.2), (1, 2.2)):  # at QoS 1 it may have to be sent again while it comes back
            words = ["-t", "back", "-q", qos, "-f", self.file, "--confirm"]
            status, peak = self.peak(start("pub", "-p", self.broker.port, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            self.assertEqual(status, 0, words)
            self.assert_memory(peak - least, copies, words)

    def test_a_file_goes_and_comes_with_the_memory_of_one_copy(self):
        received = pathlib.Path(self.folder.name) / "received"
        least = self.without_payload()
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
                self.assert_memory(bytes_ - least, 1.2, f"{name} at QoS {qos}")
            self.assertEqual(hashlib.sha256(received.read_bytes()).digest(), hashlib.sha256(self.file.read_bytes()).digest())

    def test_the_stand_in_for_mosquitto_pub_has_one_copy_too(self):
        program = pathlib.Path(self.folder.name) / "mosquitto_pub"
        program.symlink_to(running.BIN / "mqtk-mosquitto")

        def publish(*words, stdin=subprocess.DEVNULL):
            return self.peak(subprocess.Popen([program, "-p", str(self.broker.port), "-t", "drop/in", *words], stdin=stdin,
                                              stdout=subprocess.DEVNULL, env=running.clean_environment()))
        least = publish("-m", "x")[1]
        digest = hashlib.sha256(self.file.read_bytes()).digest()
        # A topic alias is of one connection and one packet, and so the message is kept beside it.
        alias = ["-V", "5", "-D", "publish", "topic-alias", "1"]
        for words, copies in ((["-q", "0"], 1.2), (["-q", "1", "-r"], 1.2), (["-q", "2", "-V", "5"], 1.2), (alias, 2.2)):
            proxy = running.CuttingProxy(self.broker.port, [])
            self.addCleanup(proxy.close)
            received = pathlib.Path(self.folder.name) / "dropped"
            with received.open("wb") as out:
                subscriber = start("sub", "-p", proxy.port, "-t", "drop/in", "-R", "-C", 1, "-N", stdout=out, stderr=subprocess.DEVNULL)
            self.assertTrue(proxy.subscribed.wait(LIMIT))
            status, peak = publish("-f", str(self.file), *words)
            self.assertEqual(status, 0, words)
            self.assert_memory(peak - least, copies, words)
            self.assertEqual(subscriber.wait(LIMIT), 0)
            self.assertEqual(hashlib.sha256(received.read_bytes()).digest(), digest, words)
        with self.file.open("rb") as whole:
            status, peak = publish("-s", stdin=whole)
        self.assertEqual(status, 0)
        self.assert_memory(peak - least, 1.2, "-s")
        run("pub", "-p", self.broker.port, "-t", "drop/in", "-n", "-r")

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
