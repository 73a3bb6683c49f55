"""Runs mqtk-inspect on captures built here byte by byte: connections, gaps, link layers, filters, files written."""

import gzip
import json
import pathlib
import signal
import struct
import subprocess
import tempfile
import unittest

import captures
from captures import Connection, pcap, pcapng
from running import BIN, run

CONNECT = "100f00044d5154540402003c0003616263"  # 3.1.1, Clean Session, Keep Alive 60, client "abc"
CONNACK = "20020000"
CONNECT_5 = "101000044d515454050200 3c 000003616263".replace(" ", "")
CONNACK_5 = "2003000000"


def inspect(*arguments, stdin=b""):
    result = run("inspect", *arguments, stdin=stdin)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def packets(data, *arguments):
    """The JSON of each packet, and what was said on stderr."""
    status, out, err = inspect("--json", *arguments, "-", stdin=data)
    return status, [json.loads(line) for line in out.splitlines()], err


def zstd_frame(data):
    """One frame of zstd with one block that is not compressed (RFC 8878, 3.1.1)."""
    header = b"\x28\xb5\x2f\xfd" + b"\xa0" + struct.pack("<I", len(data))  # single segment, size in 4 bytes
    return header + struct.pack("<I", len(data) << 3 | 1)[:3] + data


def usual(**options):
    return Connection(**options).open().send("client", CONNECT).send("server", CONNACK)


