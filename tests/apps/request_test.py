#!/usr/bin/env python3
"""mqtk-request and mqtk-respond, with each other, with the mosquitto clients and with scripted brokers."""

import json
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import running
from running import LIMIT, run, start, text


class Cases(running.BrokerCases):
    def ask(self, *arguments, stdin=b"", expect=0):
        result = run("request", "-p", self.broker.port, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, expect, result.stderr)
        return result.stdout, result.stderr.decode()

    def test_a_command_answers_with_what_it_prints(self):
        self.listen("respond", "-t", self.topic + "/+", "--exec", 'printf "%s: " "$MQTK_TOPIC"; tr a-z A-Z; echo; echo')
        for qos in (0, 1, 2):
            out, err = self.ask("-t", self.topic + "/x", "-m", "go", "-q", qos)
            self.assertEqual((out, err), (f"{self.topic}/x: GO\n\n".encode(), ""))

    def test_a_command_finds_the_properties_in_its_environment(self):
        self.listen("respond", "-t", self.topic, "--exec",
                    'echo "$MQTK_QOS $MQTK_RETAIN $MQTK_CONTENT_TYPE"; echo "$MQTK_RESPONSE_TOPIC"; echo "$MQTK_PROPERTIES"')
        out, _ = self.ask("-t", self.topic, "-m", "x", "-q", 1, "--content-type", "text/plain", "--user-property", "a=b")
        first, topic, properties = out.decode().splitlines()
        self.assertEqual(first, "1 0 text/plain")
        self.assertRegex(topic, "^mqtk/response/[0-9a-f]{16}$")
        seen = json.loads(properties)
        self.assertEqual((seen["response_topic"], seen["user_properties"]), (topic, [["a", "b"]]))
        self.assertEqual(seen["correlation_data"], topic.rsplit("/", 1)[1] + "-1")

    def test_a_text_or_an_echo_answers_without_a_command(self):
        self.listen("respond", "-t", self.topic + "/text", "-m", "fine")
        self.listen("respond", "-t", self.topic + "/echo", "--echo")
        self.assertEqual(self.ask("-t", self.topic + "/text", "-n")[0], b"fine\n")
        self.assertEqual(self.ask("-t", self.topic + "/echo", "-s", stdin=b"\0\xff\n")[0], b"\0\xff\n\n")

    def test_each_line_is_a_request_and_several_wait_at_a_time(self):
        # A command ends only when all four have begun.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        begun = folder.name
        command = f"touch {begun}/$$; while [ $(ls {begun} | wc -l) -lt 4 ]; do sleep 0.05; done; cat"
        self.listen("respond", "-t", self.topic, "--exec", command, "--jobs", 4)
        out, err = self.ask("-t", self.topic, "-l", "--parallel", 4, "--latency", "-q", 1, stdin=b"1\n2\n3\n4\n")
        self.assertEqual(sorted(out.split()), [b"1", b"2", b"3", b"4"])
        self.assertRegex(err, r"^mqtk-request: 4 requests, 4 answered; milliseconds: min \d+\.\d{3}, mean .* max .*\n$")

    def test_answers_come_in_any_of_the_formats(self):
        self.listen("respond", "-t", self.topic, "-m", '{"a":1.50}', "--content-type", "application/json")
        ask = ["-t", self.topic, "-m", "x"]
        self.assertEqual(self.ask(*ask, "--pretty")[0], b'{\n  "a": 1.50\n}\n')
        self.assertEqual(self.ask(*ask, "-F", "%C %l")[0], b"application/json 10\n")
        line = json.loads(self.ask(*ask, "--json")[0])
        self.assertEqual((line["payload"], line["properties"]["content_type"]), ('{"a":1.50}', "application/json"))

    def test_several_answers_can_be_waited_for(self):
        for answer in ("one", "two"):
            self.listen("respond", "-t", self.topic, "-m", answer)
        out, _ = self.ask("-t", self.topic, "-n", "--count", 2)
        self.assertEqual(sorted(out.split()), [b"one", b"two"])
        began = time.monotonic()
        out, err = self.ask("-t", self.topic, "-n", "--count", "all", "-W", "2s")
        self.assertEqual((sorted(out.split()), err), ([b"one", b"two"], ""))
        self.assertGreaterEqual(time.monotonic() - began, 2)
        out, err = self.ask("-t", self.topic, "-n", "--count", 3, "-W", "2s", expect=6)
        self.assertEqual(err, "mqtk-request: only 2 of 3 answers to the request within 2 s (--timeout)\n")

    def test_no_answer_is_status_6_and_the_other_requests_go_on(self):
        self.listen("respond", "-t", self.topic, "--exec", "read -r word; test $word != 2 && echo $word")
        out, err = self.ask("-t", self.topic, "-l", "-W", "2s", stdin=b"1\n2\n3\n", expect=6)
        self.assertEqual((out, err), (b"1\n3\n", "mqtk-request: no answer to request 2 within 2 s (--timeout)\n"))

    def test_where_nothing_was_answered_there_are_no_latencies(self):
        out, err = self.ask("-t", self.topic, "-m", "x", "-W", "300ms", "--latency", expect=6)
        self.assertEqual((out, err), (b"", "mqtk-request: no answer to the request within 300 ms (--timeout)\n"
                                           "mqtk-request: 1 requests, 0 answered\n"))

    def test_a_failing_command_is_told_and_counts(self):
        responder = self.listen("respond", "-t", self.topic, "--exec", "exit 3", "-C", 1)
        self.ask("-t", self.topic, "-n", "-W", "2s", expect=6)
        _, err = responder.communicate(timeout=LIMIT)
        self.assertEqual((responder.returncode, err.decode()),
                         (9, f"mqtk-respond: the command for '{self.topic}' ended with status 3; no answer is sent\n"))

    def test_a_request_without_a_response_topic_is_told(self):
        responder = self.listen("respond", "-t", self.topic, "--echo", "-C", 1)
        run("pub", "-p", self.broker.port, "-t", self.topic, "-m", "x")
        _, err = responder.communicate(timeout=LIMIT)
        self.assertEqual((responder.returncode, err.decode()),
                         (9, f"mqtk-respond: a request to '{self.topic}' names no Response Topic; answer such with "
                             "--response-topic\n"))

    def test_nobody_to_answer_is_status_8_at_qos_1(self):
        # Both brokers tell with the acknowledgement that nobody subscribes.
        _, err = self.ask("-t", self.topic, "-m", "x", "-q", 1, expect=8)
        self.assertEqual(err, "mqtk-request: nobody subscribes to the topic of the request\n")

    def test_answers_to_somebody_else_are_passed_over(self):
        responder = self.listen("sub", "-t", self.topic, "--json", "-C", 1)
        asking = self.listen("request", "-t", self.topic, "-m", "go", "-e", self.topic + "/answers", "-W", "20s")
        out, _ = responder.communicate(timeout=LIMIT)
        properties = json.loads(out)["properties"]
        self.assertEqual(properties["response_topic"], self.topic + "/answers")
        answer = ["pub", "-p", self.broker.port, "-t", self.topic + "/answers", "-q", 1]
        run(*answer, "-m", "stale", "--correlation-data", "other")
        run(*answer, "-m", "nobody's")
        run(*answer, "-m", "right", "--correlation-data", properties["correlation_data"])
        out, err = asking.communicate(timeout=LIMIT)
        self.assertEqual((asking.returncode, out, err), (0, b"right\n", b""))

    def test_messages_that_answer_nothing_are_counted_when_the_time_is_up(self):
        asking = self.listen("request", "-t", self.topic, "-m", "go", "-e", self.topic + "/answers", "-W", "3s")
        run("pub", "-p", self.broker.port, "-t", self.topic + "/answers", "-m", "stale")
        _, err = asking.communicate(timeout=LIMIT)
        self.assertEqual((asking.returncode, err.decode().splitlines()), (6, [
            "mqtk-request: no answer to the request within 3 s (--timeout)",
            f"mqtk-request: 1 messages at '{self.topic}/answers' answered no request; they repeated other Correlation Data "
            "or none"]))

    def test_without_5_0_a_member_of_the_json_tells_answers_apart(self):
        self.listen("respond", "-V", "3.1.1", "-t", self.topic + "/request", "--response-topic", "{topic}/answer", "--exec",
                    "sed 's/}/,\"ok\":true}/'")
        for version in ("3.1.1", "5"):
            ask = ["-V", version, "-t", self.topic + "/request", "-e", self.topic + "/request/answer", "--match-json",
                   "/transaction"]
            self.assertEqual(self.ask(*ask, "-m", '{"transaction":7}')[0], b'{"transaction":7,"ok":true}\n')
            self.assertRegex(self.ask(*ask, "-m", '{"a":1}')[0].decode(),
                             r'^\{"transaction":"[0-9a-f]{16}-1","a":1,"ok":true\}\n$')
            self.assertRegex(self.ask(*ask, "-m", "{ }")[0].decode(), r'^\{"transaction":"[0-9a-f]{16}-1" ,"ok":true\}\n$')
        _, err = self.ask(*ask, "-m", "x", expect=7)
        self.assertEqual(err, "mqtk-request: the request has no value at /transaction (--match-json), and none can be added\n")

    def test_without_5_0_and_a_match_the_next_message_is_the_answer(self):
        self.listen("respond", "-V", "3.1.1", "-t", self.topic, "--response-topic", "{topic}/r", "--echo")
        out, _ = self.ask("-V", "3.1.1", "-t", self.topic, "-e", self.topic + "/r", "-m", "x")
        self.assertEqual(out, b"x\n")

    def test_requests_and_answers_survive_cut_connections(self):
        cut = running.CuttingProxy(self.broker.port, [600, 500, 700])
        self.addCleanup(cut.close)
        responder = start("respond", "-p", cut.port, "-t", self.topic, "--exec", "cat", "--reconnect-delay", "20ms",
                          "-c", "-i", self.topic.replace("/", "-"), stderr=subprocess.DEVNULL)
        self.addCleanup(responder.stdout.close)
        self.addCleanup(lambda: (responder.kill(), responder.wait()))
        self.assertTrue(cut.subscribed.wait(LIMIT))
        asked = running.CuttingProxy(self.broker.port, [900, 800])
        self.addCleanup(asked.close)
        lines = [b"%d" % number for number in range(60)]
        result = run("request", "-p", asked.port, "-t", self.topic, "-l", "-q", 1, "--parallel", 5, "-W", 30,
                     "--reconnect-delay", "20ms", stdin=b"\n".join(lines))
        self.assertEqual((result.returncode, sorted(set(result.stdout.split()))), (0, sorted(lines)), result.stderr)
        self.assertGreaterEqual(cut.connections, 2)
        self.assertGreaterEqual(asked.connections, 2)

    def test_signals_end_a_responder_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            responder = self.listen("respond", "-t", self.topic, "--exec", "cat")
            responder.send_signal(number)
            self.assertEqual((responder.wait(LIMIT), responder.stderr.read()), (0, b""))

    @unittest.skipUnless(shutil.which("mosquitto_rr"), "mosquitto_rr is not installed")
    def test_mosquitto_rr_is_answered(self):
        self.listen("respond", "-t", self.topic, "-m", "fine")
        result = subprocess.run(["mosquitto_rr", "-p", str(self.broker.port), "-t", self.topic, "-e", self.topic + "/r", "-m",
                                 "x", "-W", "20"], capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, b"fine\n"))


