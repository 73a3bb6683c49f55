#!/usr/bin/env python3
"""How the programs connect and log in: over TLS, WebSocket and Unix sockets, with passwords, rules and profiles."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import running
import transports
from running import BIN, LIMIT, Mosquitto, Scripted, run
from transports import Broker

# What OpenSSL's engine for tokens still holds at the end of a process is nothing that we took.
WITH_ENGINE = {"ASAN_OPTIONS": "detect_leaks=0"}


class Ways(transports.Cases):
    def test_settings_of_tls_without_a_listener_that_heeds_them_are_refused(self):
        def refused(*options):
            done = run("broker", "--max-lifetime", "1s", *options)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            return done.stderr.decode()

        for options in (("--cert-file", "a.pem"), ("--client-certificate", "required"), ("--psk-file", "keys")):
            self.assertEqual(refused("-l", "mqtt://127.0.0.1:0", *options),
                             f"mqtk-broker: {options[0]}: of no effect, since no listener speaks TLS; "
                             "give --listen mqtts://HOST:PORT\n")
        self.assertEqual(refused("-l", "ws://127.0.0.1:0/mqtt?cert-file=a.pem"),
                         "mqtk-broker: --listen: ws: 'cert-file' is of no effect without TLS; write wss://\n")

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

    def test_keys_and_certificates_have_names_in_a_store_of_openssl(self):
        # Its own store has files; a provider's has tokens, named by pkcs11: and what follows.
        certificate, key = self.authority.issue("sensor 9", "DNS:sensor9", pass_phrase="open sesame")
        broker = self.opened(Mosquitto([
            f"cafile {self.authority.file}", f"certfile {self.certificate}", f"keyfile {self.key}",
            "require_certificate true"]))
        both = self.authority.folder / "both.pem"
        both.write_bytes(pathlib.Path(certificate).read_bytes() + pathlib.Path(key).read_bytes())
        with tempfile.NamedTemporaryFile() as phrase:
            phrase.write(b"open sesame\n")
            phrase.flush()
            for shown in ([f"file:{certificate}", f"file:{key}"], [certificate, f"file:{key}"], [f"file:{certificate}", key], [f"file:{both}"]):
                self.round_trip(f"mqtts://localhost:{broker.port}?ca-file={self.authority.file}", "--cert-file", shown[0],
                                *(["--key-file", shown[1]] if len(shown) > 1 else []), "--key-password-from", f"file:{phrase.name}")
        url = f"mqtts://localhost:{broker.port}"
        said = self.failure(1, url, "--cert-file", certificate, "--key-file", "pkcs11:token=plant;object=sensor",
                            environment=WITH_ENGINE)
        self.assertRegex(said, "^key file 'pkcs11:token=plant;object=sensor': .*; check it with p11tool, and that OpenSSL has a "
                               "provider or an engine for PKCS#11$")
        said = self.failure(1, url, "--cert-file", f"file:{certificate}", "--key-file", f"file:{certificate}")
        self.assertEqual(said, f"key file 'file:{certificate}': holds no private key")

    @unittest.skipUnless(shutil.which("softhsm2-util") and shutil.which("p11tool") and list(pathlib.Path("/usr/lib").glob("*/engines-3/pkcs11.so")),
                         "SoftHSM, p11tool or OpenSSL's engine for PKCS#11 are not installed")
    def test_a_token_keeps_key_and_certificate(self):
        certificate, key = self.authority.issue("sensor 10", "DNS:sensor10")
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        (folder / "tokens").mkdir()
        (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\n")
        (folder / "pin").write_text("1234\n")
        driver = "/usr/lib/softhsm/libsofthsm2.so"
        environment = {"SOFTHSM2_CONF": str(folder / "conf"), "PKCS11_MODULE_PATH": driver, **WITH_ENGINE}
        write = ["p11tool", "--provider", driver, "--login", "--set-pin", "1234", "--batch", "--label", "sensor", "--id", "01", "--write"]
        for command in [
            ["softhsm2-util", "--init-token", "--free", "--label", "plant", "--pin", "1234", "--so-pin", "5678"],
            [*write, "--load-privkey", key, "pkcs11:token=plant"],
            [*write, "--load-certificate", certificate, "pkcs11:token=plant"],
        ]:
            subprocess.run(command, check=True, capture_output=True, timeout=LIMIT, env={**os.environ, **environment})
        name = "pkcs11:token=plant;object=sensor"
        pin = ["--key-password-from", f"file:{folder}/pin"]
        trust = f"?ca-file={self.authority.file}"
        mosquitto = self.opened(Mosquitto([f"cafile {self.authority.file}", f"certfile {self.certificate}", f"keyfile {self.key}",
                                           "require_certificate true"]))
        url = f"mqtts://localhost:{mosquitto.port}{trust}"
        for shown in (["--cert-file", name], ["--cert-file", certificate, "--key-file", name],
                      ["--cert-file", name, "--key-file", key]):
            self.round_trip(url, *shown, *pin, environment=environment)
        said = self.failure(1, url, "--cert-file", certificate, "--key-file", "pkcs11:token=plant;object=other", *pin,
                            environment=environment)
        self.assertRegex(said, "^key file 'pkcs11:token=plant;object=other': the token does not give such a key: .*; check it with "
                               "p11tool, and that OpenSSL has a provider or an engine for PKCS#11$")

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


class Secrets(transports.Cases):
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

    def test_where_nobody_can_be_asked_other_sources_are_named(self):
        done = subprocess.run([BIN / "mqtk-pub", "-u", "me", "--password-from", "prompt", "-t", "a", "-m", "b"],
                              stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (
            1, b"mqtk-pub: password: there is no terminal to ask at; take it from file:PATH, fd:NUMBER, env:NAME or "
               b"command:COMMAND instead\n"))

    def test_a_profile_holds_properties_of_connect(self):
        with tempfile.TemporaryDirectory() as folder:
            place = {"XDG_CONFIG_HOME": folder}
            done = run("profile", "set", "plant", f"url=mqtt://127.0.0.1:{self.peer.port}", "id=me",
                       "property=connect user-property line a b", "property=connect session-expiry-interval 60",
                       environment=place)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = run("pub", "--profile", "plant", "-t", "a", "-m", "b", environment=place)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"\x26\0\x04line\0\x03a b", self.bodies[-1])
            self.assertIn(b"\x11\0\0\0\x3c", self.bodies[-1])

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


class Access(transports.Cases):
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


class Profiles(transports.Cases):
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
            profile("set", "home", "password-from=env:TOKEN")
            self.assertEqual(profile("show", "home"), "host=localhost\ntls=true\npassword-from=env:TOKEN\n")
            self.assertEqual(profile("set", "home", "password=a", "password-from=env:TOKEN", status=1),
                             "mqtk-profile: password and password-from exclude each other; give one\n")
            profile("set", "home", "password-from=")
            self.assertEqual(profile("show", "home"), "host=localhost\ntls=true\n")
            profile("remove", "plant")
            self.assertEqual(profile("list"), "home\n")


if __name__ == "__main__":
    unittest.main()
