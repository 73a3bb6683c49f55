#!/usr/bin/env python3
"""Faults on command: what clients of mqtk-broker meet, and what it says about it."""

import json
import pathlib
import socket
import tempfile
import time
import unittest

from running import LIMIT, Stream, run, start, text

PING, PONG = b"\xc0\x00", (0xD0, b"")


class Faults(unittest.TestCase):
    def serve(self, *rules, arguments=()):
        options = [word for rule in rules for word in ("--fault", rule)]
        self.broker = start("broker", "--port", 0, *options, *arguments)
        self.addCleanup(self.end)
        self.port = int(self.broker.stdout.readline().strip().rsplit(b":", 1)[1])
        self.broker.stdout.readline()

    def end(self):
        if self.broker.poll() is None:
            self.broker.terminate()
        _, err = self.broker.communicate(timeout=LIMIT)
        return err.decode()

    def open(self):
        stream = Stream(socket.create_connection(("127.0.0.1", self.port), LIMIT))
        self.addCleanup(stream.close)
        return stream

    def client(self, name="a", version=4, clean=True, connack=(0x20, b"\0\0")):
        stream = self.open()
        properties = b"\0" if version == 5 else b""
        stream.send(0x10, text("MQTT") + bytes([version, 2 if clean else 0, 0, 0]) + properties + text(name))
        if version == 5:
            self.assertEqual(stream.receive()[1][:2], b"\0\0")
        else:
            self.assertEqual(stream.receive(), connack)
        return stream

    def subscribed(self, name="s", topic_filter="#", **fields):
        stream = self.client(name, **fields)
        stream.send(0x82, b"\0\1" + text(topic_filter) + b"\0")
        self.assertEqual(stream.receive(), (0x90, b"\0\1\0"))
        return stream

    def publish(self, stream, *payloads, topic="t"):
        for payload in payloads:
            stream.send(0x30, text(topic) + payload)

    def assert_gets(self, stream, *payloads, topic="t"):
        for payload in payloads:
            self.assertEqual(stream.receive(), (0x30, text(topic) + payload))

    def assert_alive(self, stream):
        stream.send(0xC0)
        self.assertEqual(stream.receive(), PONG)


class Requests(Faults):
    def test_connect_is_refused_with_a_reason_code_once(self):
        self.serve("refuse=0x87 client=a count=1")
        stream = self.open()
        stream.send(0x10, text("MQTT") + b"\5\2\0\0\0" + text("a"))
        self.assertEqual(stream.receive(), (0x20, b"\0\x87\0"))
        self.assertIsNone(stream.receive())
        self.assert_alive(self.client("a", version=5))
        self.assertIn("a: fault: CONNECT to the broker, by rule 1: refuse=0x87 client=a count=1", self.end())

    def test_an_older_client_gets_the_return_code_that_says_it_best(self):
        self.serve("refuse=0x87")
        stream = self.open()
        stream.send(0x10, text("MQTT") + b"\4\2\0\0" + text("a"))
        self.assertEqual(stream.receive(), (0x20, b"\0\5"))

    def test_a_publish_is_answered_and_goes_nowhere(self):
        self.serve("answer=0x97 packet=publish topic=full/#")
        watcher = self.subscribed()
        publisher = self.client("p", version=5)
        publisher.send(0x32, text("full/1") + b"\0\7\0x")
        self.assertEqual(publisher.receive(), (0x40, b"\0\7\x97"))
        publisher.send(0x30, text("free") + b"\0y")
        self.assert_gets(watcher, b"y", topic="free")

    def test_a_subscription_is_denied(self):
        self.serve("answer=0x87 packet=subscribe")
        stream = self.client(version=5)
        stream.send(0x82, b"\0\1\0" + text("a") + b"\0" + text("b") + b"\0")
        self.assertEqual(stream.receive(), (0x90, b"\0\1\0\x87\x87"))

    def test_acknowledgements_are_withheld_and_the_message_goes_out(self):
        self.serve("withhold client=p")
        watcher = self.subscribed()
        publisher = self.client("p")
        publisher.send(0x32, text("t") + b"\0\1x")
        self.assert_gets(watcher, b"x")
        self.assert_alive(publisher)  # no PUBACK before it

    def test_connack_says_another_receive_maximum(self):
        self.serve("receive-maximum=3")
        stream = self.open()
        stream.send(0x10, text("MQTT") + b"\5\2\0\0\0" + text("a"))
        _, body = stream.receive()
        self.assertIn(b"\x21\x00\x03", body)