class WithMosquitto(Cases, unittest.TestCase):
    make_broker = running.Mosquitto


class WithMqtkBroker(Cases, unittest.TestCase):
    make_broker = running.MqtkBroker


class WithScriptedBroker(running.ScriptedCases):
    def test_the_response_topic_lies_below_the_response_information(self):
        seen = []

        def talk(stream):
            seen.append(stream.receive()[1])
            stream.send(0x20, b"\x00\x00" + bytes([len(text("answers/me/")) + 1]) + b"\x1a" + text("answers/me/"))
            seen.append(stream.receive()[1])
            stream.send(0x90, b"\x00\x01\x00\x00")
            seen.append(stream.receive()[1])
            topic = re.search(rb"answers/me/[0-9a-f]{16}", seen[1])[0]
            data = re.search(rb"\x09\x00\x12([0-9a-f]{16}-1)", seen[2])[1]
            stream.send(0x30, text(topic) + bytes([len(text(data)) + 1]) + b"\x09" + text(data) + b"pong")
            stream.receive()
        broker = self.serve(talk)
        result = run("request", "-p", broker.port, "-i", "me", "-t", "a", "-m", "ping")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"pong\n", b""))
        self.assertIn(b"\x19\x01", seen[0], "Request Response Information")

    def test_a_denied_response_topic_is_status_4(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, running.CONNACK)
            stream.receive()
            stream.send(0x90, b"\x00\x01\x00\x87")
            stream.receive()
        broker = self.serve(talk)
        result = run("request", "-p", broker.port, "-i", "me", "-t", "a", "-m", "x", "-e", "r")
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (4, "mqtk-request: the broker denied the subscription to the response topic 'r': Not authorized "
                             "(0x87)\n"))

    def test_a_broker_that_does_not_answer_the_subscription_is_status_6(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, running.CONNACK)
            while stream.receive():
                pass
        broker = self.serve(talk)
        result = run("request", "-p", broker.port, "-i", "me", "-t", "a", "-m", "x", "-W", "2s")
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (6, f"mqtk-request: localhost:{broker.port} has not answered the subscription to the response "
                             "topic within 2 s (--timeout)\n"))


