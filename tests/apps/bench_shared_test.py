#!/usr/bin/env python3
"""One load in several processes: which part each does, what is of the load, and conditions that only the sum can judge."""

import calendar
import hashlib
import json
import shutil
import struct
import subprocess
import threading
import time
import unittest

import benching
import running
from benching import ACROSS
from running import LIMIT, run


class Parts(benching.Cases):
    def test_four_shards_under_gnu_parallel_are_the_load_of_one_process(self):
        if not shutil.which("parallel"):
            raise RuntimeError("parallel is missing; install parallel")
        port = self.broker().port
        # Every subscriber hears all publishers, so that most messages pass from one shard to another.
        load = ["pubsub", "-p", port, "-q", 1, "--clients", 8, "--subscribers", 4, "--filter", "mqtk/bench/+", "--rate", 400,
                "--duration", "2s", "--quiet"]
        one = self.result("one", *load)
        start = benching.start_in(10)
        words = [running.BIN / "mqtk-bench", *load, "--shard", "auto/4", "--start-at", start, "--output",
                 self.folder / "shard{}.json"]
        done = subprocess.run(["parallel", "--will-cite", "-j", "4", " ".join(map(str, words)), ":::", "1", "2", "3", "4"],
                              capture_output=True, timeout=2 * LIMIT, env=running.clean_environment(), check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        merged = self.result("merged", "merge", *(self.folder / f"shard{i}.json" for i in range(1, 5)),
                             "--assert", "loss==0", "--assert", "duplicates==0")
        for name in ("clients", "connected", "subscribed", "sent", "acknowledged", "received", "expected", "lost", "foreign",
                     "sent_bytes", "received_bytes"):
            self.assertEqual(merged["counts"][name], one["counts"][name], name)
        self.assertEqual(merged["counts"]["sent"], 800)
        self.assertEqual(merged["counts"]["received"], 3200)
        # What is due in the first moment of one shard may be due just before that of another, and is not measured there.
        self.assertAlmostEqual(merged["latencies"]["end_to_end"]["count"], one["latencies"]["end_to_end"]["count"], delta=64)
        self.assertAlmostEqual(merged["rates"]["sent"] / one["rates"]["sent"], 1, delta=0.2)

    def test_number_and_count_come_from_kubernetes_slurm_and_parallel(self):
        port = self.broker().port
        for environment, shard, number, count in (
                ({"JOB_COMPLETION_INDEX": "2", "MQTK_SHARDS": "3"}, "auto", 3, 3),
                ({"JOB_COMPLETION_INDEX": "0"}, "auto/2", 1, 2),
                ({"SLURM_ARRAY_TASK_ID": "14", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_STEP": "2",
                  "SLURM_ARRAY_TASK_COUNT": "4"}, "auto", 3, 4),
                ({"PARALLEL_SEQ": "2"}, "auto/2", 2, 2)):
            done = subprocess.run([running.BIN / "mqtk-bench", "conn", "-p", str(port), "--clients", "12", "--shard", shard,
                                   "--output", self.folder / "r"], env=running.clean_environment(environment),
                                  capture_output=True, timeout=LIMIT, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            result = json.loads((self.folder / "r").read_text())
            self.assertEqual((result["shard"]["number"], result["shard"]["count"]), (number, count))
            self.assertEqual(result["counts"]["connected"], 12 // count)

    def test_a_part_that_is_none_is_refused(self):
        for shard, said in (("0/4", "1/4"), ("5/4", "1/4"), ("x", "1/4"), ("auto", "JOB_COMPLETION_INDEX")):
            done = run("bench", "conn", "--shard", shard)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr.decode())
        done = run("bench", "conn", "--shard", "auto", environment={"PARALLEL_SEQ": "1"})
        self.assertIn("MQTK_SHARDS", done.stderr.decode())

    def test_it_waits_for_its_start_and_says_when_it_is_late(self):
        start = time.time() + 2
        result = self.result("r", "conn", "--start-at", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start)))
        ended = calendar.timegm(time.strptime(result["ended_at"][:19], "%Y-%m-%dT%H:%M:%S"))
        self.assertGreaterEqual(ended, int(start))
        self.assertGreater(result["times"]["connecting_ns"], 500_000_000)
        done = run("bench", "conn", "--start-at", "2020-01-01T00:00:00Z")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"has passed", done.stderr)


