#!/usr/bin/env python3
"""Runs mqtk-proxy between clients and brokers: what is shown and written, and the command that it runs for."""

import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import running
from proxying import CONNECT_3, CONNECT_5, ProxyCases
from running import LIMIT, run, start, text

TSHARK = shutil.which("tshark")


def without_times(lines):
    return re.sub(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", "T", lines)


class Views(ProxyCases):
    """One conversation, shown in different ways."""

    def converse(self, *arguments):
        def talk(stream):
            seen.append(stream.receive())
            stream.send(0x20, b"\0\0")
            seen.append(stream.receive())
            stream.send(0x40, b"\0\7")
            seen.append(stream.receive())
            stream.receive()

        seen = []
        process = self.proxy(self.serve(talk).port, *arguments)
        stream = self.open()
        stream.send(0x10, CONNECT_3)
        self.receive(stream, (0x20, b"\0\0"))
        stream.send(0x32, text("a/b") + b"\0\7hi")
        self.receive(stream, (0x40, b"\0\7"))
        stream.send(0xE0)
        stream.socket.shutdown(socket.SHUT_WR)
        self.assertIsNone(stream.receive())
        self.assertEqual(seen, [(0x10, CONNECT_3), (0x32, text("a/b") + b"\0\7hi"), (0xE0, b"")])
        return self.end(process)

    def test_each_packet_is_a_line_with_time_and_direction_and_the_password_masked(self):
        status, out, err = self.converse("--summary")
        self.assertEqual(without_times(out), """\
T  0           29  C>S  CONNECT      MQTT 3.1.1, client "abc", clean session, keep alive 60 s, user "me", password ***
T  0            4  S>C  CONNACK      accepted (0x00)
T  29          11  C>S  PUBLISH      "a/b", QoS 1, id 7, 2 bytes "hi"
T  4            4  S>C  PUBACK       id 7
T  40           2  C>S  DISCONNECT
5 packets, 0 problems, 1 stream
""")
        self.assertEqual((status, err), (0, ""))

    def test_secrets_are_shown_on_demand(self):
        self.assertIn('password "secret"', self.converse("--show-secrets")[1])

    def test_json_is_an_object_per_line_from_the_first_line_on(self):
        process = start("proxy", "--port", 0, "--to", "mqtt://127.0.0.1:1", "--json")
        self.addCleanup(self.close, process)
        listening, ready = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
        self.assertRegex(listening["listening"], r"^mqtt://127\.0\.0\.1:\d+$")
        self.assertEqual(ready, {"ready": True})
        _, out, _ = self.converse("--json", "--summary")
        *packets, last = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(each["index"], each["type"], each["direction"], each["stream"], each["problems"])
                          for each in packets],
                         [(0, "CONNECT", "client_to_server", 1, []), (1, "CONNACK", "server_to_client", 1, []),
                          (2, "PUBLISH", "client_to_server", 1, []), (3, "PUBACK", "server_to_client", 1, []),
                          (4, "DISCONNECT", "client_to_server", 1, [])])
        self.assertEqual(packets[0]["fields"]["password"], "***")
        self.assertEqual(last, {"summary": {"packets": 5, "problems": 0, "streams": 1}})

    def test_fields_of_the_packets_that_where_chooses(self):
        _, out, _ = self.converse("--fields", "direction,type,id,topic", "--where", "id==7")
        self.assertEqual(out, "C>S\tPUBLISH\t7\ta/b\nS>C\tPUBACK\t7\t\n")

    def test_the_annotated_and_the_tree_view_show_fields(self):
        for view, line in (("annotated", '      4  61 2f 62                 Topic Name             "a/b"\n'),
                           ("tree", '    Topic Name: "a/b"\n')):
            self.assertIn(line, self.converse("--view", view, "--where", "type==PUBLISH")[1])

    def test_statistics_tell_how_long_answers_took(self):
        _, out, _ = self.converse("--view", "none", "--statistics")
        self.assertRegex(out, r"(?m)^PUBACK +1 ")


