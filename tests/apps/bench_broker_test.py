#!/usr/bin/env python3
"""mqtk-bench with real brokers: every way to connect, counts that are the broker's own, and a broker that is killed."""

import json
import subprocess
import time
import unittest

import benching
import certificates
import running
from benching import error_counts
from credentials_test import SECRET, token
from running import CONNACK, LIMIT, Mosquitto, Scripted, run, start


LOAD = ["-q", 1, "--clients", 2, "--rate", 500, "--messages", 50]


class Cases(benching.Cases):
    def bench(self, *arguments, expect=0, environment=None):
        return super().bench(*arguments, "--quiet", expect=expect, environment=environment)[0]


class Ways(Cases):
    def check_all_arrive(self, *arguments, **options):
        result = self.bench("pubsub", *LOAD, *arguments, **options)
        self.assertEqual((result["counts"]["sent"], result["counts"]["received"], result["counts"]["lost"]), (50, 50, 0))
        return result

    def test_the_load_goes_over_tls_websockets_and_unix_sockets(self):
        authority = self.folder / "ca.pem"
        process = start("broker", "--tls-self-signed-ca", authority, "-l", "mqtts://127.0.0.1:0", "-l", "ws://127.0.0.1:0/mqtt",
                        "-l", "wss://127.0.0.1:0/deep/path", "-l", f"unix://{self.folder}/socket", stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: (process.kill(), process.wait(LIMIT)))
        urls = [process.stdout.readline().decode().split()[1] for _ in range(4)]
        for url in urls:
            with self.subTest(url):
                secure = url.startswith(("mqtts:", "wss:"))
                result = self.check_all_arrive("--url", url, *(["--ca-file", authority] if secure else []))
                self.assertEqual("tls" in result["latencies"], secure)
        self.check_all_arrive("--url", urls[0], "--ca-file", authority, "--threads", 2)

    def test_the_handshake_of_tls_is_a_latency_of_its_own(self):
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       capture_output=True, timeout=LIMIT, check=True)
        port = running.free_port()
        files = {"certificate.pem": certificate.read_text(), "key.pem": key.read_text()}
        broker = running.Mosquitto([f"listener {port} 127.0.0.1", "certfile {folder}/certificate.pem",
                                    "keyfile {folder}/key.pem"], files=files)
        self.addCleanup(broker.close)
        # Certificates that the system trusts, for OpenSSL.
        done = subprocess.run([running.BIN / "mqtk-bench", "conn", "--url", f"mqtts://localhost:{port}", "--clients", "5",
                               "--output", self.file, "--assert", "min(tls)>0us"], capture_output=True, timeout=LIMIT,
                              env=running.clean_environment({"SSL_CERT_FILE": str(certificate)}), check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        latencies = json.loads((self.file).read_text())["latencies"]
        self.assertEqual([latencies[kind]["count"] for kind in ("tcp", "tls", "connack", "connect")], [5, 5, 5, 5])
        parts = sum(latencies[kind]["mean_ns"] for kind in ("tcp", "tls", "connack"))
        self.assertAlmostEqual(parts / latencies["connect"]["mean_ns"], 1, delta=0.3)

    def test_mosquitto_lets_clients_in_by_their_certificates(self):
        authority = self.opened(certificates.Authority())
        certificate, key = authority.issue("server")
        own_certificate, own_key = authority.issue("load")
        broker = self.opened(Mosquitto([f"cafile {authority.file}", f"certfile {certificate}", f"keyfile {key}",
                                        "require_certificate true"]))
        url = f"mqtts://localhost:{broker.port}"
        self.check_all_arrive("--url", url, "--ca-file", authority.file, "--cert-file", own_certificate, "--key-file", own_key)
        result = self.bench("conn", "--url", url, "--ca-file", authority.file, "--clients", 3, expect=2)
        self.assertEqual(error_counts(result), {"connect_failed": 3})

    def test_each_client_has_its_own_user_name_and_password_from_templates(self):
        passwords = self.folder / "passwords"
        for name in ("user-0", "user-1", "Anna"):
            subprocess.run(["mosquitto_passwd", *([] if passwords.exists() else ["-c"]), "-b", passwords, name, f"of-{name}"],
                           check=True, capture_output=True, timeout=LIMIT)
        broker = self.opened(Mosquitto(["password_file {folder}/passwords", "sys_interval 1"], anonymous=False,
                                       files={"passwords": passwords.read_text()}))
        port = ["-p", broker.port]
        result = self.bench("conn", *port, "--clients", 3, "-u", "user-{i}", "-P", "of-user-{i}", expect=3)
        # There is no user-2.
        self.assertEqual((result["counts"]["connected"], error_counts(result)), (2, {"connect_refused": 1}))
        (self.folder / "users.csv").write_text("name\nAnna\nuser-1\n")
        result = self.bench("conn", *port, "--clients", 2, "-u", "{client:name}", "-P", "of-{client:name}", "--values",
                            self.folder / "users.csv")
        self.assertEqual(result["counts"]["connected"], 2)
        # Whoever listens to $SYS comes as the first of them.
        self.assertTrue(self.bench("conn", *port, "--clients", 2, "-u", "user-{i}", "-P", "of-user-{i}", "--sys",
                                   "--duration", "100ms")["broker_figures"])
        (self.folder / "secret").write_text("of-Anna\n")
        self.bench("conn", *port, "-u", "Anna", "--password-from", f"file:{self.folder}/secret")

    def test_a_profile_says_which_broker_and_who_connects(self):
        broker = self.opened(Mosquitto(["password_file {folder}/passwords"], anonymous=False, files={"passwords": ""}))
        subprocess.run(["mosquitto_passwd", "-b", broker.path / "passwords", "load", "secret"], check=True, capture_output=True,
                       timeout=LIMIT)
        broker.stop()
        broker.start()
        (self.folder / "mqtk").mkdir()
        (self.folder / "mqtk" / "config.json").write_text(json.dumps({"profiles": {"lab": {
            "url": f"mqtt://127.0.0.1:{broker.port}", "username": "load", "password": "secret"}}}))
        environment = {"XDG_CONFIG_HOME": str(self.folder)}
        self.check_all_arrive("--profile", "lab", environment=environment)
        variables = {"MQTK_URL": f"mqtt://127.0.0.1:{broker.port}", "MQTK_USER_NAME": "load", "MQTK_PASSWORD": "wrong"}
        result = self.bench("conn", environment=variables, expect=3)
        self.assertEqual(error_counts(result), {"connect_refused": 1})

    def test_a_will_is_published_for_each_client_whose_connection_is_cut(self):
        broker = self.opened(Mosquitto())
        observer = self.opened(running.Observer(broker.port, "gone/#"))
        load = start("bench", "conn", "-p", broker.port, "--clients", 3, "--duration", "60s", "--will-topic", "gone/{i}",
                     "--will-payload", "bye", stdout=subprocess.DEVNULL)
        try:
            self.assertTrue(load.stderr.readline())
        finally:
            load.kill()
            load.communicate()
        self.assertTrue(observer.wait_for(3))
        self.assertEqual({(topic, payload) for topic, payload, _ in observer.messages}, {(f"gone/{i}", b"bye") for i in range(3)})


class Logins(Cases):
    def test_clients_prove_by_scram_that_they_know_their_passwords_and_do_it_again(self):
        users = self.folder / "users"
        for name in ("user-0", "user-1"):
            done = run("broker", "passwd", users, name, "--password-from", "fd:0", "--scram", stdin=b"of-%s\n" % name.encode())
            self.assertEqual(done.returncode, 0, done.stderr)
        login = ["-p", self.broker("--password-file", users).port, "-u", "user-{i}", "-P", "of-user-{i}", "--auth-method", "SCRAM-SHA-256"]
        result = self.bench("pub", *login, "-q", 1, "--clients", 2, "--threads", 2, "--rate", 200, "--duration", "1s",
                            "--auth-again", "50ms", "--assert", "errors==0", "--assert", "acknowledged==200")
        self.assertEqual((result["counts"]["connected"], result["latencies"]["connack"]["count"]), (2, 2))
        result = self.bench("conn", *login, "--clients", 3, expect=3)  # there is no user-2
        self.assertEqual((result["counts"]["connected"], error_counts(result)), (2, {"connect_refused": 1}))

    def test_each_client_shows_a_token_that_is_read_anew(self):
        (self.folder / "secret").write_bytes(SECRET)
        (self.folder / "token").write_text(token({"sub": "load", "exp": time.time() + 300}) + "\n")
        port = self.broker("--jwt-key", self.folder / "secret").port
        count = self.folder / "count"
        result = self.bench("conn", "-p", port, "--clients", 3, "--threads", 2, "--auth-method", "OAUTH2-JWT",
                            "--auth-data-from", f"command:echo >>{count}; cat {self.folder}/token")
        self.assertEqual((result["counts"]["connected"], len(count.read_text())), (3, 3))
        (self.folder / "token").write_text("no token\n")
        result = self.bench("conn", "-p", port, "--auth-method", "OAUTH2-JWT", "--auth-data-from",
                            f"file:{self.folder}/token", expect=3)
        self.assertEqual(error_counts(result), {"connect_refused": 1})

    def test_a_broker_that_does_not_know_the_password_is_not_trusted(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\x10" + b"\x15" + running.text("SCRAM-SHA-256"))
            stream.receive()
        broker = self.opened(Scripted(talk))
        result = self.bench("conn", "-p", broker.port, "-u", "me", "-P", "pencil", "--auth-method", "SCRAM-SHA-256", expect=2)
        (error,) = result["errors"]
        self.assertEqual(error["kind"], "connect_failed")
        self.assertIn("has not proved that it knows the password", error["text"])

    def test_a_preset_logs_in_and_says_what_the_service_refuses(self):
        logins = []

        def talk(stream):
            connect = stream.receive()[1]
            logins.append((connect[6], connect[12:12 + connect[11]]))  # level 4 is 3.1.1; the Client Identifier
            stream.send(0x20, b"\0\0")
            while came := stream.receive():
                if came[0] >> 4 == 3:
                    stream.send(0x40, came[1][-18:-16])
        broker = self.opened(Scripted(talk))
        string = "HostName=plant.azure-devices.net;DeviceId=sensor-7;SharedAccessKey=MDEyMzQ1Njc4OWFiY2RlZg=="
        load = ["pub", "--preset", "azure-hub", "-L", f"mqtt://127.0.0.1:{broker.port}", "-q", 1, "--messages", 2]
        done = run("bench", *load, "-t", "devices/sensor-7/messages/events/", "--retain", "--quiet",
                   environment={"MQTK_CONNECTION_STRING": string})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(logins, [(4, b"sensor-7")])
        self.assertIn(b"Azure IoT Hub does not retain messages", done.stderr)
        self.assertNotIn(b"topics of its own", done.stderr)
        done = run("bench", *load, "-t", "elsewhere", "--quiet", environment={"MQTK_CONNECTION_STRING": string})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"Azure IoT Hub takes only topics of its own", done.stderr)


class Counts(Cases):
    def check(self, port, qos, *topics):
        result = self.bench("pubsub", "-p", port, "-q", qos, "--rate", 1000, "--messages", 300, "--clients", 3,
                            "--subscribers", 2, "--sys")
        counts = result["counts"]
        self.assertEqual((counts["sent"], counts["received"]), (300, 600))
        self.assertEqual(counts["acknowledged"], 300 if qos else 0)
        figures = {figure["topic"]: figure for figure in result["broker_figures"]}
        for topic in topics:
            received = figures["$SYS/broker/publish/messages/" + topic]
            self.assertEqual(int(received["last"]) - int(received["first"]), 300, topic)

    def test_what_is_counted_is_what_mosquitto_counts(self):
        broker = self.opened(Mosquitto(["sys_interval 1"]))
        for qos in (0, 1):  # mosquitto 2.0 counts no messages of QoS 2; our own broker does
            with self.subTest(qos):
                self.check(broker.port, qos, "received")

    def test_what_is_counted_is_what_our_broker_counts_of_each_qos(self):
        port = self.broker("--sys-interval", "200ms").port
        for qos in (0, 1, 2):
            with self.subTest(qos):
                self.check(port, qos, f"received/qos{qos}")


class Pace(Cases):
    def test_what_is_due_within_the_granularity_is_sent_together_and_its_lateness_stated(self):
        result = self.bench("pub", "--rate", 1000, "--messages", 300, "--granularity", "40ms", "--assert", "p50(lateness)>5ms",
                            "--assert", "max(lateness)>20ms")
        self.assertEqual(result["counts"]["sent"], 300)
        done = run("bench", "pub", "--max", "--granularity", "1ms")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--granularity", done.stderr)


class Restart(Cases):
    """A broker that dies for real and comes back at the same port."""

    def killed_while(self, *arguments):
        """The result of a load under which the broker is killed after a second, and started again 600 ms later."""
        broker = self.opened(Mosquitto())
        load = start("bench", *arguments, "-p", broker.port, "--output", self.file, stdout=subprocess.PIPE)
        try:
            self.assertTrue(load.stderr.readline())  # the first second has passed
            broker.process.kill()
            broker.process.wait(LIMIT)
            time.sleep(0.6)
            broker.start()
            text, errors = load.communicate(timeout=LIMIT)
        finally:
            load.kill()
            load.communicate()
        self.text = text + errors
        return load.returncode, json.loads(self.file.read_text())

    def test_the_run_goes_on_where_clients_may_come_back_and_every_failure_has_its_name(self):
        status, result = self.killed_while("pub", "-q", 1, "--clients", 4, "--rate", 400, "--duration", "4s", "--reconnect",
                                           "forever", "--reconnect-delay", "100ms", "--assert", "reconnected==4", "--assert",
                                           "connected==4", "--assert", "errors>=8")
        self.assertEqual(status, 0, self.text)
        counts, errors = result["counts"], error_counts(result)
        self.assertEqual(errors["connection_lost"], 4)
        self.assertGreaterEqual(errors["connect_failed"], 4)  # nobody was listening
        self.assertEqual(counts["sent"], 1600)
        self.assertEqual(counts["acknowledged"] + errors.get("not_acknowledged", 0), 1600)
        # What was due meanwhile waited for the broker.
        self.assertGreater(result["latencies"]["publish"]["max_ns"], 500e6)
        seconds = [second["acknowledged"] for second in result["series"]]
        self.assertGreater(seconds[-1] + seconds[-2], 0)

    def test_what_subscribers_miss_while_the_broker_is_away_is_lost(self):
        status, result = self.killed_while("pubsub", "-q", 0, "--rate", 200, "--duration", "4s", "--reconnect", "forever",
                                           "--reconnect-delay", "100ms", "--drain", "500ms", "--assert", "errors>=2",
                                           "--assert", "received>0")
        self.assertEqual(status, 0, self.text)
        counts = result["counts"]
        self.assertEqual(counts["reconnected"], 2)
        self.assertEqual(counts["received"] + counts["lost"], counts["expected"])
        self.assertGreater(counts["received"], 200)

    def test_without_reconnect_the_run_ends_soon_and_with_status_5(self):
        began = time.monotonic()
        status, result = self.killed_while("pub", "-q", 1, "--clients", 3, "--rate", 300, "--duration", "50s")
        self.assertEqual(status, 5, self.text)
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(error_counts(result)["connection_lost"], 3)
        self.assertIn(b"connection_lost", self.text)


class DelayedAcknowledgements(Cases):
    """A peer with Nagle's algorithm holds back a second small segment until the first is acknowledged by TCP."""

    def test_an_answer_in_two_segments_does_not_wait_for_the_systems_delayed_acknowledgement(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while came := stream.receive():
                first, body = came
                if first >> 4 == 3:
                    size = int.from_bytes(body[:2], "big")
                    stream.socket.send(b"\x40\x02")
                    stream.socket.send(body[2 + size:4 + size])
        broker = self.opened(Scripted(talk))
        # The system delays by 40 ms, once the connection is past its beginning. A busy machine may delay some of them more.
        self.bench("pub", "-p", broker.port, "-q", 1, "--rate", 15, "--messages", 45, "--assert", "p40(publish_service)<30ms")

    def test_messages_to_a_subscriber_do_not_wait_for_it_either(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            body = stream.receive()[1]
            stream.send(0x90, body[:2] + b"\0\1")
            for number in range(45):
                now = int(time.monotonic() * 1e6) & ((1 << 40) - 1)
                stamp = b"\xb7\0\0\0\0" + number.to_bytes(4, "big") + now.to_bytes(5, "big") + b"\0\0"
                message = running.packet(0x32, running.text("mqtk/bench/0") + (number + 1).to_bytes(2, "big") + b"\0" + stamp)
                stream.socket.send(message[:10])
                stream.socket.send(message[10:])
                time.sleep(0.06)
            stream.receive()
        broker = self.opened(Scripted(talk))
        self.bench("sub", "-p", broker.port, "-q", 1, "--messages", 45, "--duration", "30s", "--assert", "p40(latency)<30ms")


if __name__ == "__main__":
    unittest.main()
