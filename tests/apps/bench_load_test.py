#!/usr/bin/env python3
"""What mqtk-bench can load a broker with: scenarios, templates, threads, addresses, the sink; and its behaviour on bad days."""

import json
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import running
from running import LIMIT, MqtkBroker, Observer, Scripted, Stream, run, start

CONNACK = b"\x00\x00\x00"  # 5.0: no Session, success, no properties
READY_MADE = ["fan-in", "fan-out", "mixed-fleet", "offline-queue-drain", "pairs", "reconnect-storm", "retained-burst"]


class Parallel(running.Listener):
    """As Scripted, but the connections are served at the same time: by talk(stream, number)."""

    def __init__(self, talk):
        self.talk = talk
        super().__init__()

    def serve(self, connected, number):
        self.talk(Stream(connected), number)


class Cases(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.file = self.path / "result.json"

    def bench(self, *arguments, expect=0):
        done = run("bench", *arguments, "--quiet", "--output", self.file)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return json.loads(self.file.read_text()), done.stdout.decode()

    def run_scenario(self, scenario, *arguments, expect=0):
        file = self.path / "scenario.json"
        file.write_text(json.dumps(scenario))
        return self.bench("run", file, *arguments, expect=expect)[0]

    def refused(self, scenario):
        file = self.path / "scenario.json"
        file.write_text(scenario if isinstance(scenario, str) else json.dumps(scenario))
        done = run("bench", "run", file)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        return done.stderr.decode()

    def broker(self):
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        return broker

    def observe(self, port, topic):
        observer = Observer(port, topic)
        self.addCleanup(observer.close)
        return observer

    def scripted(self, talk, cls=Scripted):
        broker = cls(talk)
        self.addCleanup(broker.close)
        return broker

    def errors(self, result):
        return {error["kind"]: error["count"] for error in result["errors"]}


class Scenarios(Cases):
    def test_groups_of_different_versions_and_qos_are_accounted_for_together(self):
        result = self.run_scenario({
            "phases": [{"phase": "hold", "duration": "1s"}],
            "groups": [
                {"name": "old", "count": 3, "version": "3.1.1", "publish": {"topic": "a/{i}", "qos": 2, "rate": 60}},
                {"name": "new", "count": 2, "publish": {"topic": "b/{i}", "qos": 1, "rate": 40, "payload": {"size": 100}}},
                {"name": "all", "count": 2, "subscribe": [{"filter": "a/+", "qos": 2}, {"filter": "b/+", "qos": 1}]},
                {"name": "one", "version": "3.1", "subscribe": [{"filter": "a/1"}]},
                {"name": "idle", "count": 4}]})
        counts = result["counts"]
        self.assertEqual((counts["connected"], counts["sent"], counts["acknowledged"]), (12, 100, 100))
        self.assertEqual(counts["received"], 2 * 100 + 20)
        self.assertEqual((counts["expected"], counts["lost"], counts["duplicated"], counts["out_of_order"]), (220, 0, 0, 0))

    def test_phases_shape_the_rate_and_only_some_are_measured(self):
        result = self.run_scenario({
            "phases": [{"phase": "ramp", "duration": "1s"}, {"phase": "hold", "duration": "1s"},
                       {"phase": "spike", "duration": "500ms", "rate": 4}, {"phase": "cool_down", "duration": "1s"}],
            "groups": [{"count": 2, "publish": {"topic": "p/{i}", "rate": 200}}, {"subscribe": [{"filter": "p/+"}]}]})
        self.assertEqual((result["counts"]["sent"], result["counts"]["lost"]), (100 + 200 + 400 + 100, 0))
        self.assertEqual(result["measured"]["sent"], 200 + 400)
        self.assertEqual(result["latencies"]["end_to_end"]["count"], 600)

    def test_steps_go_up_evenly(self):
        result = self.run_scenario({
            "phases": [{"phase": "step", "duration": "2s", "from": 0.5, "to": 1.5, "steps": 2}],
            "groups": [{"publish": {"topic": "p", "rate": 100}}]})
        self.assertEqual(result["counts"]["sent"], 50 + 150)

    def test_a_client_that_joins_later_gets_retained_messages_and_misses_nothing_of_before(self):
        result = self.run_scenario({
            "phases": [{"phase": "hold", "duration": "1500ms"}],
            "groups": [
                {"count": 20, "publish": {"topic": "r/{i}", "retain": True, "qos": 1, "rate": 100, "messages": 20}},
                {"count": 2, "joins_after": "700ms", "subscribe": [{"filter": "r/+"}]}]})
        self.assertEqual((result["counts"]["retained"], result["counts"]["received"], result["counts"]["lost"]), (40, 40, 0))

    def test_a_storm_cuts_a_share_of_the_clients_and_they_come_back(self):
        result = self.run_scenario({
            "phases": [{"phase": "hold", "duration": "1200ms"}],
            "groups": [{"count": 10, "storm": {"after": "200ms", "every": "400ms", "share": 0.5, "how": "cut"}}]})
        self.assertEqual(result["counts"]["connected"], 10)
        self.assertEqual(result["counts"]["reconnected"], 15)
        self.assertEqual(result["errors"], [])

    def test_a_session_keeps_what_comes_while_its_client_is_away(self):
        for version in ("5", "3.1.1"):
            result = self.run_scenario({
                "phases": [{"phase": "hold", "duration": "1500ms"}],
                "groups": [
                    {"publish": {"topic": "q", "qos": 1, "rate": 100}},
                    {"version": version, "persistent_session": True, "subscribe": [{"filter": "q", "qos": 1}],
                     "storm": {"after": "300ms", "away": "700ms"}}]})
            self.assertEqual((result["counts"]["received"], result["counts"]["lost"]), (150, 0), version)
            self.assertGreater(result["latencies"]["end_to_end"]["max_ns"], 500e6)

    def test_without_a_session_what_comes_meanwhile_is_lost_and_counted(self):
        result = self.run_scenario({
            "phases": [{"phase": "hold", "duration": "1500ms"}], "drain": "300ms",
            "groups": [{"publish": {"topic": "q", "qos": 1, "rate": 100}},
                       {"subscribe": [{"filter": "q", "qos": 1}], "storm": {"after": "300ms", "away": "500ms"}}]})
        counts = result["counts"]
        self.assertEqual(counts["received"] + counts["lost"], 150)
        self.assertGreater(counts["lost"], 20)

    def test_a_slow_consumer_reads_no_faster_than_it_is_told(self):
        result = self.run_scenario({
            "phases": [{"phase": "hold", "duration": "1s"}], "drain": "200ms",
            "groups": [{"publish": {"topic": "s", "qos": 1, "rate": 200}},
                       {"receive_rate": 20, "subscribe": [{"filter": "s", "qos": 1}]}]})
        self.assertLess(result["counts"]["received"], 200)
        self.assertGreater(result["counts"]["lost"], 0)

    def test_a_closed_loop_thinks_between_messages(self):
        result = self.run_scenario({
            "phases": [{"phase": "hold", "duration": "1s"}],
            "groups": [{"count": 2, "publish": {"topic": "t", "qos": 1, "closed": 1, "think_time": "100ms"}}]})
        self.assertLessEqual(result["counts"]["sent"], 2 * 10)
        self.assertGreater(result["counts"]["sent"], 2 * 2)

    def test_a_will_is_sent_when_a_connection_is_cut(self):
        port = self.broker().port
        observer = self.observe(port, "gone/#")
        self.run_scenario({
            "phases": [{"phase": "hold", "duration": "600ms"}],
            "groups": [{"count": 3, "will": {"topic": "gone/{i}", "payload": "bye"},
                        "storm": {"after": "100ms", "how": "cut"}}]}, "-p", port)
        self.assertTrue(observer.wait_for(3))
        self.assertEqual({(topic, payload) for topic, payload, _ in observer.messages},
                         {(f"gone/{i}", b"bye") for i in range(3)})

    def test_thresholds_of_the_scenario_decide(self):
        result = self.run_scenario({"phases": [{"phase": "hold", "duration": "100ms"}], "groups": [{}],
                                    "assert": ["connected>5"]}, expect=8)
        self.assertEqual([each["condition"] for each in result["thresholds"]], ["connected>5"])

    def test_init_writes_each_ready_made_scenario_and_the_schema_fits_all(self):
        schema = json.loads(run("bench", "--print-schema").stdout)
        self.assertEqual(schema["title"], "mqtk bench scenario")
        listed = run("bench", "init").stdout.decode()
        for name in READY_MADE:
            self.assertIn(name, listed)
            done = subprocess.run([running.BIN / "mqtk-bench", "init", name], cwd=self.path, capture_output=True,
                                  check=False, timeout=LIMIT)
            self.assertEqual(done.returncode, 0, done.stderr)
            scenario = json.loads((self.path / f"{name}.json").read_text())
            self.assertEqual(scenario["name"], name)
            try:
                import jsonschema
            except ImportError:
                continue
            jsonschema.Draft202012Validator(schema).validate(scenario)
        again = subprocess.run([running.BIN / "mqtk-bench", "init", "pairs"], cwd=self.path, capture_output=True,
                               check=False, timeout=LIMIT)
        self.assertEqual(again.returncode, 9)
        self.assertIn(b"exists", again.stderr)

    def test_ready_made_scenarios_run_without_loss(self):
        """Each at a tenth of its time: what they contain is shown by the tests above, here that they work together."""
        for name in READY_MADE:
            schema = subprocess.run([running.BIN / "mqtk-bench", "init", name], cwd=self.path, capture_output=True,
                                    check=True, timeout=LIMIT)
            scenario = json.loads((self.path / f"{name}.json").read_text())
            self.assertEqual(schema.returncode, 0)
            for phase in scenario["phases"]:
                phase["duration"] = f"{int(phase['duration'][:-1]) * 100}ms"
            for group in scenario["groups"]:
                if name != "retained-burst":
                    group["count"] = max(1, group.get("count", 1) // 10)
                if "joins_after" in group:
                    group["joins_after"] = "300ms"
                for key in ("after", "every", "away"):
                    if key in group.get("storm", {}):
                        group["storm"][key] = f"{int(group['storm'][key][:-1]) * 100}ms"
                if "rate" in group.get("publish", {}) and "messages" in group["publish"]:
                    group["publish"]["rate"] = 10_000
            scenario["assert"] = ["received>=20000"] if name == "retained-burst" else ["loss==0"]
            self.run_scenario(scenario)

    def test_what_is_wrong_with_a_scenario_is_told_with_its_place(self):
        publish = {"topic": "a", "rate": 1}
        for scenario, words in (
                ("{", "no JSON"), ([], "not an object"), ({}, "groups"), ({"groups": [{"cuont": 1}]}, "groups[0]: no member is called 'cuont'"),
                ({"groups": [{"count": 0}]}, "groups[0].count"), ({"groups": [{"publish": {}}]}, "groups[0].publish.topic: missing"),
                ({"groups": [{"publish": {**publish, "rate": 0}}]}, "groups[0].publish.rate"),
                ({"groups": [{"publish": {**publish, "closed": 1}}]}, "exclude each other"),
                ({"groups": [{"publish": {"topic": "a/#"}}]}, "topic 'a/#'"),
                ({"groups": [{"publish": {"topic": "a/{x}"}}]}, "{x}"),
                ({"groups": [{"subscribe": [{"filter": "a/{n}"}]}]}, "a/{n}"),
                ({"groups": [{"publish": {"topic": "a", "closed": 1}}]}, "QoS 1 or 2"),
                ({"groups": [{"version": "3.1.1", "publish": {"topic": "a", "payload": {"template": "x"}}}]}, "version 5"),
                ({"groups": [{"publish": {"topic": "a", "payload": {"file": "missing"}}}]}, "missing"),
                ({"groups": [{"responds": True}]}, "subscription"), ({"csv": "missing.csv", "groups": [{}]}, "csv"),
                ({"groups": [{}], "phases": [{"phase": "rest", "duration": 1}]}, "phases[0].phase"),
                ({"groups": [{}], "phases": [{"phase": "hold"}]}, "phases[0].duration"),
                ({"groups": [{}], "phases": [{"phase": "hold", "duration": 1}, {"phase": "ramp", "duration": 1},
                                             {"phase": "hold", "duration": 1}]}, "follow each other"),
                ({"groups": [{"count": 2, "client_id": "same"}]}, "{i}"), ({"groups": [{}], "assert": ["speed>1"]}, "speed")):
            self.assertIn(words, self.refused(scenario))
        done = run("bench", "run", "no-such-scenario")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no-such-scenario", done.stderr)


class Templates(Cases):
    def test_topics_differ_by_message_and_what_matches_is_expected(self):
        result, _ = self.bench("pubsub", "-t", "m/{i}/{n}", "--filter", "m/+/3", "--messages", 20, "--rate", 500,
                               "--clients", 2, "--subscribers", 1)
        counts = result["counts"]
        self.assertEqual((counts["sent"], counts["expected"], counts["received"], counts["lost"]), (20, 2, 2, 0))

    def test_payloads_come_from_a_template_with_rows_of_a_csv_file(self):
        (self.path / "cities.csv").write_text("city,degrees\nOslo,3\n\"Rio, Brazil\",30\n")
        port = self.broker().port
        observer = self.observe(port, "w/#")
        result, _ = self.bench("pub", "-p", port, "-t", "w/{client:city}", "--values", self.path / "cities.csv", "--clients", 2,
                               "--payload", '{"n":{n},"at":"{row:city}","t":{row:degrees},"x":{}}', "--messages", 4,
                               "--rate", 500)
        self.assertTrue(observer.wait_for(4))
        self.assertEqual(sorted((topic, payload.decode()) for topic, payload, _ in observer.messages), sorted([
            (f"w/{city}", f'{{"n":{n},"at":"{at}","t":{t},"x":{{}}}}')
            for city in ("Oslo", "Rio, Brazil") for n, at, t in ((0, "Oslo", 3), (1, "Rio, Brazil", 30))]))
        self.assertEqual(result["counts"]["sent"], 4)

    def test_given_payloads_are_measured_and_checked_by_a_user_property(self):
        (self.path / "one").write_bytes(b"\x00\xff one")
        (self.path / "two").write_bytes(b"two")
        result, _ = self.bench("pubsub", "--payload-file", self.path / "one", "--payload-file", self.path / "two",
                               "-q", 1, "--messages", 5, "--rate", 500)
        counts = result["counts"]
        self.assertEqual((counts["received"], counts["lost"], counts["duplicated"], counts["foreign"]), (5, 0, 0, 0))
        self.assertEqual(counts["received_bytes"], 3 * 6 + 2 * 3)
        self.assertEqual(result["latencies"]["end_to_end"]["count"], 5)

    def test_client_identifiers_and_user_names_are_filled_in(self):
        seen = []

        def talk(stream, _):
            body = stream.receive()[1]
            seen.append(body)
            stream.send(0x20, CONNACK)
            stream.receive()
        self.bench("conn", "-p", self.scripted(talk, Parallel).port, "--clients", 2, "-i", "meter-{i}", "-u", "user-{client}", "-P", "p{w}")
        self.assertEqual(len(seen), 2)
        for i, body in enumerate(sorted(seen)):
            self.assertIn(running.text(f"meter-{i}") + running.text(f"user-{i}") + running.text("p{w}"), body)


class Threads(Cases):
    def test_threads_share_the_clients_and_the_counts_are_those_of_one(self):
        for threads in (1, 2, 3):
            result, _ = self.bench("pubsub", "--threads", threads, "--clients", 5, "--subscribers", 5, "--messages", 503,
                                   "--rate", "2k", "-q", 1)
            counts = result["counts"]
            self.assertEqual((counts["sent"], counts["received"], counts["lost"], counts["duplicated"], counts["out_of_order"]),
                             (503, 503, 0, 0, 0), threads)
            self.assertEqual((counts["connected"], counts["subscribed"]), (10, 5))
            self.assertEqual(sum(each["received"] for each in result["series"]), 503)

    def test_more_threads_than_clients_do_no_harm(self):
        result, _ = self.bench("pub", "--threads", 4, "--clients", 1, "--messages", 10, "--rate", 500)
        self.assertEqual(result["counts"]["sent"], 10)

    def test_connections_come_from_the_addresses_of_the_range_in_turn(self):
        peers = []
        broker = self.scripted(lambda stream, _: (peers.append(stream.socket.getpeername()[0]), stream.receive(),
                                                  stream.send(0x20, CONNACK), stream.receive()), Parallel)
        self.bench("conn", "-p", broker.port, "-h", "127.0.0.1", "--clients", 4, "--bind-range", "127.0.0.5-127.0.0.6")
        self.assertEqual(sorted(peers), ["127.0.0.5", "127.0.0.5", "127.0.0.6", "127.0.0.6"])
        done = run("bench", "conn", "--bind-range", "127.0.0.9-127.0.0.1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--bind-range", done.stderr)

    def test_too_few_descriptors_are_told_before_anything_is_connected(self):
        done = subprocess.run(["bash", "-c", f"ulimit -n 100; exec {running.BIN}/mqtk-bench conn --clients 200"],
                              capture_output=True, check=False, timeout=LIMIT)
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"open files", done.stderr)


class Sink(Cases):
    def test_the_sink_counts_what_came_and_says_that_it_is_one(self):
        sink = start("bench", "sink", "--listen", "mqtt://127.0.0.1:0")
        try:
            port = int(sink.stdout.readline().decode().strip().rsplit(":", 1)[1])
            self.assertEqual(sink.stdout.readline(), b"ready\n")
            for qos in (0, 1, 2):
                result, _ = self.bench("pub", "-p", port, "-q", qos, "--max", "--messages", 1000, "--clients", 2)
                self.assertEqual(result["counts"]["acknowledged"], 1000 if qos else 0)
            sink.send_signal(signal.SIGTERM)
            text, _ = sink.communicate(timeout=LIMIT)
        finally:
            sink.kill()
        self.assertEqual(sink.returncode, 0)
        self.assertIn(b"connections 6, messages 3000, ", text)

    def test_a_run_against_the_sink_states_that_it_shows_the_ceiling(self):
        _, text = self.bench("pub", "--sink", "--max", "--messages", 10_000)
        self.assertIn("sink", text)
        self.assertIn("ceiling", text)

    def test_a_sink_passes_nothing_on_so_receivers_are_refused(self):
        for kind in ("sub", "pubsub", "rtt"):
            done = run("bench", kind, "--sink")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"--sink", done.stderr)


