#!/usr/bin/env python3
"""How the programs log in: SCRAM, tokens, passwords that change, prompts, and what cloud services want.

What they send is compared with what Python's hmac and the openssl program compute.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import certificates
import running
from running import LIMIT, Scripted, run, start
from transports import Broker

SECRET = b"0123456789abcdef0123456789abcdef"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims, sign=lambda text: hmac.new(SECRET, text, hashlib.sha256).digest(), algorithm="HS256"):
    text = base64url(json.dumps({"alg": algorithm}).encode()) + "." + base64url(json.dumps(claims).encode())
    return text + "." + base64url(sign(text.encode()))


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, check=True,
                          timeout=LIMIT).stdout


def ecdsa(key, text):
    """The numbers r and s, out of DER."""
    der = openssl("dgst", "-sha256", "-sign", key, stdin=text)
    numbers, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        numbers += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(32, "big")
        at += 2 + length
    return numbers


def connect_fields(body):
    """Client Identifier, user name and password of a CONNECT of 3.1.1."""
    flags, at, fields = body[7], 10, []
    while at < len(body):
        size = int.from_bytes(body[at:at + 2], "big")
        fields.append(body[at + 2:at + 2 + size].decode())
        at += 2 + size
    return dict(zip(["id"] + ["user"] * (flags >> 7) + ["password"] * (flags >> 6 & 1), fields))


class Cases(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def opened(self, thing):
        self.addCleanup(thing.close)
        return thing

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def publish(self, broker, *arguments, status=0, **options):
        done = run("pub", "-p", broker.port(), "-t", "a", "-m", "x", "-q", 1, *arguments, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr.decode()


class Scram(Cases):
    def setUp(self):
        super().setUp()
        self.users = self.folder / "users"
        self.set_password("me", "pencil", "--scram")
        self.broker = self.opened(Broker("--port", 0, "--password-file", self.users))

    def set_password(self, name, password, *options):
        done = run("broker", "passwd", self.users, name, "--password-from", "fd:0", *options,
                   stdin=password.encode() + b"\n")
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_both_methods_and_plain_passwords_log_in(self):
        for method in "SCRAM-SHA-256", "SCRAM-SHA-512":
            self.publish(self.broker, "-u", "me", "-P", "pencil", "--auth-method", method)
        self.publish(self.broker, "-u", "me", "-P", "pencil")
        self.assertNotIn(b"pencil", self.users.read_bytes())

    def test_a_wrong_password_and_an_unknown_user_are_refused_alike(self):
        for name, password in ("me", "Pencil"), ("you", "pencil"):
            said = self.publish(self.broker, "-u", name, "-P", password, "--auth-method", "SCRAM-SHA-256", status=3)
            self.assertEqual(said, f"mqtk-pub: localhost:{self.broker.port()} refused the connection: Not authorized (0x87); "
                                   "check --username, the password and what the broker allows them\n")

    def test_a_broker_that_does_not_know_the_password_is_not_trusted(self):
        def false_broker(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\x10" + b"\x15" + running.text("SCRAM-SHA-256"))
            stream.receive()
        peer = self.opened(Scripted(false_broker))
        done = run("pub", "-p", peer.port, "-t", "a", "-m", "x", "-i", "c", "-u", "me", "-P", "pencil", "--auth-method",
                   "SCRAM-SHA-256")
        self.assertEqual((done.returncode, done.stderr.decode()), (
            3, f"mqtk-pub: authentication with localhost:{peer.port}: the broker has not proved that it knows the password; "
               "check the password, and that it is the right broker\n"))

    def test_clients_authenticate_again_while_connected(self):
        client = start("sub", "-p", self.broker.port(), "-t", "a", "-C", 1, "-i", "c", "-u", "me", "-P", "pencil", "--auth-method",
                       "SCRAM-SHA-512", "--auth-again", "50ms")
        time.sleep(0.6)
        self.assertIsNone(client.poll())
        def arrived():
            self.publish(self.broker, "-u", "me", "-P", "pencil")
            return client.poll() is not None
        self.assertTrue(running.wait_until(arrived))
        self.assertEqual(client.communicate(timeout=LIMIT), (b"x\n", b""))

    def test_names_and_passwords_that_would_have_to_be_prepared_get_no_verifier(self):
        # RFC 4013 makes "IX" of U+2168 and nothing of U+00AD; who does not must not take them for what they are.
        for name, password in ("me", "\u2168"), ("me", "I\u00adX"), ("\u00aa", "pencil"), ("me", "bell\x07"):
            done = run("broker", "passwd", self.users, name, "--password-from", "fd:0", "--scram", stdin=password.encode() + b"\n")
            self.assertEqual((done.returncode, done.stderr),
                             (1, b"mqtk-broker passwd: SCRAM takes names and passwords of printable ASCII here\n"))
        self.set_password("m\u00fcller", "\u2168")
        self.publish(self.broker, "-u", "me", "-P", "pencil", "--auth-method", "SCRAM-SHA-256")

    def test_options_that_do_not_fit_are_refused(self):
        for arguments, text in [
            (["--auth-method", "SCRAM-SHA-256"], "--auth-method SCRAM-SHA-256: needs --username and a password"),
            (["--auth-method", "SCRAM-SHA-1"],
             "--auth-method 'SCRAM-SHA-1': not SCRAM-SHA-256 or SCRAM-SHA-512, which are the ones known"),
            (["--auth-method", "SCRAM-SHA-256", "-u", "m\u00fcller", "-P", "pencil"],
             "--auth-method SCRAM-SHA-256: the user name is not printable ASCII, which SCRAM needs here; log in with the "
             "password itself, over TLS"),
            (["--auth-method", "SCRAM-SHA-512", "-u", "me", "-P", "\u216a"],
             "--auth-method SCRAM-SHA-512: the password is not printable ASCII, which SCRAM needs here; log in with the "
             "password itself, over TLS"),
            (["--auth-again", "1s"], "--auth-data-from and --auth-again: of no effect without --auth-method"),
            (["-V", "3.1.1", "--auth-method", "X"], "--mqtt-version '3.1.1': properties, --session-expiry, "
             "--receive-maximum, --maximum-packet-size, --topic-alias-maximum and --auth-method need version 5"),
        ]:
            self.assertEqual(self.publish(self.broker, *arguments, status=1), f"mqtk-pub: {text}\n")


class Tokens(Cases):
    def claims(self, **more):
        return {"sub": "sensor7", "iss": "https://login.example", "aud": "plant", "exp": time.time() + 300, **more}

    def test_tokens_of_each_algorithm_log_in_and_others_do_not(self):
        openssl("genrsa", "-out", self.folder / "rsa.key", 2048)
        openssl("rsa", "-in", self.folder / "rsa.key", "-pubout", "-out", self.folder / "rsa.pem")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.folder / "ec.key")
        openssl("ec", "-in", self.folder / "ec.key", "-pubout", "-out", self.folder / "ec.pem")
        public = (self.folder / "rsa.pem").read_bytes()
        broker = self.opened(Broker(
            "--port", 0, "--jwt-key", self.file("secret", SECRET + b"\n"), "--jwt-key", self.folder / "rsa.pem", "--jwt-key",
            self.folder / "ec.pem", "--jwt-issuer", "https://login.example", "--jwt-audience", "plant"))
        rs256 = {"algorithm": "RS256", "sign": lambda text: openssl("dgst", "-sha256", "-sign", self.folder / "rsa.key",
                                                                    stdin=text)}
        es256 = {"algorithm": "ES256", "sign": lambda text: ecdsa(self.folder / "ec.key", text)}
        for right in token(self.claims()), token(self.claims(), **rs256), token(self.claims(), **es256):
            self.publish(broker, "-P", right)
            self.publish(broker, "-u", "ignored", "-P", right, "-V", "3.1.1")
        for wrong in [
            token(self.claims(), algorithm="none"),
            token(self.claims(), algorithm="none", sign=lambda text: b""),
            token(self.claims(), sign=lambda text: hmac.new(public, text, hashlib.sha256).digest()),
            token(self.claims(), algorithm="RS256"),
            token(self.claims(exp=time.time() - 60)),
            token(self.claims(nbf=time.time() + 60)),
            token(self.claims(iss="https://other.example")),
            token(self.claims(aud=["home"])),
            "password",
        ]:
            with self.subTest(wrong):
                self.publish(broker, "-P", wrong, status=3)
        self.publish(broker, status=3)

    def test_the_token_names_the_user_for_the_rules(self):
        rules = self.file("rules", "user sensor7\ntopic write a\n")
        broker = self.opened(Broker("--port", 0, "--jwt-key", self.file("secret", SECRET), "--acl-file", rules))
        self.publish(broker, "-P", token(self.claims()))
        self.publish(broker, "-P", token(self.claims(sub="sensor8")), status=4)

    def test_a_connection_ends_with_its_token_unless_a_newer_one_is_shown(self):
        broker = self.opened(Broker("--port", 0, "--jwt-key", self.file("secret", SECRET)))
        shown = self.file("token", token(self.claims(exp=time.time() - 25)) + "\n")  # half a minute is forgiven
        proxies = [self.opened(running.CuttingProxy(broker.port(), [])) for _ in range(2)]
        kept = start("sub", "-p", proxies[0].port, "-t", "never", "-W", 20, "--auth-method", "OAUTH2-JWT", "--auth-data-from",
                     f"file:{shown}", "--auth-again", "100ms")
        left = start("sub", "-p", proxies[1].port, "-t", "never", "-W", 20, "--reconnect", "no", "--auth-method", "JWT",
                     "--auth-data-from", f"command:cat {shown}")
        self.addCleanup(kept.communicate)
        self.addCleanup(kept.kill)
        # Both have connected with the token that is about to expire before there is a newer one.
        for proxy in proxies:
            self.assertTrue(proxy.subscribed.wait(LIMIT))
        shown.write_text(token(self.claims()) + "\n")
        out, error = left.communicate(timeout=LIMIT)
        self.assertEqual((left.returncode, out), (4, b""), error)
        self.assertIn(b"ended the connection: Maximum connect time (0xA0)", error)
        self.assertIsNone(kept.poll())

    def test_the_brokers_log_says_why_a_token_is_refused(self):
        process = start("broker", "-v", "--port", 0, "--jwt-key", self.file("secret", SECRET))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        port = process.stdout.readline().decode().strip().rsplit(":", 1)[1]
        for claims, why in [({"exp": 1}, "the token has expired"), ({"exp": None}, "the token does not say when it expires (exp)")]:
            run("pub", "-p", port, "-t", "a", "-m", "b", "-P", token(self.claims(**claims)))
            self.assertIn(f"0x86 Bad User Name or Password; {why}\n", process.stderr.readline().decode())

    def test_key_files_that_cannot_serve_are_refused(self):
        short = self.file("short", "too short\n")
        for arguments, text in [
            (["--jwt-key", short], f"JWT key file '{short}': a secret for HS256 has at least 32 bytes"),
            (["--jwt-issuer", "x"], "--jwt-issuer and --jwt-audience: of no effect without --jwt-key"),
        ]:
            done = run("broker", "--port", 0, *arguments)
            self.assertEqual((done.returncode, done.stderr.decode()), (1, f"mqtk-broker: {text}\n"))


class Passwords(Cases):
    def test_a_command_is_asked_anew_at_each_reconnect(self):
        passwords = []

        def talk(stream):
            passwords.append(connect_fields(stream.receive()[1])["password"])
            stream.send(0x20, b"\0\0")
            if len(passwords) < 3:
                return  # the connection is lost
            stream.receive()
        peer = self.opened(Scripted(talk))
        count = self.file("count", "")
        client = start("sub", "-p", peer.port, "-V", "3.1.1", "-t", "a", "-u", "me", "--password-from",
                       f"command:echo >>{count}; wc -l <{count}", "--reconnect", "forever", "--reconnect-delay", "10ms")
        self.assertTrue(running.wait_until(lambda: len(passwords) == 3))
        client.kill()
        client.communicate()
        self.assertEqual(passwords, ["1", "2", "3"])

    def test_a_preshared_key_gives_the_user_name(self):
        keys = self.file("keys", "sensor7:0102030405060708\n")
        rules = self.file("rules", "user sensor7\ntopic write a\n")
        broker = self.opened(Broker("-l", f"mqtts://127.0.0.1:0?psk-file={keys}", "--user-name-from", "psk", "--acl-file",
                                    rules))
        shown = ["-L", broker.urls[0], "--psk-identity", "sensor7", "--psk", "0102030405060708", "-m", "x", "-q", 1]
        self.assertEqual(run("pub", *shown, "-t", "a").returncode, 0)
        self.assertEqual(run("pub", *shown, "-t", "b").returncode, 4)


class Web(running.Listener):
    """Notes the requests that come, and answers with 403."""

    def __init__(self):
        self.requests = []
        super().__init__()

    def serve(self, connected, number):
        request = b""
        while b"\r\n\r\n" not in request:
            request += connected.recv(4096)
        self.requests.append(request.decode())
        connected.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


class Presets(Cases):
    string = "HostName=plant.azure-devices.net;DeviceId=sensor-7;SharedAccessKey=" + base64.b64encode(SECRET).decode()

    def config(self, *arguments, environment=None):
        done = run("pub", "-t", "a", "-m", "b", "--print-config", *arguments, environment=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), done.stderr.decode()

    def test_azure_gets_a_signature_of_the_device_anew_for_each_connection(self):
        logins = []

        def talk(stream):
            logins.append(connect_fields(stream.receive()[1]))
            stream.send(0x20, b"\0\0")
            if len(logins) == 1:
                time.sleep(1.1)  # the next signature is of another second
                return
            stream.receive()
        peer = self.opened(Scripted(talk))
        source = self.file("string", self.string + "\n")
        client = start("sub", "--preset", "azure-hub", "--connection-string-from", f"file:{source}", "-L",
                       f"mqtt://127.0.0.1:{peer.port}", "-t", "devices/sensor-7/messages/devicebound/#", "--reconnect", "3",
                       "--reconnect-delay", "10ms")
        self.assertTrue(running.wait_until(lambda: len(logins) == 2))
        client.kill()
        client.communicate()
        for login in logins:
            self.assertEqual(login["id"], "sensor-7")
            self.assertEqual(login["user"], "plant.azure-devices.net/sensor-7/?api-version=2021-04-12")
            parts = dict(part.split("=", 1) for part in login["password"].removeprefix("SharedAccessSignature ").split("&"))
            self.assertEqual(parts["sr"], "plant.azure-devices.net%2Fdevices%2Fsensor-7")
            self.assertAlmostEqual(int(parts["se"]), time.time() + 3600, delta=60)
            right = hmac.new(SECRET, f"{parts['sr']}\n{parts['se']}".encode(), hashlib.sha256).digest()
            self.assertEqual(base64.b64decode(urllib.parse.unquote(parts["sig"])), right)
        self.assertNotEqual(logins[0]["password"], logins[1]["password"])

    def test_azure_is_reached_where_the_connection_string_says(self):
        config, said = self.config("--preset", "azure-hub", environment={"MQTK_CONNECTION_STRING": self.string})
        self.assertEqual(config["result"], {
            "url": "mqtts://plant.azure-devices.net:8883", "mqtt_version": "3.1.1", "client_identifier": "sensor-7",
            "user_name": "plant.azure-devices.net/sensor-7/?api-version=2021-04-12", "password": "***"})
        self.assertEqual(config["settings"]["connection-string"], {"value": "***", "from": "MQTK_CONNECTION_STRING"})
        self.assertEqual(config["settings"]["mqtt-version"], {"value": "3.1.1", "from": "the preset 'azure-hub'"})
        self.assertEqual(said, "")

    def test_aws_gets_a_signed_url(self):
        web = self.opened(Web())
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "topsecret", "AWS_SESSION_TOKEN": "a/b",
                "AWS_REGION": "eu-central-1"}
        done = run("pub", "--preset", "aws-ws", "-L", f"ws://127.0.0.1:{web.port}/mqtt", "-t", "a", "-m", "b", environment=keys)
        self.assertEqual(done.returncode, 2)
        target = web.requests[0].split()[1]
        path, query = target.split("?")
        self.assertEqual(path, "/mqtt")
        signed, signature = re.fullmatch("(.*)&X-Amz-Signature=([0-9a-f]{64})&X-Amz-Security-Token=a%2Fb", query).groups()
        values = dict(urllib.parse.parse_qsl(signed))
        time_of_it, day = values["X-Amz-Date"], values["X-Amz-Date"][:8]
        scope = f"{day}/eu-central-1/iotdevicegateway/aws4_request"
        self.assertEqual(values["X-Amz-Credential"], f"AKIDEXAMPLE/{scope}")
        request = f"GET\n/mqtt\n{signed}\nhost:127.0.0.1:{web.port}\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{time_of_it}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = b"AWS4topsecret"
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        self.assertEqual(signature, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())
        self.assertIn(f"\r\nHost: 127.0.0.1:{web.port}\r\n", web.requests[0])

    def test_a_signed_url_reaches_our_broker_and_is_not_shown(self):
        broker = self.opened(Broker("-l", "ws://127.0.0.1:0/mqtt"))
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "topsecret", "AWS_REGION": "eu-central-1"}
        place = ["--preset", "aws-ws", "-L", broker.urls[0]]
        self.assertEqual(run("pub", *place, "-t", "a", "-m", "b", environment=keys).returncode, 0)
        config, _ = self.config(*place, environment=keys)
        self.assertEqual(config["result"]["url"], broker.urls[0])

    def test_what_a_preset_lacks_is_told(self):
        for arguments, text in [
            (["aws"], "--preset aws: each customer has a host; give it with --host"),
            (["azure-hub", "-h", "x"], "--preset azure-hub: give --connection-string-from, or the device with --id"),
            (["aws-ws", "-h", "x"], "--preset aws-ws: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"),
            (["google"], "--preset 'google': not one of aws, aws-ws, azure-hub, eventgrid, hivemq, emqx, ably"),
            (["aws", "--connection-string-from", "env:X"], "--connection-string-from needs --preset azure-hub"),
        ]:
            done = run("pub", "-t", "a", "-m", "b", "--preset", *arguments)
            self.assertEqual((done.returncode, done.stderr.decode()), (1, f"mqtk-pub: {text}\n"))

    def test_services_are_reached_at_their_ports_in_their_versions(self):
        for arguments, url, version in [
            (["aws", "-h", "x"], "mqtts://x:8883", "5.0"),
            (["aws", "-h", "x:443"], "mqtts://x:443", "5.0"),
            (["eventgrid", "-h", "x"], "mqtts://x:8883", "5.0"),
            (["hivemq", "-h", "x", "--websocket"], "wss://x:8884/mqtt", "5.0"),
            (["emqx", "-h", "x", "--websocket"], "wss://x:8084/mqtt", "5.0"),
            (["azure-hub", "-h", "x", "-i", "d", "--websocket"], "wss://x:443/$iothub/websocket", "3.1.1"),
            (["ably"], "mqtts://mqtt.ably.io:8883", "3.1.1"),
        ]:
            with self.subTest(arguments):
                result = self.config("--preset", *arguments)[0]["result"]
                self.assertEqual((result["url"], result["mqtt_version"]), (url, version))

    def test_an_api_key_of_ably_is_split(self):
        config, said = self.config("--preset", "ably", "-u", "app.key:secret")
        self.assertEqual((config["result"]["user_name"], config["result"]["password"]), ("app.key", "***"))
        self.assertEqual(config["settings"]["keep-alive"], {"value": "30", "from": "the preset 'ably'"})
        self.assertEqual(said, "")

    def test_aws_is_told_the_protocol_by_alpn_at_port_443(self):
        authority = certificates.Authority()
        self.addCleanup(authority.close)
        certificate, key = authority.issue("server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["x-amzn-mqtt-ca", "mqtt"])
        try:
            listener = socket.create_server(("127.0.0.1", 443))
        except OSError:
            self.skipTest("port 443 is not to be had")
        chosen = []

        def serve():
            for _ in range(2):
                connected, _ = listener.accept()
                with context.wrap_socket(connected, server_side=True) as stream:
                    chosen.append(stream.selected_alpn_protocol())
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        place = ["-h", "localhost:443", "--preset", "aws", "--ca-file", authority.file, "-t", "a", "-m", "b", "-V", "5"]
        run("pub", *place)
        run("pub", *place, "-u", "me?x-amz-customauthorizer-name=a")
        thread.join(LIMIT)
        listener.close()
        self.assertEqual(chosen, ["x-amzn-mqtt-ca", "mqtt"])

    def test_what_the_service_refuses_is_told_before_it_is_sent(self):
        broker = self.opened(Broker("--port", 0))
        done = run("pub", "--preset", "aws", "-L", broker.urls[0], "-t", "a/b/c/d/e/f/g/h/i", "-m", "x", "-q", 2)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.decode().splitlines(), [
            "mqtk-pub: warning: --preset aws: AWS IoT takes connections over TLS only",
            "mqtk-pub: warning: --preset aws: AWS IoT wants a client certificate (--cert-file, --key-file), or a custom "
            "authorizer's --username",
            "mqtk-pub: warning: --preset aws: QoS 2: AWS IoT does not answer it; use --qos 1",
            "mqtk-pub: warning: --preset aws: a topic with 8 slashes: AWS IoT takes at most 7"])


class Config(Cases):
    def test_the_settings_in_effect_are_printed_with_where_they_come_from_and_without_secrets(self):
        home = self.folder / "mqtk"
        home.mkdir()
        (home / "config.json").write_text('{"profiles": {"plant": {"url": "mqtt://me:secret1@h:1884", "keep-alive": 30}}}')
        done = run("pub", "-t", "a", "-m", "b", "--profile", "plant", "-P", "secret2", "--ws-header", "X: secret3",
                   "--websocket", "--print-config", environment={"XDG_CONFIG_HOME": str(self.folder), "MQTK_CA_FILE": "x"})
        self.assertEqual(done.returncode, 1)  # --websocket against mqtt://
        done = run("pub", "-t", "a", "-m", "b", "--profile", "plant", "-P", "secret2", "--print-config",
                   environment={"XDG_CONFIG_HOME": str(self.folder), "MQTK_CA_FILE": "x", "MQTK_PSK": ""})
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertNotIn(b"secret", done.stdout)
        config = json.loads(done.stdout)
        settings = config["settings"]
        self.assertEqual(settings["url"], {"value": "mqtt://me:***@h:1884", "from": "the profile 'plant'"})
        self.assertEqual(settings["password"], {"value": "***", "from": "option"})
        self.assertEqual(settings["keep-alive"], {"value": "30", "from": "the profile 'plant'"})
        self.assertEqual(settings["ca-file"], {"value": "x", "from": "MQTK_CA_FILE"})
        self.assertEqual(settings["reconnect-delay"], {"value": "1s", "from": "default"})
        self.assertEqual(settings["insecure"], {"value": False, "from": "default"})
        self.assertEqual(config["result"], {"url": "mqtt://h:1884", "mqtt_version": "5.0", "client_identifier": "",
                                            "user_name": "me", "password": "***"})

    def test_the_broker_prints_its_limits(self):
        done = run("broker", "--max-connections-per-address", 7, "-l", "mqtt://localhost:0", "--print-config")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        config = json.loads(done.stdout)
        settings = config["settings"]
        self.assertEqual(settings["listen"], {"value": ["mqtt://localhost:0"], "from": "option"})
        self.assertEqual(settings["max-connections-per-address"], {"value": "7", "from": "option"})
        for name, value in [("max-connections", "100000"), ("connect-timeout", "10s"), ("max-queued-messages", "100000"),
                            ("max-queued-bytes", "67108864"), ("max-topic-levels", "200"), ("max-subscriptions", "20000"),
                            ("max-publish-rate", "0"), ("max-connection-rate", "0"), ("max-in-flight", "1024"),
                            ("max-packet-size", "16777216")]:
            self.assertEqual(settings[name], {"value": value, "from": "default"})
        self.assertEqual(config["result"], {"clients_without_credentials": "admitted"})


if __name__ == "__main__":
    unittest.main()
