"""The command line programs of mqtk and of mosquitto: the same questions, put in either's options."""

import base64
import json
import signal
import subprocess
import threading
import time

from peer import LIMIT_SECONDS, Failed, Message, check_equal
from scene import until

VERSION_WORDS = {
    "mqtk": {"3.1": "3.1", "3.1.1": "3.1.1", "5.0": "5"},
    "mosquitto": {"3.1": "mqttv31", "3.1.1": "mqttv311", "5.0": "mqttv5"},
}
# Exit status of sub when its time limit (-W) ran out.
TIME_LIMIT_STATUS = {"mqtk": 6, "mosquitto": 27}


class StillRuns(Failed):
    """A program does not end when it must."""


class Program:
    """One run of a pub or sub program."""

    def __init__(self, command, input_bytes=None):
        self.command = command
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if input_bytes is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.output = bytearray()
        self.errors = bytearray()
        self._threads = [
            threading.Thread(target=self._collect, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.output), (self.process.stderr, self.errors))
        ]
        if input_bytes is not None:
            self._threads.append(threading.Thread(target=self._feed, args=(input_bytes,), daemon=True))
        for thread in self._threads:
            thread.start()

    def _collect(self, source, target):
        while data := source.read1():
            target += data

    def _feed(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def wait(self, limit=LIMIT_SECONDS):
        """Waits for the end; returns the exit status."""
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise StillRuns(f"still runs after {limit} s: {self}") from None
        for thread in self._threads:
            thread.join(LIMIT_SECONDS)
        return status

    def check_success(self, limit=LIMIT_SECONDS):
        check_equal(self.wait(limit), 0, f"exit status of {self}")
        return bytes(self.output)

    def interrupt(self, limit=LIMIT_SECONDS):
        self.process.send_signal(signal.SIGINT)
        return self.wait(limit)

    def die(self):
        """Ends the program as a crash does: without DISCONNECT."""
        self.process.kill()
        self.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def __str__(self):
        return f"{' '.join(map(str, self.command))}: {bytes(self.errors[-500:])!r}"


class Programs:
    """The pub and sub of the two makers that a program test is for."""

    def __init__(self, scene):
        self._scene = scene
        self.publisher = scene.variant.publisher
        self.subscriber = scene.variant.subscriber

    def _start(self, maker, which, options, version, input_bytes=None):
        program = self._scene.resources.program(maker, which)
        base = ["-h", "127.0.0.1", "-p", str(self._scene.relay.port)]
        base += ["-V", VERSION_WORDS[maker][version or self._scene.version]]
        result = Program([program, *base, *options], input_bytes)
        self._scene.at_end(result.close)
        return result

    def start_pub(self, *options, version=None, input_bytes=None):
        return self._start(self.publisher, "pub", options, version, input_bytes)

    def start_rr(self, *options):
        return self._start("mosquitto", "rr", options, None)

    def pub(self, *options, version=None, input_bytes=None):
        """Publishes and waits for success."""
        self.start_pub(*options, version=version, input_bytes=input_bytes).check_success()

    def sub(self, *options, version=None):
        """Starts a subscriber and waits until its subscriptions stand."""
        before = len(self._scene.relay.connections)
        result = self._start(self.subscriber, "sub", options, version)

        def subscribed():
            # Types of SUBACK and, for a Session that brings messages, of PUBLISH.
            news = self._scene.relay.connections[before:]
            return any(packet[0] >> 4 == 9 for each in news for packet in each.packets_from("server"))

        until(lambda: subscribed() or result.process.poll() is not None, f"SUBACK for {result}")
        return result

    def interrupted_sub(self, *options):
        """The exit status of a subscriber that SIGINT ends.

        Debian's mosquitto_sub sometimes misses a signal that comes while it reads the SUBACK, and then all that
        follow: it is started anew.
        """
        for _ in range(20 if self.subscriber == "mosquitto" else 0):
            try:
                return self.sub(*options).interrupt(3)
            except StillRuns:
                pass
        return self.sub(*options).interrupt()

    def property_options(self, name, *values):
        """Options of pub that set a property of the message; `name` as MQTT writes it, with hyphens."""
        word = "--property" if self.publisher == "mqtk" else "-D"
        return [word, "publish", name, *values]


def messages_of_json_lines(text):
    """What mqtk-sub --json printed."""
    result = []
    for line in text.splitlines():
        said = json.loads(line)
        properties = {}
        for name, value in said.get("properties", {}).items():
            if name.endswith("_base64"):
                name, value = name.removesuffix("_base64"), base64.b64decode(value)
            elif name == "correlation_data":
                value = value.encode()
            properties[name] = value
        payload = base64.b64decode(said["payload_base64"]) if "payload_base64" in said else said["payload"].encode()
        result.append(Message(said["topic"], payload, said["qos"], said["retain"], said["dup"], properties))
    return result


def check_silent(program, seconds=0.3):
    before = len(program.output)
    time.sleep(seconds)
    check_equal(bytes(program.output[before:]), b"", f"output of {program}")
