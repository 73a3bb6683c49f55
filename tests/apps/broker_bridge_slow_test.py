#!/usr/bin/env python3
"""The bridges of mqtk-broker: topics mirrored to and from mosquitto, another mqtk-broker and scripted ones."""

import json
import pathlib
import subprocess
import tempfile
import time
import unittest
import urllib.request

import certificates
import controlled
from running import (BIN, LIMIT, MOSQUITTO, CuttingProxy, Mosquitto, Observer, Scripted, clean_environment, free_port, run,
                     start, text, wait_until)


class Broker(controlled.Broker):
    def is_bridged(self):
        bridges = self.ask("bridges")
        here = {client["client_identifier"] for client in self.ask("clients")}
        return bool(bridges) and all(bridge["connected"] and f"bridge.{bridge['name']}" in here for bridge in bridges)


def publish(port, topic, payload, *arguments):
    result = run("pub", "-p", port, "-t", topic, "-m", payload, *arguments)
    assert result.returncode == 0, result.stderr


def publish_many(port, topic, payloads, qos):
    result = run("pub", "-p", port, "-t", topic, "-q", qos, "-l", stdin="".join(f"{one}\n" for one in payloads).encode())
    assert result.returncode == 0, result.stderr


class Cases(unittest.TestCase):
    def opened(self, what):
        self.addCleanup(what.close)
        return what

    def bridged(self, *arguments, **options):
        broker = self.opened(Broker(*arguments, **options))
        self.assertTrue(wait_until(broker.is_bridged), broker.log)
        return broker

    def watch(self, broker, topic="#", **options):
        return self.opened(Observer(broker.port, topic, **options))

    def arrives(self, observer, *messages):
        """These came, in any order, and nothing else: a marker is published by the caller last where that matters."""
        wanted = sorted(messages)
        wait_until(lambda: len(observer.messages) >= len(wanted))
        self.assertEqual(sorted(observer.messages), wanted)


