#!/usr/bin/env python3
"""What mqtk-proxy passes on, by which transports, and how connections through it end."""

import contextlib
import hashlib
import pathlib
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import running
from proxying import CONNECT_5, ProxyCases
from running import LIMIT, Mosquitto, Observer, Stream, run, start, text


class Transports(ProxyCases):
    def test_every_way_in_reaches_the_broker_by_every_way_out(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            broker = start("broker", "-l", "mqtt://127.0.0.1:0", "-l", "mqtts://127.0.0.1:0", "-l", "ws://127.0.0.1:0/mqtt",
                           "-l", "wss://127.0.0.1:0/other", "-l", f"unix://{folder}/broker", "--tls-self-signed-ca",
                           folder / "broker.pem", stderr=subprocess.DEVNULL)
            self.addCleanup(self.close, broker)
            targets = []
            while (line := broker.stdout.readline()) != b"ready\n":
                targets.append(line.decode().split()[1])
            observer = Observer(int(targets[0].rsplit(":", 1)[1]))
            self.addCleanup(observer.close)
            sent = []
            for number, target in enumerate(targets):
                ways = [word for url in ("mqtt://127.0.0.1:0", "mqtts://localhost:0", "ws://127.0.0.1:0/mqtt",
                                         "wss://127.0.0.1:0/mqtt", f"unix://{folder}/proxy{number}")
                        for word in ("-l", url)]
                authority = ("--ca-file", folder / "broker.pem") if target.startswith(("mqtts", "wss")) else ()
                process = self.proxy(target, "--tls-self-signed-ca", folder / f"proxy{number}.pem", *authority, listen=ways)
                for url in self.urls:
                    sent.append(f"{url.split(':')[0]} {target.split(':')[0]}".encode())
                    trust = ("--ca-file", folder / f"proxy{number}.pem") if url.startswith(("mqtts", "wss")) else ()
                    result = run("pub", "-L", url, *trust, "-q", 1, "-t", "way", "-m", sent[-1].decode())
                    self.assertEqual((result.returncode, result.stderr), (0, b""), sent[-1])
                self.assertEqual(self.end(process)[0], 0)
            self.assertTrue(observer.wait_for(25))
            self.assertEqual(observer.payloads(), sent)

    @unittest.skipUnless(running.MOSQUITTO, "mosquitto is not installed")
    def test_mosquitto_s_clients_over_tls_to_mosquitto_without(self):
        broker = Mosquitto()
        self.addCleanup(broker.close)
        with tempfile.TemporaryDirectory() as folder:
            authority = f"{folder}/ca.pem"
            process = self.proxy(broker.port, "--tls-self-signed-ca", authority, listen=("-l", "mqtts://127.0.0.1:0"))
            usual = ["-h", "127.0.0.1", "-p", str(self.port), "--cafile", authority, "-V", "5", "-q", "2"]
            subprocess.run(["mosquitto_pub", *usual, "-r", "-t", "kept", "-m", "hello"], check=True, timeout=LIMIT)
            result = subprocess.run(["mosquitto_sub", *usual, "-t", "kept", "-C", "1"], capture_output=True, check=True,
                                    timeout=LIMIT)
            self.assertEqual(result.stdout, b"hello\n")
            status, out, err = self.end(process)
            self.assertEqual((status, err), (0, ""))
            self.assertIn('PUBLISH      "kept", QoS 2, id 1, retain, 5 bytes "hello"', out)

    def test_a_websocket_that_is_closed_in_order_is_no_accident(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\0")
            stream.receive()

        def frame(first, payload):
            return bytes([first, 0x80 | len(payload), 0, 0, 0, 0]) + payload  # masked with zeros

        process = self.proxy(self.serve(talk).port, listen=("-l", "ws://127.0.0.1:0/mqtt"))
        port = int(self.urls[0].split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
            client.sendall(b"GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                           b"Sec-WebSocket-Protocol: mqtt\r\n\r\n")
            client.sendall(frame(0x82, bytes.fromhex("101000044d5154540502003c000003616263")))
            answer = b""
            while not answer.endswith(bytes.fromhex("82052003000000")):
                answer += client.recv(1000)
            client.sendall(frame(0x82, b"\xe0\0") + frame(0x88, b"\x03\xe8"))
            self.assertEqual(client.recv(1000), b"\x88\x02\x03\xe8")
            self.assertEqual(client.recv(1000), b"")
        status, out, err = self.end(process)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("DISCONNECT", out)

    @unittest.skipUnless(running.MOSQUITTO, "mosquitto is not installed")
    def test_paho_over_websocket_to_mosquitto_over_tcp(self):
        script = """
import sys
import paho.mqtt.client as paho
version = [paho.CallbackAPIVersion.VERSION1] if hasattr(paho, "CallbackAPIVersion") else []  # of paho 2
client = paho.Client(*version, "p", transport="websockets")
client.ws_set_options("/mqtt")
client.on_connect = lambda c, *_: c.subscribe("t", 1)
client.on_subscribe = lambda c, *_: c.publish("t", "round", 1)
client.on_message = lambda c, _, m: (print(m.payload.decode(), flush=True), c.disconnect())
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
"""
        python = "/usr/bin/python3"  # Debian's, for which Debian's paho is installed
        if subprocess.run([python, "-c", "import paho.mqtt.client"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("python3-paho-mqtt is not installed")
        broker = Mosquitto()
        self.addCleanup(broker.close)
        process = self.proxy(broker.port, listen=("-l", "ws://127.0.0.1:0/mqtt"))
        result = subprocess.run([python, "-W", "ignore", "-c", script, str(self.port)], capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual((result.stdout, result.stderr), (b"round\n", b""))
        status, out, err = self.end(process)
        self.assertEqual(status, 0)
        # paho closes its socket at once: what comes for it still is answered with a reset.
        self.assertRegex(err, r"\A(mqtk-proxy: stream 1: connection of the client [0-9.:]+: connection reset by peer\n)?\Z")
        self.assertEqual([line.split()[4] for line in out.splitlines()][:6],
                         ["CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK", "PUBLISH", "PUBLISH"])


class Bytes(ProxyCases):
    """What passes, whatever it is."""

    def echo(self, stream):
        while block := stream.socket.recv(65536):
            stream.socket.sendall(block)

    def exchange(self, stream, data):
        came = bytearray()
        stream.socket.settimeout(LIMIT)
        sender = threading.Thread(target=lambda: (stream.socket.sendall(data), stream.socket.shutdown(socket.SHUT_WR)))
        sender.start()
        while block := stream.socket.recv(65536):
            came += block
        sender.join(LIMIT)
        return bytes(came)

    def test_both_directions_are_unchanged_at_any_size(self):
        data = hashlib.shake_256(b"seed").digest(3_000_000)
        for arguments in (("--view", "none"), ("--view", "none", "--fault", "drop client=nobody")):
            process = self.proxy(self.serve(self.echo).port, *arguments)
            self.assertEqual(self.exchange(self.open(), data), data)
            self.end(process)

    def test_a_packet_larger_than_the_buffer_passes(self):
        process = self.proxy(self.serve(self.echo).port, "--max-buffered-bytes", 4096)
        large = running.packet(0x30, text("t") + b"\0" + bytes(2_000_000))
        self.assertEqual(self.exchange(self.open(), large), large)
        _, out, _ = self.end(process)
        self.assertIn('PUBLISH      "t", QoS 0, 2000000 bytes', out)

    def test_a_client_that_does_not_read_slows_the_broker_down(self):
        sent, stopped = [0], threading.Event()
        block = running.packet(0x30, text("t") + bytes(100_000))

        def talk(stream):
            stream.socket.settimeout(1)
            with contextlib.suppress(TimeoutError):
                while sent[0] < 100_000_000:
                    sent[0] += stream.socket.send(block[sent[0] % len(block):])
            stopped.set()
            stream.socket.settimeout(LIMIT)
            if rest := block[sent[0] % len(block):] if sent[0] % len(block) else b"":
                stream.socket.sendall(rest)
            stream.socket.shutdown(socket.SHUT_WR)
            stream.socket.recv(1)

        process = self.proxy(self.serve(talk).port, "--max-buffered-bytes", 65536, "--fields", "length")
        stream = self.open()
        self.assertTrue(stopped.wait(LIMIT))
        self.assertLess(sent[0], 50_000_000)
        came = 0
        while part := stream.socket.recv(1 << 20):
            came += len(part)
        whole = -(-sent[0] // len(block))
        self.assertEqual(came, whole * len(block))
        stream.close()
        self.assertEqual(self.end(process)[1].splitlines(), [str(len(block))] * whole)

    def test_whoever_reads_the_output_slowly_misses_nothing(self):
        def talk(stream):
            while stream.receive():
                pass
            done.set()

        done, count = threading.Event(), 4000
        process = self.proxy(self.serve(talk).port)
        stream = self.open()
        stream.send(0x10, CONNECT_5)
        sender = threading.Thread(target=lambda: [stream.send(0x30, text("t") + b"\0" + bytes(1000)) for _ in range(count)] +
                                  [stream.socket.shutdown(socket.SHUT_WR)])
        sender.start()
        self.assertFalse(done.wait(0.5))  # nobody reads the lines
        lines = [process.stdout.readline() for _ in range(count + 1)]
        self.assertTrue(done.wait(LIMIT))
        sender.join(LIMIT)
        self.assertEqual(sum(b"PUBLISH" in line for line in lines), count)


class Ends(ProxyCases):
    def test_a_half_closed_connection_stays_open_the_other_way(self):
        def talk(stream):
            seen.append(stream.receive())
            seen.append(stream.receive())
            stream.send(0xD0)

        seen = []
        process = self.proxy(self.serve(talk).port, "--verbose")
        stream = self.open()
        stream.send(0xC0)
        stream.socket.shutdown(socket.SHUT_WR)
        self.receive(stream, (0xD0, b""), None)
        self.assertEqual(seen, [(0xC0, b""), None])
        _, _, err = self.end(process)
        self.assertRegex(err, r"\Amqtk-proxy: stream 1: opened by 127\.0\.0\.1:\d+\nmqtk-proxy: stream 1: closed by the client\n")

    def test_a_reset_is_passed_on_as_one(self):
        def talk(stream):
            stream.receive()
            try:
                seen.append(stream.socket.recv(1))
            except ConnectionResetError:
                seen.append("reset")

        seen = []
        process = self.proxy(self.serve(talk).port)
        stream = self.open()
        stream.send(0x10, CONNECT_5)
        self.assertIn(b"CONNECT", process.stdout.readline())
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
        self.assertTrue(running.wait_until(lambda: seen))
        self.assertEqual(seen, ["reset"])
        self.assertRegex(self.end(process)[2],
                         r"stream 1: connection of the client 127\.0\.0\.1:\d+: [Cc]onnection reset by peer")

    def test_a_client_whose_broker_cannot_be_reached_is_closed_and_the_next_one_tries_again(self):
        port = running.free_port()
        process = self.proxy(port)
        stream = self.open()
        stream.send(0x10, CONNECT_5)
        self.assertIsNone(stream.receive())
        line = process.stderr.readline().decode()
        self.assertRegex(line, rf"\Amqtk-proxy: stream 1: connecting to 127\.0\.0\.1:{port}.*[Cc]onnection refused; "
                               r"check --to, and that the broker is running\n")
        with socket.create_server(("127.0.0.1", port)) as listener:
            second = self.open()
            second.send(0xC0)
            broker = Stream(listener.accept()[0])
            self.assertEqual(broker.receive(), (0xC0, b""))
            broker.close()

    def test_connecting_ends_at_the_time_limit(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            process = self.proxy(f"mqtts://127.0.0.1:{silent.getsockname()[1]}", "--connect-timeout", "300ms")
            self.assertIsNone(self.open().receive())
            self.assertIn("check --to, or raise --connect-timeout", process.stderr.readline().decode())

    def test_a_client_that_does_not_shake_hands_is_told(self):
        for url, options, words in (
                ("mqtts://127.0.0.1:0", ["--tls-self-signed"], "the client does not speak TLS"),
                ("ws://127.0.0.1:0/mqtt", [], "the request does not open a WebSocket")):
            broker = self.serve(lambda stream: stream.receive())
            process = self.proxy(broker.port, *options, listen=("-l", url))
            self.open().send(0x10, CONNECT_5)
            self.assertRegex(process.stderr.readline().decode(),
                             rf"\Amqtk-proxy: stream 1: connection of the client 127\.0\.0\.1:\d+: {words}\n\Z")

    def test_further_clients_wait_where_there_are_enough(self):
        def talk(stream):
            stream.receive()
            stream.send(0xD0)
            stream.receive()

        process = self.proxy(self.serve(talk).port, "--max-connections", 1)
        first, second = self.open(), self.open()
        first.send(0xC0)
        self.receive(first, (0xD0, b""))
        second.send(0xC0)
        self.assertEqual(select.select([second.socket], [], [], 0.2)[0], [])
        first.close()
        self.receive(second, (0xD0, b""))
        self.assertIn("1 clients are connected, more wait; raise --max-connections", process.stderr.readline().decode())

    def test_it_ends_when_nobody_reads_its_output(self):
        process = self.proxy(self.serve(self.keep_answering).port)
        process.stdout.close()
        stream = self.open()
        with contextlib.suppress(OSError):
            while stream.socket.send(b"\xc0\0") and process.poll() is None:
                time.sleep(0.01)
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertEqual(process.stderr.read(), b"")

    def keep_answering(self, stream):
        while stream.receive():
            stream.send(0xD0)

    def test_a_signal_ends_it_in_the_middle_of_a_packet_without_a_complaint(self):
        passed_on = threading.Event()

        def talk(stream):
            self.assertEqual(stream.receive(), (0xC0, b""))
            stream.send(0xD0)
            came = b""
            while block := stream.socket.recv(10):
                came += block
                if came == b"\x30\x7f\0\1":
                    passed_on.set()
        process = self.proxy(self.serve(talk).port, "--summary")
        stream = self.open()
        stream.send(0xC0)
        self.receive(stream, (0xD0, b""))
        stream.socket.sendall(b"\x30\x7f\0\1")
        self.assertTrue(passed_on.wait(LIMIT))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(err, b"")
        self.assertTrue(out.endswith(b"2 packets, 1 problem, 1 stream\n"), out)


if __name__ == "__main__":
    unittest.main()