class BadDays(Cases):
    def test_some_connections_are_refused_and_the_others_go_on(self):
        def talk(stream, number):
            stream.receive()
            stream.send(0x20, CONNACK if number % 2 else b"\x00\x97\x00")
            while stream.receive():
                pass
        result, _ = self.bench("pub", "-p", self.scripted(talk, Parallel).port, "--clients", 4, "--rate", 100,
                               "--messages", 20, expect=5)
        self.assertEqual(result["counts"]["connected"], 2)
        self.assertEqual(self.errors(result), {"connect_refused": 2, "not_sent": 10})
        self.assertEqual(result["counts"]["sent"], 10)

    def test_a_broker_that_dies_and_comes_back_costs_latency_but_no_message_of_qos_1(self):
        broker = self.broker()
        proxy = running.CuttingProxy(broker.port, [])
        self.addCleanup(proxy.close)
        load = start("bench", "pub", "-p", proxy.port, "-q", 1, "--rate", 200, "--duration", "3s", "--reconnect", "forever",
                     "--reconnect-delay", "200ms", "--output", self.file, "--assert", "reconnected>=1", "--assert", "errors<=200",
                     stdout=subprocess.DEVNULL)
        try:
            self.assertTrue(load.stderr.readline())  # the first second has passed
            proxy.cut_all()
            self.assertEqual(load.wait(LIMIT), 0)
        finally:
            load.kill()
            load.stderr.close()
        result = json.loads(self.file.read_text())
        counts = result["counts"]
        self.assertEqual(counts["sent"], 600)
        self.assertEqual(counts["reconnected"], 1)
        errors = self.errors(result)
        self.assertEqual(errors["connection_lost"], 1)
        # Sent into the dying connection: nobody knows whether they arrived.
        self.assertEqual(counts["acknowledged"] + errors.get("not_acknowledged", 0), 600)
        self.assertGreater(result["latencies"]["publish"]["max_ns"], 90e6)

    def test_a_broker_that_stops_reading_has_a_name_of_its_own(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            time.sleep(5)
        began = time.monotonic()
        result, _ = self.bench("pub", "-p", self.scripted(talk).port, "--size", 100_000, "--rate", 500, "--duration", "1s",
                               "--drain", "300ms", expect=5)
        self.assertLess(time.monotonic() - began, 20)
        errors = self.errors(result)
        self.assertEqual(errors["stopped_reading"], 1)
        self.assertGreater(errors["not_sent"], 100)

    def test_late_acknowledgements_are_seen_in_full_length(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            held = []
            while came := stream.receive():
                first, body = came
                if first >> 4 == 3:
                    size = struct.unpack("!H", body[:2])[0]
                    held.append(body[2 + size:4 + size])
                if len(held) == 5:
                    time.sleep(0.5)
                    for identifier in held:
                        stream.send(0x40, identifier)
                    held = []
        result, _ = self.bench("pub", "-p", self.scripted(talk).port, "-q", 1, "--rate", 100, "--messages", 5)
        self.assertEqual(result["counts"]["acknowledged"], 5)
        self.assertGreaterEqual(result["latencies"]["publish"]["min_ns"], 450e6)

    def test_acknowledgements_that_never_come_have_a_name_of_their_own(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while stream.receive():
                pass
        result, _ = self.bench("pub", "-p", self.scripted(talk).port, "-q", 1, "--messages", 7, "--rate", 500, "--drain",
                               "200ms", expect=6)
        self.assertEqual(self.errors(result), {"not_acknowledged": 7})

    def test_garbage_in_the_middle_is_a_broken_protocol_and_the_client_comes_back_if_it_may(self):
        def talk(stream, number):
            stream.receive()
            stream.send(0x20, CONNACK)
            if number == 1:
                stream.socket.sendall(b"\xff\xff\xff\xff\xff\xff")
            while stream.receive():
                pass
        result, _ = self.bench("pub", "-p", self.scripted(talk, Parallel).port, "--rate", 100, "--duration", "1s",
                               "--reconnect", 3, "--reconnect-delay", "50ms", "--assert", "errors<=1")
        self.assertEqual(self.errors(result), {"protocol_broken": 1})
        self.assertEqual((result["counts"]["sent"], result["counts"]["reconnected"]), (100, 1))

    def test_handshakes_beyond_the_backlog_are_seen_at_a_second_and_explained(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(listener.close)

        def serve():
            time.sleep(0.4)
            while True:
                try:
                    connected, _ = listener.accept()
                except OSError:
                    return
                stream = Stream(connected)
                stream.receive()
                stream.send(0x20, CONNACK)
                open_streams.append(stream)
        open_streams = []
        threading.Thread(target=serve, daemon=True).start()
        result, text = self.bench("conn", "-h", "127.0.0.1", "-p", listener.getsockname()[1], "--clients", 6, "--pending", 6,
                                  "--assert", "connected==6")
        self.assertGreater(result["latencies"]["tcp"]["max_ns"], 0.95e9)
        self.assertIn("SYN was lost and sent again", " ".join(text.split()))
        for stream in open_streams:
            stream.close()

    def test_a_second_interrupt_ends_at_once(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while stream.receive():
                pass
        load = start("bench", "pub", "-p", self.scripted(talk).port, "-q", 1, "--rate", 100, "--duration", "30s", "--drain", "30s")
        try:
            self.assertTrue(load.stderr.readline())
            load.send_signal(signal.SIGINT)
            time.sleep(0.3)
            load.send_signal(signal.SIGINT)
            self.assertEqual(load.wait(LIMIT), 128 + signal.SIGINT)
        finally:
            load.kill()
            load.communicate()


if __name__ == "__main__":
    unittest.main()
