#!/usr/bin/env python3
"""The reports of mqtk-bench: tables, verdicts, processor time, and results that are added and compared."""

import csv
import json
import pathlib
import re
import struct
import threading
import time
import unittest
import xml.etree.ElementTree

import benching
import running
from running import LIMIT, run


class Files(benching.Cases):
    def test_the_table_of_the_series_adds_up_to_the_result(self):
        result = self.result("r", "pubsub", "--rate", 300, "--duration", "1500ms", "--series", self.folder / "csv")
        with open(self.folder / "csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertGreaterEqual(len(rows), 2)
        for name in ("sent", "received", "received_bytes"):
            self.assertEqual(sum(int(row[name]) for row in rows), result["counts"][name])
        self.assertEqual(sum(int(row["end_to_end_count"]) for row in rows), result["latencies"]["end_to_end"]["count"])
        self.assertGreater(int(rows[0]["generator_memory_bytes"]), 0)
        self.assertGreater(int(rows[0]["broker_memory_bytes"]), 0)  # of the one that was started for the run
        self.assertLessEqual(int(rows[0]["end_to_end_p50_ns"]), int(rows[0]["end_to_end_max_ns"]))

    def test_verdicts_are_junit_xml_with_one_test_for_each_condition(self):
        self.text("pubsub", "--messages", 10, "--rate", 500, "--junit", self.folder / "xml", "--assert", "loss==0",
                   "--assert", "received > 10", expect=8)
        suite = xml.etree.ElementTree.parse(self.folder / "xml").getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("errors")), ("3", "1", "0"))
        cases = suite.findall("testcase")
        self.assertEqual([case.get("name") for case in cases[1:]], ["loss==0", "received > 10"])
        self.assertEqual([case.find("failure") is None for case in cases], [True, True, False])
        self.assertEqual(cases[2].find("failure").get("message"), "received > 10 does not hold: 10")

    def test_a_run_with_errors_is_a_failed_test_that_names_them(self):
        self.text("conn", "-p", running.free_port(), "--junit", self.folder / "xml", expect=2)
        suite = xml.etree.ElementTree.parse(self.folder / "xml").getroot().find("testsuite")
        self.assertIn("connect_failed", suite.find("testcase/failure").text)

    def test_every_file_is_tried_when_one_cannot_be_written(self):
        done = run("bench", "conn", "--output", "/dev/full", "--series", self.folder / "csv", "--html", "/dev/full")
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"connected 1 of 1", done.stdout)
        self.assertIn(b"No space left", done.stderr)
        self.assertIn(b"--html '/dev/full'", done.stderr)
        self.assertTrue((self.folder / "csv").exists())

    def test_processor_time_and_memory_of_the_broker_are_those_of_its_process(self):
        broker = self.broker()
        result = self.result("r", "pub", "-p", broker.port, "--broker-pid", broker.process.pid, "--duration", "1200ms")
        status = pathlib.Path(f"/proc/{broker.process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)) * 1024
        memory = max(second["broker"]["memory_bytes"] for second in result["series"])
        self.assertTrue(peak / 2 <= memory <= peak * 1.1, (memory, peak))
        done = run("bench", "pub", "-p", broker.port, "--broker-pid", 1 << 29)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no such process", done.stderr)


class Results(benching.Cases):
    """What is done with results: adding, comparing, repeating."""

    def test_merged_parts_are_exactly_their_sum(self):
        port = self.broker().port
        parts = [self.result(f"part{i}", "pubsub", "-p", port, "-t", f"part{i}/{{i}}", "--rate", 400, "--messages", 150 + i)
                 for i in range(3)]
        files = [self.folder / f"part{i}" for i in range(3)]
        merged = self.result("merged", "merge", *files, "--assert", "received==453", "--assert", "loss==0")
        for name in ("sent", "received", "clients", "lost", "sent_bytes", "expected"):
            self.assertEqual(merged["counts"][name], sum(part["counts"][name] for part in parts), name)
        for kind, latency in merged["latencies"].items():
            self.assertEqual(latency["count"], sum(part["latencies"][kind]["count"] for part in parts), kind)
            self.assertEqual(latency["max_ns"], max(part["latencies"][kind]["max_ns"] for part in parts), kind)
        self.assertEqual(len(merged["parts"]), 3)
        # In whatever order and grouping: the same.
        self.result("two", "merge", files[2], files[0])
        again = self.result("again", "merge", self.folder / "two", files[1])
        self.assertEqual({kind: latency["histogram"] for kind, latency in again["latencies"].items()},
                         {kind: latency["histogram"] for kind, latency in merged["latencies"].items()})
        self.assertEqual(again["counts"], merged["counts"])
        # 'merge *.json' takes up what an earlier merge wrote there, too: nothing may count twice.
        for words in ((*files, self.folder / "merged"), (files[0], files[1], files[0])):
            done = run("bench", "merge", *words)
            self.assertEqual((done.returncode, done.stdout), (1, b""), words)
            self.assertIn("part0' holds already" if words[2] == files[0] else "merged': holds what", done.stderr.decode())

    def test_a_repeated_run_is_one_result_with_figures_of_each(self):
        text = self.text("pubsub", "--rate", 200, "--messages", 50, "--repeat", 3, "--output", self.folder / "r")
        self.assertRegex(text, r"(?m)^3 +[0-9.]+ +0.0 +[0-9.]+ ")
        self.assertRegex(text, "(?m)^run +sent/s +acknowledged/s +received/s")
        result = json.loads((self.folder / "r").read_text())
        self.assertEqual((result["counts"]["sent"], result["counts"]["received"], result["counts"]["lost"]), (150, 150, 0))
        self.assertEqual(len(result["repeats"]), 3)
        self.assertLessEqual(result["repeats"][0]["sent_rate"], 201)  # less on a busy machine
        self.assertGreater(result["repeats"][0]["sent_rate"], 10)

    def test_a_result_differs_in_nothing_from_itself(self):
        self.result("a", "pubsub", "--rate", 300, "--duration", "3s")
        text = self.text("compare", self.folder / "a", self.folder / "a", "--tolerance", 0)
        self.assertRegex(text, r"received per second .*no difference shown")
        self.assertIn("\nno difference shown\n", text)
        self.assertIn("holds: nothing is shown to be worse", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertFalse(any(line.endswith(" ") for line in text.splitlines()))

    def test_half_the_rate_is_worse_past_the_tolerance(self):
        port = self.broker().port
        loads = [threading.Thread(target=self.result, args=(name, "pubsub", "-p", port, "-t", name, "--rate", rate, "--duration",
                                                            "4s")) for name, rate in (("a", 400), ("b", 200))]
        for load in loads:
            load.start()
        for load in loads:
            load.join(LIMIT)
        text = self.text("compare", self.folder / "a", self.folder / "b", "--tolerance", "10%", expect=8)
        self.assertRegex(text, r"received per second .*worse: -[45]\d")
        self.assertRegex(text, "FAILS: sent per second is worse by more than 10 %")
        # The other way round it is better, and without a tolerance there is no verdict.
        self.assertRegex(self.text("compare", self.folder / "b", self.folder / "a"), r"sent per second .*better")
        self.text("compare", self.folder / "a", self.folder / "b")

    def test_files_that_are_no_results_are_refused_by_name(self):
        (self.folder / "x").write_text("{}")
        self.result("a", "conn")
        for words, said in ((["merge", self.folder / "a", self.folder / "x"], "x': not a result"),
                            (["compare", self.folder / "a", "/no/such"], "/no/such': cannot read"),
                            (["compare", self.folder / "a"], "two files"), (["merge", self.folder / "a"], "two or more"),
                            (["compare", self.folder / "a", self.folder / "a", "--rate", 5], "--rate"),
                            (["compare", self.folder / "a", self.folder / "a", "--html", "x"], "writes no files")):
            done = run("bench", *words)
            self.assertEqual((done.returncode, done.stdout), (1, b""), words)
            self.assertIn(said, done.stderr.decode())

    def test_the_highest_rate_is_one_that_the_broker_takes_in_time(self):
        """A broker that serves 1 message in 5 ms holds 200 a second; a schedule above that runs late without end."""
        broker = SlowBroker(0.005)
        self.addCleanup(broker.close)
        done = run("bench", "find-max", "pub", "-q", 1, "-p", broker.port, "--rate", 25, "--duration", "2s", "--precision", 30,
                   "--drain", "20s", "--assert", "p90(latency)<150ms", "--output", self.folder / "r", "--html", self.folder / "h",
                   timeout=2 * LIMIT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads((self.folder / "r").read_text())
        self.assertTrue(40 <= result["highest_rate"] <= 300, result["highest_rate"])
        rates = [trial["rate"] for trial in result["trials"]]
        self.assertEqual(rates[0], 25)
        self.assertEqual(len(result["repeats"]), 3)  # found, and confirmed twice
        self.assertTrue(any(not trial["holds"] and trial["shortcoming"] for trial in result["trials"]))
        self.assertRegex(done.stdout.decode(), r"(?m)^ +25 #+ +[0-9.]+ [um]?s$")
        self.assertIn("highest rate that holds, confirmed 2 times", done.stdout.decode())

    def test_where_no_rate_holds_the_status_is_8(self):
        done = run("bench", "find-max", "pub", "--rate", 400, "--duration", "20ms", "--assert", "sent<0", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (8, b""))
        self.assertIn(b"At no rate", done.stdout)


class SlowBroker(running.Scripted):
    """Acknowledges one message after the other, each after so many seconds."""

    def __init__(self, seconds):
        self.seconds = seconds
        super().__init__(self.acknowledge_slowly)

    def acknowledge_slowly(self, stream):
        stream.receive()
        stream.send(0x20, b"\0\0\0")
        while came := stream.receive():
            first, body = came
            if first >> 4 == 3:
                time.sleep(self.seconds)
                size = struct.unpack("!H", body[:2])[0]
                stream.send(0x40, body[2 + size:4 + size])


if __name__ == "__main__":
    unittest.main()
