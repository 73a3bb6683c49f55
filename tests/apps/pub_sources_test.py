#!/usr/bin/env python3
"""Where mqtk-pub takes messages from, what it makes of them, and how fast it sends them."""

import json
import signal
import subprocess
import tempfile
import time
import unittest

import running
from running import CONNACK, LIMIT, Observer, run, start


class Cases(running.BrokerCases):
    def setUp(self):
        super().setUp()
        self.observer = Observer(self.broker.port, f"{self.topic}/#")
        self.addCleanup(self.observer.close)

    def publish(self, *arguments, stdin=b"", expect=0):
        result = run("pub", "-p", self.broker.port, *arguments, stdin=stdin)
        self.assertEqual((result.returncode, result.stdout), (expect, b""), result.stderr)
        return result.stderr.decode()

    def assert_received(self, *messages):
        """(topic below ours, payload) in this order."""
        self.observer.wait_for(len(messages), 10)
        received = [(topic[len(self.topic) + 1:], payload) for topic, payload, _ in self.observer.messages]
        self.assertEqual(received, list(messages))

    def test_several_files_are_several_messages(self):
        with tempfile.NamedTemporaryFile() as one, tempfile.NamedTemporaryFile() as two:
            one.write(b"1\n")
            one.flush()
            two.write(b"2\0")
            two.flush()
            self.publish("-t", f"{self.topic}/a", "-q", 1, "-f", one.name, "-f", two.name, "-f", "-", stdin=b"3")
        self.assert_received(("a", b"1\n"), ("a", b"2\0"), ("a", b"3"))

    def test_each_line_may_begin_with_its_topic(self):
        self.publish("-l", "--topic-from-line", "-q", 1, stdin=b"%s/a 1 2\n%s/b\n" % ((self.topic.encode(),) * 2))
        self.publish("-l", "--topic-from-line", "--separator", "\\t", "-q", 1, stdin=b"%s/a b\tc d" % self.topic.encode())
        self.assert_received(("a", b"1 2"), ("b", b""), ("a b", b"c d"))

    def test_a_line_with_a_bad_topic_ends_the_input_and_what_came_before_is_sent(self):
        error = self.publish("-l", "--topic-from-line", "-q", 1, expect=7,
                             stdin=b"%s/a 1\n%s/# 2\n%s/c 3\n" % ((self.topic.encode(),) * 3))
        self.assertEqual(error, f"mqtk-pub: line 2: topic '{self.topic}/#': the Topic Name has a wildcard\n")
        self.assert_received(("a", b"1"))

    def test_what_sub_prints_as_json_is_published_again_as_it_was(self):
        lines = [
            {"topic": f"{self.topic}/a", "qos": 2, "retain": False, "dup": False, "packet_identifier": 7, "payload": "21.5",
             "properties": {"content_type": "text/plain", "topic_alias": 3, "subscription_identifiers": [4],
                            "correlation_data_base64": "AP8=", "user_properties": [["k", "1"], ["k", "2"]]}},
            {"time": "2026-11-20T23:56:54.123456789Z", "topic": f"{self.topic}/b", "payload_base64": "AP8="}]
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        listener = start("sub", "-p", proxy.port, "-t", f"{self.topic}/#", "-q", 2, "-C", 2, "--json")
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        self.publish("--json-lines", "-q", 1, stdin="\n\n".join(map(json.dumps, lines)).encode())
        out, _ = listener.communicate(timeout=LIMIT)
        first, second = sorted(map(json.loads, out.splitlines()), key=lambda line: line["topic"])
        self.assertEqual((first["qos"], first["payload"]), (2, "21.5"))
        self.assertEqual(first["properties"], {"content_type": "text/plain", "correlation_data_base64": "AP8=",
                                               "user_properties": [["k", "1"], ["k", "2"]]})
        self.assertEqual((second["qos"], second["payload_base64"], second.get("properties")), (1, "AP8=", None))

    def test_options_say_what_a_json_line_leaves_open(self):
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        listener = start("sub", "-p", proxy.port, "-t", f"{self.topic}/#", "-q", 2, "-C", 2, "--json")
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        self.publish("--json-lines", "-t", f"{self.topic}/default", "-q", 2, "--content-type", "a", "--user-property", "b=c",
                     stdin=b'{"payload":"1"}\n{"payload":"2","qos":0,"properties":{"content_type":"z"}}\n')
        out, _ = listener.communicate(timeout=LIMIT)
        first, second = sorted(map(json.loads, out.splitlines()), key=lambda line: line["payload"])
        self.assertEqual((first["topic"], first["qos"], first["properties"]),
                         (f"{self.topic}/default", 2, {"content_type": "a", "user_properties": [["b", "c"]]}))
        self.assertEqual((second["qos"], second["properties"]), (0, {"content_type": "z", "user_properties": [["b", "c"]]}))

    def test_a_line_that_is_no_message_ends_the_input_with_its_number(self):
        error = self.publish("--json-lines", "-t", f"{self.topic}/a", "-q", 1, expect=7, stdin=b'{"payload":"1"}\n{"qos":3}\n')
        self.assertRegex(error, '^mqtk-pub: line 2: .*"qos"')
        self.assert_received(("a", b"1"))

    def test_a_stream_is_cut_into_chunks(self):
        self.publish("-t", f"{self.topic}/a", "-q", 1, "-s", "--chunk", "4", stdin=b"12345678\n")
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"a" * 1500)
            file.flush()
            self.publish("-t", f"{self.topic}/b", "-q", 1, "-f", file.name, "--chunk", "1k")
        self.publish("-t", f"{self.topic}/c", "-s", "--chunk", "4", stdin=b"")
        self.assert_received(("a", b"1234"), ("a", b"5678"), ("a", b"\n"), ("b", b"a" * 1024), ("b", b"a" * 476))

    def test_payloads_may_be_written_in_hex_or_base64_or_made_of_json(self):
        topic = f"{self.topic}/a"
        self.publish("-t", topic, "--hex", "-m", "00 ff41")
        self.publish("-t", topic, "--base64", "-s", stdin=b"AP9B\n")
        self.publish("-t", topic, "--to-cbor", "-m", '{"t":[1,-1,"a"]}')
        self.publish("-t", topic, "--to-msgpack", "-l", stdin=b'{"t":[1,-1,"a"]}\nnull\n')
        self.assert_received(("a", b"\x00\xffA"), ("a", b"\x00\xffA"), ("a", bytes.fromhex("a16174830120" "6161")),
                             ("a", bytes.fromhex("81a1749301ff" "a161")), ("a", b"\xc0"))

    def test_a_line_that_is_not_hex_is_status_7_and_a_message_that_is_not_is_status_1(self):
        error = self.publish("-t", f"{self.topic}/a", "--hex", "-l", expect=7, stdin=b"00\n0\n")
        self.assertEqual(error, "mqtk-pub: line 2: the payload is not hex digits in pairs\n")
        error = self.publish("-t", f"{self.topic}/a", "--hex", "-m", "x", expect=1)
        self.assertEqual(error, "mqtk-pub: the message is not hex digits in pairs\n")

    def test_a_template_is_filled_in_for_each_message(self):
        self.publish("-t", self.topic + "/{n}", "--template", "-m", '{"n":{n}, "r":{random:5..5}}', "--repeat", 2, "-q", 1)
        self.assert_received(("1", b'{"n":1, "r":5}'), ("2", b'{"n":2, "r":5}'))
        self.observer.messages.clear()
        self.publish("-t", self.topic + "/{n}", "--template", "-l", "-q", 1, stdin=b"{n}\n{x}\n")
        self.assert_received(("1", b"{n}"), ("2", b"{x}"))

    def test_a_topic_in_a_json_line_counts_more_than_the_template(self):
        lines = b'{"topic":"%s/own","payload":"1"}\n{"payload":"2"}\n' % self.topic.encode()
        self.publish("-t", self.topic + "/{n}", "--template", "--json-lines", "-q", 1, stdin=lines)
        self.assert_received(("own", b"1"), ("2", b"2"))
        self.observer.messages.clear()
        self.publish("--template", "--json-lines", "-q", 1, stdin=lines.splitlines()[0])
        self.assert_received(("own", b"1"))

    def test_without_template_braces_are_only_braces(self):
        self.publish("-t", self.topic + "/{n}", "-m", "{n}")
        self.assert_received(("{n}", b"{n}"))

    def test_messages_come_at_the_rate_that_was_asked_for(self):
        for pace, least in ((("--rate", "20/s"), 0.2), (("--interval", "50ms"), 0.2), (("--repeat-delay", "50ms"), 0.2),
                            (("--rate", "1200/m"), 0.2)):
            began = time.monotonic()
            self.publish("-t", f"{self.topic}/a", "-m", "x", "--repeat", 5, *pace)
            self.assertGreaterEqual(time.monotonic() - began, least, pace)
        began = time.monotonic()
        self.publish("-t", f"{self.topic}/a", "-l", "--rate", "20/s", stdin=b"1\n2\n3\n4\n5\n")
        self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_repeating_forever_ends_when_the_time_is_up(self):
        self.publish("-t", f"{self.topic}/a", "-m", "x", "--repeat", "forever", "--interval", "10ms", "-W", "2s", expect=6)
        self.assertTrue(self.observer.wait_for(5))

    def test_retained_messages_are_cleared_by_topic_or_by_lines_of_topics(self):
        topics = [f"{self.topic}/{name}" for name in "abc"]
        for topic in topics:
            self.publish("-t", topic, "-m", "kept", "-r", "-q", 1)
        self.publish("-t", topics[0], "--clear-retained", "-q", 1)
        self.publish("-l", "--clear-retained", "-q", 1, stdin="\n".join(topics[1:]).encode())
        later = run("sub", "-p", self.broker.port, "-t", f"{self.topic}/#", "-W", "2s")
        self.assertEqual(later.stdout, b"")

    def test_confirm_ends_with_0_when_all_has_come_back(self):
        for qos in (0, 1, 2):
            self.publish("-t", f"{self.topic}/a", "-m", "x", "--confirm", "-q", qos, "--repeat", 3)
        self.publish("-l", "--topic-from-line", "--confirm",
                     stdin=b"".join(b"%s/%d %d\n" % (self.topic.encode(), number % 3, number) for number in range(100)))
        self.assertTrue(self.observer.wait_for(109))

    def test_statistics_are_one_line(self):
        error = self.publish("-t", f"{self.topic}/a", "-l", "-q", 1, "--stats", "--confirm", stdin=b"one\ntwo\n")
        self.assertRegex(error, r"^mqtk-pub: 2 sent \(6 bytes\), 2 acknowledged, 0 refused, 2 come back; 0 reconnects; "
                                r"\d+\.\d{3} s, \d+ per second\n$")


    def test_statistics_are_printed_when_a_signal_ends_the_run(self):
        with start("pub", "-p", self.broker.port, "-t", f"{self.topic}/a", "-l", "-q", 1, "--stats",
                   stdin=subprocess.PIPE) as process:
            process.stdin.write(b"one\n")
            process.stdin.flush()
            self.assert_received(("a", b"one"))
            process.send_signal(signal.SIGTERM)
            error = process.communicate(timeout=LIMIT)[1].decode()
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertRegex(error, r"^mqtk-pub: 1 sent \(3 bytes\), [01] acknowledged, 0 refused; 0 reconnects; [^\n]+\n$")