class Identity(benching.Cases):
    def test_loads_of_as_many_parts_at_one_broker_are_told_apart(self):
        port = self.broker().port
        results = {}

        def share(name, *arguments):
            results[name], _ = self.parts(port, *ACROSS, *arguments, name=name)

        # The first two differ in nothing else, the others in their rate.
        loads = [threading.Thread(target=share, args=each) for each in (
            ("one", "--run-id", "one"), ("two", "--run-id", "two"), ("slower", "--rate", 100), ("slowest", "--rate", 50))]
        for load in loads:
            load.start()
        for load in loads:
            load.join(LIMIT)
        runs = {name: {part["shard"]["run"] for part in parts} for name, parts in results.items()}
        self.assertEqual([len(run) for run in runs.values()], [1] * 4)
        self.assertEqual(len(set.union(*runs.values())), 4)
        sent = {"one": 200, "two": 200, "slower": 100, "slowest": 50}
        for name, parts in results.items():
            for part in parts:  # each has one of the two subscribers, to which all messages go
                self.assertEqual((part["counts"]["received"], part["counts"]["duplicated"]), (sent[name], 0), name)
                self.assertTrue(part["clock"]["same_as_part_1"])
            self.assertGreater(sum(part["counts"]["foreign"] for part in parts), 0)

    def test_only_the_streams_that_follow_from_the_run_id_are_of_the_load(self):
        port = self.broker().port
        first = int.from_bytes(hashlib.sha1(b"my load").digest()[-4:], "big")
        for number in (-1, 0, 3, 4):  # it has 4 publishers
            stamp = struct.pack("!BII7x", 0xB7, (first + number) % 2**32, 0)
            done = run("pub", "-p", port, "-t", f"mqtk/bench/{number}", "-r", "-s", stdin=stamp)
            self.assertEqual(done.returncode, 0, done.stderr)
        for part in self.parts(port, *ACROSS, "--run-id", "my load")[0]:
            self.assertEqual((part["counts"]["retained"], part["counts"]["foreign"]), (2, 2))

    def test_only_a_shared_load_has_an_identity(self):
        done = run("bench", "pub", "--run-id", "x")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--run-id is for the parts of --shard", done.stderr)


    def test_whoever_compares_clocks_comes_as_the_first_client_of_its_part(self):
        users = self.folder / "users"
        for name in ("user-0", "user-1"):
            done = run("broker", "passwd", users, name, "--password-from", "fd:0", stdin=b"of-%s\n" % name.encode())
            self.assertEqual(done.returncode, 0, done.stderr)
        results, _ = self.parts(self.broker("--password-file", users).port, "pub", "--clients", 2, "--rate", 10, "--duration", "500ms",
                                "-u", "user-{i}", "-P", "of-user-{i}", "--session-expiry", "1h")
        self.assertEqual([result["clock"]["same_as_part_1"] for result in results], [True, True])


class Verdicts(benching.Cases):
    def test_loss_is_judged_by_the_sum_of_all_parts_and_by_none_of_them(self):
        results, texts = self.parts(self.broker().port, *ACROSS, "--assert", "loss==0", "--assert", "sent==100")
        for result, text in zip(results, texts):
            self.assertEqual([each["condition"] for each in result["thresholds"]], ["sent==100"])
            self.assertEqual(result["deferred"], [{"condition": "loss==0"}])
            self.assertIn("lost (told by merge)", text)
            self.assertIn("left to 'bench merge', one part cannot tell: loss==0", text)
            # On one machine there is nothing to correct.
            self.assertTrue(result["clock"]["same_as_part_1"])
            self.assertNotIn("one_way", result)
        merged = run("bench", "merge", self.folder / "0", self.folder / "1", "--output", self.folder / "all")
        self.assertIn(b"holds: loss==0 (0)", merged.stdout)
        self.assertNotIn("deferred", json.loads((self.folder / "all").read_text()))

    def test_a_part_that_is_missing_leaves_loss_open_and_no_condition_about_it_holds(self):
        self.parts(self.broker().port, *ACROSS, "--assert", "loss==0", "--assert", "sent==100")
        self.result("other", "pub", "--messages", 1)
        # Of another kind, as far as the reader is told: only its parts are looked at.
        other = json.loads((self.folder / "other").read_text())
        (self.folder / "other").write_text(json.dumps(other | {"main_latency": "end_to_end"}))
        merged = run("bench", "merge", self.folder / "0", self.folder / "other")
        self.assertEqual(merged.returncode, 8, merged.stdout)
        said = merged.stdout.decode()
        self.assertIn("FAILS: loss==0 (part 2 of 2 missing)", said)
        self.assertIn("lost (not known)", said)
        self.assertIn("part 2 of 2 missing: the figures are of the others", " ".join(said.split()))

    def test_loss_in_the_sum_fails_although_each_part_ended_well(self):
        # Of what the first part sends, some never leaves the broker.
        port = self.broker("--fault", "drop topic=mqtk/bench/0 direction=to-client count=3").port
        self.parts(port, *ACROSS, "--assert", "loss==0", "--drain", "500ms")
        merged = run("bench", "merge", self.folder / "0", self.folder / "1")
        self.assertEqual(merged.returncode, 8, merged.stdout)
        self.assertIn(b"FAILS: loss==0 (3)", merged.stdout)


if __name__ == "__main__":
    unittest.main()
