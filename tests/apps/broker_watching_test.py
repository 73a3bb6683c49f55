#!/usr/bin/env python3
"""mqtk-broker --expect, --record and --trace: what a test learns of the traffic through its broker."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from running import BIN, LIMIT, run, start

PUB = str(BIN / "mqtk-pub")


class Watching(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def expect(self, expectation, *arguments):
        path = self.folder / "expect.json"
        path.write_text(expectation if isinstance(expectation, str) else json.dumps(expectation))
        return run("broker", "--expect", path, *arguments)

    def start_expecting(self, expectation):
        path = self.folder / "expect.json"
        path.write_text(json.dumps(expectation))
        broker = start("broker", "--port", 0, "--expect", path)
        self.addCleanup(lambda: broker.poll() is None and (broker.kill(), broker.wait()))
        port = int(broker.stdout.readline().strip().rsplit(b":", 1)[1])
        broker.stdout.readline()
        return broker, port

    def test_with_a_command_the_expectation_decides_when_the_command_is_content(self):
        wanted = {"messages": [{"topic": "a/+", "payload": "x", "qos": 1, "count": 1}]}
        met = self.expect(wanted, "--", PUB, "-t", "a/b", "-m", "x", "-q", "1")
        self.assertEqual((met.returncode, met.stderr), (0, b""))
        missed = self.expect(wanted, "--", PUB, "-t", "a/b", "-m", "y", "-q", "1")
        self.assertEqual(missed.returncode, 8)
        self.assertEqual(missed.stderr, b"mqtk-broker: expected 1 message to 'a/+' with a certain payload of 1 bytes at "
                                        b"QoS 1, 0 came\n")
        self.assertEqual(self.expect(wanted, "--", "sh", "-c", "exit 3").returncode, 3)

    def test_a_command_that_takes_too_long_is_ended(self):
        began = time.monotonic()
        ended = self.expect({"within": "200ms", "messages": [{"topic": "a"}]}, "--", "sleep", "50")
        self.assertLess(time.monotonic() - began, 30)
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn(b"expected at least 1 message to 'a', 0 came", ended.stderr)

    def test_without_a_command_the_broker_ends_as_soon_as_everything_came(self):
        broker, port = self.start_expecting({"within": "50s", "messages": [{"topic": "a"}, {"topic": "b"}]})
        run("pub", "-p", port, "-t", "a", "-m", "1")
        self.assertIsNone(broker.poll())
        run("pub", "-p", port, "-t", "b", "-m", "1")
        self.assertEqual((broker.communicate(timeout=LIMIT)[1], broker.returncode), (b"", 0))

    def test_one_message_too_many_ends_it_at_once(self):
        broker, port = self.start_expecting({"within": "50s", "messages": [{"topic": "errors/#", "count": 0}]})
        run("pub", "-p", port, "-t", "errors/1", "-m", "1")
        self.assertEqual(broker.communicate(timeout=LIMIT)[1], b"mqtk-broker: expected 0 messages to 'errors/#', 1 came\n")
        self.assertEqual(broker.returncode, 8)

    def test_a_signal_ends_it_with_the_verdict_so_far(self):
        broker, _ = self.start_expecting({"within": "50s", "messages": [{"topic": "a"}]})
        broker.send_signal(signal.SIGTERM)
        broker.communicate(timeout=LIMIT)
        self.assertEqual(broker.returncode, 8)

    def test_a_file_that_cannot_be_read_is_a_mistake_of_the_caller(self):
        for text in ("{", '{"messages":[{"topic":"a","count":-1}]}'):
            ended = self.expect(text, "--", "true")
            self.assertEqual(ended.returncode, 1)
            self.assertIn(b"expect.json", ended.stderr)
        self.assertEqual(run("broker", "--expect", self.folder / "none").returncode, 1)

    def test_a_record_holds_what_was_published_and_can_be_replayed(self):
        for name in ("all.mcap", "all.jsonl"):
            with self.subTest(name):
                path = self.folder / name
                ended = run("broker", "--record", path, "--", "sh", "-c",
                            f"{PUB} -t a/b -m 21.5 -q 1 -r && {PUB} -t c -m x")
                self.assertEqual((ended.returncode, ended.stderr), (0, b""))
                lines = [json.loads(line) for line in run("recording", "cat", "--json", path).stdout.splitlines()]
                self.assertEqual([(line["topic"], line["payload"], line["qos"], line["retain"]) for line in lines],
                                 [("a/b", "21.5", 1, True), ("c", "x", 0, False)])
                again = run("broker", "--record", path, "--", "true")
                self.assertEqual(again.returncode, 9)

    def test_a_record_whose_name_tells_no_format_is_a_mistake_of_the_caller(self):
        ended = run("broker", "--record", self.folder / "record.txt", "--", "true")
        self.assertEqual(ended.returncode, 1)
        self.assertIn(b"the name must end in .mcap, .jsonl, .pcapng or .csv", ended.stderr)

    def test_a_will_is_recorded_too(self):
        path = self.folder / "will.jsonl"
        run("broker", "--record", path, "--", "sh", "-c",
            f"{BIN / 'mqtk-sub'} -t x --will-topic gone --will-payload bye & sleep 0.5; kill -9 $!; sleep 0.3")
        self.assertIn('"topic":"gone"', path.read_text())

    def test_a_trace_is_read_by_inspect_and_tshark(self):
        path = self.folder / "all.pcapng"
        ended = run("broker", "--trace", path, "--", PUB, "-t", "a/b", "-m", "21.5", "-q", "1")
        self.assertEqual(ended.returncode, 0)
        packets = [json.loads(line) for line in run("inspect", "--json", path).stdout.splitlines()]
        self.assertEqual([packet["type"] for packet in packets if "type" in packet],
                         ["CONNECT", "CONNACK", "PUBLISH", "PUBACK", "DISCONNECT"])
        self.assertFalse([packet for packet in packets if packet.get("problems")])
        if shutil.which("tshark"):
            shown = subprocess.run(["tshark", "-r", path, "-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype"],
                                   capture_output=True, text=True, timeout=LIMIT, check=False,
                                   env={**os.environ, "HOME": str(self.folder)})
            self.assertEqual(shown.stdout.replace(",", "\n").split(), ["1", "2", "3", "4", "14"])


if __name__ == "__main__":
    unittest.main()
