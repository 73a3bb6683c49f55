#!/usr/bin/env python3
"""How the programs connect: over TLS, WebSocket and Unix sockets, and what they say when that fails, peers real."""

import functools
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import certificates
import running
from running import LIMIT, Mosquitto, Scripted, run, start


class Broker:
    """mqtk-broker with these options; `urls` are what it prints."""

    def __init__(self, *arguments, **pipes):
        self.process = start("broker", *arguments, **{"stderr": subprocess.DEVNULL, **pipes})
        self.urls = []
        for line in self.process.stdout:
            if line == b"ready\n":
                break
            self.urls.append(line.decode().split()[1])

    def port(self, index=0):
        return int(self.urls[index].split("/")[2].rsplit(":", 1)[1])

    def close(self):
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdout.close()


class Server:
    """openssl s_server, which shows a certificate and says nothing more."""

    def __init__(self, certificate, key, *arguments):
        self.port = running.free_port()
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate, "-key", key, "-quiet",
             *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not running.wait_until(lambda: running.accepts(self.port)):
            raise RuntimeError("openssl s_server does not start")

    def close(self):
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdin.close()


class Cases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.Authority()
        cls.certificate, cls.key = cls.authority.issue("server")

    @classmethod
    def tearDownClass(cls):
        cls.authority.close()

    def opened(self, thing):
        self.addCleanup(thing.close)
        return thing

    def failure(self, status, url, *arguments, **options):
        """The one line with which mqtk-pub ends, behind its name."""
        result = run("pub", "-L", url, "-t", "a", "-m", "b", "-q", 1, *arguments, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, b"")
        lines = result.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("mqtk-pub: "), lines)
        return lines[0][10:]

    def round_trip(self, url, *arguments):
        """A retained message goes there and comes back."""
        sent = run("pub", "-L", url, "-t", "round/trip", "-m", "21.5", "-q", 1, "-r", *arguments)
        self.assertEqual((sent.returncode, sent.stderr), (0, b""))
        got = run("sub", "-L", url, "-t", "round/#", "-C", 1, "-W", 10, *arguments)
        self.assertEqual((got.returncode, got.stdout), (0, b"21.5\n"), got.stderr)


