#!/usr/bin/env python3
"""The rules that inspect explains: each has an example that breaks it and one that keeps it, and they do."""

import json
import pathlib
import re
import unittest

import captures
from running import run

STATEMENTS = pathlib.Path(__file__).resolve().parent.parent / "data" / "statements.txt"


def listed():
    """The rules, and the statements that none of them shows."""
    lines = [json.loads(line) for line in run("inspect", "--list-rules", "--json").stdout.splitlines()]
    return [line for line in lines if line["rule"]], [line for line in lines if not line["rule"]]


def rules():
    return listed()[0]


def problems(example):
    """Names of the rules that "36 08 ...  (5.0, from the client)" breaks."""
    digits, version, sender = re.fullmatch(r"([0-9a-f ]+)  \((5.0|3.1.1|3.1)(?:, from the (client|server))?\)",
                                           example).groups()
    arguments = ["--json", "--input-format", "hex", "-V", version.removesuffix(".0")]
    if sender:
        arguments += ["--from", sender]
    done = run("inspect", *arguments, digits)
    return [problem["rule"] for line in done.stdout.splitlines() for problem in json.loads(line)["problems"]], done


class Cases(unittest.TestCase):
    def test_each_rule_is_explained_with_two_examples(self):
        packets = flows = 0
        for rule in rules():
            with self.subTest(rule=rule["rule"]):
                text = run("inspect", "--explain", rule["rule"]).stdout.decode()
                breaks = re.search(r"^  breaks it      (.*)$", text, re.M).group(1)
                keeps = re.search(r"^  keeps it       (.*)$", text, re.M).group(1)
                if rule["seen_in"] == "flow":
                    flows += 1
                    continue
                packets += 1
                # A Remaining Length that cannot be read makes no packet, so nothing stands in JSON but a line of stderr.
                found, done = problems(breaks)
                self.assertTrue(rule["rule"] in found or done.returncode == 7, (breaks, found))
                self.assertEqual(problems(keeps)[0], [], keeps)
        self.assertGreater(packets, 80)
        self.assertGreater(flows, 50)

    def test_each_statement_is_cited_by_a_rule_or_said_to_be_out_of_sight(self):
        cited, unseen = listed()
        for version in ("5.0", "3.1.1"):
            by_rules = {each for rule in cited for each in rule["statements"][version]}
            out_of_sight = {each for line in unseen for each in line["statements"][version]}
            statements = {}
            for line in STATEMENTS.read_text().splitlines():
                if line.startswith(version + " "):
                    _, statement, ways = line.split()
                    statements[statement] = set(ways.split(","))
            self.assertGreater(len(statements), 140)
            self.assertEqual(by_rules & out_of_sight, set())
            self.assertEqual(by_rules | out_of_sight, set(statements))
            # What could be seen and is not: nobody but the server knows which checks there are, and what is ordered.
            visible = {each for each, ways in statements.items() if ways & {"codec", "flow"}}
            self.assertEqual(visible - by_rules,
                             {"5.0": {"MQTT-3.1.4-5"}, "3.1.1": {"MQTT-3.1.4-4", "MQTT-4.6.0-6"}}[version])

    def test_a_statement_that_packets_do_not_show_is_explained_as_such(self):
        text = run("inspect", "--explain", "MQTT-4.2.0-1").stdout.decode()
        self.assertEqual(text, "MQTT-4.2.0-1 of MQTT 5.0: packets do not show for certain whether it is kept\n"
                               "  because        nothing of it is on the wire, or the wire cannot express a breach\n")
        # 5.0 has another statement under this number, which a rule shows.
        text = run("inspect", "--explain", "3.1.2-5").stdout.decode()
        self.assertTrue(text.startswith("session_lost\n"), text)
        self.assertIn("\n\nMQTT-3.1.2-5 of MQTT 3.1.1: packets do not show for certain whether it is kept\n", text)
        listing = run("inspect", "--list-rules").stdout.decode()
        self.assertIn("\nSTATEMENTS THAT PACKETS DO NOT SHOW FOR CERTAIN\n", listing)
        self.assertLess(max(map(len, listing.split("STATEMENTS THAT")[1].splitlines())), 120)

    def test_what_needs_several_connections_or_their_end_is_seen_in_a_capture(self):
        def connection(number, start, clean):
            found = captures.Connection(client_port=50000 + number, start=1_700_000_000 + start).open()
            return found.send("client", "100f00044d51545404" + ("02" if clean else "00") + "003c0003616263")

        def look(*connections):
            frames = [frame for each in connections for frame in each.frames]
            done = run("inspect", "--fields", "rule", "-", stdin=captures.pcap(frames))
            return done.stdout.decode().split(), done.stderr.decode(), done.returncode

        first = connection(0, 0, clean=True).send("server", "20020000").send("client", "e000").close()
        second = connection(1, 5, clean=False).send("server", "20020100")
        self.assertEqual(look(first, second), (["session_present_unexpected"], "", 7))
        # At another port of the same server the client may have had a Session in between.
        other = captures.Connection(port=1884, client_port=50002, start=1_700_000_002).open()
        other.send("client", "100f00044d5154540400003c0003616263").send("server", "20020000")
        self.assertEqual(look(first, other, second)[0], [])
        kept = connection(0, 0, clean=False).send("server", "20020000").send("client", "e000").close()
        self.assertEqual(look(kept, connection(1, 5, clean=False).send("server", "20020000")), (["session_lost"], "", 0))

        broken = connection(0, 0, clean=True).send("server", "20020000").send("client", "3605000161000a").wait(11)
        _, err, status = look(broken.send("server", "3005000161" + "6869").close())
        self.assertIn(": both QoS bits are set, 11.0 s before the last packet of the server [MQTT-4.8.0-1]\n", err)
        self.assertEqual(status, 7)
        slow = connection(0, 0, clean=True).send("server", "20020000").send("client", "e000").wait(12).close()
        _, err, status = look(slow)
        self.assertEqual(err, "mqtk-inspect: standard input: stream 1: who sent DISCONNECT did not close the connection: "
                              "the client, for 12.0 s [MQTT-3.14.4-1]\n")
        self.assertEqual(status, 7)

    def test_an_explanation_in_json_is_the_object_of_the_list(self):
        listing = run("inspect", "--list-rules", "--json").stdout.decode().splitlines()
        explained = run("inspect", "--explain", "[MQTT-3.3.1-4]", "--json").stdout.decode().splitlines()
        self.assertEqual([json.loads(line)["rule"] for line in explained], ["qos_reserved"])
        self.assertLessEqual(set(explained), set(listing))
        unseen = run("inspect", "--explain", "MQTT-4.2.0-1", "--json").stdout.decode().splitlines()
        self.assertEqual([json.loads(line)["rule"] for line in unseen], [None])
        done = run("inspect", "--explain", "qos_reserved", "c000")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (
            1, b"", b"mqtk-inspect: --explain and --list-rules read no input; leave out 'c000'\n"))

    def test_advice_is_told_apart(self):
        text = run("inspect", "--explain", "reconnect_loop").stdout.decode()
        self.assertIn("  class          advice: legal, but unwise\n  answer in 5.0  -\n", text)


if __name__ == "__main__":
    unittest.main()
