"""What the tests of the programs share: brokers to talk to, a proxy that cuts, and an MQTT client of its own.

The client and the scripted broker are written from the specification and know nothing of mqtk.
"""

import contextlib
import os
import pathlib
import platform
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(os.environ["MQTK_BIN_DIR"])
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
LIMIT = 60  # seconds: nothing here takes longer
CONNACK = b"\x00\x00\x00"  # 5.0: no Session, success, no properties


def run(name, *arguments, stdin=b"", timeout=LIMIT, environment=None):
    """Runs mqtk-NAME to its end. Text in and out are bytes."""
    return subprocess.run([BIN / f"mqtk-{name}", *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout,
                          check=False, env=clean_environment(environment))


def start(name, *arguments, **pipes):
    """Starts mqtk-NAME; the caller ends it."""
    return subprocess.Popen([BIN / f"mqtk-{name}", *map(str, arguments)],
                            **{"env": clean_environment(), "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                               "stderr": subprocess.PIPE, **pipes})


def clean_environment(extra=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MQTK_")}
    kept["XDG_CONFIG_HOME"] = "/nonexistent"  # nobody's default profile
    return {**kept, **(extra or {})}


def browser():
    """Chromium's path. Ubuntu has it as a snap only, which no package installation brings: its tests are skipped there."""
    found = shutil.which("chromium")
    if not found:
        system = platform.freedesktop_os_release()
        if "ubuntu" in (system["ID"], *system.get("ID_LIKE", "").split()):
            raise unittest.SkipTest("Ubuntu has no package of Chromium")
        raise AssertionError("chromium is missing; install chromium")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(is_so, limit=20):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.01)
    return False


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Mosquitto:
    """Debian's broker, started with `lines` added to its configuration."""

    name = "mosquitto"

    def __init__(self, lines=(), anonymous=True, files=None, port=None):
        self.folder = tempfile.TemporaryDirectory()
        self.port = port or free_port()
        self.path = pathlib.Path(self.folder.name)
        self.path.chmod(0o777)  # mosquitto gives up its rights when root starts it
        for name, content in (files or {}).items():
            (self.path / name).write_text(content)
        (self.path / "conf").write_text("\n".join([
            f"listener {self.port} 127.0.0.1", f"allow_anonymous {'true' if anonymous else 'false'}",
            "max_queued_messages 0", "sys_interval 0", *(line.format(folder=self.folder.name) for line in lines), ""]))
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([MOSQUITTO, "-c", self.path / "conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        if not wait_until(lambda: accepts(self.port)):
            raise RuntimeError("mosquitto does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(LIMIT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT)
        self.folder.cleanup()


class MqtkBroker:
    name = "mqtk-broker"

    def __init__(self, *options):
        self.process = start("broker", "--port", 0, *options, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode()
        self.port = int(line.strip().rsplit(":", 1)[1])
        self.process.stdout.readline()  # ready

    def close(self):
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdout.close()


def available_brokers():
    brokers = []
    if MOSQUITTO:
        brokers.append(Mosquitto)
    if (BIN / "mqtk-broker").exists():
        brokers.append(MqtkBroker)
    return brokers


# --- bytes -----------------------------------------------------------------------------------------------------------

def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(value)) + value


def packet(first_byte, body):
    length, size = b"", len(body)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (128 if size else 0)])
        if not size:
            return bytes([first_byte]) + length + body


class Stream:
    """Control Packets over a socket."""

    def __init__(self, connected):
        self.socket = connected
        self.buffer = b""

    def receive(self, limit=LIMIT):
        """One packet as (first byte, body), or None at the end of the stream."""
        end = time.monotonic() + limit
        while True:
            taken = self.take()
            if taken:
                return taken
            ready, _, _ = select.select([self.socket], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("no packet came")
            try:
                block = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not block:
                return None
            self.buffer += block

    def take(self):
        length, at = 0, 1
        while True:
            if at >= len(self.buffer):
                return None
            length |= (self.buffer[at] & 127) << 7 * (at - 1)
            at += 1
            if self.buffer[at - 1] < 128:
                break
        if len(self.buffer) < at + length:
            return None
        taken = self.buffer[0], self.buffer[at:at + length]
        self.buffer = self.buffer[at + length:]
        return taken

    def send(self, first_byte, body=b""):
        self.socket.sendall(packet(first_byte, body))

    def close(self):
        self.socket.close()


class Observer:
    """A subscriber in MQTT 3.1.1 that notes (topic, payload, retain) of all that comes."""

    def __init__(self, port, topic="#", qos=2, name=""):
        self.port, self.topic, self.qos, self.name = port, topic, qos, name
        self.messages = []
        self.stopping = False
        self.ready = threading.Event()
        self.open = set()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        if not self.ready.wait(LIMIT):
            raise RuntimeError("the observer cannot subscribe")

    def listen(self):
        while not self.stopping:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as connected:
                self.converse(Stream(connected))
            time.sleep(0.05)

    def converse(self, stream):
        self.stream = stream
        stream.send(0x10, text("MQTT") + bytes([4, 0 if self.name else 2, 0, 0]) + text(self.name))
        if not stream.receive():
            return
        stream.send(0x82, b"\0\1" + text(self.topic) + bytes([self.qos]))
        while not self.stopping:
            came = stream.receive()
            if came is None:
                return
            first, body = came
            if first >> 4 == 9:
                self.ready.set()
            elif first >> 4 == 3:
                self.note(stream, first, body)
            elif first >> 4 == 6:
                self.open.discard(body[:2])
                stream.send(0x70, body[:2])

    def note(self, stream, first, body):
        qos = first >> 1 & 3
        size = struct.unpack("!H", body[:2])[0]
        topic, rest = body[2:2 + size].decode(), body[2 + size:]
        identifier = rest[:2] if qos else b""
        if qos == 2:
            if identifier not in self.open:
                self.messages.append((topic, rest[2:], bool(first & 1)))
            self.open.add(identifier)
            stream.send(0x50, identifier)
            return
        self.messages.append((topic, rest[len(identifier):], bool(first & 1)))
        if qos == 1:
            stream.send(0x40, identifier)

    def payloads(self):
        return [payload for _, payload, _ in self.messages]

    def wait_for(self, count, limit=LIMIT):
        return wait_until(lambda: len(self.messages) >= count, limit)

    def close(self):
        self.stopping = True
        with contextlib.suppress(OSError):
            self.stream.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(LIMIT)


class Listener:
    """Takes connections at a free port, and does serve(socket, number) on each, at the same time unless `at_once` says no.

    What a test needs besides is set before __init__, which lets the first connection in.
    """

    at_once = True

    def __init__(self):
        self.connections = 0
        self.served = 0  # of them
        self.error = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self):
        while True:
            try:
                connected, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.at_once:
                threading.Thread(target=self.serve_one, args=(connected, self.connections), daemon=True).start()
            else:
                self.serve_one(connected, self.connections)

    def serve_one(self, connected, number):
        with connected:
            try:
                self.serve(connected, number)
            except OSError:
                pass
            except Exception as error:  # told to the test by close()
                self.error = error
        self.served += 1

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self.error:
            raise self.error


class Scripted(Listener):
    """A broker that does what `talk(stream)` does on each connection, one after the other."""

    at_once = False

    def __init__(self, talk):
        self.talk = talk
        super().__init__()

    def serve(self, connected, number):
        self.talk(Stream(connected))


class Relay(Listener):
    """Passes bytes on between its clients and what listens at the port `target`.

    A subclass may say how many bytes it takes at once, and end a connection after them.
    """

    def __init__(self, target):
        self.target = target
        super().__init__()

    def serve(self, client, number):
        with socket.create_connection(("127.0.0.1", self.target)) as broker:
            self.pass_on(client, broker, number)

    def pass_on(self, client, broker, number):
        while True:
            ready, _, _ = select.select([client, broker], [], [])
            for source, target, direction in ((client, broker, "to broker"), (broker, client, "from broker")):
                if source not in ready:
                    continue
                block = source.recv(self.most(number, direction))
                if not block:
                    return
                target.sendall(block)
                if not self.goes_on(number, direction, block):
                    return

    def most(self, connection, direction):
        """How many bytes may be taken in one step."""
        return 65536

    def goes_on(self, connection, direction, block):
        """Whether the connection lives on after `block` was passed on."""
        return True


class CuttingProxy(Relay):
    """Passes bytes on to a broker, and cuts each of the first connections after so many bytes from the client."""

    def __init__(self, port, cuts):
        self.left = dict(enumerate(cuts, 1))  # of each connection
        self.open = []
        self.subscribed = threading.Event()
        super().__init__(port)

    def serve(self, client, number):
        self.open.append(client)
        super().serve(client, number)

    def cut_all(self):
        for client in self.open:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def most(self, connection, direction):
        return 65536 if direction == "from broker" else max(1, min(65536, self.left.get(connection, 65536)))

    def goes_on(self, connection, direction, block):
        if direction == "from broker":
            if b"\x90" in block:  # SUBACK
                self.subscribed.set()
        elif connection in self.left:
            self.left[connection] -= len(block)
            return self.left[connection] > 0
        return True


# --- test cases ------------------------------------------------------------------------------------------------------

class BrokerCases:
    """What holds with every broker: one broker for the tests of a class, and a topic for each test.

    Derive `class WithX(Cases, unittest.TestCase)` with make_broker set for each broker, and call drop_unavailable.
    """

    make_broker = None

    @classmethod
    def setUpClass(cls):
        cls.broker = cls.make_broker()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()

    def setUp(self):
        self.topic = f"test/{self._testMethodName}"

    def listen(self, name, *arguments, **pipes):
        """mqtk-NAME, started and subscribed: a message published now arrives. Killed at the end of the test."""
        proxy = CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        process = start(name, "-p", proxy.port, *arguments, **pipes)
        self.addCleanup(process.stdout.close if process.stdout else lambda: None)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        return process


def drop_unavailable(module):
    """Takes the test cases out of `module` (its globals()) whose broker is not installed."""
    for name, case in list(module.items()):
        if isinstance(case, type) and issubclass(case, BrokerCases) and case.make_broker not in (None, *available_brokers()):
            del module[name]


class ScriptedCases(unittest.TestCase):
    """Against brokers that do what the test says."""

    def serve(self, talk):
        broker = Scripted(talk)
        self.addCleanup(broker.close)
        return broker