class Usage(unittest.TestCase):
    def test_what_cannot_be_done_is_told_in_one_line_before_connecting(self):
        for name, arguments, line in [
            ("request", ["-m", "x"], "no topic to publish to; give it with -t"),
            ("request", ["-t", "a"], "no message to publish; give it with -m, -f, -n, -s, -l or --json-lines"),
            ("request", ["-t", "a", "-m", "x", "-e", "b/#"], "--response-topic 'b/#': the Topic Name has a wildcard"),
            ("request", ["-t", "a", "-m", "x", "-V", "3.1.1"],
             "before version 5 a request cannot say where to answer; give --response-topic"),
            ("request", ["-t", "a", "-l", "-V", "3.1.1", "-e", "r", "--parallel", "2"],
             "before version 5 answers are told apart by --match-json only; give it, or no --parallel"),
            ("request", ["-t", "a", "-m", "x", "--match-json", "transaction"],
             "--match-json 'transaction': a JSON Pointer begins with /, such as /state or /list/0"),
            ("respond", ["-t", "a"], "no answer; give --exec, -m or --echo"),
            ("respond", ["--echo"], "no topic to subscribe to; give it with -t"),
            ("respond", ["-t", "a", "--echo", "-m", "x"],
             "--message 'x': the answer is given twice; use one of --exec, -m and --echo"),
            ("respond", ["-t", "a", "--echo", "--jobs", "2"], "--jobs needs --exec"),
        ]:
            with self.subTest(arguments):
                result = run(name, *arguments)
                self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                                 (1, b"", f"mqtk-{name}: {line}\n"))


running.drop_unavailable(globals())

if __name__ == "__main__":
    unittest.main()
