"""Mosquitto's clients as installed, and mqtk-mosquitto under their names: both run with the same words and compared."""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

import running
from running import LIMIT, Stream, text

TOOLS = ("mosquitto_pub", "mosquitto_sub", "mosquitto_rr")
ORIGINAL = {name: shutil.which(name) for name in TOOLS}
FOLDER = tempfile.TemporaryDirectory()
OURS = {name: os.path.join(FOLDER.name, name) for name in TOOLS}
for path in OURS.values():
    os.symlink(running.BIN / "mqtk-mosquitto", path)
INSTALLED = all(ORIGINAL.values()) and running.MOSQUITTO


def version():
    """As "2.0.11"."""
    said = subprocess.run([ORIGINAL["mosquitto_pub"], "--version"], capture_output=True, text=True, timeout=LIMIT, check=False)
    return said.stdout.split()[2]


# The drop-in does what 2.0.11 does, where its scripts were written; where later versions differ there is nothing to compare.
like_the_model = unittest.skipUnless(INSTALLED and version() == "2.0.11", "mosquitto's clients are not of version 2.0.11")


def environment(extra=None):
    return running.clean_environment({"HOME": FOLDER.name, **(extra or {})})


def run(programs, name, *words, stdin=b"", extra=None):
    """(status, stdout, stderr)"""
    result = subprocess.run([programs[name], *map(str, words)], capture_output=True, timeout=LIMIT, check=False,
                            env={key: value for key, value in environment(extra).items() if value is not None},
                            **({"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}))
    return result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")


def start(programs, name, *words, extra=None, **pipes):
    """The caller ends it."""
    return subprocess.Popen([programs[name], *map(str, words)], env=environment(extra),
                            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes})


def plain(output):
    """Without what differs from run to run, times and identifiers that a broker made, or between versions."""
    output = re.sub(r'"tst":(\s*)"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z?([+-]\d{4})"', r'"tst":\1"TIME\2"', output)
    output = output.replace("Client (null) ", "Client null ")  # as later versions say
    return re.sub(r"auto-[0-9A-F-]{36}", "ID", output)


class Broker(running.Listener):
    """Answers each packet with success, and notes what comes on each connection.

    `connack` is the body of CONNACK; `messages` are bodies of PUBLISH at QoS 0, `retained` or not, that follow a SUBACK;
    `silent` are the packet types, as in the first four bits, that get no answer. The first connections may be cut; `goodbye` is the body of a
    DISCONNECT after SUBACK.
    """

    def __init__(self, connack=None, messages=(), silent=(), grant=lambda qos: qos, retained=False, cut_after_suback=0,
                 goodbye=None):
        self.connack, self.messages, self.silent, self.grant, self.retained = connack, messages, silent, grant, retained
        self.cut_after_suback, self.goodbye = cut_after_suback, goodbye
        self.conversations = []
        self.subscribed = threading.Event()
        super().__init__()

    def serve(self, connected, number):
        stream, packets = Stream(connected), []
        self.conversations.append(packets)
        is_v5 = False
        while (came := stream.receive()) is not None:
            first, body = came
            packets.append(came)
            kind = first >> 4
            if kind == 1:
                is_v5 = body[6] == 5 and body[:6] == text("MQTT")
            if kind in self.silent:
                continue
            if kind == 1:
                nameless = is_v5 and body[11 + body[10]:13 + body[10]] == b"\0\0"
                accepted = b"\0\0\x06\x12" + text("you") if nameless else b"\0\0\0" if is_v5 else b"\0\0"
                stream.send(0x20, self.connack or accepted)
            elif kind == 3 and first & 6:
                at = 2 + int.from_bytes(body[:2], "big")
                stream.send(0x40 if first & 2 else 0x50, body[at:at + 2])
            elif kind == 6:
                stream.send(0x70, body[:2])
            elif kind == 8:
                stream.send(0x90, body[:2] + (b"\0" if is_v5 else b"") + bytes(map(self.grant, self.requested(body, is_v5))))
                for message in self.messages:
                    stream.send(0x31 if self.retained else 0x30, message)
                self.subscribed.set()
                if number <= self.cut_after_suback:
                    return
                if self.goodbye:
                    stream.send(0xE0, self.goodbye)
            elif kind == 10:
                stream.send(0xB0, body[:2] + (b"\0\0" if is_v5 else b""))
            elif kind == 14:
                return

    @staticmethod
    def requested(body, is_v5):
        at = 3 + body[2] if is_v5 else 2
        while at < len(body):
            at += 2 + int.from_bytes(body[at:at + 2], "big")
            yield body[at] & 3
            at += 1


class Cases(unittest.TestCase):
    maxDiff = None

    def both(self, name, *words, stdin=b"", extra=None, stderr=True):
        """Runs both and returns what both did; without `stderr` what they say there may differ."""
        theirs = run(ORIGINAL, name, *words, stdin=stdin, extra=extra)
        ours = run(OURS, name, *words, stdin=stdin, extra=extra)
        kept = 3 if stderr else 2
        self.assertEqual([plain(str(part)) if part else part for part in ours[:kept]],
                         [plain(str(part)) if part else part for part in theirs[:kept]], f"{name} {words}")
        return ours

    def ended_by(self, number, programs, subscribed):
        """The status that a signal gives to the mosquitto_sub that `subscribed(programs)` starts.

        Debian's sometimes misses one that comes while it reads the SUBACK, and then all that follow: it is started anew.
        """
        tries, limit = (20, 3) if programs is ORIGINAL else (1, LIMIT)
        for _ in range(tries):
            process = subscribed(programs)
            process.send_signal(number)
            ended = running.wait_until(lambda process=process: process.poll() is not None, limit)
            process.kill()
            process.communicate()
            if ended:
                return process.returncode
        raise AssertionError(f"a signal does not end {programs['mosquitto_sub']}")

    def opened(self, thing):
        self.addCleanup(thing.close)
        return thing

    def conversation(self, name, *words, stdin=b"", identifier="me", status=0, only=None, **broker):
        """The packets, or the first of them, that both send; the same ones, and with the same output and status."""
        ends, packets = [], []
        for programs in (ORIGINAL, OURS):
            peer = self.opened(Broker(**broker))
            ends.append(run(programs, name, "-p", peer.port, *(["-i", identifier] if identifier else []), *words, stdin=stdin))
            running.wait_until(lambda peer=peer: peer.served == peer.connections)
            packets.append(peer.conversations)
        self.assertEqual([plain(str(part)) for part in ends[1]], [plain(str(part)) for part in ends[0]], (name, *words))
        theirs, ours = [[packet for connection in one for packet in connection][:only] for one in packets]
        self.assertEqual(ours, theirs, (name, *words))
        self.assertEqual(ends[0][0], status, (ends[0], *words))
        return ours