class AgainstAnyBroker:
    """What holds with every other broker; `far` is one, `query` is for its URL."""

    query = ""

    def make_far(self):
        raise NotImplementedError

    def setUp(self):
        self.far = self.opened(self.make_far())
        self.url = f"mqtt://127.0.0.1:{self.far.port}{self.query}"

    def test_messages_come_in_below_a_prefix_with_their_qos(self):
        near = self.bridged("--bridge", self.url, "--topic", "sensors/#", "in", "--prefix", "live/")
        seen = self.watch(near)
        for qos in (0, 1, 2):
            publish(self.far.port, "sensors/a", f"qos {qos}", "-q", qos)
        publish(self.far.port, "others", "not mirrored")
        publish(self.far.port, "sensors/last", "")
        self.assertTrue(seen.wait_for(4))
        self.assertEqual(seen.messages, [("live/sensors/a", b"qos 0", False), ("live/sensors/a", b"qos 1", False),
                                         ("live/sensors/a", b"qos 2", False), ("live/sensors/last", b"", False)])

    def test_messages_go_out_below_another_prefix(self):
        near = self.bridged("--bridge", self.url, "--topic", "a/+", "out", "--prefix", "here/", "--remote-prefix", "there/")
        seen = self.watch(self.far)
        for qos in (0, 1, 2):
            publish(near.port, "here/a/1", f"qos {qos}", "-q", qos)
        publish(near.port, "a/1", "not mirrored")
        publish(near.port, "here/a/2", "last")
        self.assertTrue(seen.wait_for(4))
        self.assertEqual(seen.messages, [("there/a/1", b"qos 0", False), ("there/a/1", b"qos 1", False),
                                         ("there/a/1", b"qos 2", False), ("there/a/2", b"last", False)])

    def test_nothing_goes_out_unless_it_is_said(self):
        near = self.bridged("--bridge", self.url, "--topic", "#")
        seen = self.watch(self.far)
        publish(near.port, "a", "private", "-q", 1)
        publish(self.far.port, "b", "public")
        self.assertTrue(seen.wait_for(1))
        self.assertEqual(seen.messages, [("b", b"public", False)])

    def test_both_ways_nothing_comes_back(self):
        near = self.bridged("--bridge", self.url, "--topic", "#", "both")
        here, there = self.watch(near), self.watch(self.far)
        for qos in (0, 1, 2):
            publish(near.port, "t", f"near {qos}", "-q", qos)
            publish(self.far.port, "t", f"far {qos}", "-q", qos)
        time.sleep(0.3)  # for what must not come
        every = [("t", f"{side} {qos}".encode(), False) for side in ("near", "far") for qos in (0, 1, 2)]
        self.arrives(here, *every)
        self.arrives(there, *every)
        [bridge] = near.ask("bridges")
        self.assertEqual((bridge["received"], bridge["sent"], bridge["dropped"]), (3, 3, 0))

    def test_retained_messages_stay_retained_in_both_directions(self):
        publish(self.far.port, "in/before", "1", "-r", "-q", 1)
        near = self.opened(Broker("--bridge", self.url, "--topic", "in/#", "in", "--topic", "out/#", "out"))
        publish(near.port, "out/before", "2", "-r")
        self.assertTrue(wait_until(near.is_bridged), near.log)
        publish(self.far.port, "in/after", "3", "-r")
        publish(near.port, "out/after", "4", "-r", "-q", 2)
        self.assertTrue(wait_until(lambda: {"in/before", "in/after"} <= {one["topic"] for one in near.ask("retained", "in/#")}))
        self.assertTrue(wait_until(lambda: self.retained_far("out/#") == {("out/before", b"2"), ("out/after", b"4")}))
        publish(self.far.port, "in/after", "", "-r")
        self.assertTrue(wait_until(lambda: [one["topic"] for one in near.ask("retained", "in/#")] == ["in/before"]))

    def retained_far(self, topic):
        observer = Observer(self.far.port, topic)
        observer.wait_for(2, 0.3)
        observer.close()
        return {(name, payload) for name, payload, retain in observer.messages if retain}

    def test_cut_connections_lose_nothing_and_repeat_no_qos_2_message(self):
        proxy = self.opened(CuttingProxy(self.far.port, [400, 700, 1000, 1300, 1600]))
        query = "?id=bridge&reconnect-delay=20ms" + self.query.replace("?", "&")
        near = self.opened(Broker("--bridge", f"mqtt://127.0.0.1:{proxy.port}{query}", "--bridge-option",
                                  "reconnect-max-delay=50ms", "--topic", "in/#", "in", "--topic", "out/#", "out"))
        self.assertTrue(wait_until(near.is_bridged), near.log)
        here, there = self.watch(near, "in/#"), self.watch(self.far, "out/#")
        payloads = [f"{number:030}" for number in range(40)]
        for qos in (1, 2):
            publish_many(near.port, f"out/{qos}", payloads, qos)
            publish_many(self.far.port, f"in/{qos}", payloads, qos)
        wanted = sorted(payload.encode() for payload in payloads)
        for observer, way in ((here, "in"), (there, "out")):
            for qos in (1, 2):
                def came():
                    return sorted(payload for topic, payload, _ in list(observer.messages) if topic == f"{way}/{qos}")
                self.assertTrue(wait_until(lambda: set(came()) == set(wanted)), (way, qos, len(came()), near.log))
                if qos == 2:
                    self.assertEqual(came(), wanted)
        self.assertGreater(proxy.connections, 4)
        [bridge] = near.ask("bridges")
        self.assertEqual(bridge["dropped"], 0)