class WithMosquitto(Cases, unittest.TestCase):
    make_broker = running.Mosquitto


class WithMqtkBroker(Cases, unittest.TestCase):
    make_broker = running.MqtkBroker


class WithScriptedBroker(running.ScriptedCases):
    def test_what_does_not_come_back_is_status_6(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            stream.receive()
            stream.send(0x90, b"\x00\x01\x00\x00")
            stream.receive()
            stream.send(0x31, running.text("a") + b"\x00x")  # kept from before
            stream.receive()
        broker = self.serve(talk)
        result = run("pub", "-p", broker.port, "-i", "me", "-t", "a", "-m", "x", "--confirm", "-W", "2s")
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (6, "mqtk-pub: 1 messages have not come back after 2 s (--timeout)\n"))

    def test_an_automatic_alias_replaces_the_topic_from_the_second_message_on(self):
        bodies = []

        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\x00\x00\x03\x22\x00\x0a")  # Topic Alias Maximum 10
            while (came := stream.receive()) and came[0] >> 4 == 3:
                bodies.append(came[1])
        broker = self.serve(talk)
        result = run("pub", "-p", broker.port, "-i", "me", "-t", "long/topic", "-l", "--auto-topic-alias", stdin=b"1\n2\n")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        running.wait_until(lambda: len(bodies) == 2)
        self.assertEqual(bodies, [running.text("long/topic") + b"\x03\x23\x00\x01" b"1", running.text("") + b"\x03\x23\x00\x01" b"2"])

    def test_readable_options_become_properties(self):
        bodies = []

        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            bodies.append(stream.receive()[1])
            stream.receive()
        broker = self.serve(talk)
        arguments = ["pub", "-p", broker.port, "-i", "me", "-t", "a", "-m", "x"]
        text = running.text
        for options, properties in [
            (["--content-type", "text/plain"], b"\x03" + text("text/plain")),
            (["--message-expiry", "1.5m"], b"\x02\x00\x00\x00\x5a"),
            (["--payload-format-indicator", "1"], b"\x01\x01"),
            (["--response-topic", "r"], b"\x08" + text("r")),
            (["--correlation-data", "hex:00ff"], b"\x09" + text(b"\x00\xff")),
            (["--correlation-data", "base64:AP8="], b"\x09" + text(b"\x00\xff")),
            (["-D", "publish", "correlation-data", "hex:00ff"], b"\x09" + text(b"\x00\xff")),
            (["--correlation-data", "plain"], b"\x09" + text("plain")),
            (["--user-property", "a=b=c", "--user-property", "a="], b"\x26" + text("a") + text("b=c") + b"\x26" + text("a") + text("")),
        ]:
            result = run(*arguments, *options)
            self.assertEqual((result.returncode, result.stderr), (0, b""), options)
            self.assertEqual(bodies.pop(), text("a") + bytes([len(properties)]) + properties + b"x", options)


