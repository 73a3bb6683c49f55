#!/usr/bin/env python3
"""mqtk-broker --state-dir: what survives an end, kill -9 at any moment, a damaged log and a full disk."""

import pathlib
import random
import signal
import socket
import struct
import tempfile
import time
import unittest

from running import LIMIT, Stream, run, start, text


def connect(port, name, keep=True):
    """A 3.1.1 client that keeps its Session, and whether that was there."""
    stream = Stream(socket.create_connection(("127.0.0.1", port), LIMIT))
    stream.send(0x10, text("MQTT") + bytes([4, 0 if keep else 2, 0, 0]) + text(name))
    first, body = stream.receive()
    assert first == 0x20 and body[1] == 0, body
    return stream, body[0] == 1


class State(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = pathlib.Path(folder.name) / "state"
        self.broker = None
        self.addCleanup(self.kill)

    def begin(self, *options, preexec_fn=None):
        pipes = {"preexec_fn": preexec_fn} if preexec_fn else {}
        self.broker = start("broker", "--port", 0, "--state-dir", self.state, *options, **pipes)
        self.port = int(self.broker.stdout.readline().strip().rsplit(b":", 1)[1])
        self.broker.stdout.readline()

    def kill(self):
        """kill -9. What the broker said on stderr."""
        return self.end(signal.SIGKILL)

    def end(self, number):
        if self.broker is None:
            return b""
        self.broker.send_signal(number)
        said = self.broker.communicate(timeout=LIMIT)[1]
        self.status, self.broker = self.broker.returncode, None
        return said

    def test_sessions_and_retained_messages_survive_a_friendly_end_and_kill(self):
        self.begin()
        run("pub", "-p", self.port, "-t", "kept", "-m", "one", "-r")
        stream, present = connect(self.port, "a")
        self.assertFalse(present)
        stream.send(0x82, b"\0\1" + text("t") + b"\1")
        stream.receive()
        stream.close()
        run("pub", "-p", self.port, "-t", "t", "-m", "waits", "-q", "1")
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
            self.end(number)
            self.begin("-v")
        self.assertEqual(run("sub", "-p", self.port, "-t", "kept", "-C", "1", "-W", "20").stdout, b"one\n")
        stream, present = connect(self.port, "a")
        self.assertTrue(present)
        first, body = stream.receive()
        self.assertEqual((first & 0xF6, body[5:]), (0x32, b"waits"))
        stream.close()
        self.assertIn(b"brought back 1 sessions, 1 messages that wait for them, 1 retained messages", self.kill())

    def test_no_acknowledged_message_is_lost_or_doubled_by_kill_at_random_points(self):
        # The generator of each round is seeded, what the machine makes of it is not: every moment must do.
        for qos in (1, 2):
            with self.subTest(qos=qos):
                self.begin()
                subscriber, _ = connect(self.port, f"s{qos}")
                subscriber.send(0x82, b"\0\1" + text(f"t{qos}") + bytes([qos]))
                subscriber.receive()
                subscriber.close()
                publisher = Publisher(f"p{qos}", f"t{qos}", qos)
                for round_number in range(6):
                    publisher.run_until(self.port, time.monotonic() + random.Random(round_number).uniform(0.02, 0.25),
                                        self.kill)
                    self.begin()
                publisher.finish(self.port)
                came = take_all(self.port, f"s{qos}", qos)
                self.assertGreater(publisher.count, 20)
                wanted = list(range(publisher.count))
                self.assertEqual(came if qos == 2 else without_repeats(came), wanted)
                self.kill()

    def test_a_damaged_end_is_cut_and_told_and_the_log_kept(self):
        self.begin()
        run("pub", "-p", self.port, "-t", "a", "-m", "1", "-r")
        run("pub", "-p", self.port, "-t", "b", "-m", "2", "-r")
        self.kill()
        log = self.state / "state"
        damaged = log.read_bytes()[:-3]
        log.write_bytes(damaged)
        self.begin()
        self.assertEqual(run("sub", "-p", self.port, "-t", "#", "-W", "4", "-v").stdout, b"a 1\n")
        said = self.kill()
        self.assertIn(b"bytes of the kept state were damaged or incomplete and are left out", said)
        self.assertEqual((self.state / "state.damaged").read_bytes(), damaged)

    def test_a_file_of_something_else_is_refused_and_left_alone(self):
        self.state.mkdir()
        (self.state / "state").write_text("a letter")
        ended = run("broker", "--port", 0, "--state-dir", self.state)
        self.assertEqual(ended.returncode, 9)
        self.assertIn(b"this is not a log of mqtk-broker", ended.stderr)
        self.assertEqual((self.state / "state").read_text(), "a letter")

    def test_a_second_broker_is_kept_away(self):
        self.begin()
        ended = run("broker", "--port", 0, "--state-dir", self.state)
        self.assertEqual(ended.returncode, 9)
        self.assertIn(b"another broker uses it", ended.stderr)

    def test_fsync_alone_is_refused_and_together_it_works(self):
        self.assertEqual(run("broker", "--fsync").returncode, 1)
        self.begin("--fsync")
        self.assertEqual(run("pub", "-p", self.port, "-t", "a", "-m", "1", "-r", "-q", "2").returncode, 0)
        self.kill()
        self.begin("--fsync")
        self.assertEqual(run("sub", "-p", self.port, "-t", "a", "-C", "1", "-W", "20").stdout, b"1\n")

    def test_a_full_disk_ends_the_broker_without_an_acknowledgement(self):
        def small_files():
            import resource
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        self.begin(preexec_fn=small_files)
        stream, _ = connect(self.port, "p", keep=False)
        stream.send(0x33, text("t") + b"\0\1" + b"x" * 30_000)
        self.assertIsNone(stream.receive())
        stream.close()
        said = self.broker.communicate(timeout=LIMIT)[1]
        self.assertEqual(self.broker.returncode, 9)
        self.assertIn(b"cannot write to the state directory: File too large", said)
        self.broker = None

    def test_where_the_log_cannot_be_written_anew_the_broker_goes_on_and_tries_again(self):
        self.begin()
        in_the_way = self.state / "state.new"
        in_the_way.mkdir()
        log = self.state / "state"
        stream, _ = connect(self.port, "p", keep=False)

        def write(megabytes):
            for number in range(megabytes):
                stream.send(0x33, text("kept") + b"\0\1" + bytes([number]) + b"x" * 1_000_000)
                self.assertEqual(stream.receive(), (0x40, b"\0\1"))

        write(20)
        self.assertGreater(log.stat().st_size, 20_000_000)
        in_the_way.rmdir()
        write(20)
        end = time.monotonic() + LIMIT
        while log.stat().st_size > 20_000_000 and time.monotonic() < end:
            time.sleep(0.05)
        self.assertLess(log.stat().st_size, 20_000_000)
        stream.close()
        self.assertEqual(self.kill().count(b"cannot write the state anew: Is a directory"), 1)
        self.begin()
        self.assertEqual(run("sub", "-p", self.port, "-t", "kept", "-C", "1", "-W", "20").stdout[:1], bytes([19]))


class Publisher:
    """Publishes numbers; each goes on to the next when it is acknowledged, over however many brokers that takes."""

    def __init__(self, name, topic, qos):
        self.name, self.topic, self.qos = name, topic, qos
        self.count, self.released = 0, False

    def publish(self, stream, dup):
        identifier = struct.pack("!H", self.count % 1000 + 1)
        if not self.released:
            stream.send(0x30 | self.qos << 1 | (8 if dup else 0),
                        text(self.topic) + identifier + str(self.count).encode())
            if stream.receive() != (0x40 if self.qos == 1 else 0x50, identifier):
                raise ConnectionError
        if self.qos == 2:
            self.released = True
            stream.send(0x62, identifier)
            if stream.receive() != (0x70, identifier):
                raise ConnectionError
        self.count, self.released = self.count + 1, False

    def run_until(self, port, end, kill):
        stream, _ = connect(port, self.name)
        self.publish(stream, True)
        try:
            while time.monotonic() < end:
                self.publish(stream, False)
            # The next message is on its way when the broker dies.
            stream.send(0x30 | self.qos << 1, text(self.topic) + struct.pack("!H", self.count % 1000 + 1)
                        + str(self.count).encode())
        finally:
            kill()
            stream.close()

    def finish(self, port):
        stream, _ = connect(port, self.name)
        self.publish(stream, True)
        stream.close()


def take_all(port, name, qos):
    """The numbers that wait for this client, each handled as its QoS asks."""
    stream, present = connect(port, name)
    assert present
    numbers = []
    while True:
        try:
            first, body = stream.receive(2)
        except TimeoutError:
            stream.close()
            return numbers
        if first >> 4 == 3:
            size = struct.unpack("!H", body[:2])[0]
            numbers.append(int(body[4 + size:]))
            stream.send(0x40 if qos == 1 else 0x50, body[2 + size:4 + size])
        elif first >> 4 == 6:
            stream.send(0x70, body[:2])


def without_repeats(numbers):
    return [number for at, number in enumerate(numbers) if at == 0 or number != numbers[at - 1]]


if __name__ == "__main__":
    unittest.main()
