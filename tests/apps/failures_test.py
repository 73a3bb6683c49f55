#!/usr/bin/env python3
"""What the programs say when a connection does not come about, told by real peers, and the steps of mqtk-check."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import certificates
import running
import service_records
import transports
from running import LIMIT, Mosquitto, Scripted, run
from transports import Broker, Server, Web


class Failures(transports.Cases):
    def tls_url(self, server):
        return f"mqtts://localhost:{server.port}?ca-file={self.authority.file}"

    def test_unknown_host(self):
        self.assertEqual(self.failure(2, "mqtt://broker.invalid"),
                         "looking up broker.invalid: unknown host; check the name given with --host")

    def test_refused(self):
        port = running.free_port()
        self.assertEqual(self.failure(2, f"mqtt://127.0.0.1:{port}"),
                         f"connecting to 127.0.0.1:{port}: connection refused; check --host and --port, and that the "
                         "broker is running")

    def test_no_route(self):
        # In a network of its own, where nothing leads anywhere.
        alone = ["unshare", "-n"]
        if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
            self.skipTest("no network of its own is to be had")
        command = f"{running.BIN}/mqtk-pub -L mqtt://192.0.2.1 -t a -m b"
        for prepare, why in [("", "network is unreachable"),
                             ("ip link set lo up; ip route add unreachable 192.0.2.0/24; ", "no route to host")]:
            done = subprocess.run([*alone, "sh", "-c", prepare + command], capture_output=True, timeout=LIMIT,
                                  env=running.clean_environment())
            self.assertEqual((done.returncode, done.stderr.decode()), (
                2, f"mqtk-pub: connecting to 192.0.2.1:1883: {why}; check the network and --host\n"))

    @unittest.skipUnless(service_records.is_possible(), "no network of its own is to be had")
    def test_service_records_name_the_broker_and_the_next_one_where_the_first_is_out_of_order(self):
        found = service_records.connect(running.BIN / "mqtk-pub", "--srv", "-h", "{domain}", "-t", "a", "-m", "x")
        self.assertEqual((found["status"], found["err"], found["packets"]), (0, "", [1, 3, 14]))
        self.assertEqual([name for name, kind in found["questions"] if kind == 33], ["_mqtt._tcp.plant.test"])
        none = service_records.connect(running.BIN / "mqtk-pub", "--srv", "-h", "no.{domain}", "-t", "a", "-m", "x")
        self.assertEqual((none["status"], none["err"]), (
            2, "mqtk-pub: looking up the service _mqtt._tcp.no.plant.test: DNS has no SRV record for it; check the name given "
               "with --host\n"))

    def test_no_unix_socket(self):
        self.assertEqual(self.failure(2, "unix:///no/such/socket"),
                         "connecting to /no/such/socket: no such file or directory; check the path of the Unix socket, "
                         "and that the broker is running")

    def test_time_out(self):
        silent = self.opened(Scripted(lambda stream: time.sleep(2)))
        self.assertEqual(self.failure(6, f"mqtts://127.0.0.1:{silent.port}", "--connect-timeout", "300ms"),
                         "TLS handshake with 127.0.0.1: no answer within the time limit; check --host and --port, or "
                         "raise --connect-timeout")

    def test_not_a_tls_port(self):
        plain = self.opened(Mosquitto())
        self.assertEqual(self.failure(2, f"mqtts://localhost:{plain.port}"),
                         "TLS handshake with localhost: the peer closed the connection during the TLS handshake; this may "
                         "not be the port for TLS, usually 8883; see the broker's log")

    def test_a_web_server_instead_of_tls(self):
        web = self.opened(Web())
        self.assertEqual(self.failure(2, f"mqtts://localhost:{web.port}"),
                         "TLS handshake with localhost: the answer is not TLS; use mqtt:// or ws:// at this port, or the "
                         "port for TLS, usually 8883")

    def test_tls_on_a_plain_port(self):
        server = self.opened(Mosquitto([f"certfile {self.certificate}", f"keyfile {self.key}"]))
        self.assertRegex(self.failure(2, f"mqtt://localhost:{server.port}"),
                         f"^waiting for the CONNACK of localhost:{server.port}: (the peer closed the connection|connection "
                         r"reset by peer); it may want TLS \(mqtts://\), another -V, or be no MQTT listener$")

    def test_unknown_authority(self):
        server = self.opened(Server(self.certificate, self.key))
        self.assertEqual(self.failure(2, f"mqtts://localhost:{server.port}"),
                         "TLS handshake with localhost: the certificate was issued by an authority that is not trusted here "
                         "(the authority is \"CN=Test Authority\"); give that authority's certificate with --ca-file")

    def test_self_signed(self):
        server = self.opened(Server(self.authority.file, self.authority.folder / "ca.key"))
        self.assertEqual(self.failure(2, f"mqtts://localhost:{server.port}"),
                         "TLS handshake with localhost: the certificate is self-signed and not trusted here (\"CN=Test "
                         "Authority\"); if it is the right one, give it with --ca-file")

    def test_expired(self):
        server = self.opened(Server(*self.authority.issue("old", end="20210203000000Z")))
        self.assertEqual(self.failure(2, self.tls_url(server)),
                         "TLS handshake with localhost: the certificate has expired (on 2021-02-03, that of \"CN=old\"); "
                         "the broker needs a new one, or this machine's clock is wrong")

    def test_not_yet_valid(self):
        server = self.opened(Server(*self.authority.issue("new", begin="20480101000000Z")))
        self.assertEqual(self.failure(2, self.tls_url(server)),
                         "TLS handshake with localhost: the certificate is not valid yet (but from 2048-01-01 on, that of "
                         "\"CN=new\"); the broker needs a new one, or this machine's clock is wrong")

    def test_wrong_host(self):
        server = self.opened(Server(*self.authority.issue("other", "DNS:broker.example,DNS:*.plant.example")))
        self.assertEqual(self.failure(2, self.tls_url(server)),
                         "TLS handshake with localhost: the certificate is for another host (it names broker.example, "
                         "*.plant.example, not localhost); connect to a name that it names, or give that one with "
                         "--server-name")

    def test_client_certificate_missing_or_rejected(self):
        stranger = self.opened(certificates.Authority("Stranger"))
        theirs = stranger.issue("intruder")
        for version in ("1.2", "1.3"):
            server = self.opened(Server(self.certificate, self.key, "-Verify", 1, "-verify_return_error", "-CAfile",
                                        self.authority.file, *(["-tls1_2"] if version == "1.2" else [])))
            doing = "TLS handshake with localhost" if version == "1.2" else \
                f"waiting for the CONNACK of localhost:{server.port}"
            self.assertEqual(self.failure(2, self.tls_url(server)),
                             f"{doing}: the peer wants a client certificate; give yours with --cert-file and --key-file")
            self.assertEqual(self.failure(2, self.tls_url(server), "--cert-file", theirs[0], "--key-file", theirs[1]),
                             f"{doing}: the peer does not know the authority that issued our certificate; give one that the "
                             "broker accepts with --cert-file; see the broker's log")

    def test_alpn_refused(self):
        broker = self.opened(Broker("--tls-self-signed", "--alpn", "mqtt", "-l", "mqtts://127.0.0.1:0"))
        self.assertEqual(self.failure(2, broker.urls[0], "--alpn", "x-amzn-mqtt-ca"),
                         "TLS handshake with 127.0.0.1: the peer speaks none of the protocols offered (ALPN); check --alpn")

    def test_protocol_version_too_old(self):
        server = self.opened(Server(self.certificate, self.key, "-tls1_2"))
        self.assertEqual(self.failure(2, self.tls_url(server), "--tls-version", "1.3"),
                         "TLS handshake with localhost: the two sides have no TLS version in common; check --tls-version; "
                         "the broker may speak only versions older than TLS 1.2")

    def test_an_http_answer_instead_of_a_websocket(self):
        web = self.opened(Web())
        doing = f"WebSocket handshake with localhost:{web.port}"
        self.assertEqual(self.failure(2, f"ws://localhost:{web.port}/"),
                         f"{doing}: an HTTP answer instead of a WebSocket (HTTP status 200 OK); check port and path: this is "
                         "a web server")

    def test_a_wrong_path(self):
        broker = self.opened(Broker("-l", "ws://127.0.0.1:0/mqtt"))
        self.assertEqual(self.failure(2, f"ws://127.0.0.1:{broker.port()}/ws"),
                         f"WebSocket handshake with 127.0.0.1:{broker.port()}: no WebSocket at this path (HTTP status 404 Not "
                         "Found); check the path; usual ones are /mqtt, /ws and /")

    def test_mqtt_instead_of_a_websocket(self):
        plain = self.opened(Scripted(lambda stream: stream.socket.sendall(b"\x20\x02\x00\x01")))
        self.assertEqual(self.failure(2, f"ws://127.0.0.1:{plain.port}"),
                         f"WebSocket handshake with 127.0.0.1:{plain.port}: the answer is not HTTP (it begins with \" "
                         "\\x02\\x00\\x01\"); use mqtt:// at this port, or the port for WebSocket")

    def test_refusals_of_the_broker(self):
        for code, version, text in [
            (0x84, 5, "Unsupported Protocol Version (0x84); choose another version with -V"),
            (0x85, 5, "Client Identifier not valid (0x85); choose another --id"),
            (0x86, 5, "Bad User Name or Password (0x86); check --username and the password"),
            (0x87, 5, "Not authorized (0x87); check --username, the password and what the broker allows them"),
            (0x8A, 5, "Banned (0x8A); the broker does not let this client in; ask who runs it"),
            (0x89, 5, "Server busy (0x89); try again later, or with --reconnect"),
        ]:
            with self.subTest(text):
                peer = self.opened(Scripted(lambda stream, code=code: stream.receive() and stream.send(0x20, bytes([0, code, 0]))))
                self.assertEqual(self.failure(3, f"mqtt://127.0.0.1:{peer.port}", "-V", version),
                                 f"127.0.0.1:{peer.port} refused the connection: {text}")

    def test_refusals_of_our_own_broker(self):
        for code, old_code, text in [
            ("0x85", 2, "Client Identifier not valid (0x85): the Client Identifier is not acceptable; choose another --id"),
            ("0x88", 3, "Server unavailable (0x88); try again later, or with --reconnect"),
            ("0x89", 3, "Server busy (0x89); try again later, or with --reconnect"),
            ("0x8A", 5, "Banned (0x8A); the broker does not let this client in; ask who runs it"),
            ("0x9F", 3, "Connection rate exceeded (0x9F); try again later, or with --reconnect"),
        ]:
            with self.subTest(code):
                broker = self.opened(Broker("--port", 0, "--fault", f"refuse={code}"))
                said = self.failure(3, broker.urls[0], "-V", 5)
                self.assertTrue(said.startswith(f"127.0.0.1:{broker.port()} refused the connection: "), said)
                self.assertTrue(said.endswith(text.split("; ", 1)[1]), said)
                self.assertIn(text.split(" (")[0] + f" ({code})", said)
                self.assertIn(f"(return code {old_code})", self.failure(3, broker.urls[0], "-V", "3.1.1"))

    def test_bad_credentials_at_mosquitto(self):
        broker = self.opened(Mosquitto(anonymous=False))
        for version, said in [("5", "Not authorized (0x87)"), ("3.1.1", "not authorized (return code 5)")]:
            for login in ([], ["-u", "me", "-P", "wrong"]):
                self.assertEqual(self.failure(3, f"mqtt://localhost:{broker.port}", "-V", version, *login),
                                 f"localhost:{broker.port} refused the connection: {said}; check --username, the password and what "
                                 "the broker allows them")

    def test_closed_without_a_word_right_after_connect(self):
        peer = self.opened(Scripted(lambda stream: stream.receive()))
        self.assertEqual(self.failure(2, f"mqtt://127.0.0.1:{peer.port}", "-V", 5),
                         f"waiting for the CONNACK of 127.0.0.1:{peer.port}: the peer closed the connection; it may want TLS "
                         "(mqtts://), another -V, or be no MQTT listener")

    def test_options_without_effect_and_files_that_cannot_be_used_are_told_before_connecting(self):
        self.assertEqual(self.failure(1, "mqtt://h", "--ca-file", "x"),
                         "--ca-file: of no effect, since mqtt:// is without TLS; write mqtts://")
        self.assertEqual(self.failure(1, "mqtts://h", "--ca-file", "/no/such"),
                         "CA file '/no/such': cannot be read: No such file or directory")
        other = self.authority.issue("unrelated")
        self.assertEqual(self.failure(1, "mqtts://h", "--cert-file", self.certificate, "--key-file", other[1]),
                         f"key file '{other[1]}': the key does not belong to the certificate")
        self.assertEqual(self.failure(1, "mqtt://h?password-from=command:id"), "--url: a URL cannot set 'password-from'")


class Check(transports.Cases):
    def test_each_step_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = pathlib.Path(folder) / "ca.pem"
            broker = self.opened(Broker("--tls-self-signed-ca", authority, "-l", "wss://127.0.0.1:0/mqtt"))
            done = run("check", broker.urls[0], "--ca-file", authority, "--json")
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            steps = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([step["step"] for step in steps], [
                "name lookup", "TCP", "TLS", "certificate", "WebSocket", "CONNECT 5.0", "announced", "round trip QoS 0",
                "round trip QoS 1", "round trip QoS 2", "wildcards", "retained", "shared", "CONNECT 3.1.1"])
            self.assertEqual({step["outcome"] for step in steps}, {"ok", "note"})
            self.assertIn("CN=localhost for localhost, 127.0.0.1, ::1", steps[3]["text"])

    def test_the_first_failure_ends_it_with_cause_and_remedy(self):
        broker = self.opened(Broker("--tls-self-signed", "-l", "mqtts://127.0.0.1:0"))
        done = run("check", broker.urls[0])
        self.assertEqual(done.returncode, 2)
        last = done.stdout.decode().splitlines()[-1]
        self.assertTrue(last.startswith("FAILED "), last)
        self.assertTrue(last.endswith("give that authority's certificate with --ca-file"), last)

    def test_mosquitto_can_do_all_of_it(self):
        broker = self.opened(Mosquitto())
        done = run("check", f"mqtt://localhost:{broker.port}")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual({line.split()[0] for line in done.stdout.splitlines()}, {b"ok", b"note"})


if __name__ == "__main__":
    unittest.main()