class Packets(Faults):
    def test_the_second_and_third_message_of_a_topic_are_lost(self):
        self.serve("drop topic=t direction=to-client after=1 count=2")
        watcher = self.subscribed()
        self.publish(self.client("p"), b"1", b"2", b"3", b"4")
        self.assert_gets(watcher, b"1", b"4")
        self.assertEqual(self.end().count("fault: PUBLISH to the client, by rule 1"), 2)

    def test_a_packet_to_the_broker_comes_twice(self):
        self.serve("duplicate packet=publish direction=to-broker count=1")
        watcher = self.subscribed()
        self.publish(self.client("p"), b"1", b"2")
        self.assert_gets(watcher, b"1", b"1", b"2")

    def test_a_corrupt_packet_differs_in_one_bit_and_the_next_is_whole(self):
        self.serve("corrupt packet=publish direction=to-client count=1")
        watcher = self.subscribed()
        self.publish(self.client("p"), b"12345678", b"next")
        first, body = watcher.receive()
        sent = text("t") + b"12345678"
        self.assertEqual((first, len(body)), (0x30, len(sent)))
        self.assertEqual(sum(bin(a ^ b).count("1") for a, b in zip(sent, body)), 1)
        self.assert_gets(watcher, b"next")

    def test_the_same_seed_loses_the_same_messages(self):
        def survivors(seed):
            self.serve("drop direction=to-client packet=publish probability=0.5", arguments=("--fault-seed", seed))
            watcher = self.subscribed()
            publisher = self.client("p")
            self.publish(publisher, *(b"%d" % number for number in range(40)))
            self.assert_alive(publisher)
            self.assert_alive_after(watcher, payloads := [])
            self.end()
            return payloads

        first, again, other = survivors(1), survivors(1), survivors(2)
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)
        self.assertTrue(0 < len(first) < 40)

    def assert_alive_after(self, stream, payloads):
        stream.send(0xC0)
        while (came := stream.receive()) != PONG:
            payloads.append(came[1][3:])


class Time(Faults):
    def test_a_delayed_message_holds_what_follows_and_not_what_came_before(self):
        self.serve("delay=400ms topic=slow direction=to-client")
        watcher = self.subscribed()
        publisher = self.client("p")
        started = time.monotonic()
        self.publish(publisher, b"0")
        self.publish(publisher, b"1", topic="slow")
        self.publish(publisher, b"2")
        self.assert_gets(watcher, b"0")
        self.assert_gets(watcher, b"1", topic="slow")
        self.assertGreaterEqual(time.monotonic() - started, 0.4)
        self.assert_gets(watcher, b"2")

    def test_a_packet_to_the_broker_is_delayed(self):
        self.serve("delay=300ms packet=pingreq count=1")
        stream = self.client()
        started = time.monotonic()
        self.assert_alive(stream)
        self.assertGreaterEqual(time.monotonic() - started, 0.3)
        self.assert_alive(stream)

    def test_a_broker_that_stops_reading_goes_on_later(self):
        self.serve("stall=300ms packet=publish direction=to-broker count=1")
        watcher = self.subscribed()
        self.publish(self.client("p"), b"1", b"2")
        started = time.monotonic()
        self.assert_gets(watcher, b"1", b"2")
        self.assertGreaterEqual(time.monotonic() - started, 0.25)

    def test_a_stall_without_time_lasts_and_holds_nobody_else_up(self):
        self.serve("stall client=p packet=publish")
        watcher = self.subscribed()
        self.publish(self.client("p"), b"never")
        self.publish(self.client("q"), b"now")
        self.assert_gets(watcher, b"now")

    def test_a_throttled_client_gets_so_many_bytes_a_second(self):
        self.serve("throttle=20000 client=s direction=to-client packet=suback count=1")
        watcher = self.subscribed()
        started = time.monotonic()
        self.publish(self.client("p"), *([b"x" * 995] * 10))
        self.assert_gets(watcher, *([b"x" * 995] * 10))
        self.assertGreaterEqual(time.monotonic() - started, 0.4)

    def test_a_throttled_publisher_is_read_at_its_pace(self):
        self.serve("throttle=20000 client=p direction=to-broker packet=connect count=1",
                   "throttle=20000 direction=to-broker packet=pingreq client=p count=1")
        watcher = self.subscribed()
        publisher = self.client("p")
        self.assert_alive(publisher)
        started = time.monotonic()
        self.publish(publisher, *([b"x" * 995] * 10))
        self.assert_gets(watcher, *([b"x" * 995] * 10))
        self.assertGreaterEqual(time.monotonic() - started, 0.4)