class Problems(ProxyCases):
    def test_what_a_peer_does_wrong_is_named_and_counts_for_the_status(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\0")
            stream.send(0x40, b"\0\x05")
            stream.receive()

        process = self.proxy(self.serve(talk).port, "--json", "--where", "problems>0")
        stream = self.open()
        stream.send(0x10, CONNECT_5)
        self.receive(stream, (0x20, b"\0\0\0"), (0x40, b"\0\x05"))
        status, out, _ = self.end(process)
        [found] = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((found["type"], found["direction"]), ("PUBACK", "server_to_client"))
        self.assertEqual(found["problems"][0]["rule"], "acknowledgement_unexpected")
        self.assertEqual(status, 7)

    def test_what_cannot_be_decoded_passes_byte_for_byte_and_is_told(self):
        def talk(stream):
            seen.append(stream.socket.recv(100, socket.MSG_WAITALL))
            stream.socket.sendall(b"\0HTTP/1.0 400")

        seen, noise = [], bytes([0xF5]) + bytes(range(99))
        process = self.proxy(self.serve(talk).port)
        stream = self.open()
        stream.socket.sendall(noise)
        self.assertEqual(stream.socket.recv(100), b"\0HTTP/1.0 400")
        stream.close()
        self.assertTrue(running.wait_until(lambda: seen))
        status, out, err = self.end(process)
        self.assertEqual((seen, status), ([noise], 7))
        self.assertRegex(out + err, "AUTH|skipped")


class Captures(ProxyCases):
    def converse(self, *arguments):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\0")
            while stream.receive():
                pass

        process = self.proxy(self.serve(talk).port, *arguments)
        for payload in (b"one", b"two"):
            stream = self.open()
            stream.send(0x10, CONNECT_5)
            self.receive(stream, (0x20, b"\0\0\0"))
            stream.send(0x30, text("t") + b"\0" + payload)
            stream.send(0xE0)
            stream.socket.shutdown(socket.SHUT_WR)
            self.assertIsNone(stream.receive())
        return process

    def test_the_capture_is_read_by_mqtk_inspect_and_tshark(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "traffic.pcapng"
            self.end(self.converse("--view", "none", "--write", file))
            result = run("inspect", "--fields", "stream,direction,type,payload", file)
            expected = "".join(f"""\
{stream}\tC>S\tCONNECT\t
{stream}\tS>C\tCONNACK\t
{stream}\tC>S\tPUBLISH\t{payload}
{stream}\tC>S\tDISCONNECT\t
""" for stream, payload in ((1, "one"), (2, "two")))
            self.assertEqual((result.stdout.decode(), result.stderr, result.returncode), (expected, b"", 0))
            if not TSHARK:
                return
            shark = subprocess.run([TSHARK, "-r", file, "-Y", "mqtt || tcp.flags.fin==1", "-T", "fields", "-e", "tcp.stream",
                                    "-e", "ip.src", "-e", "mqtt.msgtype", "-e", "tcp.flags.fin"],
                                   capture_output=True, timeout=LIMIT, check=True)
            rows = [line.split("\t") for line in shark.stdout.decode().splitlines()]
            self.assertEqual([(row[0], row[2]) for row in rows if row[2]],
                             [(stream, kind) for stream in "01" for kind in ("1", "2", "3", "14")])
            self.assertEqual([row[0] for row in rows if row[3] in ("1", "True")], ["0", "0", "1", "1"])

    def test_the_capture_goes_to_standard_output_and_the_ready_line_to_standard_error(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\0")
            stream.receive()

        process = start("proxy", "--port", 0, "--to", f"127.0.0.1:{self.serve(talk).port}", "--write", "-")
        self.addCleanup(self.close, process)
        self.port = int(process.stderr.readline().strip().rsplit(b":", 1)[1])
        self.assertEqual(process.stderr.readline(), b"ready\n")
        stream = self.open()
        stream.send(0x10, CONNECT_5)
        self.receive(stream, (0x20, b"\0\0\0"))
        process.send_signal(signal.SIGTERM)
        capture, err = process.communicate(timeout=LIMIT)
        result = run("inspect", "--fields", "type", "-", stdin=capture)
        self.assertEqual((result.stdout, err, process.returncode), (b"CONNECT\nCONNACK\n", b"", 0))

    def test_it_ends_when_the_disk_is_full(self):
        def talk(stream):
            stream.receive()

        process = self.proxy(self.serve(talk).port, "--write", "/dev/full")
        self.open().send(0x10, CONNECT_5)
        process.wait(LIMIT)
        status, _, err = self.end(process)
        self.assertEqual(status, 9)
        self.assertEqual(err, "mqtk-proxy: cannot write /dev/full: No space left on device\n")

    def test_a_file_that_cannot_be_made_is_told_before_anything_else(self):
        result = run("proxy", "--port", 0, "--write", "/nonexistent/file")
        self.assertEqual((result.returncode, result.stdout), (9, b""))
        self.assertIn(b"cannot write /nonexistent/file: No such file or directory", result.stderr)


class Commands(ProxyCases):
    def test_a_command_finds_the_proxy_and_its_status_is_the_proxy_s(self):
        broker = running.MqtkBroker()
        self.addCleanup(broker.close)
        result = run("proxy", "--to", f"127.0.0.1:{broker.port}", "--", "sh", "-c",
                     f"{running.BIN}/mqtk-pub -L $MQTK_URL -t a -m b && echo done at $MQTK_PORT; exit 5")
        self.assertRegex(result.stdout, rb"\Adone at \d+\n\Z")
        self.assertEqual(result.returncode, 5)
        self.assertEqual([line.split()[4] for line in result.stderr.decode().splitlines()],
                         ["CONNECT", "CONNACK", "PUBLISH", "DISCONNECT"])

    def test_a_command_that_cannot_be_run_is_told(self):
        result = run("proxy", "--", "/nonexistent/command")
        self.assertEqual(result.returncode, 9)
        self.assertIn(b"cannot run '/nonexistent/command'", result.stderr)

    def test_a_signal_goes_to_the_command(self):
        process = start("proxy", "--", "sh", "-c", "echo runs; exec sleep 60")
        self.addCleanup(self.close, process)
        self.assertEqual(process.stdout.readline(), b"runs\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LIMIT), 128 + signal.SIGTERM)


class Usage(ProxyCases):
    def refused(self, *arguments, status=1, environment=None):
        result = run("proxy", *arguments, environment=environment)
        self.assertEqual((result.returncode, result.stdout), (status, b""))
        return result.stderr.decode()

    def test_what_does_not_fit_is_refused(self):
        self.assertIn("--to: the proxy has no user name; clients send their own", self.refused("--to", "mqtt://a:b@host"))
        self.assertIn("--to: 'id' in the URL is of no effect", self.refused("--to", "mqtt://host?id=a"))
        self.assertIn("MQTK_URL: ", self.refused(environment={"MQTK_URL": "ftp://host"}))
        self.assertIn("--write -: nothing else can go to standard output", self.refused("--write", "-", "--view", "line"))
        self.assertIn("TLS needs a certificate", self.refused("-l", "mqtts://127.0.0.1:0"))
        self.assertIn("--ca-file: of no effect", self.refused("--to", "mqtt://host", "--ca-file", "x"))

    def test_a_port_in_use_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            err = self.refused("--port", other.getsockname()[1], status=9)
        self.assertIn("choose another --listen (port 0 is any free one)", err)

    def test_without_options_only_this_machine_reaches_it(self):
        self.proxy(1)
        self.assertRegex(self.urls[0], r"^mqtt://127\.0\.0\.1:\d+$")


if __name__ == "__main__":
    unittest.main()