@unittest.skipUnless(MOSQUITTO, "mosquitto is not installed")
class WithMosquitto(AgainstAnyBroker, Cases):
    def make_far(self):
        return Mosquitto()

    def test_properties_go_along(self):
        near = self.bridged("--bridge", self.url, "--topic", "#", "both")
        for source, destination in ((near, self.far), (self.far, near)):
            process = start("sub", "-p", destination.port, "-t", "t", "-C", 1, "--json", "-W", 20)
            self.assertTrue(wait_until(lambda: self.subscribers(near, destination) == 1))
            run("pub", "-p", source.port, "-t", "t", "-m", "x", "-q", 1, "-D", "publish", "content-type", "text/plain",
                "-D", "publish", "response-topic", "r", "-D", "publish", "correlation-data", "c", "-D", "publish",
                "user-property", "k", "v", "-D", "publish", "message-expiry-interval", "100", "-D", "publish",
                "payload-format-indicator", "1")
            [line, _] = process.communicate(timeout=LIMIT)
            properties = json.loads(line)["properties"]
            self.assertLessEqual(properties.pop("message_expiry_interval"), 100)
            self.assertEqual(properties, {"payload_format_indicator": 1, "content_type": "text/plain", "response_topic": "r",
                                          "correlation_data": "c", "user_properties": [["k", "v"]]})

    def subscribers(self, near, destination):
        """Of 't': mosquitto cannot be asked, so it gets time."""
        if destination is near:
            return sum(1 for one in near.ask("subscriptions") if one["topic_filter"] == "t")
        time.sleep(0.3)
        return 1

    def test_the_other_broker_may_restart_and_messages_wait_meanwhile(self):
        # What mosquitto keeps it writes when it ends.
        far = self.opened(Mosquitto(["persistence true", "persistence_location {folder}/"]))
        near = self.bridged("--bridge", f"mqtt://127.0.0.1:{far.port}?id=bridge&reconnect-delay=50ms", "--topic", "#", "both")
        far.stop()
        self.assertTrue(wait_until(lambda: not near.ask("bridges")[0]["connected"]))
        self.assertTrue(wait_until(lambda: not near.ask("clients")))
        for qos in (1, 2):
            publish_many(near.port, "t", [f"{qos}.{number}" for number in range(20)], qos)
        publish(near.port, "t", "QoS 0 is not kept")
        far.start()
        seen = self.watch(far, name="observer")
        self.assertTrue(wait_until(near.is_bridged))
        publish(near.port, "t", "afterwards", "-q", 1)
        self.assertTrue(wait_until(lambda: near.ask("bridges")[0]["sent"] == 41), near.ask("bridges"))
        self.assertTrue(wait_until(lambda: b"afterwards" in seen.payloads()))
        self.assertNotIn(b"QoS 0 is not kept", seen.payloads())
        self.assertEqual([line.split("bridge to", 1)[-1].split(",")[0].strip() for line in near.log if "connected," in line],
                         [f"127.0.0.1:{far.port} connected"] * 2)

    def test_messages_from_before_the_restart_come_in_afterwards(self):
        near = self.opened(Broker("--bridge", f"{self.url}?id=taken-up", "--topic", "in/#"))
        self.assertTrue(wait_until(near.is_bridged))
        self.assertEqual(near.stop(), 0)
        publish_many(self.far.port, "in/t", range(10), 1)
        again = self.opened(Broker("--bridge", f"{self.url}?id=taken-up", "--topic", "in/#", "--state-dir",
                                   pathlib.Path(near.folder.name) / "state"))
        self.assertTrue(wait_until(lambda: again.ask("bridges")[0]["received"] == 10))

    def test_tls_and_a_password_by_the_url_and_by_options(self):
        authority = self.opened(certificates.Authority())
        certificate, key = authority.issue("localhost")
        far = self.opened(Mosquitto([f"certfile {certificate}", f"keyfile {key}", "password_file {folder}/users"],
                                    anonymous=False, files={"users": self.password_line("me", "secret")}))
        with tempfile.TemporaryDirectory() as folder:
            secret = pathlib.Path(folder) / "secret"
            secret.write_text("secret\n")
            for bridge in ([f"mqtts://me:secret@localhost:{far.port}?ca-file={authority.file}"],
                           [f"mqtts://localhost:{far.port}", "--bridge-option", "username=me", "--bridge-option",
                            f"password-file={secret}", "--bridge-option", f"ca-file={authority.file}"]):
                near = self.bridged("--bridge", *bridge, "--topic", "#", "both")
                self.assertNotIn("secret", json.dumps(near.ask("dump")))
                self.assertEqual(near.stop(), 0)
        wrong = self.opened(Broker("--bridge", f"mqtts://me:wrong@localhost:{far.port}?ca-file={authority.file}", "--topic", "#"))
        self.assertTrue(wait_until(lambda: any("given up" in line for line in wrong.log)))
        self.assertIn("refused the connection", wrong.ask("bridges")[0]["failure"])

    def password_line(self, name, password):
        path = pathlib.Path(tempfile.mkdtemp()) / "users"
        self.addCleanup(lambda: (path.unlink(), path.parent.rmdir()))
        result = run("broker", "passwd", path, name, "--password-from", "fd:0", stdin=f"{password}\n".encode())
        assert result.returncode == 0, result.stderr
        return path.read_text()

    def test_a_command_that_ends_has_its_messages_mirrored(self):
        seen = self.watch(self.far)
        result = run("broker", "--bridge", self.url, "--topic", "#", "out", "--", "sh", "-c",
                     "sleep 0.5; for i in 1 2 3; do $PUB -t t -m $i -q $((i - 1)); done",
                     environment={"PUB": str(BIN / "mqtk-pub")})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(seen.wait_for(3))
        self.assertEqual(sorted(seen.payloads()), [b"1", b"2", b"3"])


