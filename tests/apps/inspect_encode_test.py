#!/usr/bin/env python3
"""inspect --encode and pub --raw: from JSON back to bytes, and to a broker."""

import json
import pathlib
import tempfile
import unittest

import running
from running import MqtkBroker, run

SESSION = """\
10 0e 00 04 4d 51 54 54 05 02 00 0a 00 00 01 61
32 09 00 01 61 00 02 00 68 69 21
82 07 00 01 00 00 01 61 01
e0 00
"""


def inspect(*arguments, stdin=b""):
    done = run("inspect", *arguments, stdin=stdin)
    return done.returncode, done.stdout, done.stderr.decode()


class Cases(unittest.TestCase):
    maxDiff = None

    def test_what_json_says_becomes_the_same_bytes_again(self):
        _, lines, _ = inspect("--json", "-", stdin=SESSION.encode())
        self.assertEqual(inspect("--encode", "-", stdin=lines), (0, SESSION.encode(), ""))
        self.assertEqual(inspect("--encode", "--encode-to", "binary", stdin=lines), (0, bytes.fromhex(SESSION), ""))

    def test_all_valid_packets_come_back(self):
        """But for the forms that no encoder writes, which their files name."""
        folder = pathlib.Path(__file__).resolve().parent.parent / "data" / "packets" / "valid"
        count = 0
        for file in sorted(folder.glob("*_v5.hex")) + sorted(folder.glob("property_*.hex")):
            text = file.read_text()
            if "reencodes: no" in text or "*" in text or "version: 5.0" not in text:
                continue
            data = bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))
            _, lines, _ = inspect("--json", "--show-secrets", "--input-format", "raw", "-V", "5", "-", stdin=data)
            status, encoded, err = inspect("--encode", "--encode-to", "binary", stdin=lines)
            with self.subTest(file=file.name):
                self.assertEqual((status, len(encoded)), (0, len(data)), err)
            count += 1
        self.assertGreater(count, 50)

    def test_a_packet_is_edited(self):
        _, lines, _ = inspect("--json", "30 04 0001 61 00".replace(" ", ""), "-V", "5")
        packet = json.loads(lines)
        packet["fields"]["payload"] = "hello"
        self.assertEqual(inspect("--encode", json.dumps(packet)), (0, b"30 09 00 01 61 00 68 65 6c 6c 6f\n", ""))

    def test_a_broken_packet_is_encoded_and_told(self):
        status, out, err = inspect("--encode", '{"type":"PUBLISH","fields":{"qos":3,"topic_name":"a","packet_identifier":1}}')
        self.assertEqual((status, out), (0, b"36 06 00 01 61 00 01 00\n"))
        self.assertEqual(err, "mqtk-inspect: line 1: note: PUBLISH, byte 0: both QoS bits are set [MQTT-3.3.1-4]; "
                         "Malformed Packet (0x81)\n")

    def test_damaged_lines_are_told_with_line_and_column(self):
        status, out, err = inspect("--encode", "-", stdin=b'{"type":"PINGREQ"}\n\n{"type":PINGREQ}\n{"type":"PINGREQ"}\n')
        self.assertEqual((status, out), (7, b"c0 00\n"))
        self.assertEqual(err, "mqtk-inspect: standard input: line 3: column 9: not JSON\n")
        status, _, err = inspect("--encode", '{"type":"PUBLISH"}')
        self.assertEqual((status, err), (7, "mqtk-inspect: line 1: fields.topic_name: missing\n"))
        self.assertEqual(inspect("--encode", "/no/such")[0], 1)
        self.assertEqual(inspect("--encode-to", "hex", "c000")[0], 1)

    def test_pcapng_is_written_and_read_again(self):
        _, lines, _ = inspect("--json", "-", stdin=SESSION.encode())
        status, data, err = inspect("--encode", "--encode-to", "pcapng", stdin=lines)
        self.assertEqual((status, err), (0, ""))
        _, again, _ = inspect("--json", "-", stdin=data)
        self.assertEqual([json.loads(line)["type"] for line in again.splitlines()],
                         ["CONNECT", "PUBLISH", "SUBSCRIBE", "DISCONNECT"])

    def test_hidden_secrets_are_not_sent(self):
        connect = "1012 0004 4d515454 04 c2 003c 0001 61 0001 75 0001 73".replace(" ", "").replace("1012", "1013")
        _, lines, _ = inspect("--json", connect)
        self.assertEqual(inspect("--encode", "-", stdin=lines)[0], 7)
        _, lines, _ = inspect("--json", "--show-secrets", connect)
        self.assertEqual(inspect("--encode", "--encode-to", "binary", stdin=lines), (0, bytes.fromhex(connect), ""))

    def test_signatures_of_shared_access_are_hidden_everywhere(self):
        signature = "Q2hhbmdlIG1lIHBsZWFzZSEhISE"
        topic = f"a?sig={signature}".encode()
        packet = bytes([0x30, len(topic) + 2, 0, len(topic)]) + topic
        for view in (["--json"], ["--view", "annotated", "--full"], ["--view", "tree"], ["--view", "line"],
                     ["--fields", "topic"]):
            with self.subTest(view=view):
                shown = inspect(*view, "-V", "3.1.1", packet.hex())[1].decode()
                self.assertNotIn(signature, shown)
                self.assertNotIn(signature.encode()[:8].hex(" "), shown)
                self.assertIn("sig=*****", shown)
        self.assertIn(signature, inspect("--json", "--show-secrets", "-V", "3.1.1", packet.hex())[1].decode())

    def test_raw_bytes_reach_the_broker_and_its_answers_are_shown(self):
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        done = run("pub", "-p", broker.port, "--raw", "-", stdin=bytes.fromhex(SESSION[:-6]))
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split(maxsplit=5)[3:5] for line in done.stdout.decode().splitlines()]
        self.assertEqual(lines[:3], [["S>C", "CONNACK"], ["S>C", "PUBACK"], ["S>C", "SUBACK"]])

    def test_raw_bytes_may_break_every_rule(self):
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes.fromhex(SESSION.splitlines()[0] + "36 06 00 01 61 00 01 00"))
            file.flush()
            done = run("pub", "-p", broker.port, "--raw", file.name)
        self.assertIn("DISCONNECT", done.stdout.decode())
        self.assertIn("Malformed Packet (0x81)", done.stdout.decode())
        self.assertEqual(done.returncode, 0)
        self.assertIn("the broker closed the connection", done.stderr.decode())

    def test_what_does_not_go_with_raw_is_refused(self):
        self.assertEqual(run("pub", "--raw", "-", "-t", "a", "-m", "b").returncode, 1)
        self.assertEqual(run("pub", "--raw", "/no/such").returncode, 1)
        self.assertEqual(run("pub", "-p", running.free_port(), "--raw", "-", stdin=b"\xc0\0").returncode, 2)


if __name__ == "__main__":
    unittest.main()
