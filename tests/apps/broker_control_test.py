#!/usr/bin/env python3
"""mqtk broker clients, dump, events, kick, reset and the like: what a running broker tells and does on command."""

import json
import pathlib
import socket
import tempfile
import unittest

from running import LIMIT, Stream, run, start, text, wait_until


def connect(name, clean=True, will=None):  # 3.1.1
    flags = (2 if clean else 0) | (4 if will else 0)
    rest = text(will[0]) + text(will[1]) if will else b""
    return text("MQTT") + bytes([4, flags, 0, 60]) + text(name) + rest


class Controlled(unittest.TestCase):
    """A broker with a control socket."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.socket = pathlib.Path(folder.name) / "control"
        self.broker = start("broker", "--port", 0, "--control", self.socket)
        self.addCleanup(self.end)
        self.port = int(self.broker.stdout.readline().strip().rsplit(b":", 1)[1])

    def end(self):
        self.broker.terminate()
        self.broker.wait(LIMIT)
        self.broker.stdout.close()
        self.broker.stderr.close()

    def ask(self, *words, status=0):
        """The JSON objects that are answered."""
        result = run("broker", *words, "--control", self.socket)
        self.assertEqual((result.returncode, result.stderr), (status, b""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def client(self, name, **fields):
        stream = Stream(socket.create_connection(("127.0.0.1", self.port), LIMIT))
        self.addCleanup(stream.close)
        stream.send(0x10, connect(name, **fields))
        self.assertEqual(stream.receive()[0], 0x20)
        return stream

    def subscribed(self, name, topic_filter, qos=1, **fields):
        stream = self.client(name, **fields)
        stream.send(0x82, b"\0\1" + text(topic_filter) + bytes([qos]))
        self.assertEqual(stream.receive(), (0x90, bytes([0, 1, qos])))
        return stream

    def publish(self, topic, payload, first=0x30):
        stream = self.client("publisher")
        stream.send(first, text(topic) + payload)
        stream.send(0xC0)
        self.assertEqual(stream.receive()[0], 0xD0)
        stream.send(0xE0)
        self.assertIsNone(stream.receive())


class Questions(Controlled):
    def test_clients_are_those_that_are_connected(self):
        here = self.subscribed("here", "a/#")
        away = self.client("away", clean=False)
        away.send(0xE0)
        self.assertIsNone(away.receive())
        address = "127.0.0.1:%d" % here.socket.getsockname()[1]
        self.assertEqual(self.ask("clients"), [{
            "client_identifier": "here", "connected": True, "peer_address": address, "protocol_version": "3.1.1",
            "keep_alive": 60, "session_expiry_interval": 0, "will": False, "subscriptions": 1, "in_flight": 0, "queued": 0,
            "queued_bytes": 0, "unsent_bytes": 0, "dropped": 0}])
        sessions = self.ask("sessions")
        self.assertEqual([(s["client_identifier"], s["connected"]) for s in sessions], [("away", False), ("here", True)])

    def test_messages_that_wait_are_counted(self):
        away = self.subscribed("away", "t", clean=False)
        away.send(0xE0)
        self.assertIsNone(away.receive())
        publisher = self.client("p")
        for number in (1, 2):
            publisher.send(0x32, text("t") + bytes([0, number]) + b"x")
            self.assertEqual(publisher.receive(), (0x40, bytes([0, number])))
        session = self.ask("sessions")[0]
        self.assertEqual((session["client_identifier"], session["queued"], session["subscriptions"]), ("away", 2, 1))

    def test_subscriptions_of_all_and_of_one(self):
        self.subscribed("b", "x/+", 2)
        self.subscribed("a", "$share/g/y", 0)
        wanted = [
            {"client_identifier": "a", "topic_filter": "$share/g/y", "qos": 0, "no_local": False,
             "retain_as_published": False},
            {"client_identifier": "b", "topic_filter": "x/+", "qos": 2, "no_local": False, "retain_as_published": False}]
        self.assertEqual(self.ask("subscriptions"), wanted)
        self.assertEqual(self.ask("subscriptions", "b"), wanted[1:])

    def test_retained_messages_are_what_sub_prints(self):
        self.publish("a/b", b"21.5", 0x31)
        self.publish("c", b"\xff", 0x31)
        messages = self.ask("retained")
        for message in messages:
            self.assertRegex(message.pop("time"), r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
        self.assertEqual(messages, [
            {"topic": "a/b", "qos": 0, "retain": True, "dup": False, "payload": "21.5"},
            {"topic": "c", "qos": 0, "retain": True, "dup": False, "payload_base64": "/w=="}])
        self.assertEqual([message["topic"] for message in self.ask("retained", "a/#")], ["a/b"])

    def test_a_dump_is_all_of_it_in_one_object(self):
        self.subscribed("a", "x")
        self.publish("r", b"1", 0x31)
        self.publish("s", b"2", 0x31)
        dump, = self.ask("dump")
        self.assertEqual([session["client_identifier"] for session in dump["sessions"]], ["a"])
        self.assertEqual([subscription["topic_filter"] for subscription in dump["subscriptions"]], ["x"])
        self.assertEqual([message["topic"] for message in dump["retained"]], ["r", "s"])
        self.assertEqual(dump["counters"]["messages_received_qos0"], 2)


class Commands(Controlled):
    def test_kick_disconnects_one_client_whose_will_is_published(self):
        watcher = self.subscribed("watcher", "will", 0)
        victim = self.client("victim", will=("will", "gone"))
        self.assertEqual(self.ask("kick", "victim"), [{"disconnected": 1}])
        self.assertIsNone(victim.receive())
        self.assertEqual(watcher.receive(), (0x30, text("will") + b"gone"))

    def test_a_5_0_client_that_is_kicked_is_told_why(self):
        stream = Stream(socket.create_connection(("127.0.0.1", self.port), LIMIT))
        self.addCleanup(stream.close)
        stream.send(0x10, text("MQTT") + b"\5\2\0\0\0" + text("five"))
        self.assertEqual(stream.receive()[0], 0x20)
        self.ask("kick", "five")
        first, body = stream.receive()
        self.assertEqual((first, body[0]), (0xE0, 0x98))  # Administrative action

    def test_nobody_to_kick_is_status_4(self):
        result = run("broker", "kick", "nobody", "--control", self.socket)
        self.assertEqual((result.returncode, result.stdout), (4, b""))
        self.assertEqual(result.stderr, b"mqtk-broker: no client 'nobody' is connected\n")

    def test_reset_forgets_sessions_and_retained_messages_and_publishes_no_will(self):
        self.publish("r", b"1", 0x31)
        away = self.subscribed("away", "t", clean=False)
        away.send(0xE0)
        self.assertIsNone(away.receive())
        here = self.client("here", will=("will", "gone"))
        self.assertEqual(self.ask("reset"), [{"disconnected": 1, "sessions": 2, "retained": 1}])
        self.assertIsNone(here.receive())
        dump, = self.ask("dump")
        self.assertEqual((dump["sessions"], dump["subscriptions"], dump["retained"]), ([], [], []))
        self.assertEqual(dump["counters"]["messages_sent_qos0"], 0)
        # The broker goes on, and still tells about itself.
        watcher = self.subscribed("watcher", "$SYS/broker/version", 0)
        self.assertEqual(watcher.receive()[0], 0x31)

    def test_events_are_told_as_they_happen(self):
        events = start("broker", "events", "--control", self.socket)
        self.addCleanup(lambda: (events.kill(), events.wait(LIMIT), events.stdout.close(), events.stderr.close()))

        def event():
            told = json.loads(events.stdout.readline())
            self.assertRegex(told.pop("time"), r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
            return told

        self.assertEqual(event(), {"event": "listening"})
        stream = self.subscribed("a", "x/#")
        address = "127.0.0.1:%d" % stream.socket.getsockname()[1]
        self.assertEqual(event(), {"event": "connected", "client_identifier": "a", "peer_address": address,
                                   "protocol_version": "3.1.1", "detail": "new session"})
        self.assertEqual(event(), {"event": "subscribed", "client_identifier": "a", "topic": "x/#", "reason_code": 1,
                                   "reason_name": "Granted QoS 1"})
        stream.send(0xE0)
        self.assertEqual(event()["event"], "disconnected")
        self.assertEqual(event(), {"event": "session_ended", "client_identifier": "a"})
        self.broker.terminate()
        self.assertEqual(events.stdout.read(), b"")
        self.assertEqual(events.wait(LIMIT), 0)


class Strangers(Controlled):
    def raw(self, request):
        with socket.socket(socket.AF_UNIX) as connected:
            connected.settimeout(LIMIT)
            connected.connect(str(self.socket))
            connected.sendall(request)
            answer = b""
            while block := connected.recv(65536):
                answer += block
            return answer

    def test_bad_requests_are_answered_with_an_error(self):
        for request, wanted in ((b"hello\n", "the request is not a JSON object"), (b"[]\n", "the request is not a JSON object"),
                                (b'{"command":"fly"}\n', "unknown command 'fly'"), (b'{"command":7}\n', "unknown command ''"),
                                (b'{"command":"retained","topic_filter":"a/#/b"}\n', "'a/#/b' is no Topic Filter"),
                                (b"x" * 300_000, "the request is too long")):
            with self.subTest(request[:40]):
                self.assertEqual(json.loads(self.raw(request)), {"error": wanted})

    def test_one_that_says_nothing_and_one_that_reads_nothing_hold_nobody_up(self):
        silent = socket.socket(socket.AF_UNIX)
        self.addCleanup(silent.close)
        silent.connect(str(self.socket))
        deaf = socket.socket(socket.AF_UNIX)
        self.addCleanup(deaf.close)
        deaf.connect(str(self.socket))
        deaf.sendall(b'{"command":"events"}\n')
        for number in range(200):
            self.publish("t", b"%d" % number)
        self.assertEqual(self.ask("clients"), [])


class Client(unittest.TestCase):
    def test_no_broker_there_is_status_2(self):
        result = run("broker", "clients", "--control", "/nowhere/control")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, rb"^mqtk-broker: cannot reach a broker at '/nowhere/control': [^\n]+\n$")

    def test_usage(self):
        for arguments, wanted in ((["clients"], b"--control"), (["kick", "--control", "x"], b"kick needs a CLIENT"),
                                  (["dump", "more", "--control", "x"], b"unexpected word 'more'")):
            with self.subTest(arguments):
                result = run("broker", *arguments)
                self.assertEqual((result.returncode, result.stdout), (1, b""))
                self.assertIn(wanted, result.stderr)

    def test_a_mistyped_command_starts_neither_a_broker_nor_a_program(self):
        for arguments, wanted in (
                (["client", "--control", "x"], "no command of a broker is called 'client'; did you mean 'clients'?"),
                (["touch"], "no command of a broker is called 'touch'; a program to run stands behind --"),
                (["--control", "x", "clients"], "'clients' has to come first: mqtk broker clients --control SOCKET")):
            with self.subTest(arguments):
                result = run("broker", *arguments)
                self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                                 (1, b"", f"mqtk-broker: {wanted}\n"))

    def test_a_command_of_the_broker_finds_the_socket_in_its_environment(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "control"
            result = run("broker", "--control", path, "--", "sh", "-c", "echo $MQTK_CONTROL")
            self.assertEqual(result.stdout, f"{path}\n".encode())
            self.assertTrue(wait_until(lambda: not path.exists()))


if __name__ == "__main__":
    unittest.main()
