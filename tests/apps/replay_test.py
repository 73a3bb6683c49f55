#!/usr/bin/env python3
"""mqtk-replay: whose connection a message takes, when it goes, and what becomes of it on the way."""

import resource
import struct
import time
import unittest

import captures
import running
from recordings import Files, Terminal, own_terminal
from running import CONNACK, CuttingProxy, LIMIT, MqtkBroker, Observer, Stream, packet, run, start, text, wait_until


class Noting(running.Listener):
    """Takes any number of connections at once and notes what each publishes, by Client Identifier."""

    def __init__(self, case):
        self.published = {}  # Client Identifier: [(topic, properties, payload)]
        self.subscriber = None
        super().__init__()
        case.addCleanup(self.close)

    def serve(self, connected, number):
        stream, name = Stream(connected), b""
        while (came := stream.receive()) is not None:
            first, body = came
            if first >> 4 == 1:
                name = self.client_of(body)
                self.published.setdefault(name, [])
                stream.send(0x20, CONNACK if name else b"\0\0\x04\x12" + text("x"))  # Assigned Client Identifier
            elif first >> 4 == 8:
                self.subscriber = stream
                stream.send(0x90, body[:2] + b"\0\2")
            elif first >> 4 == 3:
                self.note(stream, name, first, body)
            elif first >> 4 == 14:
                return

    @staticmethod
    def client_of(connect):
        at = 10 + 1 + connect[10]  # the Property Length is one byte here
        size = struct.unpack("!H", connect[at:at + 2])[0]
        return connect[at + 2:at + 2 + size].decode()

    def note(self, stream, name, first, body):
        size = struct.unpack("!H", body[:2])[0]
        rest = body[2 + size + (2 if first & 6 else 0):]
        self.published[name].append((body[2:2 + size].decode(), rest[1:1 + rest[0]], rest[1 + rest[0]:]))
        if first & 6:
            stream.send(0x40, body[2 + size:4 + size])
        self.passed_on(first, body)

    def passed_on(self, first, body):
        """What a subscriber gets of it."""

    def ended(self):
        """The broker itself once all its connections have ended: only then has it noted all that came at QoS 0."""
        wait_until(lambda: self.served == self.connections)
        return self

    def payloads(self):
        return {name: [payload for _, _, payload in messages] for name, messages in self.published.items()}


class Altering(Noting):
    """A broker that does `alter(number, body)` to what it passes on: a list of PUBLISH bodies."""

    def __init__(self, case, alter):
        self.alter, self.number = alter, 0
        super().__init__(case)

    def passed_on(self, first, body):
        for altered in self.alter(self.number, body):
            self.subscriber.send(0x30, altered)
        self.number += 1


def connect(name):
    return packet(0x10, text("MQTT") + bytes([5, 2, 0, 0, 0]) + text(name))


def publish(topic, payload, properties=b""):
    return packet(0x30, text(topic) + bytes([len(properties)]) + properties + payload)


def capture():
    """Of two clients with identifiers, one that the broker names, and one whose start was not seen."""
    connections = []
    for number, (name, assigned) in enumerate([("alpha", b""), ("beta", b""), ("", b"\x12" + text("given"))]):
        connection = captures.Connection(client_port=50001 + number).open()
        connection.send("client", connect(name))
        connection.send("server", packet(0x20, b"\0\0" + bytes([len(assigned)]) + assigned))
        connections.append(connection)
    late = captures.Connection(client_port=50004)
    late.send("client", b"\xc0\0").send("server", b"\xd0\0")
    connections.append(late)
    for number, connection in enumerate(connections * 2):
        connection.send("client", publish(f"c/{number % 4}", b"%d" % number))
    connections[0].send("server", publish("from/broker", b"x"))
    return captures.pcap(sorted((frame for connection in connections for frame in connection.frames),
                                key=lambda frame: frame[0]))


CLIENTS = {"alpha": [b"0", b"4"], "beta": [b"1", b"5"], "given": [b"2", b"6"], "10.0.0.1:50004": [b"3", b"7"]}