@unittest.skipUnless(MOSQUITTO, "mosquitto is not installed")
class WithMosquittoByThreeOneOne(AgainstAnyBroker, Cases):
    """3.1.1 has no No Local: the bit in the protocol level serves."""

    query = "?mqtt-version=3.1.1"

    def make_far(self):
        # Of 3.1.1 clients whose connections are cut mosquitto 2.0 counts messages as unfinished for ever, 20 at most.
        return Mosquitto(["max_inflight_messages 0"])


class WithAnotherOfOurs(AgainstAnyBroker, Cases):
    def make_far(self):
        return Broker()

    def test_system_topics_are_not_mirrored(self):
        near = self.bridged("--bridge", self.url, "--topic", "#", "both", "--topic", "+/broker/#", "both")
        seen = self.watch(near)
        publish(self.far.port, "marker", "")
        self.assertTrue(seen.wait_for(1))
        self.assertEqual(seen.messages, [("marker", b"", False)])

    def test_a_lower_qos_can_be_asked_for(self):
        near = self.bridged("--bridge", self.url, "--topic", "t", "in", "0", "--topic", "u out 1")
        granted = {(one["topic_filter"], one["qos"]) for broker in (near, self.far) for one in broker.ask("subscriptions")}
        self.assertEqual(granted, {("t", 0), ("u", 1)})


class WithAnotherOfOursByThreeOneOne(AgainstAnyBroker, Cases):
    query = "?mqtt-version=3.1.1"

    def make_far(self):
        return Broker()


class TwoBridges(Cases):
    def test_two_brokers_that_bridge_to_each_other_get_every_message_once(self):
        port = free_port()
        first = self.opened(Broker("--bridge", f"mqtt://127.0.0.1:{port}?reconnect-delay=20ms", "--topic", "#", "both"))
        second = self.opened(Broker("--bridge", f"mqtt://127.0.0.1:{first.port}", "--topic", "#", "both", port=port))
        self.assertTrue(wait_until(first.is_bridged) and wait_until(second.is_bridged))
        seen = [self.watch(first), self.watch(second)]
        for qos in (0, 1, 2):
            publish(first.port, "t", f"first {qos}", "-q", qos)
            publish(second.port, "t", f"second {qos}", "-q", qos)
        time.sleep(0.3)  # for what must not come
        for observer in seen:
            self.arrives(observer, *[("t", f"{name} {qos}".encode(), False) for name in ("first", "second") for qos in (0, 1, 2)])

    def test_prefixes_do_not_pile_up_between_two_brokers_that_bridge_to_each_other(self):
        port = free_port()
        first = self.opened(Broker("--bridge", f"mqtt://127.0.0.1:{port}?reconnect-delay=20ms", "--topic", "#", "both",
                                   "--prefix", "second/"))
        second = self.opened(Broker("--bridge", f"mqtt://127.0.0.1:{first.port}", "--topic", "#", "both", "--prefix", "first/",
                                    port=port))
        self.assertTrue(wait_until(first.is_bridged) and wait_until(second.is_bridged))
        seen = self.watch(first)
        publish(second.port, "t", "x")
        publish(first.port, "u", "y")
        time.sleep(0.3)  # for what must not come
        self.arrives(seen, ("second/t", b"x", False), ("u", b"y", False))

    def test_one_broker_bridges_to_several_each_with_its_topics(self):
        others = [self.opened(Broker()), self.opened(Broker())]
        near = self.bridged("--bridge", f"mqtt://127.0.0.1:{others[0].port}", "--topic", "a", "--prefix", "0/", "--bridge",
                            f"mqtt://127.0.0.1:{others[1].port}", "--topic", "a", "both", "--prefix", "1/", "--bridge-name", "named")
        seen = self.watch(near)
        for number, other in enumerate(others):
            publish(other.port, "a", str(number))
        self.assertTrue(seen.wait_for(2))
        self.assertEqual(sorted(seen.messages), [("0/a", b"0", False), ("1/a", b"1", False)])
        self.assertEqual([one["name"] for one in near.ask("bridges")], [f"127.0.0.1:{others[0].port}", "named"])