class Ends(Faults):
    def test_a_connection_is_cut_in_the_middle_of_a_packet(self):
        self.serve("cut=5 packet=publish direction=to-client")
        watcher = self.subscribed()
        self.publish(self.client("p"), b"12345")
        got = b""
        while block := watcher.socket.recv(100):
            got += block
        self.assertEqual(got, b"\x30\x08\x00\x01t")

    def test_a_connection_is_closed_in_place_of_a_packet(self):
        self.serve("close packet=publish direction=to-broker")
        watcher = self.subscribed()
        publisher = self.client("p")
        self.publish(publisher, b"1")
        self.assertIsNone(publisher.receive())
        self.assert_alive(watcher)  # nothing came

    def test_a_5_0_client_is_told_with_disconnect(self):
        self.serve("disconnect=0x8B packet=pingreq")
        stream = self.client(version=5)
        stream.send(0xC0)
        self.assertEqual(stream.receive(), (0xE0, b"\x8b"))
        self.assertIsNone(stream.receive())

    def test_a_session_seems_taken_over_and_is_kept(self):
        self.serve("take-over packet=publish direction=to-broker")
        first = self.client(version=5)
        self.publish(first, b"\0x")
        self.assertEqual(first.receive(), (0xE0, b"\x8e"))

    def test_a_session_is_forgotten(self):
        self.serve("forget packet=pingreq")
        stream = self.client(clean=False)
        stream.send(0xC0)
        self.assertIsNone(stream.receive())
        self.client(clean=False, connack=(0x20, b"\0\0"))  # no Session Present

    def test_without_the_fault_the_session_is_present(self):
        self.serve("close packet=pingreq")
        stream = self.client(clean=False)
        stream.send(0xC0)
        self.assertIsNone(stream.receive())
        self.client(clean=False, connack=(0x20, b"\1\0"))

    def test_the_broker_restarts(self):
        self.serve("restart packet=pingreq client=trigger")
        other = self.client("other", version=5)
        retained = self.client("r")
        retained.send(0x31, text("kept") + b"x")
        self.assert_alive(retained)
        trigger = self.client("trigger")
        trigger.send(0xC0)
        self.assertIsNone(trigger.receive())
        self.assertEqual(other.receive()[:1], (0xE0,))
        stream = self.subscribed()
        self.assert_alive(stream)  # and no retained message


class Sources(Faults):
    def test_a_file_has_a_rule_a_line(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "faults"
            file.write_text("# lost messages\n\ndrop packet=publish direction=to-client count=1\n")
            self.serve(arguments=("--fault-file", file))
            watcher = self.subscribed()
            self.publish(self.client("p"), b"1", b"2")
            self.assert_gets(watcher, b"2")
            file.write_text("\nexplode\n")
            result = run("broker", "--port", 0, "--fault-file", file)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"line 2: unknown fault 'explode'", result.stderr)

    def test_a_bad_rule_is_a_usage_error(self):
        result = run("broker", "--port", 0, "--fault", "delay=soon")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"delay 'soon' is no time such as 500ms or 2s", result.stderr)

    def test_faults_come_and_go_over_the_control_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            control = pathlib.Path(folder) / "control"
            self.serve(arguments=("--control", control))
            watcher = self.subscribed()
            publisher = self.client("p")

            def ask(*words):
                result = run("broker", *words, "--control", control)
                self.assertEqual((result.returncode, result.stderr), (0, b""))
                return [json.loads(line) for line in result.stdout.splitlines()]

            rule = "drop packet=publish direction=to-client"
            self.assertEqual(ask("fault", rule), [{"number": 1}])
            self.publish(publisher, b"lost")
            self.assert_alive(publisher)
            self.assertEqual(ask("faults"), [{"number": 1, "rule": rule, "met": 1, "injected": 1}])
            self.assertEqual(ask("clear-faults"), [{"cleared": 1}])
            self.publish(publisher, b"comes")
            self.assert_gets(watcher, b"comes")
            result = run("broker", "fault", "explode", "--control", control)
            self.assertEqual(result.returncode, 4)
            self.assertIn(b"unknown fault 'explode'", result.stderr)


if __name__ == "__main__":
    unittest.main()
