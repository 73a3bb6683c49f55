#!/usr/bin/env python3
"""TLS that real programs speak, relayed, written as a capture and read with the secrets that they log."""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

import running
from captures import FIN, ACK, Connection, pcap, pcapng
from running import LIMIT, run, start

SUITES = [
    ("1.3", "TLS_AES_128_GCM_SHA256"), ("1.3", "TLS_AES_256_GCM_SHA384"), ("1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ("1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"),
]


class Relay:
    """One connection to `port`, whose bytes are kept in the order in which they came."""

    def __init__(self, port):
        self.chunks, self.target, self.lock = [], port, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.target))
        other = threading.Thread(target=self.pump, args=("server", server, client), daemon=True)
        other.start()
        self.pump("client", client, server)
        other.join(LIMIT)
        client.close()
        server.close()

    def pump(self, sender, source, target):
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.chunks.append((sender, data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def frames(self):
        self.thread.join(LIMIT)
        self.listener.close()
        connection = Connection(port=8883).open()
        for sender, data in self.chunks:
            for at in range(0, len(data), 1400):
                connection.send(sender, data[at:at + 1400])
        connection.frames += [connection.segment("client", flags=FIN | ACK), connection.segment("server", flags=FIN | ACK)]
        return connection.frames


class Cases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.authority = pathlib.Path(cls.folder.name) / "ca.pem"
        cls.broker = start("broker", "--tls-self-signed-ca", cls.authority, "-l", "mqtts://127.0.0.1:0", "-l",
                           "wss://127.0.0.1:0/mqtt", stderr=subprocess.DEVNULL)
        cls.ports = []
        for line in cls.broker.stdout:
            if line == b"ready\n":
                break
            cls.ports.append(int(line.decode().split("/")[2].rsplit(":", 1)[1]))

    @classmethod
    def tearDownClass(cls):
        cls.broker.kill()
        cls.broker.wait(LIMIT)
        cls.broker.stdout.close()
        cls.folder.cleanup()

    def captured(self, name, *arguments, scheme="mqtts"):
        """Frames of mqtk-pub sending "hello" with QoS 1, and the file of its secrets."""
        relay = Relay(self.ports[0 if scheme == "mqtts" else 1])
        log = pathlib.Path(self.folder.name) / name
        done = run("pub", "-L", f"{scheme}://localhost:{relay.port}{'' if scheme == 'mqtts' else '/mqtt'}", "--ca-file",
                   self.authority, "--key-log", log, "-t", "a/b", "-m", "hello", "-q", 1, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return relay.frames(), log

    def inspect(self, data, *arguments):
        done = run("inspect", "--json", *arguments, "-", stdin=data)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()

    def check_packets(self, found):
        self.assertEqual([each["type"] for each in found], ["CONNECT", "CONNACK", "PUBLISH", "PUBACK", "DISCONNECT"])
        self.assertEqual([each["direction"][0] for each in found], ["c", "s", "c", "s", "c"])
        self.assertEqual(found[2]["fields"]["payload"], "hello")

    def test_each_version_and_cipher_is_read(self):
        for version, suite in SUITES:
            with self.subTest(suite=suite):
                frames, log = self.captured(suite, "--tls-version", version, "--ciphers", suite)
                status, found, err = self.inspect(pcap(frames), "--keylog", log)
                self.check_packets(found)
                self.assertEqual((status, err), (0, ""))

    def test_websocket_inside_tls_is_read(self):
        frames, log = self.captured("wss", scheme="wss")
        status, found, err = self.inspect(pcap(frames), "--keylog", log)
        self.check_packets(found)
        self.assertEqual((status, err), (0, ""))

    def test_secrets_that_the_capture_carries_are_used(self):
        frames, log = self.captured("carried")
        status, found, err = self.inspect(pcapng(frames, key_log=log.read_bytes()))
        self.check_packets(found)
        self.assertEqual((status, err), (0, ""))

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_what_another_program_sends_is_read(self):
        relay = Relay(self.ports[0])
        log = pathlib.Path(self.folder.name) / "s_client"
        client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}", "-quiet", "-keylogfile", log],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with client:
            client.stdin.write(bytes.fromhex("100f00044d5154540402003c0003616263"))
            client.stdin.flush()
            self.assertEqual(client.stdout.read(4), bytes.fromhex("20020000"))
            client.stdin.write(bytes.fromhex("e000"))
            client.stdin.close()
            client.kill()
        _, found, _ = self.inspect(pcap(relay.frames()), "--keylog", log)
        self.assertEqual([each["type"] for each in found][:2], ["CONNECT", "CONNACK"])

    def test_what_hinders_is_told(self):
        frames, log = self.captured("hindered")
        status, found, err = self.inspect(pcap(frames))
        self.assertEqual((status, found), (0, []))
        self.assertIn("1 connection uses TLS and cannot be read without the secrets: --keylog FILE\n", err)

        _, other = self.captured("other")
        self.assertIn("1 of them: the key log has no secrets of this connection\n",
                      self.inspect(pcap(frames), "--keylog", other)[2])

        # From the server's first word on: a ClientHello may take several segments.
        first = next(at for at, frame in enumerate(frames) if frame[1][26:30] != bytes([10, 0, 0, 1]) and len(frame[1]) > 60)
        late = frames[first:]
        self.assertIn("1 of them: the TLS handshake was not captured\n", self.inspect(pcap(late), "--keylog", log)[2])

        client = [at for at, frame in enumerate(frames) if frame[1][26:30] == bytes([10, 0, 0, 1]) and len(frame[1]) > 60]
        gap = [frame for at, frame in enumerate(frames) if at != client[-2]]
        status, found, err = self.inspect(pcap(gap), "--keylog", log)
        self.assertIn("so what follows cannot be decrypted\n", err)

    def test_a_key_log_without_secrets_is_refused(self):
        for text, why in ((b"", "has no secret"), (b"CLIENT_RANDOM 00 11\n", "has no secret")):
            file = pathlib.Path(self.folder.name) / "empty"
            file.write_bytes(text)
            done = run("inspect", "--keylog", file, "c000")
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr.decode())
        done = run("inspect", "--keylog", "/no/such", "c000")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No such file or directory", done.stderr.decode())

    def test_a_damaged_record_ends_the_connection_and_nothing_else(self):
        frames, log = self.captured("damaged")
        at = max(index for index, frame in enumerate(frames) if len(frame[1]) > 60)
        when, frame = frames[at]
        frames[at] = (when, frame[:-1] + bytes([frame[-1] ^ 1]))
        status, found, err = self.inspect(pcap(frames), "--keylog", log)
        self.assertEqual([each["type"] for each in found][:2], ["CONNECT", "CONNACK"])
        self.assertIn(": a TLS record cannot be decrypted: ", err)
        self.assertEqual(status, 0)


if __name__ == "__main__":
    unittest.main()