class Away(Cases):
    def test_a_broker_starts_without_the_other_one_says_so_once_and_keeps_what_is_to_go_out(self):
        port = free_port()
        near = self.opened(Broker("--bridge", f"mqtt://127.0.0.1:{port}?reconnect-delay=20ms&id=b", "--topic", "#", "out",
                                  "--max-queued-messages", "5", "--sys-interval", "100ms"))
        self.assertTrue(wait_until(lambda: near.ask("sessions") and not near.ask("clients")))
        publish_many(near.port, "t", range(8), 1)
        time.sleep(0.3)  # several attempts
        system = self.watch(near, "$SYS/broker/#")
        state = f"$SYS/broker/connection/127.0.0.1:{port}/state"
        self.assertTrue(wait_until(lambda: (state, b"0", True) in list(system.messages)))
        self.assertTrue(wait_until(lambda: "3" in [payload.decode() for topic, payload, _ in list(system.messages) if topic ==
                                                   "$SYS/broker/publish/messages/dropped/queue_full"]))
        self.assertEqual(len([line for line in near.log if "trying again" in line]), 1, near.log)
        self.assertTrue(any("the queue of the client is full" in line for line in near.log), near.log)
        far = self.opened(Broker(port=port))
        self.assertTrue(wait_until(lambda: far.ask("dump")[0]["counters"]["messages_received_qos1"] == 5))
        self.assertTrue(wait_until(lambda: (state, b"1", False) in list(system.messages)))
        self.assertEqual(len([line for line in near.log if "connected, MQTT 5.0" in line]), 1, near.log)

    def test_retained_messages_go_out_again_to_a_broker_that_has_forgotten_them(self):
        port = free_port()
        far = self.opened(Broker(port=port))
        near = self.bridged("--bridge", f"mqtt://127.0.0.1:{port}?reconnect-delay=20ms", "--topic", "out/#", "out")
        publish(near.port, "out/1", "kept", "-r")
        self.assertTrue(wait_until(lambda: len(far.ask("retained", "out/#")) == 1))
        far.close()
        again = self.opened(Broker(port=port))
        self.assertTrue(wait_until(lambda: [one["payload"] for one in again.ask("retained", "out/#")] == ["kept"]))

    def test_a_state_directory_keeps_what_waits_over_kill_9(self):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["--state-dir", folder, "--bridge", f"mqtt://127.0.0.1:{port}?id=b&reconnect-delay=20ms", "--topic", "#", "out"]
            near = self.opened(Broker(*arguments))
            self.assertTrue(wait_until(lambda: near.ask("sessions") and not near.ask("clients")))
            publish_many(near.port, "t", range(20), 2)
            near.close()  # kill -9
            far = self.opened(Broker(port=port))
            seen = self.watch(far)
            self.opened(Broker(*arguments))
            self.assertTrue(seen.wait_for(20))
            self.assertEqual(seen.payloads(), [str(number).encode() for number in range(20)])

    def test_a_message_that_the_other_broker_refuses_is_counted_and_logged(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\x02\x24\x01")  # Maximum QoS 1
            while (came := stream.receive()) is not None:
                first, body = came
                if first >> 4 == 3:
                    size = int.from_bytes(body[:2], "big")
                    stream.send(0x40, body[2 + size:4 + size] + b"\x87\x00")

        far = self.opened(Scripted(talk))
        near = self.bridged("--bridge", f"mqtt://127.0.0.1:{far.port}?id=b", "--topic", "#", "out", "--sys-interval", "100ms")
        publish(near.port, "t", "x", "-q", 2)
        self.assertTrue(wait_until(lambda: near.ask("bridges")[0]["dropped"] == 1))
        self.assertTrue(wait_until(lambda: any("Not authorized" in line for line in near.log)), near.log)
        system = self.watch(near, f"$SYS/broker/connection/127.0.0.1:{far.port}/messages/dropped")
        self.assertTrue(wait_until(lambda: b"1" in system.payloads()))


class OldBroker(Cases):
    """Knows 3.1.1 only, not the bit of bridges, and sends back to all who subscribe, as 3.1.1 says."""

    def setUp(self):
        self.levels = []
        self.published = []

        def talk(stream):
            _, body = stream.receive()
            self.levels.append(body[6])
            stream.send(0x20, b"\0\0" if body[6] == 4 else b"\0\1")
            while body[6] == 4 and (came := stream.receive()) is not None:
                first, rest = came
                if first >> 4 == 8:
                    stream.send(0x90, rest[:2] + b"\0")
                    stream.send(0x30, text("t") + b"theirs")
                elif first >> 4 == 3:
                    self.published.append(rest)
                    stream.send(0x30, rest)

        self.far = self.opened(Scripted(talk))

    def test_the_version_and_then_the_bit_are_given_up_and_echoes_left_out(self):
        near = self.opened(Broker("--bridge", f"mqtt://127.0.0.1:{self.far.port}", "--topic", "t", "both", "0"))
        seen = self.watch(near)
        self.assertTrue(wait_until(near.is_bridged), near.log)
        self.assertEqual(self.levels, [5, 0x84, 4])
        publish(near.port, "t", "ours")
        self.assertTrue(wait_until(lambda: self.published == [text("t") + b"ours"]))
        self.assertTrue(wait_until(lambda: near.ask("bridges")[0]["echoes"] == 1))
        self.assertIn(b"ours", seen.payloads())
        self.assertEqual(seen.payloads().count(b"ours"), 1)


class Shown(Cases):
    def test_bridges_are_in_the_metrics_and_in_the_dump(self):
        far = self.opened(Broker())
        near = self.bridged("--metrics-port", 0, "--bridge", f"mqtt://127.0.0.1:{far.port}", "--topic", "#", "both",
                            "--bridge-name", "far")
        url = near.urls[1]

        def metrics():
            return urllib.request.urlopen(url, timeout=LIMIT).read().decode()

        self.assertTrue(wait_until(lambda: 'mqtk_broker_bridge_connected{bridge="far"} 1' in metrics()))
        self.assertIn('mqtk_broker_bridge_messages_dropped_total{bridge="far"} 0', metrics())
        [dump] = near.ask("dump")
        self.assertEqual([one["name"] for one in dump["bridges"]], ["far"])
        self.assertEqual(dump["bridges"][0]["url"], f"mqtt://127.0.0.1:{far.port}")

    def test_a_bridge_needs_no_password_of_its_own_broker_and_is_under_none_of_its_rules(self):
        far = self.opened(Broker())
        with tempfile.TemporaryDirectory() as folder:
            users, rules = pathlib.Path(folder) / "users", pathlib.Path(folder) / "rules"
            run("broker", "passwd", users, "me", "--password-from", "fd:0", stdin=b"secret\n")
            rules.write_text("user me\ntopic readwrite #\n")
            near = self.bridged("--password-file", users, "--acl-file", rules, "--bridge", f"mqtt://127.0.0.1:{far.port}",
                                "--topic", "#", "both")
            seen = self.watch(far)
            publish(near.port, "t", "out", "-u", "me", "-P", "secret")
            self.assertTrue(seen.wait_for(1))
            publish(far.port, "t", "in", "-r")
            self.assertTrue(wait_until(lambda: len(near.ask("retained", "t")) == 1))

    def test_what_makes_no_sense_is_refused(self):
        for words, why in (
                (["--topic", "a"], b"belongs to the --bridge before it"),
                (["--bridge", "mqtt://h"], b"give --topic after it"),
                (["--bridge", "mqtt://h", "--topic", "a/#/b"], b"--topic 'a/#/b'"),
                (["--bridge", "mqtt://h", "--topic", "$SYS/#"], b"is not mirrored"),
                (["--bridge", "mqtt://h", "--topic", "$share/g/a", "in"], b"Shared Subscriptions"),
                (["--bridge", "mqtt://h", "--topic", "a", "--prefix", "b/+/"], b"holds a wildcard"),
                (["--bridge", "mqtt://h", "--topic", "a", "--prefix", "$SYS/"], b"--prefix"),
                (["--bridge", "mqtt://h:x", "--topic", "a"], b"--bridge: --url"),
                (["--bridge", "mqtt://h", "--topic", "a", "--bridge-option", "no-such=1"], b"unknown option '--no-such'"),
                (["--bridge", "no-such-profile", "--topic", "a"], b"no-such-profile")):
            result = run("broker", "--port", 0, *words)
            self.assertEqual(result.returncode, 1, (words, result.stderr))
            self.assertIn(why, result.stderr)

    def test_the_environment_of_the_clients_is_not_for_the_bridge(self):
        seen = []

        def talk(stream):
            seen.append(stream.receive())

        far = self.opened(Scripted(talk))
        process = subprocess.Popen(
            [BIN / "mqtk-broker", "--port", "0", "--bridge", f"mqtt://127.0.0.1:{far.port}?mqtt-version=3.1.1&id=x", "--topic", "#"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment({"MQTK_USER_NAME": "me", "MQTK_PASSWORD": "secret", "MQTK_URL": "mqtt://other"}))
        self.addCleanup(lambda: (process.kill(), process.communicate(timeout=LIMIT)))
        self.assertTrue(wait_until(lambda: seen))
        self.assertEqual(seen[0], (0x10, text("MQTT") + b"\x84\0\0\x3c" + text("x")))


if __name__ == "__main__":
    unittest.main()