class Usage(unittest.TestCase):
    def test_what_does_not_go_together_is_told_in_one_line(self):
        for arguments, line in [
            (["-t", "a", "-l", "--topic-from-line"], "-t does not go with lines that name their topics"),
            (["-t", "a", "-m", "x", "--topic-from-line"], "-t does not go with lines that name their topics"),
            (["--topic-from-line", "-m", "x"], "--topic-from-line needs -l"),
            (["-t", "a", "-m", "x", "--chunk", "4"], "--chunk needs -s, or one -f"),
            (["-t", "a", "-s", "--chunk", "0"],
             "--chunk '0': not a number of bytes such as 500, 64k or 1M, at most 256M"),
            (["-t", "a", "-m", "x", "--hex", "--base64"],
             "--base64: the payload has one encoding; use one of --hex, --base64, --to-cbor and --to-msgpack"),
            (["-t", "a", "-m", "{tiem}", "--template"], "-m '{tiem}': {tiem} is no placeholder; there are {n}, {time}, "
                                                        "{uuid}, {random:…}, {env:NAME} and {file:NAME}"),
            (["-t", "a", "-m", "{file:/nowhere/a}", "--template"],
             "-m '{file:/nowhere/a}': cannot read /nowhere/a: No such file or directory"),
            (["-t", "a", "-l", "--separator", ","], "--separator needs --topic-from-line"),
            (["-t", "a", "-m", "x", "--rate", "fast"], "--rate 'fast': not a rate such as 50/s, 10/m or 2/h"),
            (["-t", "a", "-m", "x", "--rate", "1/s", "--repeat-delay", "1s"],
             "--repeat-delay does not go with --rate and --interval; give one"),
            (["-t", "a", "-m", "x", "--clear-retained"], "--clear-retained sends no payload; it goes with -l or alone"),
            (["-t", "a", "-m", "x", "-V", "3.1.1", "--content-type", "a"],
             "--mqtt-version '3.1.1': properties, --session-expiry, --receive-maximum, --maximum-packet-size, "
             "--topic-alias-maximum and --auth-method need version 5"),
            (["-t", "a", "-m", "x", "-V", "3.1.1", "--auto-topic-alias"], "--auto-topic-alias needs version 5"),
            (["-t", "a", "-m", "x", "--correlation-data", "hex:0"],
             "--correlation-data 'hex:0': not hex digits in pairs"),
            (["-t", "a", "-m", "x", "--content-type", "a", "--content-type", "b"],
             "--content-type 'b': given twice; only user properties may be repeated"),
        ]:
            with self.subTest(arguments):
                result = run("pub", *arguments)
                self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                                 (1, b"", f"mqtk-pub: {line}\n"))


running.drop_unavailable(globals())

if __name__ == "__main__":
    unittest.main()