class Connections(Files):

    def captured(self):
        self.path("c.pcap").write_bytes(capture())
        return self.path("c.pcap")

    def replay(self, broker, *arguments, status=0):
        result = run("replay", "-p", broker.port, "--speed", "max", *arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def test_each_recorded_client_has_a_connection_of_its_own(self):
        source = self.captured()
        for name in ("as it is", "c.mcap", "c.jsonl"):
            if name != "as it is":
                self.recording("convert", "-o", self.path(name), source)
            broker = Noting(self)
            result = self.replay(broker, "--connections", "per-client", "-q", 1,
                                 source if name == "as it is" else self.path(name))
            # What the broker sent has no publisher: it goes over the connection of the options.
            self.assertEqual(broker.ended().payloads(), {**CLIENTS, "": [b"x"]}, name)
            self.assertEqual(broker.connections, 5)
            self.assertIn(b"5 connections", result.stderr)
            self.assertIn(b"9 of 9 acknowledged", result.stderr)

    def test_one_connection_is_the_default(self):
        broker = Noting(self)
        self.replay(broker, "--direction", "to-server", "-i", "me", self.captured())
        came = broker.ended().payloads()["me"]
        # What came before its version of MQTT was known is handed out late.
        self.assertEqual([came, list(broker.ended().payloads())], [[b"0", b"1", b"2", b"4", b"5", b"6", b"3", b"7"], ["me"]])

    def test_the_direction_of_a_capture_is_selected(self):
        broker = Noting(self)
        self.replay(broker, "--direction", "to-client", self.captured())
        self.assertEqual(broker.ended().payloads(), {"": [b"x"]})

    def test_a_gap_in_a_capture_costs_what_is_missing_and_no_more(self):
        connection = captures.Connection().open().send("client", connect("me")).send("client", publish("a", b"1"))
        connection.lose("client", 100).send("client", publish("a", b"2")).send("client", publish("a", b"3"))
        self.path("gap.pcap").write_bytes(captures.pcap(connection.frames))
        broker = Noting(self)
        result = self.replay(broker, self.path("gap.pcap"), status=7)
        self.assertEqual(broker.ended().payloads(), {"": [b"1", b"2", b"3"]})
        self.assertRegex(result.stderr, rb"gap.pcap: connection 1: 100 bytes .*missing")

    def test_messages_in_websocket_frames_are_replayed(self):
        request = (b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                   b"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
        answer = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                  b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")

        def frame(data):  # binary, whole, masked with zeros
            return bytes([0x82, 0x80 | len(data), 0, 0, 0, 0]) + data

        connection = captures.Connection(port=8080).open().send("client", request).send("server", answer)
        connection.send("client", frame(connect("me"))).send("client", frame(publish("a", b"1")))
        self.path("ws.pcap").write_bytes(captures.pcap(connection.frames))
        broker = Noting(self)
        self.replay(broker, "--connections", "per-client", self.path("ws.pcap"))
        self.assertEqual(broker.ended().payloads(), {"me": [b"1"]})

    def test_a_prefix_keeps_the_recorded_clients_of_a_broker_connected(self):
        broker = Noting(self)
        self.replay(broker, "--connections", "per-client", "--client-prefix", "again-", "-t", "c/0", self.captured())
        self.assertEqual(broker.ended().payloads(), {"again-alpha": [b"0", b"4"]})

    def test_a_user_property_may_name_the_client(self):
        source = self.jsonl("p.jsonl", [
            {"topic": "a", "payload": str(number), "client": "not this",
             "properties": {"user_properties": [["by", "12"[number % 2]], ["of", "x"]]}} for number in range(4)])
        broker = Noting(self)
        self.replay(broker, "--connections", "per-client", "--client-property", "by", source)
        self.assertEqual(broker.ended().payloads(), {"1": [b"0", b"2"], "2": [b"1", b"3"]})

    def test_csv_may_name_the_client(self):
        self.path("c.csv").write_text("timestamp,topic,payload,qos,retain,client\n"
                                      "2023-11-14T22:13:20Z,a,1,0,false,one\n2023-11-14T22:13:21Z,a,2,0,false,\n")
        broker = Noting(self)
        self.replay(broker, "--connections", "per-client", self.path("c.csv"))
        self.assertEqual(broker.ended().payloads(), {"one": [b"1"], "": [b"2"]})

    def test_a_dry_run_shows_the_client(self):
        result = run("replay", "--dry-run", "--connections", "per-client", "-t", "c/2", self.captured())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([line.split(b" by ")[1] for line in result.stdout.splitlines()], [b'client "given"'] * 2)

    def test_a_connection_that_is_refused_ends_the_replay(self):
        for how in ("one", "per-client"):
            result = run("replay", "-p", running.free_port(), "--connections", how, self.captured())
            self.assertEqual(result.returncode, 2, result.stderr)

    def test_there_may_be_more_clients_than_the_soft_limit_of_descriptors(self):
        source = self.jsonl("many.jsonl", [{"topic": "t", "payload": "x", "client": f"c{number % 150}"} for number in range(300)])
        broker = Noting(self)
        soft, hard = 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        process = start("replay", "-p", broker.port, "--speed", "max", "--connections", "per-client", source,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
        _, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 0, err)
        expected = {f"c{number}": [b"x", b"x"] for number in range(150)}
        self.assertEqual(broker.ended().payloads(), expected)

    def test_nothing_to_replay_is_no_error(self):
        broker = Noting(self)
        self.replay(broker, "--connections", "per-client", "-t", "nothing/here", self.captured())
        self.assertEqual(broker.connections, 0)

    def test_what_cannot_go_together_is_refused(self):
        for arguments in (["--client-prefix", "x"], ["--client-property", "x"], ["--connections", "many"]):
            self.assertEqual(run("replay", *arguments, "x.jsonl").returncode, 1)


class Timing(Files):

    def due(self, *arguments):
        result = run("replay", "--dry-run", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [(line.split()[0], line.split()[1]) for line in result.stdout.decode().splitlines()]

    def test_a_part_is_replayed(self):
        source = self.jsonl("part.jsonl", [(f"t/{number}", "x") for number in range(10)], step=1)
        expected = [("+0.000000000", "t/3"), ("+1.000000000", "t/4"), ("+2.000000000", "t/5")]
        for path in (source, self.mcap("part.mcap", source)):
            self.assertEqual(self.due("--from", "3s", "--to", "5s", path), expected)
            self.assertEqual(self.due("--from", "2023-11-14T22:13:23Z", "--to", "2023-11-14T22:13:25.5Z", path), expected)
            self.assertEqual([topic for _, topic in self.due("--to", "1s", "--loop", 2, path)], ["t/0", "t/1"] * 2)

    def test_a_replay_starts_at_a_moment(self):
        source = self.jsonl("at.jsonl", [("t", "1"), ("t", "2")], step=0.1)
        for options in ([], ["--speed", "max"]):
            broker = Noting(self)
            moment = time.time() + 1
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f"{moment % 1:.6f}"[1:] + "Z"
            process = start("replay", "-p", broker.port, "--start-at", stamp, *options, source)
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.stderr.close)
            while time.time() < moment:
                sent, now = broker.payloads().get("", []), time.time()
                self.assertTrue(not sent or now >= moment)
                time.sleep(0.01)
            self.assertEqual(process.wait(LIMIT), 0)
            self.assertEqual(broker.ended().payloads(), {"": [b"1", b"2"]})

    def test_the_expiry_is_kept_scaled_or_dropped(self):
        source = self.jsonl("e.jsonl", [{"topic": "t", "payload": "x", "properties": {"message_expiry_interval": 100}},
                                        {"topic": "t", "payload": "x", "properties": {"message_expiry_interval": 3}}])
        for options, expected in ((["--speed", "max"], [100, 3]), (["--speed", "10", "--expiry", "keep"], [100, 3]),
                                  (["--speed", "10", "--expiry", "scale"], [10, 1]),
                                  (["--speed", "0.5", "--expiry", "scale"], [200, 6]),
                                  (["--speed", "10", "--expiry", "drop"], [None, None])):
            broker = Noting(self)
            result = run("replay", "-p", broker.port, *options, source)
            self.assertEqual(result.returncode, 0, result.stderr)
            found = [struct.unpack("!BI", properties)[1] if properties else None
                     for _, properties, _ in broker.ended().published[""]]
            self.assertEqual(found, expected, options)

    def test_a_terminal_shows_how_far_the_replay_is(self):
        source = self.mcap("bar.mcap", self.jsonl("bar.jsonl", [("t", str(number)) for number in range(21)], step=0.1))
        broker = Noting(self)
        terminal = Terminal(self)
        process = start("replay", "-p", broker.port, source, stdin=terminal.theirs, stderr=terminal.theirs,
                        preexec_fn=own_terminal(terminal.theirs))
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        self.addCleanup(process.stdout.close)
        terminal.began()
        shown = terminal.shows(rb"\r\x1b\[K(\d+) messages  \[(#+)(\.+)\] (\d+) %  (\d+) s left")
        self.assertIsNotNone(shown)
        self.assertEqual(len(shown[2]) + len(shown[3]), 30)
        self.assertAlmostEqual(len(shown[2]) / 30, int(shown[4]) / 100, delta=0.05)
        terminal.press(b" ")
        self.assertTrue(terminal.shows(rb"held: space goes on, s sends one"))
        terminal.press(b" ")
        self.assertTrue(terminal.shows(rb"\r\x1b\[Kmqtk-replay: 21 messages sent in "))
        self.assertEqual(process.wait(LIMIT), 0)


class Repetition(Files):
    """What the messages of a topic share is encoded once: none may get what belongs to another."""

    def check(self, messages):
        broker = Noting(self)
        result = run("replay", "-p", broker.port, "--speed", "max", self.jsonl("r.jsonl", messages))
        self.assertEqual(result.returncode, 0, result.stderr)
        sent = broker.ended().published[""]
        self.assertEqual([(topic, payload.decode()) for topic, _, payload in sent],
                         [(message["topic"], message["payload"]) for message in messages])
        return [properties for _, properties, _ in sent]

    def test_messages_of_alternating_topics_arrive_as_recorded(self):
        topics = ["a", "b", "a/b", "a/b/c", "building/1/of/the/west/side", "building/2/of/the/west/side", "ä" * 100]
        self.check([{"topic": topics[number % 7 if number < 70 else number // 10 % 7], "payload": "x" * (number * 7 % 400)}
                    for number in range(210)])

    def test_properties_that_change_from_message_to_message_arrive_as_recorded(self):
        def properties(number):
            if number % 10 == 9:
                return {}
            return {"content_type": "t"} if number < 30 else {"message_expiry_interval": number}
        messages = [{"topic": "t", "payload": str(number), "properties": properties(number)} for number in range(60)]
        expected = [b"" if number % 10 == 9 else b"\3\0\1t" if number < 30 else b"\2" + struct.pack("!I", number)
                    for number in range(60)]
        self.assertEqual(self.check(messages), expected)

    def test_mapped_topics_and_changed_payloads_are_sent(self):
        source = self.jsonl("m.jsonl", [{"topic": f"{'ab'[number % 2]}/t", "payload": "{}"} for number in range(20)])
        broker = Noting(self)
        result = run("replay", "-p", broker.port, "--speed", "max", "--topic-map", "a=c", "--set-json", "/n=1", source)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(broker.ended().published[""], [(f"{'cb'[number % 2]}/t", b"", b'{"n":1}') for number in range(20)])


class Faults(Files):

    def test_what_a_cut_connection_costs_is_what_the_qos_allows(self):
        source = self.jsonl("cut.jsonl", [(f"t/{number % 3}", f"{number:0500d}") for number in range(2000)], step=0.0005)
        for qos in (0, 1, 2):
            broker = MqtkBroker()
            self.addCleanup(broker.close)
            observer = Observer(broker.port, "t/#")
            self.addCleanup(observer.close)
            proxy = CuttingProxy(broker.port, [200_000, 300_000])
            self.addCleanup(proxy.close)
            result = run("replay", "-p", proxy.port, "--qos", qos, "--reconnect-delay", "50ms", source)
            self.assertEqual(result.returncode, 0, result.stderr)
            # At QoS 0 the first cut may take so much with it that the second is not reached.
            self.assertIn(result.stderr.count(b"connected again"), (2,) if qos else (1, 2))
            if qos == 0:  # the last one may be lost, too
                self.assertEqual(run("pub", "-p", broker.port, "-q", 1, "-t", "t/end", "-m", "9999").returncode, 0)
            last = 1999 if qos else 9999
            self.assertTrue(wait_until(lambda last=last: last in map(int, observer.payloads())))
            came = [int(payload) for payload in observer.payloads()]
            if qos == 0:  # some are lost with the connection, none comes twice
                self.assertEqual(came, sorted(set(came)))
            else:  # at least once: in the order of their first arrival
                self.assertEqual(list(dict.fromkeys(came)), list(range(2000)))
            if qos == 2:
                self.assertEqual(len(came), 2000)

    def verify(self, alter):
        source = self.jsonl("v.jsonl", [("v", str(number)) for number in range(5)], step=0)
        broker = Altering(self, alter)
        return run("replay", "-i", "me", "-p", broker.port, "--verify", "--speed", "max", source)

    def test_verify_finds_every_kind_of_change(self):
        held = []

        def swapped(number, body):
            held.append(body)
            return [] if number == 1 else [body, held[1]] if number == 2 else [body]

        for alter, told, status in (
                (lambda number, body: [body], b"5 arrived as sent, 0 missing, 0 out of order, 0 not expected", 0),
                (lambda number, body: [body, body] if number == 2 else [body], b"1 not expected", 8),
                (swapped, b"1 out of order", 8),
                (lambda number, body: [body[:-1] + b"?"] if number == 3 else [body], b"1 missing, 1 out of order, 1 not", 8)):
            result = self.verify(alter)
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertRegex(result.stderr, told)

    def test_verify_holds_for_the_connections_of_all_recorded_clients(self):
        source = self.jsonl("clients.jsonl", [{"topic": f"v/{number % 2}", "payload": str(number // 8), "qos": number % 3,
                                               "client": f"c{number % 5}"} for number in range(400)])
        for broker in (MqtkBroker(), running.Mosquitto()):
            self.addCleanup(broker.close)
            result = run("replay", "-p", broker.port, "--connections", "per-client", "--verify", "--speed", "max", source)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(b"5 connections", result.stderr)
            self.assertIn(b"verified: 400 arrived as sent, 0 missing, 0 out of order, 0 not expected", result.stderr)

    def test_verify_does_not_take_what_was_retained_before_for_something_replayed(self):
        source = self.jsonl("retained.jsonl", [{"topic": f"r/{number}", "payload": "x", "retain": True} for number in range(3)])
        for broker in (MqtkBroker(), running.Mosquitto()):
            self.addCleanup(broker.close)
            for version in ("3.1.1", "5"):
                for _ in range(2):
                    result = run("replay", "-p", broker.port, "-V", version, "--verify", "--speed", "max", source)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertIn(b"verified: 3 arrived as sent, 0 missing, 0 out of order, 0 not expected", result.stderr)

    def verify_clients(self, alter, messages):
        source = self.jsonl("vc.jsonl", [{"topic": "v", "payload": payload, "client": client} for client, payload in messages])
        broker = Altering(self, alter)
        return run("replay", "-i", "me", "-p", broker.port, "--connections", "per-client", "--verify", "--speed", "max", source)

    def test_verify_expects_the_order_of_each_client_and_no_other(self):
        for order, told, status in (("baAB", b"4 arrived as sent, 0 missing, 0 out of order, 0 not", 0),
                                    ("AbaB", b"3 arrived as sent, 0 missing, 1 out of order, 0 not", 8)):
            came = {}

            def reordered(_, body, order=order, came=came):
                came[body[-1:].decode()] = body
                return [came[payload] for payload in order] if len(came) == 4 else []

            result = self.verify_clients(reordered, [("one", "a"), ("two", "b"), ("one", "A"), ("two", "B")])
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertRegex(result.stderr, told)

    def test_verify_waits_with_a_message_that_equals_another_clients_on_its_way(self):
        came = []

        def slow(_, body):
            came.append((time.monotonic(), body[-1:]))
            time.sleep(0.2)
            return [body]

        result = self.verify_clients(slow, [("one", "x"), ("two", "x"), ("one", "y"), ("two", "z")])
        self.assertEqual(result.returncode, 0, result.stderr)
        first, second = (at for at, payload in came if payload == b"x")
        self.assertGreaterEqual(second - first, 0.2)

    def test_a_message_that_the_broker_refuses_is_told(self):
        source = self.jsonl("r.jsonl", [("t", "x")])

        class Refusing(Noting):
            def note(self, stream, name, first, body):
                stream.send(0x40, body[3:5] + b"\x97\0")  # Quota exceeded

        result = run("replay", "-p", Refusing(self).port, "-q", 1, source)
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn(b"0 of 1 acknowledged", result.stderr)


if __name__ == "__main__":
    unittest.main()