class Captures(unittest.TestCase):
    maxDiff = None

    def test_each_packet_is_one_line_with_time_and_direction(self):
        capture = usual().send("client", "3005000161 6869".replace(" ", "")).close()
        status, out, err = inspect("-", stdin=pcap(capture.frames))
        self.assertEqual(out, """\
2023-11-14T22:13:20.003000000Z  0           17  C>S  CONNECT      MQTT 3.1.1, client "abc", clean session, keep alive 60 s
2023-11-14T22:13:20.004000000Z  0            4  S>C  CONNACK      accepted (0x00)
2023-11-14T22:13:20.005000000Z  17           7  C>S  PUBLISH      "a", QoS 0, 2 bytes "hi"
""")
        self.assertEqual((status, err), (0, ""))

    def test_json_has_stream_time_direction_and_version(self):
        capture = usual().send("server", "d000")
        status, found, _ = packets(pcapng(capture.frames))
        self.assertEqual([(each["type"], each["direction"], each["stream"], each["protocol_version"], each["time"])
                          for each in found], [
            ("CONNECT", "client_to_server", 1, 4, "2023-11-14T22:13:20.003000000Z"),
            ("CONNACK", "server_to_client", 1, 4, "2023-11-14T22:13:20.004000000Z"),
            ("PINGRESP", "server_to_client", 1, 4, "2023-11-14T22:13:20.005000000Z")])
        self.assertEqual((status, found[2]["problems"][0]["rule"]), (7, "pingresp_unexpected"))

    def test_connections_on_any_port_and_over_ipv6_are_found_by_what_they_hold(self):
        one = usual(port=5000)
        two = usual(port=1234, client_port=50001, network=captures.ipv6)
        web = Connection(port=80, client_port=50002).open().send("client", b"POST / HTTP/1.1\r\n\r\n" * 300)
        frames = [frame for each in zip(one.frames, two.frames) for frame in each] + web.frames
        status, found, err = packets(pcap(frames))
        self.assertEqual([(each["stream"], each["type"]) for each in found],
                         [(1, "CONNECT"), (2, "CONNECT"), (1, "CONNACK"), (2, "CONNACK")])
        self.assertEqual((status, err), (0, ""))

    def test_segments_in_the_wrong_order_or_sent_twice_are_put_right(self):
        capture = Connection().open()
        data = bytes.fromhex(CONNECT)
        first, second = capture.segment("client", data[:5]), capture.segment("client", data[5:])
        capture.frames += [second, first, second]
        capture.send("server", CONNACK)
        _, found, err = packets(pcap(capture.frames))
        self.assertEqual([each["type"] for each in found], ["CONNECT", "CONNACK"])
        self.assertEqual(err, "")

    def test_a_gap_inside_a_message_leaves_the_stream_in_step(self):
        capture = usual().send("client", "300a000161" + "6162").lose("client", 5).send("client", "c000")
        capture.send("server", "d000")
        status, found, err = packets(pcap(capture.frames))
        self.assertEqual([(each["type"], [problem["rule"] for problem in each["problems"]]) for each in found],
                         [("CONNECT", []), ("CONNACK", []), ("PUBLISH", ["packet_incomplete"]), ("PINGREQ", []),
                          ("PINGRESP", [])])
        self.assertIn("5 bytes are missing in the capture", err)
        self.assertEqual(status, 7)

    def test_behind_a_gap_packets_are_found_again(self):
        capture = usual().lose("client", 100)
        capture.send("client", b"noise" * 3 + bytes.fromhex("3005000161") + b"hi" + bytes.fromhex("3005000162") + b"ho")
        _, found, err = packets(pcap(capture.frames))
        self.assertEqual([each["fields"].get("topic_name") for each in found if each["type"] == "PUBLISH"], ["a", "b"])
        self.assertIn("100 bytes are missing in the capture", err)
        self.assertIn("15 bytes skipped at offset 117: no packet starts there", err)

    def test_a_capture_that_starts_in_the_middle_is_read(self):
        capture = Connection().send("client", "3206000161000a00").send("server", "4002000a").send("client", "c000")
        _, found, _ = packets(pcap(capture.frames))
        self.assertEqual([(each["type"], each["direction"]) for each in found if each["type"] == "PUBACK"],
                         [("PUBACK", "server_to_client")])
        self.assertEqual([each["problems"] for each in found], [[]] * len(found))

    def test_rules_of_the_flow_are_found_with_statement_and_detail(self):
        capture = Connection().open().send("client", CONNECT_5).send("server", "2006000003210001")
        capture.send("client", "3206000161000100").send("client", "3206000161000200")
        status, found, _ = packets(pcap(capture.frames))
        self.assertEqual(found[-1]["problems"], [{
            "severity": "error", "class": "protocol_error", "rule": "receive_maximum_exceeded",
            "statement": "MQTT-3.3.4-7", "offset": 5, "length": 2, "reason_code": 147,
            "message": "more QoS 1 and 2 messages are unacknowledged than the receiver's Receive Maximum: "
                       "2 are in flight, 1 are allowed"}])
        self.assertEqual(status, 7)

    def test_topic_aliases_are_resolved_for_each_direction(self):
        capture = Connection().open().send("client", CONNECT_5[:2] + "13" + CONNECT_5[4:24] + "03220005" + CONNECT_5[26:])
        capture.send("server", "200600000322000a").send("client", "8207000100000161" + "00").send("server", "90040001000 0".replace(" ", ""))
        capture.send("client", "30080001630323000101").send("server", "30080001610323000101")
        capture.send("client", "3007000003230001 02".replace(" ", "")).send("server", "3007000003230001" + "02")
        _, out, err = inspect("--fields", "direction,topic", "--where", "type==PUBLISH", "-", stdin=pcap(capture.frames))
        self.assertEqual((out, err), ("C>S\tc\nS>C\ta\nC>S\tc\nS>C\ta\n", ""))

    def test_websocket_is_unwrapped_whatever_the_frames(self):
        request = b"GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
        answer = b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-protocol: mqtt\r\n\r\n"

        def masked(data, opcode=2, final=True):
            key = b"\x11\x22\x33\x44"
            return (bytes([opcode | (0x80 if final else 0), 0x80 | len(data)]) + key +
                    bytes(byte ^ key[i % 4] for i, byte in enumerate(data)))

        connect = bytes.fromhex(CONNECT)
        capture = Connection(port=8080).open().send("client", request).send("server", answer)
        capture.send("client", masked(connect[:1], final=False) + masked(b"", 9) + masked(connect[1:], 0))
        capture.send("server", b"\x82\x04" + bytes.fromhex(CONNACK)).send("client", masked(bytes.fromhex("e000")))
        status, found, err = packets(pcap(capture.frames))
        self.assertEqual([each["type"] for each in found], ["CONNECT", "CONNACK", "DISCONNECT"])
        self.assertEqual((status, err), (0, ""))

        capture = Connection(port=8080).open().send("client", request.replace(b" mqtt\r", b" chat\r"))
        status, _, err = packets(pcap(capture.frames))
        self.assertIn("[MQTT-6.0.0-3]", err)
        self.assertEqual(status, 7)

    def test_link_layers_and_other_frames(self):
        connection = usual()
        tagged = [(when, frame[:12] + bytes.fromhex("81000005") + frame[12:]) for when, frame in connection.frames]
        raw = [(when, frame[14:]) for when, frame in connection.frames]
        arp = [(1.0, bytes(12) + bytes.fromhex("0806") + bytes(28))]
        for data in (pcap(tagged), pcap(raw, captures.LINK_RAW), pcap(arp + connection.frames)):
            self.assertEqual([each["type"] for each in packets(data)[1]], ["CONNECT", "CONNACK"])
        tls = Connection(port=8883).open().send("client", "160301000401000000")
        self.assertIn("1 connection uses TLS and cannot be read", packets(pcap(tls.frames))[2])

    def test_a_damaged_capture_shows_what_came_before(self):
        data = pcap(usual().frames)
        status, found, err = packets(data[:-3])
        self.assertEqual([each["type"] for each in found], ["CONNECT"])
        self.assertEqual(status, 7)
        self.assertIn(": the file ends inside a block: ", err)
        bad = bytearray(data)
        bad[24 + 8:24 + 12] = struct.pack("<I", 1 << 30)
        status, _, err = packets(bytes(bad))
        self.assertEqual((status, err), (
            7, "mqtk-inspect: standard input: byte 24: a frame of 1073741824 bytes; the file is damaged\n"))

    def test_a_compressed_capture_is_read(self):
        data = pcap(usual().frames)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "capture.pcap.gz"
            file.write_bytes(gzip.compress(data))
            status, out, err = inspect("--json", file)
        self.assertEqual([json.loads(line)["type"] for line in out.splitlines()], ["CONNECT", "CONNACK"])
        self.assertEqual((status, err), (0, ""))

    def test_what_is_shown_can_be_written_and_read_again(self):
        capture = usual(port=5000).send("client", "3005000161" + "6869").send("client", "3005000162" + "6869").close()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "out.pcapng"
            columns = ["--fields", "time,direction,type,topic,client"]
            status, out, err = inspect("--write", file, "--where", "type==CONNECT || topic==b", *columns, "-",
                                       stdin=pcap(capture.frames))
            self.assertEqual((status, len(out.splitlines()), err), (0, 2, ""))
            status, again, err = inspect(*columns, "--where", "type!=CONNACK", file)
        self.assertEqual((status, again, err), (0, out, ""))

    def test_statistics_tell_topics_clients_latencies_and_what_was_not_answered(self):
        capture = usual().send("client", "3206000161000a78").wait(0.5).send("server", "4002000a")
        capture.send("client", "3206000162000b78").wait(4).send("client", "e000").close()
        status, out, _ = inspect("--view", "none", "--statistics", "-", stdin=pcap(capture.frames))
        self.assertEqual(status, 0)
        rows = [line.split() for line in out.splitlines()]
        self.assertIn(["PUBLISH", "2", "16"], rows)
        self.assertIn(["PUBACK", "1"], [row[:2] for row in rows])
        self.assertIn(["1", "1", '"a"'], [[row[0], row[1], row[-1]] for row in rows if len(row) == 6])
        self.assertIn('stream 1, id 11: PUBLISH without PUBACK, for 4.00 s', out)
        self.assertIn("DISCONNECT from the client: Normal disconnection", out)

    def test_statistics_in_json_are_one_object_behind_the_packets(self):
        capture = Connection().open().send("client", "100d00044d5154540502003c000000").send("server", "2007000004" + "12000171")
        capture.send("client", "3207000161000a0078").wait(0.5).send("server", "4002000a").send("client", "e000").close()
        status, out, err = inspect("--json", "--statistics", "--summary", "-", stdin=pcap(capture.frames))
        self.assertEqual((status, err), (0, ""))
        *shown, statistics, summary = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([each["index"] for each in shown], [0, 1, 2, 3, 4])
        self.assertEqual(summary, {"summary": {"packets": 5, "problems": 0, "streams": 1}})
        counts = statistics["statistics"]
        self.assertEqual(counts["types"][0], {"type": "CONNECT", "packets": 1, "bytes": 15})
        self.assertEqual(counts["topics"],
                         [{"topic": "a", "messages": 1, "payload_bytes": 1, "retained": 0, "qos": [0, 1, 0]}])
        # The CONNECT without a Client Identifier counts for the client that the broker has named.
        [client] = counts["clients"]
        self.assertEqual((client["client_identifier"], client["connections"], client["packets"], client["last_end"]),
                         ("q", 1, 5, "DISCONNECT from the client: Normal disconnection"))
        [latency] = counts["latencies"]
        self.assertEqual((latency["answer"], latency["count"]), ("PUBACK", 1))
        self.assertAlmostEqual(latency["p50_seconds"], 0.5, delta=0.05)
        self.assertEqual((counts["unanswered"], counts["unanswered_packets"], counts["rules"]), (0, [], []))

    def test_zstd_is_unpacked_frame_by_frame_and_a_cut_is_told(self):
        data = pcap(usual().frames)
        whole = zstd_frame(data[:100]) + zstd_frame(data[100:])
        for packed in (zstd_frame(data), whole):
            status, found, err = packets(packed)
            self.assertEqual((status, [packet["type"] for packet in found], err), (0, ["CONNECT", "CONNACK"], ""))
        status, out, err = inspect("--view", "line", "-", stdin=zstd_frame(bytes.fromhex("c000")))
        self.assertEqual((status, out.split()[3]), (0, "PINGREQ"))
        status, found, err = packets(whole[:-1])
        self.assertEqual((status, err.splitlines()[0]),
                         (7, "mqtk-inspect: cannot unpack standard input: the file is cut off"))

    def test_topics_beyond_ten_thousand_are_counted_together(self):
        publishes = "".join("30080005{}78".format(f"{i:05}".encode().hex()) for i in range(10_050))
        status, out, _ = inspect("-V", "3.1.1", "--view", "none", "--statistics", "-", stdin=publishes.encode())
        self.assertEqual(status, 0)
        self.assertIn(["50", "50", "-", "0", "50/0/0", '"(others)"'], [line.split() for line in out.splitlines()])

    def test_a_pipe_is_shown_as_it_comes(self):
        data = pcap(usual().frames)
        with subprocess.Popen([BIN / "mqtk-inspect", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(data)
            process.stdin.flush()
            self.assertIn(b"CONNECT", process.stdout.readline())
            self.assertIn(b"CONNACK", process.stdout.readline())
            process.stdin.close()
            self.assertEqual(process.wait(60), 0)

    def test_dumps_of_frames_lose_their_headers_and_keep_their_direction(self):
        frames = [frame for _, frame in usual().frames]

        def rows(data):
            return "".join(f"{at:04x}  {data[at:at + 16].hex(' ')}   {'.' * len(data[at:at + 16])}\n"
                           for at in range(0, len(data), 16))

        def words(data):
            lines = (f"\t0x{at:04x}:  {data[at:at + 16].hex(' ', -2)}  ....\n" for at in range(0, len(data), 16))
            return "12:34:56.789012 IP 10.0.0.1.50000 > 10.0.0.2.1883: Flags [P.], length 2\n" + "".join(lines)

        expected = "C>S\tCONNECT\nS>C\tCONNACK\n"
        for name, text in (("Wireshark hex dump", "\n".join(rows(frame) for frame in frames)),
                           ("Wireshark hex dump", "\n".join(rows(frame[14:]) for frame in frames)),
                           ("tcpdump hex dump", "".join(words(frame[14:]) for frame in frames)),
                           ("tcpdump hex dump", "".join(words(frame) for frame in frames))):
            self.assertEqual(inspect("--fields", "direction,type", "-", stdin=text.encode()),
                             (0, expected, f"mqtk-inspect: standard input: read as {name}\n"))
        packet = rows(bytes.fromhex(CONNECT)) + "\n" + rows(bytes.fromhex("c000"))
        self.assertEqual(inspect("--fields", "type", "-", stdin=packet.encode())[1], "CONNECT\nPINGREQ\n")

    def test_literals_base64_and_the_bytes_themselves_are_found_and_told(self):
        for name, text in (("literal of a programming language", b"b'\\xc0\\x00'"),
                           ("base64", b"EA8ABE1RVFQEAgA8AANhYmPAAA=="), ("bytes of packets", b"\xc0\x00")):
            status, out, err = inspect("--fields", "type", "-", stdin=text)
            self.assertEqual((status, out.splitlines()[-1]), (0, "PINGREQ"))
            self.assertIn(f"read as {name}" if "bytes" not in name else "read as the bytes of packets", err)
        status, _, err = inspect("-", stdin=b"[16, 999]")
        self.assertEqual(status, 7)
        self.assertIn("line 1, column 6: a number that is no byte", err)

    def test_hex_is_found_in_the_lines_of_a_log(self):
        log = b"2024-01-02 10:11:12 sent 4 bytes: c0 00\nnothing here, deadbeef\nrecv <0xd0,0x00> ok\n"
        status, out, err = inspect("--find-hex", "--fields", "stream,type", "-", stdin=log)
        self.assertEqual((status, out), (0, "1\tPINGREQ\n2\tPINGRESP\n"))
        self.assertIn("line 1: stream 1", err)
        self.assertIn("line 3: stream 2", err)

    def test_payloads_are_read_by_content_type_topic_or_option(self):
        # Content Type "application/cbor", {"a": 1}; then the same bytes as MessagePack by option, 81 being a map of one.
        publish = "301b 0001 61 13 03 0010" + b"application/cbor".hex() + " a1616101"
        _, out, err = inspect("-V", "5", "--view", "line", publish)
        self.assertTrue(out.endswith("\n  = cbor {\"a\": 1}\n"), out + err)
        _, out, _ = inspect("-V", "5", "--json", publish)
        self.assertEqual(json.loads(out)["payload_decoded"], {"format": "cbor", "value": {"a": 1}})
        _, out, _ = inspect("-V", "4", "--json", "--payload", "msgpack", "3007000161 81a16101")
        self.assertEqual(json.loads(out)["payload_decoded"], {"format": "msgpack", "value": {"a": 1}})
        _, out, _ = inspect("-V", "4", "--view", "line", "--payload", "cbor", "3004000161 ff")
        self.assertTrue(out.endswith("  = not cbor: byte 0: an end without a beginning\n"), out)

    def test_sparkplug_has_names_from_births_and_checks_their_order(self):
        def message(kind, payload):
            topic = f"spBv1.0/g/{kind}/n".encode()
            body = struct.pack("!H", len(topic)) + topic + bytes.fromhex(payload)
            return bytes([0x30, len(body)]) + body

        birth = message("NBIRTH", "0864 120f 0a0474656d7010012009650000ac41 120b 0a05626453657120045800"
                                  "121a 0a144e6f646520436f6e74726f6c2f52656269727468200b7000 1800")
        capture = usual().send("client", birth).send("client", message("NDATA", "0865 1207 1001650000b041 1802"))
        status, found, err = packets(pcap(capture.frames))
        self.assertEqual(err, "")
        self.assertEqual(found[3]["payload_decoded"], {
            "format": "sparkplug",
            "value": {"type": "NDATA", "group": "g", "node": "n", "timestamp": 101, "seq": 2,
                      "metrics": [{"name": "temp", "alias": 1, "type": "Float", "value": 22.0}]},
            "findings": [{"statement": "tck-id-payloads-ndata-seq-inc", "message": "seq is 2 where 1 is due"}]})
        self.assertEqual((status, "findings" in found[2]["payload_decoded"]), (7, False))

    def test_a_signal_ends_what_is_live_with_all_that_is_said_at_the_end(self):
        capture = pcap(usual().send("client", "c000").frames)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "growing.pcap"
            file.write_bytes(capture)
            for name, stdin in (("-", subprocess.PIPE), (file, None)):
                follow = ["--follow"] if stdin is None else []
                with subprocess.Popen([BIN / "mqtk-inspect", *follow, "--statistics", "--summary", name], stdin=stdin,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                    if stdin:
                        process.stdin.write(capture)
                        process.stdin.flush()
                    shown = [process.stdout.readline() for _ in range(3)]
                    self.assertIn(b"PINGREQ", shown[-1])
                    process.send_signal(signal.SIGINT)
                    rest = process.stdout.read().decode()
                    self.assertEqual((process.stderr.read(), process.wait(60)), (b"", 0))
                self.assertIn("PINGREQ               1              2\n", rest)
                self.assertTrue(rest.endswith("\n3 packets, 0 problems, 1 stream\n"), rest)

    def test_a_growing_file_is_followed(self):
        data = pcap(usual().frames)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "growing.pcap"
            file.write_bytes(data[:-10])
            with subprocess.Popen([BIN / "mqtk-inspect", "--follow", file], stdout=subprocess.PIPE) as process:
                self.assertIn(b"CONNECT", process.stdout.readline())
                with file.open("ab") as more:
                    more.write(data[-10:])
                self.assertIn(b"CONNACK", process.stdout.readline())
                process.stdout.close()  # nobody reads any more
                self.assertEqual(process.wait(60), 0)

    def test_conditions_and_fields_that_cannot_be_are_usage_errors(self):
        self.assertEqual(inspect("--where", "typ==1", "c000")[0], 1)
        self.assertEqual(inspect("--fields", "nothing", "c000")[0], 1)
        self.assertEqual(inspect("--fields", "type", "--json", "c000")[0], 1)

    def test_the_tree_leaves_out_what_the_bytes_alone_say(self):
        status, out, _ = inspect("--view", "tree", "-V", "5", "3206000161000a00")
        self.assertEqual(out, """\
0            8       PUBLISH      "a", QoS 1, id 10, 0 bytes
    Packet Type and Flags
      Packet Type: 3 (PUBLISH)
      DUP: 0
      QoS: 1 (at least once)
      RETAIN: 0
    Remaining Length: 6
    Topic Name: "a"
    Packet Identifier: 10
    Properties

""")
        self.assertEqual(status, 0)


if __name__ == "__main__":
    unittest.main()
