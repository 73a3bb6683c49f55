#!/usr/bin/env python3
"""inspect --sn: MQTT-SN 1.2 from captures and hex; and what inspect says of fragments and reconnect loops."""

import json
import struct
import unittest

from captures import ACK, RST, Connection, ethernet, ipv4, pcap, udp
from running import run

REGISTER = bytes.fromhex("090a00000001612f62")
REGACK = bytes.fromhex("070b0007000100")
PUBLISH = bytes.fromhex("090c20000700026869")


def datagrams(*parts):
    """Frames of ("client" or "gateway", bytes)."""
    frames = []
    for number, (sender, data) in enumerate(parts):
        ports, ends = ((50000, 1884), {}) if sender == "client" else (
            (1884, 50000), {"source": "10.0.0.2", "destination": "10.0.0.1"})
        frames.append((1_700_000_000 + number, ethernet(ipv4(17, udp(*ports, data), **ends))))
    return frames


class Sn(unittest.TestCase):
    maxDiff = None

    def test_a_capture_is_shown_line_by_line_with_topics(self):
        dns = (1_700_000_000, ethernet(ipv4(17, udp(50001, 53, bytes.fromhex("12340100000100000000000003777777")))))
        done = run("inspect", "--sn", "--summary", "-", stdin=pcap([dns] + datagrams(
            ("client", REGISTER), ("gateway", REGACK), ("client", PUBLISH), ("gateway", bytes.fromhex("070d0007000200")))))
        self.assertEqual(done.stdout.decode(), """\
2023-11-14T22:13:20.000000000Z       9  C>G  REGISTER  TopicId 0, MsgId 1, TopicName "a/b"
2023-11-14T22:13:21.000000000Z       7  G>C  REGACK  TopicId 7, MsgId 1, ReturnCode 0 accepted
2023-11-14T22:13:22.000000000Z       9  C>G  PUBLISH  QoS 1, TopicId 7 "a/b", MsgId 2, Data "hi"
2023-11-14T22:13:23.000000000Z       7  G>C  PUBACK  TopicId 7, MsgId 2, ReturnCode 0 accepted
4 messages, 0 problems, 1 clients
""")
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_hex_is_shown_field_by_field(self):
        done = run("inspect", "--sn", "03 05 00")
        self.assertEqual(done.stdout.decode(), """\
     3  G>C  CONNACK
  0000  03                        Length         3
  0001  05                        MsgType        5 CONNACK
  0002  00                        ReturnCode     0 accepted

""")

    def test_json_and_problems(self):
        done = run("inspect", "--sn", "--json", (REGISTER + bytes.fromhex("031100")).hex())
        first, second = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(first["type"], "REGISTER")
        self.assertEqual(first["fields"], {"topic_id": 0, "msg_id": 1, "topic_name": "a/b"})
        self.assertEqual(second["problems"],
                         [{"severity": "error", "offset": 1, "message": "the MsgType 0x11 is reserved"}])
        self.assertEqual(done.returncode, 7)
        self.assertEqual(run("inspect", "--sn", "--where", "type", "030500").returncode, 1)

    def test_a_fragmented_datagram_is_put_together(self):
        data = udp(50000, 1884, bytes.fromhex("180c000007000061") + b"a" * 16)
        frames = []
        for offset in (16, 0):
            part = data[offset:offset + 16]
            flags = offset // 8 | (0x2000 if offset == 0 else 0)
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(part), 77, flags, 64, 17, 0)
            frames.append((1_700_000_000, ethernet(header + bytes([10, 0, 0, 1, 10, 0, 0, 2]) + part)))
        done = run("inspect", "--sn", "-", stdin=pcap(frames))
        self.assertIn('PUBLISH  QoS 0, TopicId 7, MsgId 0, Data "aaaaaaaaaaaaaaaaa"', done.stdout.decode())


class Flow(unittest.TestCase):
    def test_fragments_of_tcp_are_put_together_and_those_left_over_counted(self):
        connection = Connection().open().send("client", "101000044d5154540402003c0004616263 64".replace(" ", ""))
        when, frame = connection.frames[-1]
        packet = frame[14:]
        parts = []
        for offset in (0, 24):
            body = packet[20:][offset:offset + 24] if offset == 0 else packet[20:][24:]
            flags = offset // 8 | (0x2000 if offset == 0 else 0)
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 99, flags, 64, 6, 0) + packet[12:20]
            parts.append((when, ethernet(header + body)))
        done = run("inspect", "--json", "-", stdin=pcap(connection.frames[:-1] + parts))
        self.assertEqual(json.loads(done.stdout)["fields"]["client_identifier"], "abcd")
        self.assertEqual(done.stderr, b"")
        done = run("inspect", "--json", "-", stdin=pcap(connection.frames[:-1] + parts[:1]))
        self.assertIn(b"1 IP fragment was left out", done.stderr)

    def test_a_reconnect_loop_is_told_with_its_reason(self):
        frames = []
        for number in range(4):
            connection = Connection(client_port=50_000 + number, start=1_700_000_000 + number * 2).open()
            connection.send("client", "100f00044d5154540402003c0003616263").send("server", "20020005").close()
            frames += connection.frames
        done = run("inspect", "--view", "none", "-", stdin=pcap(frames))
        self.assertEqual(done.stderr.decode(),
                         "mqtk-inspect: standard input: stream 3: a client connects again and again: client abc has "
                         "connected 3 times in 4.0 s; the last connection ended: the server refused it: not authorized "
                         "(0x05)\n")
        self.assertEqual(done.returncode, 0)

    def test_connections_that_end_as_they_should_are_no_loop(self):
        frames = []
        for number in range(6):
            connection = Connection(client_port=50_000 + number, start=1_700_000_000 + number * 2).open()
            connection.send("client", "100f00044d5154540402003c0003616263").send("server", "20020000")
            connection.send("client", "e000").close()
            frames += connection.frames
        done = run("inspect", "--view", "none", "-", stdin=pcap(frames))
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_a_connection_that_is_reset_again_and_again_is_a_loop(self):
        frames = []
        for number in range(3):
            connection = Connection(client_port=50_000 + number, start=1_700_000_000 + number * 2).open()
            connection.send("client", "100f00044d5154540402003c0003616263").send("server", "20020000")
            connection.frames.append(connection.segment("server", flags=RST | ACK))
            frames += connection.frames
        done = run("inspect", "--view", "none", "-", stdin=pcap(frames))
        self.assertIn(b"the last connection ended: it was reset\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
