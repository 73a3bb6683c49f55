#!/usr/bin/env python3
"""mqtk-inspect on recordings of messages: they are shown as the packets that would bring them."""

import json
import struct
import unittest

from recordings import Files
from running import run

TOLD = b": read as a recording: each message is shown as the PUBLISH of MQTT 5.0 that brings it\n"


class Recordings(Files):

    def source(self):
        return self.jsonl("r.jsonl", [
            {"topic": "a/1", "qos": 0, "retain": False, "dup": False, "payload": "21.5"},
            {"topic": "a/2", "qos": 1, "retain": True, "dup": False, "payload": "x",
             "properties": {"content_type": "text/plain"}},
            {"topic": "b", "qos": 2, "retain": False, "dup": False, "payload_base64": "AP8="}], step=1)

    def inspect(self, *arguments, status=0, stdin=b""):
        result = run("inspect", *arguments, stdin=stdin)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def test_messages_of_every_format_are_shown_as_packets(self):
        source = self.source()
        # A PUBLISH each, by hand: type and flags, Remaining Length, topic, Packet Identifier, properties, payload.
        sizes = [2 + 2 + 3 + 1 + 4, 2 + 2 + 3 + 2 + 1 + 13 + 1, 2 + 2 + 1 + 2 + 1 + 2]
        for path in (source, self.mcap("r.mcap", source)):
            result = self.inspect("--json", path)
            self.assertEqual(result.stderr, f"mqtk-inspect: {path}".encode() + TOLD)
            shown = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual([(p["index"], p["offset"], p["length"], p["direction"], p["time"]) for p in shown], [
                (0, 0, sizes[0], "server_to_client", "2023-11-14T22:13:20.000000000Z"),
                (1, sizes[0], sizes[1], "server_to_client", "2023-11-14T22:13:21.000000000Z"),
                (2, sizes[0] + sizes[1], sizes[2], "server_to_client", "2023-11-14T22:13:22.000000000Z")])
            self.assertEqual(shown[1]["fields"], {
                "dup": False, "qos": 1, "retain": True, "topic_name": "a/2", "packet_identifier": 1,
                "properties": {"content_type": "text/plain"}, "payload": "x"})
            self.assertEqual([p["problems"] for p in shown], [[], [], []])

    def test_filters_and_views_work_as_with_other_packets(self):
        source = self.source()
        lines = self.inspect("--where", 'topic~"a/+" && qos>0', source).stdout.splitlines()
        self.assertEqual(len(lines), 1)
        self.assertIn(b"PUBLISH", lines[0])
        self.assertIn(b"a/2", lines[0])
        self.assertIn(b"Content Type", self.inspect("--view", "annotated", source).stdout)
        self.inspect("--view", "none", "--write", self.path("w.pcapng"), source)
        self.assertIn(b"a/2", self.inspect(self.path("w.pcapng")).stdout)

    def test_csv_and_standard_input_are_named(self):
        self.path("r.csv").write_text("timestamp,topic,payload,qos,retain\n2023-11-14T22:13:20Z,a,1,0,false\n")
        self.assertIn(b"PUBLISH", self.inspect("--input-format", "recording", self.path("r.csv")).stdout)
        result = self.inspect("--input-format", "recording", "-", stdin=self.source().read_bytes())
        self.assertEqual(result.stdout.count(b"PUBLISH"), 3)
        self.assertEqual(result.stderr, b"mqtk-inspect: standard input" + TOLD)

    def test_what_is_damaged_or_no_packet_is_told_and_the_rest_is_shown(self):
        path = self.jsonl("d.jsonl", [("a", "1"), {"topic": "a", "qos": 0, "dup": True, "payload": "2"}, ("a", "3")])
        path.write_text(path.read_text() + "half a li")
        result = self.inspect(path, status=7)
        self.assertEqual(result.stdout.count(b"PUBLISH"), 2)
        self.assertIn(b"message 1 can be no packet", result.stderr)
        self.assertIn(b"line 4 (the file ends in it)", result.stderr)

    def test_other_lines_of_json_and_binary_files_are_not_taken_for_messages(self):
        self.path("other.jsonl").write_text('{"a":1}\n')
        self.assertNotIn(TOLD, self.inspect(self.path("other.jsonl"), status=7).stderr)
        self.path("raw.mcap").write_bytes(struct.pack("!BB", 0xC0, 0))
        self.assertIn(b"PINGREQ", self.inspect(self.path("raw.mcap")).stdout)


if __name__ == "__main__":
    unittest.main()
