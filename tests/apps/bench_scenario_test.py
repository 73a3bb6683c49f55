#!/usr/bin/env python3
"""Scenarios and templates of mqtk-bench: what its clients do, and what their messages say."""

import json
import subprocess
import unittest

import benching
import running
from benching import Parallel
from running import LIMIT, Observer, run

CONNACK = b"\x00\x00\x00"  # 5.0: no Session, success, no properties
READY_MADE = ["fan-in", "fan-out", "mixed-fleet", "offline-queue-drain", "pairs", "reconnect-storm", "retained-burst"]


class Cases(benching.Cases):
    def run_scenario(self, scenario, *arguments, expect=0):
        file = self.folder / "scenario.json"
        file.write_text(json.dumps(scenario))
        return self.bench("run", file, *arguments, expect=expect)[0]

    def refused(self, scenario):
        file = self.folder / "scenario.json"
        file.write_text(scenario if isinstance(scenario, str) else json.dumps(scenario))
        done = run("bench", "run", file)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        return done.stderr.decode()

    def observe(self, port, topic):
        return self.opened(Observer(port, topic))


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
        self.assertRegex(result["title"], "5 publishers, 3 subscribers, 4 clients, QoS 1, 2, various payloads, 100/s$")
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
        self.assertGreaterEqual(result["counts"]["sent"], 2 * 2)

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
            done = subprocess.run([running.BIN / "mqtk-bench", "init", name], cwd=self.folder, capture_output=True,
                                  check=False, timeout=LIMIT)
            self.assertEqual(done.returncode, 0, done.stderr)
            scenario = json.loads((self.folder / f"{name}.json").read_text())
            self.assertEqual(scenario["name"], name)
            try:
                import jsonschema
            except ImportError:
                continue
            jsonschema.Draft202012Validator(schema).validate(scenario)
        again = subprocess.run([running.BIN / "mqtk-bench", "init", "pairs"], cwd=self.folder, capture_output=True,
                               check=False, timeout=LIMIT)
        self.assertEqual(again.returncode, 9)
        self.assertIn(b"exists", again.stderr)

    def test_ready_made_scenarios_run_without_loss(self):
        """Each at a tenth of its time: what they contain is shown by the tests above, here that they work together."""
        for name in READY_MADE:
            schema = subprocess.run([running.BIN / "mqtk-bench", "init", name], cwd=self.folder, capture_output=True,
                                    check=True, timeout=LIMIT)
            scenario = json.loads((self.folder / f"{name}.json").read_text())
            self.assertEqual(schema.returncode, 0)
            for phase in scenario["phases"]:
                # 20,000 messages come to those who join, which takes a busy machine its time.
                phase["duration"] = "3s" if name == "retained-burst" else f"{int(phase['duration'][:-1]) * 100}ms"
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
        (self.folder / "cities.csv").write_text("city,degrees\nOslo,3\n\"Rio, Brazil\",30\n")
        port = self.broker().port
        observer = self.observe(port, "w/#")
        result, _ = self.bench("pub", "-p", port, "-t", "w/{client:city}", "--values", self.folder / "cities.csv", "--clients", 2,
                               "--payload", '{"n":{n},"at":"{row:city}","t":{row:degrees},"x":{}}', "--messages", 4,
                               "--rate", 500)
        self.assertTrue(observer.wait_for(4))
        self.assertEqual(sorted((topic, payload.decode()) for topic, payload, _ in observer.messages), sorted([
            (f"w/{city}", f'{{"n":{n},"at":"{at}","t":{t},"x":{{}}}}')
            for city in ("Oslo", "Rio, Brazil") for n, at, t in ((0, "Oslo", 3), (1, "Rio, Brazil", 30))]))
        self.assertEqual(result["counts"]["sent"], 4)

    def test_given_payloads_are_measured_and_checked_by_a_user_property(self):
        (self.folder / "one").write_bytes(b"\x00\xff one")
        (self.folder / "two").write_bytes(b"two")
        result, _ = self.bench("pubsub", "--payload-file", self.folder / "one", "--payload-file", self.folder / "two",
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
        self.bench("conn", "-p", self.opened(Parallel(talk)).port, "--clients", 2, "-i", "meter-{i}", "-u", "user-{client}", "-P", "p{w}")
        self.assertEqual(len(seen), 2)
        for i, body in enumerate(sorted(seen)):
            self.assertIn(running.text(f"meter-{i}") + running.text(f"user-{i}") + running.text("p{w}"), body)


if __name__ == "__main__":
    unittest.main()
