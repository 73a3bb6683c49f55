#!/usr/bin/env python3
"""The rules that inspect explains: each has an example that breaks it and one that keeps it, and they do."""

import json
import re
import unittest

from running import run

# Statements of the flow that no single rule would show before; each must be cited by one.
FLOW_5 = """3.3.1-11 3.8.4-1 3.10.4-4 3.12.4-1 4.6.0-1 4.12.0-2 4.12.0-3 4.12.0-4 3.2.2-19 3.2.2-20 3.4.2-2 3.5.2-2 3.6.2-2
3.7.2-2 3.9.2-1 3.11.2-1 3.14.2-3 3.15.2-2 4.3.2-4 4.3.3-4 4.3.3-8 4.3.3-11 4.5.0-2 4.9.0-1""".split()


def rules():
    return [json.loads(line) for line in run("inspect", "--list-rules", "--json").stdout.splitlines()]


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

    def test_statements_of_the_flow_are_cited(self):
        cited = {statement for rule in rules() for statement in rule["statements"]["5.0"]}
        self.assertEqual([each for each in FLOW_5 if f"MQTT-{each}" not in cited], [])

    def test_advice_is_told_apart(self):
        text = run("inspect", "--explain", "reconnect_loop").stdout.decode()
        self.assertIn("  class          advice: legal, but unwise\n  answer in 5.0  -\n", text)


if __name__ == "__main__":
    unittest.main()
