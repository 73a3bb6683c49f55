#!/usr/bin/env python3
"""What our own programs and our broker say to each other comes out clean: what the interop tests do not do.

Through mqtk-proxy, which shows every problem, and out of its capture once more.
"""

import json
import pathlib
import random
import socket
import tempfile
import time
import unittest

from proxying import ProxyCases
from running import LIMIT, MqtkBroker, Stream, run, start, text
from transport_test import Broker


class Peers(ProxyCases):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.capture = self.folder / "all.pcapng"

    def between(self, *arguments):
        """A broker with these options, and a proxy in front of it."""
        broker = Broker("--port", 0, *arguments)
        self.addCleanup(broker.close)
        return self.proxy(broker.port(), "--write", self.capture, "--view", "none")

    def do(self, program, *arguments, status=0, **options):
        done = run(program, "-p", self.port, *arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (status, b""), arguments)
        return done.stdout

    def check_clean(self, proxy, *types):
        self.assertEqual(self.end(proxy), (0, "", ""))
        done = run("inspect", "--json", self.capture)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([each["problems"] for each in found if each["problems"]], [])
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertLessEqual(set(types), {each["type"] for each in found})

    def test_scram_with_authentication_again(self):
        users = self.folder / "users"
        run("broker", "passwd", users, "me", "--password-from", "fd:0", "--scram", stdin=b"pencil\n")
        proxy = self.between("--password-file", users)
        login = ["-u", "me", "-P", "pencil", "--auth-method", "SCRAM-SHA-256"]
        client = start("sub", "-p", self.port, "-t", "a", "-C", 1, "-i", "c", *login, "--auth-again", "50ms")
        time.sleep(0.3)
        self.do("pub", "-t", "a", "-m", "x", "-q", 2, "-r", *login)
        self.assertEqual(client.communicate(timeout=LIMIT), (b"x\n", b""))
        self.check_clean(proxy, "AUTH", "CONNACK", "PUBCOMP", "SUBACK")

    def test_sessions_that_are_taken_up_and_ended(self):
        proxy = self.between()
        for version in ("3.1.1", "5"):
            session = ["-V", version, "-i", f"s{version}", "-c", "-t", "q/#", "-q", 2]
            if version == "5":
                session += ["--session-expiry", 60]
            self.do("sub", *session, "-E")
            for number in range(5):
                self.do("pub", "-V", version, "-t", "q/1", "-m", number, "-q", number % 3)
            self.assertIn(b"4", self.do("sub", *session, "-W", 20, "-C", 3))
            # With Clean Start the Session ends, and a new one begins.
            self.do("sub", "-V", version, "-i", f"s{version}", "-t", "other", "-E")
            self.do("sub", *session, "-E")
        self.check_clean(proxy, "PUBREC", "PUBREL", "DISCONNECT")


class Corrupted(ProxyCases):
    def test_both_sides_live_on_though_many_packets_are_broken_on_their_way(self):
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        proxy = self.proxy(broker.port, "--fault", "corrupt packet=publish direction=to-broker probability=0.02",
                           "--view", "none")
        numbers = random.Random(7)
        sent = connections = 0
        end = time.monotonic() + 100
        while sent < 10_000 and time.monotonic() < end:
            with socket.create_connection(("127.0.0.1", self.port), LIMIT) as connection:
                stream = Stream(connection)
                connections += 1
                try:
                    stream.send(0x10, text("MQTT") + bytes.fromhex("04020000") + text(f"c{connections}"))
                    self.assertEqual(stream.receive(), (0x20, b"\0\0"))
                    while sent < 10_000:
                        packets = [b"\x30\x17" + text("t") + numbers.randbytes(20) for _ in range(50)]
                        connection.sendall(b"".join(packets) + b"\xC0\0")
                        sent += 50
                        # A packet that seems longer than it is swallows what follows, and nobody answers.
                        if stream.receive(0.3) is None:
                            break
                except OSError:
                    continue
        self.assertEqual(sent, 10_000)
        self.assertGreater(connections, 5)
        self.assertIsNone(proxy.poll())
        done = run("pub", "-p", broker.port, "-t", "a", "-m", "x", "-q", 1)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        status, _, _ = self.end(proxy)
        self.assertIn(status, (0, 7))


if __name__ == "__main__":
    unittest.main()
