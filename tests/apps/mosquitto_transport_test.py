#!/usr/bin/env python3
"""mqtk-mosquitto beside Mosquitto's own clients: TLS, proxies, sockets, options files and lost connections."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import certificates
import running
import service_records
from mosquitto_clients import INSTALLED, ORIGINAL, OURS, Cases, environment, run
from proxies import SocksProxy
from running import LIMIT

TLS_TEXTS = ("Unable to connect (A TLS error occurred.).", "Error: A TLS error occurred.")


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Refused(Cases):
    def test_options_of_transports_are_refused_alike(self):
        message = ["-t", "a", "-m", "x"]
        port = running.free_port()
        with tempfile.TemporaryDirectory() as folder:
            missing = os.path.join(folder, "missing")
            for words in [
                ["--cafile"], ["--capath"], ["--cert"], ["--key"], ["--keyform"], ["--ciphers"], ["--tls-version"], ["--psk"],
                ["--psk-identity"], ["--tls-alpn"], ["--tls-engine"], ["--tls-engine-kpass-sha1"], ["--proxy"], ["--unix"],
                [*message, "--cafile", missing], [*message, "--cert", "x"], [*message, "--key", "x"],
                [*message, "--tls-version", "tlsv9"], [*message, "--psk", "1234"], [*message, "--psk", "zz", "--psk-identity", "x"],
                [*message, "--psk", "1234", "--psk-identity", "x", "--cafile", "a"], [*message, "--keyform", "pem"],
                [*message, "--tls-engine", "nonsense"], [*message, "--tls-engine-kpass-sha1", "abc"], [*message, "--proxy", "nonsense"],
                [*message, "--proxy", "socks5h://"], [*message, "--proxy", "socks5://localhost:1"],
                [*message, "--proxy", "http://localhost:3"], [*message, "--proxy", "socks5h://localhost:abc"],
                [*message, "--cafile", "x", "--tls-use-os-certs"], [*message, "--unix", missing], [*message, "-p", "0", "-h", missing],
                # Not used, so nothing is wrong but that nobody listens.
                [*message, "-p", port, "--capath", missing], [*message, "-p", port, "--cert", "x", "--key", "y"],
                [*message, "-p", port, "--psk-identity", "x"], [*message, "-p", port, "--insecure"],
                [*message, "-p", port, "--ciphers", "nonsense"], [*message, "-p", port, "--tls-version", "tlsv1.2"],
                [*message, "--proxy", f"socks5h://localhost:{port}"],
            ]:
                with self.subTest(words=words):
                    if "--capath" in words and missing in words:
                        # Theirs finds out when it connects, ours before.
                        self.assertEqual(run(OURS, "mosquitto_pub", *words)[0], run(ORIGINAL, "mosquitto_pub", *words)[0])
                    else:
                        self.assertEqual(self.both("mosquitto_pub", *words)[0], 1)

    def test_topics_that_are_no_topics_are_refused_alike(self):
        for name, *words in [
            ("mosquitto_pub", "--will-topic", "a/#", "-t", "a", "-m", "x"), ("mosquitto_sub", "-t", "a", "-U", "b#"),
            ("mosquitto_rr", "-t", "a", "-m", "x", "-e", "b/+"), ("mosquitto_pub", "-t", "a", "-m", "x", "--will-qos", "3", "--will-topic", "w"),
            ("mosquitto_sub", "-t", "a/#/b"), ("mosquitto_sub", "-t", "+a"),
            ("mosquitto_pub", "-t", "a", "-D", "connect", "user-property", "x"), ("mosquitto_pub", "-D", "publish"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-D", "publish", "topic-alias", "70000"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-D", "publish", "content-type", "a", "-D", "publish", "content-type", "b"),
        ]:
            with self.subTest(words=(name, *words)):
                self.assertEqual(self.both(name, *words)[0], 1)


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Tls(Cases):
    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.Authority()
        cls.stranger = certificates.Authority("Another Authority")
        certificate, key = cls.authority.issue("localhost")
        other, other_key = cls.authority.issue("other host", alternative="DNS:example.org")
        old, old_key = cls.authority.issue("too old", end="20210101000000Z")
        cls.client = cls.authority.issue("client")
        cls.tls, cls.other_host, cls.wants_certificate, cls.expired, cls.psk = [running.free_port() for _ in range(5)]
        cls.broker = running.Mosquitto([
            f"listener {cls.tls} 127.0.0.1", f"certfile {certificate}", f"keyfile {key}",
            f"listener {cls.other_host} 127.0.0.1", f"certfile {other}", f"keyfile {other_key}",
            f"listener {cls.wants_certificate} 127.0.0.1", f"certfile {certificate}", f"keyfile {key}",
            f"cafile {cls.authority.file}", "require_certificate true",
            f"listener {cls.expired} 127.0.0.1", f"certfile {old}", f"keyfile {old_key}"])
        # Beside others in one broker it takes TLS 1.3 from them in some versions.
        cls.psk_broker = running.Mosquitto([
            f"listener {cls.psk} 127.0.0.1", "psk_file {folder}/psk", "psk_hint here"], files={"psk": "me:1234abcd\n"})

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        cls.psk_broker.close()
        cls.authority.close()
        cls.stranger.close()

    def test_connections_that_work_with_theirs_work_with_ours(self):
        trust = ["--cafile", self.authority.file]
        certificate, key = self.client
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(self.authority.file, os.path.join(folder, "ca.pem"))
            subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
            for port, words in [
                (self.tls, trust), (self.tls, ["--capath", folder]), (self.tls, [*trust, "--tls-version", "tlsv1.2"]),
                (self.tls, [*trust, "--tls-version", "tlsv1.3"]), (self.tls, [*trust, "--tls-version", "tlsv1.1"]),
                (self.tls, [*trust, "--tls-alpn", "mqtt"]), (self.other_host, [*trust, "--insecure"]),
                (self.tls, [*trust, "--tls-version", "tlsv1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"]),
                (self.wants_certificate, [*trust, "--cert", certificate, "--key", key]),
                (self.wants_certificate, [*trust, "--cert", certificate, "--key", key, "--keyform", "pem"]),
                (self.psk, ["--psk", "1234abcd", "--psk-identity", "me"]),
            ]:
                with self.subTest(words=words):
                    address = ["-p", port, "-t", "a/tls", *words]
                    self.assertEqual(self.both("mosquitto_pub", *address, "-m", "x", "-r", "-q", 1)[0], 0)
                    self.assertEqual(self.both("mosquitto_sub", *address, "-C", 1, "-W", 20)[:2], (0, "x\n"))

    def test_connections_that_fail_with_theirs_fail_with_ours_and_a_reason(self):
        trust = ["--cafile", self.authority.file]
        certificate, _ = self.client
        _, wrong_key = self.stranger.issue("wrong key")
        for port, words, reason in [
            (self.tls, ["--cafile", self.stranger.file], "authority"), (self.tls, ["--tls-use-os-certs"], "authority"),
            (self.other_host, trust, "localhost"), (self.expired, trust, "expired"),
            (self.broker.port, trust, "TLS"), (self.psk, ["--psk", "1234abce", "--psk-identity", "me"], ""),
            (self.psk, ["--psk", "1234abcd", "--psk-identity", "you"], ""), (self.tls, [*trust, "--ciphers", "nonsense"], "nonsense"),
            (self.tls, ["--cafile", "/etc/hosts"], "/etc/hosts"),
            (self.wants_certificate, [*trust, "--cert", certificate, "--key", wrong_key], ""),
        ]:
            for name, more in (("mosquitto_pub", ["-m", "x"]), ("mosquitto_sub", ["-W", 10]), ("mosquitto_rr", ["-m", "x", "-e", "b", "-W", 10])):
                with self.subTest(name=name, words=words):
                    address = ["-p", port, "-t", "a", *words, *more]
                    theirs, ours = run(ORIGINAL, name, *address), run(OURS, name, *address)
                    self.assertIn((theirs[0], theirs[2].strip()), [(1, TLS_TEXTS[0]), (8, TLS_TEXTS[1]), (14, TLS_TEXTS[1]),
                                                                   (14, "Error: Protocol error")])
                    self.assertEqual((ours[:2], ours[2].splitlines()[0]), ((1, ""), TLS_TEXTS[0]))
                    self.assertIn(reason, ours[2].splitlines()[1])
                    self.assertEqual(run(OURS, name, *address, "--quiet")[1:], ("", ""))

    def test_a_broker_that_speaks_tls_to_a_client_that_does_not_is_a_lost_connection(self):
        for words in ([], ["--insecure"], ["--cert", *map(str, self.client[:1]), "--key", str(self.client[1])]):
            self.assertEqual(self.both("mosquitto_pub", "-p", self.tls, "-t", "a", "-m", "x", *words)[0], 7)

    def test_options_of_the_later_version_are_understood(self):
        with tempfile.TemporaryDirectory() as folder:
            keys = pathlib.Path(folder) / "keys"
            address = ["-p", self.tls, "-t", "a/later", "--cafile", self.authority.file]
            self.assertEqual(run(OURS, "mosquitto_pub", *address, "-m", "x", "-r", "-q", 1, "--tls-keylog", keys), (0, "", ""))
            self.assertIn("CLIENT_", keys.read_text())
            words = ["-p", self.broker.port, "-t", "a/later", "--cafile", self.authority.file, "--no-tls"]
            self.assertEqual(run(OURS, "mosquitto_sub", *words, "-C", 1, "-W", 20), (0, "x\n", ""))
            never = run(OURS, "mosquitto_sub", "-p", self.broker.port, "-t", "a/later", "-V", 5, "-W", 1, "--retain-handling", "never")
            self.assertEqual(never, (27, "", "Timed out\n"))


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Ways(Cases):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        os.chmod(cls.folder.name, 0o777)
        cls.socket = os.path.join(cls.folder.name, "socket")
        cls.broker = running.Mosquitto([f"listener 0 {cls.socket}"])

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()
        cls.folder.cleanup()

    def test_a_socks_proxy_is_gone_through_and_looks_up_the_name(self):
        for login, credentials in ((None, ""), ((b"me", b"geheim"), "me:geheim@")):
            proxy = SocksProxy(login)
            self.addCleanup(proxy.close)
            words = ["-h", "localhost", "-p", self.broker.port, "--proxy", f"socks5h://{credentials}localhost:{proxy.port}", "-t", "a/proxy"]
            self.assertEqual(self.both("mosquitto_pub", *words, "-m", "x", "-r", "-q", 1), (0, "", ""))
            self.assertEqual(self.both("mosquitto_sub", *words, "-C", 1, "-W", 20), (0, "x\n", ""))
            self.assertEqual(proxy.asked_for, [(3, "localhost", self.broker.port)] * 4)

    def test_default_ports_and_hosts_and_the_port_of_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            authority = certificates.Authority()
            self.addCleanup(authority.close)
            connect, hello = b"\x10", b"\x16"
            for words, host, port, first in [
                ([], "localhost", 1883, connect), (["-h", "name.example"], "name.example", 1883, connect),
                (["--cafile", authority.file], "localhost", 8883, hello), (["--capath", folder], "localhost", 8883, hello),
                (["--psk", "1234", "--psk-identity", "me"], "localhost", 8883, hello), (["-p", 8883], "localhost", 8883, hello),
                (["-p", 8884], "localhost", 8884, connect), (["--insecure"], "localhost", 1883, connect),
            ]:
                for programs in (ORIGINAL, OURS):
                    peer = self.opened(running.Scripted(lambda stream: stream.socket.recv(65536)))
                    proxy = self.opened(SocksProxy(elsewhere=peer.port))
                    run(programs, "mosquitto_pub", *words, "--proxy", f"socks5h://localhost:{proxy.port}", "-t", "a", "-m", "x")
                    self.assertEqual((proxy.asked_for, proxy.began), ([(3, host, port)], [first]), words)

    def test_a_unix_socket_is_an_address(self):
        for words in (["--unix", self.socket], ["-p", "0", "-h", self.socket], ["-p", "abc", "-h", self.socket]):
            self.assertEqual(self.both("mosquitto_pub", *words, "-t", "a/unix", "-m", "x", "-r", "-q", 1), (0, "", ""))
            self.assertEqual(self.both("mosquitto_sub", *words, "-t", "a/unix", "-C", 1, "-W", 20), (0, "x\n", ""))

    @unittest.skipUnless(service_records.is_possible(), "no network of its own is to be had")
    def test_the_broker_of_a_domain_is_found_by_its_service_records(self):
        # Debian's clients are built without them.
        found = service_records.connect(OURS["mosquitto_pub"], "-S", "-h", "{domain}", "-t", "a", "-m", "x", "-q", 1)
        self.assertIn(["_mqtt._tcp.plant.test", 33], found["questions"])
        self.assertEqual((found["status"], found["out"], found["err"], found["packets"]), (0, "", "", [1, 3, 14]))

    def test_a_domain_without_service_records_is_a_lookup_error(self):
        status, out, err = run(OURS, "mosquitto_pub", "-S", "-h", "no-such-domain.invalid", "-t", "a", "-m", "x")
        self.assertEqual((status, out, err.count("\n")), (1, "", 1), err)

    def test_a_websocket_is_spoken_with_ws(self):
        broker = running.start("broker", "--listen", "ws://127.0.0.1:0")
        self.addCleanup(lambda: (broker.kill(), broker.communicate()))
        port = broker.stdout.readline().decode().rsplit(":", 1)[1].split("/")[0]
        self.assertEqual(run(OURS, "mosquitto_pub", "--ws", "-p", port, "-t", "a", "-m", "x", "-q", 1), (0, "", ""))
        self.assertEqual(run(OURS, "mosquitto_pub", "-L", f"ws://localhost:{port}/a", "-m", "x", "-q", 1), (0, "", ""))

    def test_the_file_of_o_replaces_the_usual_one(self):
        path = pathlib.Path(self.folder.name) / "options"
        path.write_text(f"-p {self.broker.port}\n-t a/o\n-r\n-m -o\n")
        with tempfile.TemporaryDirectory() as home:
            (pathlib.Path(home) / "mosquitto_pub").write_text("--nonsense\n")
            extra = {"XDG_CONFIG_HOME": home}
            self.assertEqual(run(OURS, "mosquitto_pub", "-o", path, "-q", 1, extra=extra), (0, "", ""))
            self.assertEqual(run(OURS, "mosquitto_pub", "-o", path, "-o", path, extra=extra)[0], 1)
        kept = run(OURS, "mosquitto_sub", "-p", self.broker.port, "-t", "a/o", "-C", 1, "-W", 20)
        self.assertEqual(kept, (0, "-o\n", ""))

    def test_rates_tables_and_latencies_of_the_later_version(self):
        self.addCleanup(run, OURS, "mosquitto_pub", "-p", self.broker.port, "-t", "a/rate/1", "-r", "-n")
        for name in ("1", "2"):
            run(OURS, "mosquitto_pub", "-p", self.broker.port, "-t", f"a/rate/{name}", "-m", "x", "-r", "-q", 1)
        listen = ["-p", self.broker.port, "-t", "a/rate/+"]
        status, out, _ = run(OURS, "mosquitto_sub", *listen, "--message-rate", "-W", 3)
        self.assertEqual((status, out.splitlines()[:2]), (27, ["2 msgs/s", "0 msgs/s"]))
        status, out, _ = run(OURS, "mosquitto_sub", *listen, "-h", "localhost", "-w", "-v", "-C", 2, "-W", 20)
        first, second = sorted(out.split("\x1b[K")[1:])
        self.assertEqual((status, out.split("\x1b[K")[0]), (0, "\x1b[2J\x1b[1;1HBroker: localhost\n\x1b[2;1H"))
        self.assertEqual((first.split("\n")[0], second.split("\n")[0]), ("a/rate/1 x", "a/rate/2 x"))
        words = ["-p", self.broker.port, "-t", "a/same", "-e", "a/same", "-m", "x", "-W", 20, "--latency"]
        status, out, _ = run(OURS, "mosquitto_rr", *words)
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^x\nLatency: [0-9.]+ (ns|µs|ms|s)\n$")

    def test_lines_survive_a_connection_that_is_cut(self):
        lines = [b"%d" % number for number in range(3_000)]
        for name, programs in (("theirs", ORIGINAL), ("ours", OURS)):
            for qos in (1, 2):
                observer = running.Observer(self.broker.port, f"a/cut/{name}/{qos}")
                proxy = running.CuttingProxy(self.broker.port, [9_000])
                words = ["-p", proxy.port, "-t", f"a/cut/{name}/{qos}", "-l", "-q", qos, "-i", f"cut-{name}-{qos}", "-c"]
                process = subprocess.Popen([programs["mosquitto_pub"], *map(str, words)], stdin=subprocess.PIPE, env=environment())
                process.stdin.write(b"\n".join(lines[:2_900]) + b"\n")
                process.stdin.flush()
                self.assertTrue(running.wait_until(lambda proxy=proxy: proxy.connections == 2), name)
                process.stdin.write(b"\n".join(lines[2_900:]) + b"\n")
                process.stdin.close()
                self.assertEqual(process.wait(LIMIT), 0, name)
                self.assertTrue(running.wait_until(lambda observer=observer: set(observer.payloads()) == set(lines)), name)
                if qos == 2:
                    self.assertEqual(sorted(observer.payloads()), sorted(lines), name)
                observer.close()
                proxy.close()


if __name__ == "__main__":
    unittest.main()
