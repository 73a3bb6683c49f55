#!/usr/bin/env python3
"""Random clients of a running mqtk-broker, with every fault that it can inject: what must hold holds, in real time.

Short as a test. By hand for as long as one likes: random_run_test.py --seconds 1200 --seed 7 --rate 300
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import select
import socket
import struct
import sys
import tempfile
import time
import unittest

from running import LIMIT, Stream, clean_environment, run, start, text

SETTINGS = argparse.Namespace(seconds=3.0, seed=None, rate=120.0)

# What strikes whom. Clients publish one message at a time and repeat it, so that what gets lost on its way to the broker
# comes again in order; towards a client that checks the order no PUBLISH may be lost from the middle of a stream.
FAULTS = [
    "close client=c* probability=0.002 seed={}", "cut client=c* probability=0.002 seed={}",
    "disconnect=0x8b client=c* packet=publish probability=0.002 seed={}", "take-over client=c* probability=0.001 seed={}",
    "refuse=0x88 client=c* probability=0.05 seed={}", "delay=30ms client=c* probability=0.01 seed={}",
    "stall=400ms client=c* probability=0.002 seed={}", "throttle=20000 client=c* probability=0.001 seed={}",
    "withhold client=c* probability=0.01 seed={}", "receive-maximum=3 client=c* probability=0.2 seed={}",
    "drop client=c* packet=publish direction=to-broker probability=0.01 seed={}",
    "drop client=c* packet=pubrel probability=0.01 seed={}", "drop client=c* packet=pubcomp probability=0.01 seed={}",
    "duplicate client=c* packet=publish probability=0.02 seed={}",
    "duplicate client=c* packet=pubrel probability=0.02 seed={}",
    "drop client=noise* probability=0.02 seed={}", "corrupt client=noise* probability=0.02 seed={}",
    "answer=0x97 client=noise* probability=0.05 seed={}", "forget client=noise* probability=0.005 seed={}",
    "stall client=noise* probability=0.005 seed={}",
]
CLIENTS, RECEIVERS, NOISE, WILLS = 6, 3, 4, 4
HELD_BACK = 250_000  # bytes of what was freed that the C library may hold back for each thread
PATIENCE = 1.0  # seconds without an answer until a client connects anew


class Client:
    """One with a Session that is kept, in MQTT 5.0. Takes and acknowledges what comes."""

    def __init__(self, run_, name):
        self.run, self.name = run_, name
        self.stream = None
        self.accepted = False
        self.unfinished = None  # [first byte, topic, identifier, payload] of the PUBLISH under way
        self.released = False
        self.asked_at = 0.0
        self.next_identifier = 0
        self.half_taken = set()
        self.filters = []
        self.subscribed = False
        self.first_times = collections.defaultdict(list)  # payloads by topic, in the order in which they came first
        self.times = collections.Counter()

    def connect(self):
        connected = socket.create_connection(("127.0.0.1", self.run.port), LIMIT)
        self.stream, self.accepted = Stream(connected), False
        self.asked_at = time.monotonic()
        self.say(0x10, text("MQTT") + bytes([5, 0, 0, 0]) + b"\x05\x11\x00\x01\x51\x80" + text(self.name))

    def say(self, first, body=b""):
        try:
            self.stream.send(first, body)
        except OSError:
            self.leave()

    def leave(self, reset=False):
        if self.stream and reset:
            self.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.stream:
            self.stream.close()
        self.stream, self.accepted = None, False

    def subscribe(self, *filters):
        self.filters, self.subscribed = list(filters), False
        self.ask_for_subscriptions()

    def ask_for_subscriptions(self):
        if self.accepted and self.filters and not self.subscribed:
            self.asked_at = time.monotonic()
            self.say(0x82, b"\xff\xff\0" + b"".join(text(each) + b"\2" for each in self.filters))

    def publish(self, topic, payload, qos, retain=False):
        self.next_identifier = self.next_identifier % 60_000 + 1
        self.unfinished = [0x30 | qos << 1 | retain, topic, self.next_identifier, payload]
        self.released = False
        self.ask(0)

    def ask(self, dup):
        first, topic, identifier, payload = self.unfinished
        self.asked_at = time.monotonic()
        if self.released:
            self.say(0x62, struct.pack("!H", identifier))
        else:
            self.say(first | dup, text(topic) + struct.pack("!H", identifier) + b"\0" + payload.encode())

    @property
    def idle(self):
        return self.accepted and not self.unfinished and (self.subscribed or not self.filters)

    def read(self):
        try:
            block = self.stream.socket.recv(65536)
        except OSError:
            block = b""
        if not block:
            return self.leave()
        self.stream.buffer += block
        while self.stream:
            came = self.stream.take()
            if came is None:
                return
            try:
                self.take(*came)
            except (IndexError, struct.error):
                self.run.check(self.name.startswith("noise"), f"{self.name} got a packet that is damaged")
                self.leave()

    def take(self, first, body):
        kind = first >> 4
        if kind == 2:
            if body[1]:
                return self.leave()
            self.accepted = True
            self.ask_for_subscriptions()
            if self.unfinished:
                self.ask(8)
        elif kind == 3:
            self.take_message(first, body)
        elif kind == 9:
            self.subscribed = True
        elif kind == 14:
            self.leave()
        elif kind == 6:
            self.half_taken.discard(body[:2])
            self.say(0x70, body[:2])
        elif self.unfinished and body[:2] == struct.pack("!H", self.unfinished[2]):
            if kind == 5 and len(body) < 3 and self.unfinished[0] >> 1 & 3 == 2:
                self.released = True
                self.ask(0)
            elif kind == 7 and self.released or kind == 4 or len(body) > 2:
                self.unfinished = None

    def take_message(self, first, body):
        qos = first >> 1 & 3
        size = struct.unpack("!H", body[:2])[0]
        topic, rest = body[2:2 + size].decode(errors="replace"), body[2 + size:]
        identifier, rest = (rest[:2], rest[2:]) if qos else (b"", rest)
        payload = rest[1 + rest[0]:].decode(errors="replace")
        if qos < 2 or identifier not in self.half_taken:
            self.note(topic, payload, first & 1)
        if qos == 1:
            self.say(0x40, identifier)
        if qos == 2:
            self.half_taken.add(identifier)
            self.say(0x50, identifier)

    def note(self, topic, payload, retained):
        self.times[payload] += 1
        if self.times[payload] == 1:
            self.first_times[topic].append(payload)

    def check_patience(self, now):
        waits = not self.accepted or self.unfinished or (self.filters and not self.subscribed)
        if self.stream and waits and now - self.asked_at > PATIENCE:
            self.leave(reset=True)


class Watcher(Client):
    """Meets no faults and notes when what came."""

    def __init__(self, run_):
        super().__init__(run_, "watcher")
        self.wills = {}
        self.retained = {}
        self.system = {}

    def note(self, topic, payload, retained):
        if topic.startswith("will/"):
            self.run.check(payload not in self.wills, f"the Will {payload} came twice")
            self.wills[payload] = time.monotonic()
        elif topic.startswith("$SYS/"):
            self.system[topic] = payload
        elif topic.startswith("r/") and retained:
            self.retained[topic] = payload


class WillClient(Client):
    """Comes and vanishes, with a Will that is delayed: it comes back long before the Will is due, or after it came."""

    def __init__(self, run_, name):
        super().__init__(run_, name)
        self.delay = self.count = 0
        self.back_at = 0.0
        self.recalled = None  # the Will that the client's return is to stop, and when it would be due

    def connect(self):
        self.delay, self.count = self.run.random.randrange(3), self.count + 1
        connected = socket.create_connection(("127.0.0.1", self.run.port), LIMIT)
        self.stream = Stream(connected)
        properties = b"\x18" + struct.pack("!I", self.delay)
        self.say(0x10, text("MQTT") + bytes([5, 0b1100, 0, 0]) + b"\x05\x11\x00\x01\x51\x80" + text(self.name)
                 + bytes([len(properties)]) + properties + text("will/" + self.name) + text(self.payload()))

    def payload(self):
        return f"{self.name} {self.count}"

    def check_patience(self, now):
        """It waits: nothing of it gets lost, and when it leaves counts."""

    def step(self, now):
        if not self.stream:
            came = self.recalled or self.payload() in self.run.watcher.wills
            if self.count == 0 or came and now >= self.back_at:
                self.connect()
        elif self.accepted:
            self.see_recall(now)
            if self.run.random.random() < 0.01:
                self.vanish(now)

    def see_recall(self, now):
        """It is accepted again: too late for a word on its Will, if this machine stood still."""
        if self.recalled and now >= self.recalled[1]:
            self.run.undecided_wills.add(self.recalled[0])
        self.recalled = None

    def vanish(self, now):
        if self.delay > 0 and self.run.random.random() < 0.4:
            self.recalled = self.payload(), now + self.delay
            self.back_at = now + self.delay * 0.3
        else:
            self.run.due_wills[self.payload()] = now + self.delay
            self.back_at = now + self.delay + self.run.random.random()
        self.leave(reset=self.run.random.random() < 0.5)

    def stay_away(self):
        """The end, from which on nobody comes back to stop a Will."""
        if self.recalled and self.stream:
            self.run.undecided_wills.add(self.recalled[0])
        elif self.recalled:
            self.run.due_wills[self.recalled[0]] = self.recalled[1]


class Run:
    def __init__(self, port, control, seed):
        self.port, self.control = port, control
        self.random = random.Random(seed)
        self.problems = []
        self.due_wills = {}
        self.undecided_wills = set()
        self.sent = collections.defaultdict(list)
        self.qos = {}
        self.retained = {}
        self.count = 0
        self.watcher = Watcher(self)
        self.clients = [Client(self, f"c{i}") for i in range(CLIENTS)]
        self.noise = [Client(self, f"noise{i}") for i in range(NOISE)]
        self.wills = [WillClient(self, f"w{i}") for i in range(WILLS)]

    def check(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    def everybody(self):
        return [self.watcher, *self.clients, *self.noise, *self.wills]

    def ask(self, *words):
        result = run("broker", *words, "--control", self.control)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def serve(self, seconds):
        """Reads what comes for so long."""
        end = time.monotonic() + seconds
        while True:
            streams = {each.stream.socket: each for each in self.everybody() if each.stream}
            ready, _, _ = select.select(list(streams), [], [], max(0, end - time.monotonic()))
            for each in ready:
                if streams[each].stream:
                    streams[each].read()
            now = time.monotonic()
            for each in self.everybody():
                each.check_patience(now)
            if now >= end:
                return

    def settle(self, is_so, limit=LIMIT):
        end = time.monotonic() + limit
        while not is_so() and time.monotonic() < end:
            for each in [self.watcher, *self.clients]:
                if not each.stream:
                    each.connect()
            self.serve(0.02)
        return is_so()

    def begin(self):
        self.watcher.connect()
        self.watcher.subscribe("will/#", "r/#", "$SYS/broker/heap/current")
        for client in self.clients:
            client.connect()
        for client in self.clients[:RECEIVERS]:
            client.subscribe("t/#")
        assert self.settle(lambda: all(each.idle for each in [self.watcher, *self.clients])), "they cannot subscribe"

    def step(self, now):
        for client in self.clients:
            if not client.stream:
                if self.random.random() < 0.3:
                    client.connect()
            elif self.random.random() < 0.003:
                client.leave(reset=self.random.random() < 0.5)
            elif client.idle:
                self.publish(client)
        for client in self.noise:
            self.make_noise(client)
        for client in self.wills:
            client.step(now)

    def publish(self, client):
        self.count += 1
        payload = str(self.count)
        if self.random.random() < 0.1:
            topic = f"r/{client.name}/{self.random.randrange(3)}"
            self.retained[topic] = payload
            return client.publish(topic, payload, 1 + self.count % 2, retain=True)
        topic = f"t/{client.name}/{self.random.randrange(3)}"
        qos = self.random.choice([1, 2])
        self.sent[topic].append(payload)
        self.qos[payload] = qos
        client.publish(topic, payload, qos)

    def make_noise(self, client):
        if not client.stream:
            if self.random.random() < 0.1:
                client.connect()
        elif client.accepted and self.random.random() < 0.2:
            if self.random.random() < 0.3:
                client.subscribe(self.random.choice(["noise/#", "noise/+", "t/#", "$share/g/noise/#"]))
            elif not client.unfinished:
                client.publish(f"noise/{self.random.randrange(5)}", "x" * self.random.randrange(2000),
                               self.random.choice([1, 2]), retain=self.random.random() < 0.2)

    def pass_time(self, seconds, rate):
        end = time.monotonic() + seconds
        pause = CLIENTS / rate
        while time.monotonic() < end and not self.problems:
            self.step(time.monotonic())
            self.serve(pause * self.random.uniform(0.5, 1.5))

    def finish(self):
        """No more faults; everybody takes what is left."""
        self.ask("clear-faults")
        for client in [*self.clients, *self.noise]:
            client.leave()
        for client in self.wills:
            client.stay_away()
        received = lambda: all(client.first_times[topic] == payloads for client in self.clients[:RECEIVERS]
                               for topic, payloads in self.sent.items())
        self.settle(lambda: all(each.idle for each in self.clients) and received()
                    and all(due in self.watcher.wills for due in self.due_wills))
        self.serve(0.3)
        self.compare()

    def compare(self):
        for client in self.clients[:RECEIVERS]:
            for topic, payloads in self.sent.items():
                self.check(client.first_times[topic] == payloads,
                           f"{client.name}, {topic}: {different(payloads, client.first_times[topic])}")
            for payload, qos in self.qos.items():
                self.check(qos == 1 or client.times[payload] == 1,
                           f"{client.name}: the QoS 2 message {payload} came {client.times[payload]} times")
        for payload, due in self.due_wills.items():
            came = self.watcher.wills.get(payload)
            self.check(came is not None and -0.05 <= came - due <= 5,
                       f"the Will {payload} came {'never' if came is None else f'{came - due:.2f} s after its time'}")
        for payload in self.watcher.wills:
            self.check(payload in self.due_wills or payload in self.undecided_wills, f"the Will {payload} came and was not due")
        self.watcher.retained.clear()
        self.watcher.subscribe("will/#", "r/#", "$SYS/broker/heap/current")
        self.settle(lambda: self.watcher.retained == self.retained, 10)
        self.check(self.watcher.retained == self.retained, "the retained messages are not the last ones")


def different(wanted, came):
    at = next((i for i, (a, b) in enumerate(zip(wanted, came)) if a != b), min(len(wanted), len(came)))
    return f"{len(came)} of {len(wanted)} came, from number {at} on {came[at:at + 3]} in the place of {wanted[at:at + 3]}"


class RandomRun(unittest.TestCase):
    def start_broker(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        control = pathlib.Path(folder.name) / "control"
        log = open(pathlib.Path(folder.name) / "log", "wb")  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        # Memory that AddressSanitizer holds back when it is freed would count as used.
        holds_nothing = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}
        self.broker = start("broker", "--port", 0, "--control", control, "--sys-interval", "200ms", stderr=log,
                            env=clean_environment(holds_nothing))
        self.addCleanup(self.end)
        port = int(self.broker.stdout.readline().strip().rsplit(b":", 1)[1])
        self.broker.stdout.readline()
        return port, control

    def end(self):
        with contextlib.suppress(OSError):
            self.broker.terminate()
        self.broker.wait(LIMIT)
        self.broker.stdout.close()

    def heap(self, run_, enough):
        """Bytes in use when nobody but the watcher is there and everything is forgotten.

        What a stalled connection was still to be sent is held for 5 s after its end.
        """
        for each in run_.everybody():
            each.leave()
        run_.ask("reset")
        run_.watcher = Watcher(run_)
        run_.watcher.connect()
        run_.watcher.subscribe("$SYS/broker/heap/current")
        bytes_now = lambda: int(run_.watcher.system.get("$SYS/broker/heap/current", 0))
        end = time.monotonic() + 15
        run_.serve(1.0)
        while bytes_now() > enough and time.monotonic() < end:
            run_.serve(0.2)
        return bytes_now()

    def test_nothing_is_lost_doubled_or_out_of_order_and_memory_comes_back(self):
        seed = SETTINGS.seed if SETTINGS.seed is not None else random.randrange(1 << 30)
        port, control = self.start_broker()
        # The first round fills what the broker keeps for later use.
        heaps = []
        for seconds in (1.0, SETTINGS.seconds):
            run_ = Run(port, control, seed)
            run_.begin()
            for number, rule in enumerate(FAULTS):
                run_.ask("fault", rule.format(seed + number))
            run_.pass_time(seconds, SETTINGS.rate)
            strikes = [json.loads(line) for line in run_.ask("faults").splitlines()]
            run_.finish()
            self.assertEqual(run_.problems[:5], [], f"seed {seed}")
            heaps.append(self.heap(run_, heaps[0] + HELD_BACK if heaps else float("inf")))
        if SETTINGS.seconds > 60:
            print(f"seed {seed}: {len(run_.qos)} messages to {RECEIVERS} receivers, {len(run_.due_wills)} Wills, "
                  f"heap {heaps[0]} -> {heaps[1]} bytes")
            for each in strikes:
                print(" ", json.dumps(each))
        self.assertGreater(len(run_.qos), 10)
        self.assertGreater(heaps[0], 0)
        self.assertLess(heaps[1], heaps[0] + HELD_BACK, f"seed {seed}: memory did not come back")
        self.assertIsNone(self.broker.poll())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=SETTINGS.seconds)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rate", type=float, default=SETTINGS.rate, help="steps of all clients in a second")
    SETTINGS = parser.parse_args()
    unittest.main(argv=sys.argv[:1])
