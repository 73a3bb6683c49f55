#!/usr/bin/env python3
"""What the programs say when a connection does not come about, told by real peers, and the steps of mqtk-check."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import certificates
import running
import service_records
import transports
from running import LIMIT, Mosquitto, Scripted, run, wait_until
from transports import STEP, Broker, Nginx, Server


class Networks(transports.Cases):
    def test_addresses_that_do_not_fit_name_the_option(self):
        done = run("pub", "-h", "127.0.0.1", "--ip-version", 6, "-t", "a", "-m", "b")
        self.assertEqual((done.returncode, done.stderr.decode()), (
            2, "mqtk-pub: looking up 127.0.0.1: unknown host; check the name given with --host, and whether it has an "
               "address of this --ip-version\n"))
        # An address for documentation, which no machine has.
        done = run("pub", "-h", "127.0.0.1", "-p", 1, "--bind", "192.0.2.1", "-t", "a", "-m", "b")
        self.assertEqual((done.returncode, done.stderr.decode()), (
            2, "mqtk-pub: connecting to 127.0.0.1:1: cannot assign requested address; check --bind: this machine has no "
               "such address\n"))

    def test_unknown_host(self):
        self.assertEqual(self.told(2, "name lookup", "mqtt://broker.invalid"),
                         "looking up broker.invalid: unknown host; check the name given with --host")

    def test_refused(self):
        port = running.free_port()
        self.assertEqual(self.told(2, "TCP", f"mqtt://127.0.0.1:{port}"),
                         f"connecting to 127.0.0.1:{port}: connection refused; check --host and --port, and that the "
                         "broker is running")

    def test_no_route_and_no_answer(self):
        # In a network of its own, where nothing leads anywhere.
        alone = ["unshare", "-n"]
        if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
            self.skipTest("no network of its own is to be had")
        bin_, place = running.BIN, "-L mqtt://192.0.2.1 --connect-timeout 200ms"
        commands = f"{bin_}/mqtk-pub {place} -t a -m b; echo $?; {bin_}/mqtk-sub {place} -t a; echo $?; {bin_}/mqtk-check {place}; echo $?"
        # What loops back and is for somebody else is dropped.
        hole = "ip link set lo up; ip addr add 192.0.2.7/32 dev lo; ip route add 192.0.2.0/24 dev lo; "
        for prepare, status, why in [
            ("", 2, "network is unreachable; check the network and --host"),
            ("ip link set lo up; ip route add unreachable 192.0.2.0/24; ", 2, "no route to host; check the network and --host"),
            (hole, 6, "no answer within the time limit; check --host and --port, or raise --connect-timeout"),
        ]:
            with self.subTest(why):
                done = subprocess.run([*alone, "sh", "-c", prepare + "exec 2>&1; " + commands], capture_output=True, timeout=LIMIT,
                                      env=running.clean_environment())
                said = done.stdout.decode().splitlines()
                line = f"connecting to 192.0.2.1:1883: {why}"
                self.assertEqual(said[:4], [f"mqtk-pub: {line}", str(status), f"mqtk-sub: {line}", str(status)])
                self.assertEqual(STEP.fullmatch(said[-2]).groups(), ("FAILED", "TCP".ljust(17), line))
                self.assertEqual(said[-1], str(status))

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
        self.assertEqual(self.told(2, "Unix socket", "unix:///no/such/socket"),
                         "connecting to /no/such/socket: no such file or directory; check the path of the Unix socket, "
                         "and that the broker is running")

    def test_no_answer_after_the_connection_was_made(self):
        broker = self.opened(Broker("--port", 0, "--fault", "drop packet=connect"))
        self.assertEqual(self.told(6, "CONNECT 5.0", broker.urls[0], "--connect-timeout", "300ms"),
                         f"no CONNACK from 127.0.0.1:{broker.port()} within 300 ms; is it an MQTT listener? Or raise "
                         "--connect-timeout")
        # The kernel takes the connection, and nobody ever reads it.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.assertEqual(self.told(6, "TLS", f"mqtts://127.0.0.1:{silent.getsockname()[1]}", "--connect-timeout", "300ms"),
                             "TLS handshake with 127.0.0.1: no answer within the time limit; check --host and --port, or "
                             "raise --connect-timeout")


class Tls(transports.Cases):
    def tls_url(self, server):
        return f"mqtts://localhost:{server.port}?ca-file={self.authority.file}"

    def test_not_a_tls_port(self):
        plain = self.opened(Mosquitto())
        self.assertEqual(self.told(2, "TLS", f"mqtts://localhost:{plain.port}"),
                         "TLS handshake with localhost: the peer closed the connection during the TLS handshake; this may "
                         "not be the port for TLS, usually 8883; see the broker's log")

    @unittest.skipUnless(Nginx.program, "nginx is not installed")
    def test_a_web_server_instead_of_tls(self):
        web = self.opened(Nginx("return 204;"))
        self.assertEqual(self.told(2, "TLS", f"mqtts://localhost:{web.port}"),
                         "TLS handshake with localhost: the answer is not TLS; use mqtt:// or ws:// at this port, or the "
                         "port for TLS, usually 8883")

    def test_tls_on_a_plain_port(self):
        server = self.opened(Mosquitto([f"certfile {self.certificate}", f"keyfile {self.key}"]))
        pattern = (f"^waiting for the CONNACK of localhost:{server.port}: (the peer closed the connection|connection "
                   r"reset by peer); it may want TLS \(mqtts://\), another -V, or be no MQTT listener$")
        # Which of the two comes is a matter of time.
        self.assertRegex(self.failure(2, f"mqtt://localhost:{server.port}"), pattern)
        checked = run("check", f"mqtt://localhost:{server.port}")
        outcome, step, line = STEP.fullmatch(checked.stdout.decode().splitlines()[-1]).groups()
        self.assertEqual((checked.returncode, outcome, step.strip()), (2, "FAILED", "CONNECT 5.0"))
        self.assertRegex(line, pattern)

    def test_unknown_authority(self):
        server = self.opened(Server(self.certificate, self.key))
        self.assertEqual(self.told(2, "TLS", f"mqtts://localhost:{server.port}"),
                         "TLS handshake with localhost: the certificate was issued by an authority that is not trusted here "
                         "(the authority is \"CN=Test Authority\"); give that authority's certificate with --ca-file")

    def test_self_signed(self):
        server = self.opened(Server(self.authority.file, self.authority.folder / "ca.key"))
        self.assertEqual(self.told(2, "TLS", f"mqtts://localhost:{server.port}"),
                         "TLS handshake with localhost: the certificate is self-signed and not trusted here (\"CN=Test "
                         "Authority\"); if it is the right one, give it with --ca-file")

    def test_expired(self):
        server = self.opened(Server(*self.authority.issue("old", end="20210203000000Z")))
        self.assertEqual(self.told(2, "TLS", self.tls_url(server)),
                         "TLS handshake with localhost: the certificate has expired (on 2021-02-03, that of \"CN=old\"); "
                         "the broker needs a new one, or this machine's clock is wrong")

    def test_not_yet_valid(self):
        server = self.opened(Server(*self.authority.issue("new", begin="20480101000000Z")))
        self.assertEqual(self.told(2, "TLS", self.tls_url(server)),
                         "TLS handshake with localhost: the certificate is not valid yet (but from 2048-01-01 on, that of "
                         "\"CN=new\"); the broker needs a new one, or this machine's clock is wrong")

    def test_wrong_host(self):
        server = self.opened(Server(*self.authority.issue("other", "DNS:broker.example,DNS:*.plant.example")))
        self.assertEqual(self.told(2, "TLS", self.tls_url(server)),
                         "TLS handshake with localhost: the certificate is for another host (it names broker.example, "
                         "*.plant.example, not localhost); connect to a name that it names, or give that one with "
                         "--server-name")

    def test_client_certificate_missing_or_rejected(self):
        stranger = self.opened(certificates.Authority("Stranger"))
        theirs = stranger.issue("intruder")
        def openssl(*version):
            return Server(self.certificate, self.key, "-Verify", 1, "-verify_return_error", "-CAfile", self.authority.file, *version)

        def mosquitto():
            return Mosquitto([f"cafile {self.authority.file}", f"certfile {self.certificate}", f"keyfile {self.key}",
                              "require_certificate true"])
        # TLS 1.3 lets clients speak before it looks at their certificates.
        for server, step in [(openssl("-tls1_2"), "TLS"), (openssl(), "CONNECT 5.0"), (mosquitto(), "CONNECT 5.0")]:
            self.opened(server)
            doing = {"TLS": "TLS handshake with localhost",
                     "CONNECT 5.0": f"waiting for the CONNACK of localhost:{server.port}"}[step]
            self.assertEqual(self.told(2, step, self.tls_url(server)),
                             f"{doing}: the peer wants a client certificate; give yours with --cert-file and --key-file")
            self.assertEqual(self.told(2, step, self.tls_url(server), "--cert-file", theirs[0], "--key-file", theirs[1]),
                             f"{doing}: the peer does not know the authority that issued our certificate; give one that the "
                             "broker accepts with --cert-file; see the broker's log")

    def test_alpn_refused(self):
        broker = self.opened(Broker("--tls-self-signed", "--alpn", "mqtt", "-l", "mqtts://127.0.0.1:0"))
        self.assertEqual(self.told(2, "TLS", broker.urls[0], "--alpn", "x-amzn-mqtt-ca"),
                         "TLS handshake with 127.0.0.1: the peer speaks none of the protocols offered (ALPN); check --alpn")

    def test_protocol_version_too_old(self):
        said = ("TLS handshake with localhost: the two sides have no TLS version in common; check --tls-version; the broker may "
                "speak only versions older than TLS 1.2")
        newer = self.opened(Server(self.certificate, self.key, "-tls1_2"))
        self.assertEqual(self.told(2, "TLS", self.tls_url(newer), "--tls-version", "1.3"), said)
        old = self.opened(Server(self.certificate, self.key, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"))
        self.assertEqual(self.told(2, "TLS", self.tls_url(old)), said)

    def test_options_without_effect_and_files_that_cannot_be_used_are_told_before_connecting(self):
        self.assertEqual(self.failure(1, "mqtt://h", "--ca-file", "x"),
                         "--ca-file: of no effect, since mqtt:// is without TLS; write mqtts://")
        self.assertEqual(self.failure(1, "mqtts://h", "--ca-file", "/no/such"),
                         "CA file '/no/such': cannot be read: No such file or directory")
        other = self.authority.issue("unrelated")
        self.assertEqual(self.failure(1, "mqtts://h", "--cert-file", self.certificate, "--key-file", other[1]),
                         f"key file '{other[1]}': the key does not belong to the certificate")
        self.assertEqual(self.failure(1, "mqtt://h?password-from=command:id"), "--url: a URL cannot set 'password-from'")

class WebSockets(transports.Cases):
    @unittest.skipUnless(Nginx.program, "nginx is not installed")
    def test_an_http_answer_instead_of_a_websocket(self):
        web_server = ("this is a web server; check port and path, whether it wants wss://, and that the broker behind it runs")
        login = "check the path, and log in with --ws-header 'Authorization: ...'"
        instead, not_let_in = "an HTTP answer instead of a WebSocket", "the web server does not let us in"
        nowhere = running.free_port()
        for lines, what, status, remedy in [
            (["return 200;"], instead, "200 OK", web_server),
            (["return 301 /mqtt/;"], instead, "301 Moved Permanently, to \"http://localhost:{port}/mqtt/\"", web_server),
            (["return 401;"], not_let_in, "401 Unauthorized", login),
            (["deny all;"], not_let_in, "403 Forbidden", login),
            ([], "no WebSocket at this path", "404 Not Found", "check the path; usual ones are /mqtt, /ws and /"),
            ([f"location / {{ proxy_pass http://127.0.0.1:{nowhere}; }}"], instead, "502 Bad Gateway", web_server),
        ]:
            with self.subTest(status):
                web = self.opened(Nginx(*lines))
                self.assertEqual(self.told(2, "WebSocket", f"ws://localhost:{web.port}/mqtt"),
                                 f"WebSocket handshake with localhost:{web.port}: {what} (HTTP status "
                                 f"{status.format(port=web.port)}); {remedy}")
        tls = self.opened(Nginx(f"ssl_certificate {self.certificate};", f"ssl_certificate_key {self.key};", tls=True))
        self.assertEqual(self.told(2, "WebSocket", f"ws://localhost:{tls.port}/mqtt"),
                         f"WebSocket handshake with localhost:{tls.port}: {instead} (HTTP status 400 Bad Request); {web_server}")

    def test_a_wrong_path(self):
        broker = self.opened(Broker("-l", "ws://127.0.0.1:0/mqtt"))
        self.assertEqual(self.told(2, "WebSocket", f"ws://127.0.0.1:{broker.port()}/ws"),
                         f"WebSocket handshake with 127.0.0.1:{broker.port()}: no WebSocket at this path (HTTP status 404 Not "
                         "Found); check the path; usual ones are /mqtt, /ws and /")

    def test_mqtt_instead_of_a_websocket(self):
        plain = self.opened(Mosquitto())
        self.assertEqual(self.told(2, "WebSocket", f"ws://localhost:{plain.port}"),
                         f"WebSocket handshake with localhost:{plain.port}: the peer closed the connection during the handshake; "
                         "check host and port: something else than expected listens there")
        # No broker that is installed answers a request of HTTP with MQTT.
        other = self.opened(Scripted(lambda stream: stream.socket.sendall(b"\x20\x02\x00\x01")))
        self.assertEqual(self.told(2, "WebSocket", f"ws://127.0.0.1:{other.port}"),
                         f"WebSocket handshake with 127.0.0.1:{other.port}: the answer is not HTTP (it begins with \" "
                         "\\x02\\x00\\x01\"); use mqtt:// at this port, or the port for WebSocket")

    def test_mqtt_where_a_websocket_is_wanted(self):
        broker = self.opened(Broker("-l", "ws://127.0.0.1:0/mqtt"))
        self.assertEqual(self.told(7, "CONNECT 5.0", f"mqtt://127.0.0.1:{broker.port()}"),
                         f"127.0.0.1:{broker.port()} broke the protocol: the server sent a packet before CONNACK [MQTT-3.2.0-1]; "
                         "is it an MQTT broker, and not a web server (ws://)?")


class Refusals(transports.Cases):
    def refused(self, broker, said, *arguments):
        """Both name the broker as the URL does."""
        version = "CONNECT 3.1.1" if "3.1.1" in arguments else "CONNECT 5.0"
        self.assertEqual(self.told(3, version, broker.urls[0], *arguments),
                         f"127.0.0.1:{broker.port()} refused the connection: {said}")

    def test_reason_codes_of_5_0_and_return_codes_of_3_1_1(self):
        version, name, login = "choose another version with -V", "choose another --id", "check --username and the password"
        rights = "check --username, the password and what the broker allows them"
        later = "try again later, or with --reconnect"
        for code, reason, old_reason, remedy, old_remedy in [
            ("0x84", "Unsupported Protocol Version", "unacceptable protocol version (return code 1)", version, version),
            ("0x85", "Client Identifier not valid", "identifier rejected (return code 2)", name, name),
            ("0x86", "Bad User Name or Password", "bad user name or password (return code 4)", login, login),
            ("0x87", "Not authorized", "not authorized (return code 5)", rights, rights),
            ("0x88", "Server unavailable", "server unavailable (return code 3)", later, later),
            ("0x89", "Server busy", "server unavailable (return code 3)", later, later),
            ("0x8A", "Banned", "not authorized (return code 5)", "the broker does not let this client in; ask who runs it", rights),
            ("0x97", "Quota exceeded", "server unavailable (return code 3)", later, later),
            ("0x9F", "Connection rate exceeded", "server unavailable (return code 3)", later, later),
        ]:
            with self.subTest(reason):
                broker = self.opened(Broker("--port", 0, "--fault", f"refuse={code}"))
                self.refused(broker, f"{reason} ({code}); {remedy}", "-V", 5)
                self.refused(broker, f"{old_reason}; {old_remedy}", "-V", "3.1.1")

    def test_a_version_that_the_broker_does_not_speak_is_given_up_for_an_older_one(self):
        broker = self.opened(Broker("--port", 0, "--fault", "refuse=0x84 count=1"))
        done = run("check", broker.urls[0])
        steps = [STEP.fullmatch(each).groups() for each in done.stdout.decode().splitlines()]
        self.assertEqual(done.returncode, 0)
        self.assertIn(("note  ", "CONNECT 5.0".ljust(17), f"127.0.0.1:{broker.port()} refused the connection: Unsupported Protocol "
                       "Version (0x84); choose another version with -V"), steps)
        self.assertIn(("ok    ", "CONNECT 3.1.1".ljust(17), "accepted"), steps)

    def test_bad_credentials_at_our_broker(self):
        with tempfile.TemporaryDirectory() as folder:
            users = pathlib.Path(folder) / "users"
            run("broker", "passwd", users, "me", "--password-from", "fd:0", stdin=b"secret\n")
            broker = self.opened(Broker("--port", 0, "--password-file", users))
            self.refused(broker, "Bad User Name or Password (0x86); check --username and the password", "-u", "me", "-P", "wrong")
            self.refused(broker, "Not authorized (0x87); check --username, the password and what the broker allows them")

    def test_bad_credentials_at_mosquitto(self):
        broker = self.opened(Mosquitto(anonymous=False))
        for version, said in [("5", "Not authorized (0x87)"), ("3.1.1", "not authorized (return code 5)")]:
            for login in ([], ["-u", "me", "-P", "wrong"]):
                step = "CONNECT 5.0" if version == "5" else "CONNECT 3.1.1"
                self.assertEqual(self.told(3, step, f"mqtt://localhost:{broker.port}", "-V", version, *login),
                                 f"localhost:{broker.port} refused the connection: {said}; check --username, the password and what "
                                 "the broker allows them")

    def test_more_connections_than_the_broker_allows(self):
        broker = self.opened(Broker("--port", 0, "--max-connections", 1))
        with socket.create_connection(("127.0.0.1", broker.port())) as other:
            stream = running.Stream(other)
            stream.send(0x10, running.text("MQTT") + bytes([4, 2, 0, 0]) + running.text(""))
            stream.receive()
            self.refused(broker, "Quota exceeded (0x97): as many clients or Sessions are there as this broker allows; try again "
                                 "later, or with --reconnect")

    def test_closed_without_a_word_right_after_connect(self):
        broker = self.opened(Broker("--port", 0, "--fault", "close packet=connect"))
        self.assertEqual(self.told(2, "CONNECT 5.0", broker.urls[0]),
                         f"waiting for the CONNACK of 127.0.0.1:{broker.port()}: the peer closed the connection; it may want TLS "
                         "(mqtts://), another -V, or be no MQTT listener")

    def test_subscriptions_that_the_broker_takes_none_of_end_the_programs_that_ask_for_them(self):
        def converse(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\2\x28\0")  # Wildcard Subscription Available is 0, which is so of no broker here
            return stream.receive()

        def talk(stream):
            last = converse(stream)
            self.assertEqual(last and last[0], 0xE0)  # DISCONNECT at once
        no_wildcards = self.opened(Scripted(talk))
        no_shared = self.opened(Broker("--port", 0, "--profile", "eventgrid"))
        wildcard = "a filter has a wildcard although the server has no wildcard subscriptions"
        shared = "a filter is shared although the server has no Shared Subscriptions"
        for port, why, name, *arguments in [
            (no_wildcards.port, wildcard, "sub", "-t", "a/#"),
            (no_wildcards.port, wildcard, "respond", "-t", "a/+", "--exec", "cat"),
            (no_wildcards.port, wildcard, "retained", "ls"),
            (no_shared.port(), shared, "sub", "-t", "$share/group/a"),
        ]:
            done = run(name, *arguments, "-p", port, "-i", "c")
            self.assertEqual((done.returncode, done.stdout, done.stderr.decode()), (
                4, b"", f"mqtk-{name}: cannot subscribe at localhost:{port}: {why}; choose another filter or other options "
                        "of it\n"))
        recorded = run("record", "-p", no_wildcards.port, "-i", "c", "-t", "a/#", "-")
        self.assertEqual((recorded.returncode, recorded.stderr.decode().splitlines()[-1]), (4, f"mqtk-record: cannot subscribe: {wildcard}"))
        done = run("pub", "-p", no_shared.port(), "-i", "c", "-t", "$share/group/a", "-m", "x", "--confirm")
        self.assertEqual((done.returncode, done.stderr.decode()), (4, f"mqtk-pub: cannot subscribe to '$share/group/a': {shared}\n"))
        done = run("replay", "-p", self.opened(Scripted(converse)).port, "-i", "c", "--verify", "-", stdin=b'{"topic":"a","payload":"x"}\n')
        self.assertEqual((done.returncode, done.stderr.decode().splitlines()[-1]), (4, f"mqtk-replay: cannot subscribe to '#': {wildcard}"))
        broker = self.opened(Broker("--port", 0))
        done = run("sub", "-p", broker.port(), "-t", "$share/group/a", "--no-local")
        self.assertEqual((done.returncode, done.stderr.decode()), (
            1, f"mqtk-sub: cannot subscribe at localhost:{broker.port()}: No Local is 1 on a Shared Subscription [MQTT-3.8.3-4]; choose "
               "another filter or other options of it\n"))

    def test_what_the_broker_does_not_allow_later(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = pathlib.Path(folder) / "rules"
            rules.write_text("topic read other\n")
            broker = self.opened(Broker("--port", 0, "--acl-file", rules))
            published = run("pub", "-L", broker.urls[0], "-t", "a", "-m", "b", "-q", 1)
            self.assertEqual((published.returncode, published.stderr),
                             (4, b"mqtk-pub: the broker refused the message to 'a': Not authorized (0x87)\n"))
            subscribed = run("sub", "-L", broker.urls[0], "-t", "a", "-C", 1)
            self.assertEqual((subscribed.returncode, subscribed.stderr),
                             (4, b"mqtk-sub: the broker denied the subscription to 'a': Not authorized (0x87)\n"))
            checked = run("check", broker.urls[0])
            self.assertEqual(checked.returncode, 4)
            outcome, step, text = STEP.fullmatch(checked.stdout.decode().splitlines()[-1]).groups()
            self.assertEqual((outcome, step), ("FAILED", "round trip QoS 0".ljust(17)))
            self.assertRegex(text, r"^the subscription to 'mqtk/check/[0-9a-f]{8}/1' was refused: Not authorized \(0x87\); "
                                   "--topic TOPIC tries where this user may, --connect-only sends no messages$")
            # Who may do little finds out what is possible.
            checked = run("check", broker.urls[0], "--connect-only")
            self.assertEqual((checked.returncode, checked.stderr), (0, b""))
            self.assertNotIn(b"round trip", checked.stdout)
            self.assertTrue(checked.stdout.splitlines()[-1].startswith(b"ok     CONNECT 3.1.1 "), checked.stdout)
            rules.write_text("topic readwrite lab/7/#\n")
            os.kill(broker.process.pid, signal.SIGHUP)
            wait_until(lambda: run("pub", "-L", broker.urls[0], "-t", "lab/7/x", "-m", "b", "-q", 1).returncode == 0)
            checked = run("check", broker.urls[0], "--topic", "lab/7", "--json")
            outcomes = {step["step"]: step["outcome"] for step in map(json.loads, checked.stdout.splitlines())}
            self.assertEqual((checked.returncode, checked.stderr), (0, b""))
            self.assertEqual({outcomes[f"round trip QoS {qos}"] for qos in (0, 1, 2)}, {"ok"})

    def test_a_service_with_topics_of_its_own_is_sent_no_messages(self):
        broker = self.opened(Broker("--port", 0, "--profile", "azure-hub"))
        checked = run("check", broker.urls[0], "--preset", "azure-hub", "-i", "device")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        outcome, step, text = STEP.fullmatch(checked.stdout.decode().splitlines()[-1]).groups()
        self.assertEqual((outcome, step.strip(), text), (
            "note  ", "round trip", "left out: Azure IoT Hub takes messages at topics of its own only"))


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

    def test_the_reconnect_options_of_a_pasted_command_are_taken_and_change_nothing(self):
        done = run("check", f"mqtt://localhost:{running.free_port()}", "--reconnect", "forever", "--reconnect-delay", "1s")
        self.assertEqual((done.returncode, done.stdout.decode().splitlines()[-1].split()[:2]), (2, ["FAILED", "TCP"]))
        self.assertNotIn(b"--reconnect", run("check", "--help").stdout)

    def test_mosquitto_can_do_all_of_it(self):
        broker = self.opened(Mosquitto())
        done = run("check", f"mqtt://localhost:{broker.port}")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual({line.split()[0] for line in done.stdout.splitlines()}, {b"ok", b"note"})


if __name__ == "__main__":
    unittest.main()