class Ways(Cases):
    def test_one_broker_listens_in_every_way(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = pathlib.Path(folder) / "ca.pem"
            broker = self.opened(Broker(
                "--tls-self-signed-ca", authority, "-l", "mqtt://127.0.0.1:0", "-l", "mqtts://127.0.0.1:0", "-l",
                "ws://127.0.0.1:0/mqtt", "-l", "wss://127.0.0.1:0/deep/path", "-l", f"unix://{folder}/mqtt.sock", "-l",
                f"unix://@mqtk-{os.getpid()}"))
            self.assertEqual([url.split(":")[0] for url in broker.urls], ["mqtt", "mqtts", "ws", "wss", "unix", "unix"])
            for url in broker.urls:
                with self.subTest(url):
                    self.round_trip(url, *(["--ca-file", authority] if "s://" in url.replace("ws://", "w://") else []))

    def test_a_host_with_options_is_as_good_as_a_url(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = pathlib.Path(folder) / "ca.pem"
            broker = self.opened(Broker("--tls-self-signed-ca", authority, "-l", "wss://127.0.0.1:0/x"))
            result = run("pub", "-h", f"localhost:{broker.port()}", "--ca-file", authority, "--ws-path", "x", "-t", "a",
                         "-m", "b")
            self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_mosquitto_takes_tls_and_client_certificates(self):
        certificate, key = self.authority.issue("sensor 7", "DNS:sensor7", pass_phrase="open sesame")
        broker = self.opened(Mosquitto([
            f"cafile {self.authority.file}", f"certfile {self.certificate}", f"keyfile {self.key}",
            "require_certificate true"]))
        with tempfile.NamedTemporaryFile() as phrase:
            phrase.write(b"open sesame\n")
            phrase.flush()
            self.round_trip(f"mqtts://localhost:{broker.port}?ca-file={self.authority.file}", "--cert-file", certificate,
                            "--key-file", key, "--key-password-from", f"file:{phrase.name}")

    def test_mosquitto_takes_websockets(self):
        # This version does not start with WebSockets alone.
        broker = self.opened(Mosquitto(["protocol websockets", f"listener {running.free_port()} 127.0.0.1"]))
        self.round_trip(f"ws://127.0.0.1:{broker.port}/mqtt")

    def test_mosquitto_takes_websockets_over_tls_and_client_certificates_there(self):
        shown = self.authority.issue("sensor 8", "DNS:sensor8")
        broker = self.opened(Mosquitto([
            "protocol websockets", f"cafile {self.authority.file}", f"certfile {self.certificate}", f"keyfile {self.key}",
            "require_certificate true", f"listener {running.free_port()} 127.0.0.1"]))
        place = [f"wss://localhost:{broker.port}/mqtt", "--ca-file", self.authority.file]
        self.round_trip(*place, "--cert-file", shown[0], "--key-file", shown[1])
        self.assertEqual(run("pub", "-L", *place, "-t", "a", "-m", "b", "-q", 1).returncode, 2)

    def test_client_certificates_are_asked_for_on_websockets_too(self):
        shown = self.authority.issue("sensor 9", "DNS:sensor9")
        broker = self.opened(Broker(
            "-l", f"wss://127.0.0.1:0/mqtt?cert-file={self.certificate}&key-file={self.key}&client-certificate=required"
            f"&ca-file={self.authority.file}"))
        place = [f"wss://localhost:{broker.port()}/mqtt", "--ca-file", self.authority.file]
        self.round_trip(*place, "--cert-file", shown[0], "--key-file", shown[1])
        self.assertEqual(run("pub", "-L", *place, "-t", "a", "-m", "b", "-q", 1).returncode, 2)

    def test_mosquittos_programs_take_our_tls_and_client_certificates(self):
        certificate, key = self.authority.issue("phone", "DNS:phone")
        broker = self.opened(Broker(
            "-l", f"mqtts://127.0.0.1:0?cert-file={self.certificate}&key-file={self.key}&client-certificate=required"
            f"&ca-file={self.authority.file}"))
        command = ["mosquitto_pub", "-h", "localhost", "-p", str(broker.port()), "-t", "a", "-m", "b", "-q", "1",
                   "--cafile", str(self.authority.file)]
        done = subprocess.run([*command, "--cert", certificate, "--key", key], capture_output=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual(subprocess.run(command, capture_output=True, timeout=LIMIT).returncode, 0)

    def test_preshared_keys_work_with_mosquitto_in_both_directions(self):
        psk = ["--psk-identity", "sensor", "--psk", "0102030405060708"]
        theirs = self.opened(Mosquitto(["psk_hint hint", "psk_file {folder}/keys"], files={"keys": "sensor:0102030405060708\n"}))
        self.round_trip(f"mqtts://localhost:{theirs.port}", *psk)
        with tempfile.NamedTemporaryFile("w") as keys:
            keys.write("# of the plant\nsensor:0102030405060708\n")
            keys.flush()
            ours = self.opened(Broker("-l", f"mqtts://127.0.0.1:0?psk-file={keys.name}"))
            self.round_trip(f"mqtts://localhost:{ours.port()}", *psk)
            done = subprocess.run(["mosquitto_pub", "-h", "localhost", "-p", str(ours.port()), "-t", "a", "-m", "b", "-q",
                                   "1", *psk], capture_output=True, timeout=LIMIT)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_connection_without_tls_does_not_load_openssl(self):
        broker = self.opened(running.MqtkBroker())
        done = run("pub", "-p", broker.port, "-t", "a", "-m", "b", environment={"LD_DEBUG": "files"})
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"libc.so", done.stderr)
        self.assertNotIn(b"libcrypto", done.stderr)

    def test_insecure_works_and_says_so(self):
        broker = self.opened(Broker("--tls-self-signed", "-l", "mqtts://127.0.0.1:0"))
        result = run("pub", "-L", broker.urls[0], "--insecure", "-t", "a", "-m", "b")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, b"mqtk-pub: warning: --insecure: the broker's certificate is not checked; others "
                                        b"can read and change everything\n")


class Failures(Cases):
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
        self.assertIn("refused the connection: Not authorized (0x87)", self.failure(3, f"mqtt://localhost:{broker.port}"))

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


class Secrets(Cases):
    def setUp(self):
        def answer(stream):
            _, body = stream.receive()
            self.bodies.append(body)
            stream.send(0x20, bytes([0, 0, 0]))
            stream.receive()
        self.bodies = []
        self.peer = self.opened(Scripted(answer))

    def password(self, *arguments, **options):
        result = run("pub", "-p", self.peer.port, "-i", "me", "-u", "me", "-t", "a", "-m", "b", *arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.bodies[-1][-len(b"secret"):]

    def test_a_password_comes_from_a_file_a_descriptor_the_environment_or_a_command(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"secret\nnot this\n")
            file.flush()
            self.assertEqual(self.password("--password-from", f"file:{file.name}"), b"secret")
            self.assertEqual(self.password("--password-file", file.name), b"secret")
        self.assertEqual(self.password("--password-from", "fd:0", stdin=b"secret\n"), b"secret")
        self.assertEqual(self.password("--password-from", "env:TOKEN", environment={"TOKEN": "secret"}), b"secret")
        self.assertEqual(self.password("--password-from", "command:echo secret"), b"secret")

    def test_a_profile_says_what_is_not_given_and_its_password_goes_to_its_broker_only(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "mqtk").mkdir()
            (pathlib.Path(folder) / "mqtk/config.json").write_text(
                '{"default": "plant", "profiles": {"plant": {"url": "mqtt://127.0.0.1:%d", "username": "me", "id": "me", '
                '"password": "secret", "keep-alive": 30}}}' % self.peer.port)
            place = {"XDG_CONFIG_HOME": folder}
            self.assertEqual(run("pub", "-t", "a", "-m", "b", environment=place).returncode, 0)
            self.assertTrue(self.bodies[-1].endswith(b"secret"))
            self.assertEqual(self.bodies[-1][8:10], bytes([0, 30]))
            self.assertEqual(run("pub", "-h", "127.0.0.1", "-p", self.peer.port, "-i", "me", "-t", "a", "-m", "b", environment=place)
                             .returncode, 0)
            self.assertNotIn(b"secret", self.bodies[-1])
            unknown = run("pub", "--profile", "home", "-t", "a", "-m", "b", environment=place)
            self.assertEqual(unknown.returncode, 1)
            self.assertIn(b"--profile 'home': there is no such profile", unknown.stderr)


class Access(Cases):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.users, self.rules = self.folder / "users", self.folder / "rules"

    def set_password(self, name, password):
        done = run("broker", "passwd", self.users, name, "--password-from", "fd:0", stdin=password.encode() + b"\n")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def status(self, broker, *arguments):
        return run("pub", "-p", broker.port(), "-m", "x", "-q", 1, *arguments).returncode

    def test_passwords_are_written_by_the_program_and_asked_for_by_the_broker(self):
        self.set_password("me", "secret")
        self.assertEqual(self.users.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(b"secret", self.users.read_bytes())
        broker = self.opened(Broker("--port", 0, "--password-file", self.users))
        self.assertEqual(self.status(broker, "-t", "a", "-u", "me", "-P", "secret"), 0)
        self.assertEqual(self.status(broker, "-t", "a", "-u", "me", "-P", "wrong"), 3)
        self.assertEqual(self.status(broker, "-t", "a"), 3)
        # A user that comes while the broker runs.
        self.set_password("you", "other")
        self.broker_reads_again(broker)
        self.assertTrue(running.wait_until(lambda: self.status(broker, "-t", "a", "-u", "you", "-P", "other") == 0))

    def broker_reads_again(self, broker):
        broker.process.send_signal(signal.SIGHUP)

    def test_mosquitto_and_the_broker_read_each_others_password_files(self):
        self.set_password("me", "secret")
        theirs = self.opened(Mosquitto(["password_file {folder}/users"], anonymous=False,
                                       files={"users": self.users.read_text()}))
        self.assertEqual(run("pub", "-p", theirs.port, "-t", "a", "-m", "b", "-u", "me", "-P", "secret").returncode, 0)
        self.assertEqual(run("pub", "-p", theirs.port, "-t", "a", "-m", "b", "-u", "me", "-P", "wrong").returncode, 3)
        subprocess.run(["mosquitto_passwd", "-b", self.users, "you", "other"], check=True, timeout=LIMIT)
        ours = self.opened(Broker("--port", 0, "--password-file", self.users))
        self.assertEqual(self.status(ours, "-t", "a", "-u", "you", "-P", "other"), 0)

    def test_topics_are_allowed_by_rules_that_can_be_read_again(self):
        self.set_password("me", "secret")
        self.rules.write_text("user me\ntopic write out/#\npattern read in/%u/%c\n")
        broker = self.opened(Broker("--port", 0, "--password-file", self.users, "--acl-file", self.rules))
        login = ["-u", "me", "-P", "secret"]
        self.assertEqual(self.status(broker, "-t", "out/a", *login), 0)
        self.assertEqual(self.status(broker, "-t", "other", *login), 4)
        denied = run("sub", "-p", broker.port(), "-t", "in/me/#", *login, "-i", "c", "-E")
        self.assertEqual(denied.returncode, 4, denied.stderr)
        self.assertEqual(run("sub", "-p", broker.port(), "-t", "in/me/c", *login, "-i", "c", "-E").returncode, 0)
        self.rules.write_text("user me\ntopic #\n")
        self.broker_reads_again(broker)
        self.assertTrue(running.wait_until(lambda: self.status(broker, "-t", "other", *login) == 0))
        # A damaged file leaves the rules as they are.
        self.rules.write_text("nonsense\n")
        self.broker_reads_again(broker)
        self.assertEqual(self.status(broker, "-t", "other", *login), 0)

    def test_a_client_certificate_gives_the_user_name(self):
        certificate, key = self.authority.issue("sensor7", "DNS:sensor7")
        self.rules.write_text("user sensor7\ntopic write from/sensor7\n")
        broker = self.opened(Broker(
            "-l", "mqtts://127.0.0.1:0", "--cert-file", self.certificate, "--key-file", self.key, "--ca-file",
            self.authority.file, "--client-certificate", "required", "--user-name-from", "cn", "--acl-file", self.rules))
        shown = ["-L", f"mqtts://localhost:{broker.port()}", "--ca-file", self.authority.file, "--cert-file", certificate,
                 "--key-file", key, "-m", "x", "-q", 1]
        self.assertEqual(run("pub", *shown, "-t", "from/sensor7").returncode, 0)
        self.assertEqual(run("pub", *shown, "-t", "from/sensor8").returncode, 4)

    def test_other_machines_need_credentials_unless_all_are_welcome(self):
        refused = run("broker", "-l", "mqtt://*:0")
        self.assertEqual((refused.returncode, refused.stderr), (
            1, b"mqtk-broker: mqtt://*:0: other machines could connect without a password; give --password-file, or "
               b"--allow-anonymous to let them\n"))
        missing = run("broker", "--password-file", "/no/such")
        self.assertEqual((missing.returncode, missing.stderr), (
            1, b"mqtk-broker: password file '/no/such': cannot be read: No such file or directory\n"))


class Check(Cases):
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


class Profiles(Cases):
    def test_profiles_are_set_shown_and_removed_and_hold_only_what_connections_take(self):
        with tempfile.TemporaryDirectory() as folder:
            place = {"XDG_CONFIG_HOME": folder}

            def profile(*words, status=0):
                done = run("profile", *words, environment=place)
                self.assertEqual(done.returncode, status, done.stderr)
                return (done.stdout or done.stderr).decode()

            self.assertEqual(profile("list"), "")
            profile("set", "--default", "plant", "url=mqtts://me:secret@broker.example", "ws-header=A: b", "ws-header=C: d")
            profile("set", "home", "host=localhost", "password=secret", "tls=true")
            self.assertEqual((pathlib.Path(folder) / "mqtk/config.json").stat().st_mode & 0o777, 0o600)
            self.assertEqual(profile("list"), "plant (default)  mqtts://me:***@broker.example:8883\nhome\n")
            self.assertEqual(profile("show", "plant"),
                             "url=mqtts://me:***@broker.example:8883\nws-header=A: ***\nws-header=C: ***\n")
            self.assertEqual(profile("show", "home"), "host=localhost\npassword=***\ntls=true\n")
            self.assertIn("password=secret\n", profile("show", "home", "--show-secrets"))
            self.assertEqual(profile("set", "home", "topic=a", status=1),
                             "mqtk-profile: 'topic' is no option of connections\n")
            self.assertEqual(profile("set", "home", "port=x", status=1),
                             "mqtk-profile: port: not a whole number from 1 to 65535\n")
            profile("set", "home", "password=")
            self.assertEqual(profile("show", "home"), "host=localhost\ntls=true\n")
            profile("remove", "plant")
            self.assertEqual(profile("list"), "home\n")


class Web:
    """A web server of Python."""

    def __init__(self):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                pass
        self.folder = tempfile.TemporaryDirectory()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=self.folder.name))
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()


if __name__ == "__main__":
    unittest.main()
