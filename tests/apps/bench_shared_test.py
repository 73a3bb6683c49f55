#!/usr/bin/env python3
"""One load in several processes: clocks that differ, conditions that only the sum can judge, and the README's job files."""

import contextlib
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import unittest

import running
from running import LIMIT, MqtkBroker, run

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def in_other_clock(seconds):
    """Words that start a program for which the clock that never jumps shows so much more; none where that is not allowed."""
    for words in (["unshare", "-T"], ["unshare", "-Ur", "-T"]):
        words = [*words, "--monotonic", str(seconds)]
        with contextlib.suppress(OSError):
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words
    return []


class Cases(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def broker(self, *options):
        process = running.start("broker", "--port", 0, *options, stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: (process.kill(), process.wait(LIMIT)))
        return int(process.stdout.readline().decode().strip().rsplit(":", 1)[1])

    def parts(self, port, *arguments, before=((), ()), expect=0, name=""):
        """Runs as many parts as there are words `before` the program: their results and what they printed."""
        start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
        count = len(before)
        running_parts = [
            subprocess.Popen([*words, str(running.BIN / "mqtk-bench"), *map(str, arguments), "-p", str(port), "--quiet",
                              "--shard", f"{i + 1}/{count}", "--start-at", start, "--output", str(self.folder / f"{name}{i}")],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=running.clean_environment())
            for i, words in enumerate(before)]
        results, texts = [], []
        for i, part in enumerate(running_parts):
            text, errors = part.communicate(timeout=LIMIT)
            self.assertEqual(part.returncode, expect, text + errors)
            results.append(json.loads((self.folder / f"{name}{i}").read_text()))
            texts.append(" ".join(text.decode().split()))
        return results, texts


ACROSS = ["pubsub", "--clients", 4, "--subscribers", 2, "--filter", "mqtk/bench/+", "--rate", 200, "--duration", "1s"]


class Clocks(Cases):
    """The second part has a clock that shows 5,000 seconds more, as on another machine."""

    def setUp(self):
        super().setUp()
        self.shifted = in_other_clock(5000)
        if not self.shifted:
            self.skipTest("no time namespace can be made here")

    def test_the_difference_is_measured_over_the_broker_and_latency_is_corrected_by_it(self):
        # One message after the other.
        port = self.broker("--fault", "delay=100ms topic=mqtk/bench/+ direction=to-client")
        results, texts = self.parts(port, *ACROSS[:-4], "--rate", 8, "--duration", "1s", before=((), self.shifted))
        for result, text in zip(results, texts):
            latency = result["latencies"]["end_to_end"]
            self.assertEqual(latency["count"], result["measured"]["received"])
            # Half of the messages came from the other clock.
            self.assertEqual(result["one_way"]["corrected"], 4)
            self.assertGreaterEqual(latency["min_ns"], 75e6)
            self.assertLess(latency["max_ns"], 30e9)
            self.assertIn("the latency of 4 messages is between clocks whose difference is known to", text)
        self.assertTrue(results[0]["clock"]["same_as_part_1"])
        clock = results[1]["clock"]
        self.assertAlmostEqual(clock["steady_behind_part_1_ns"] / 1e9, -5000, delta=1)
        self.assertLess(abs(clock["behind_part_1_ns"]), 1e9)  # the clock that people read is the same
        self.assertIn("part 1's, known to", texts[1])
        done = run("bench", "merge", self.folder / "0", self.folder / "1", "--output", self.folder / "all")
        self.assertIn(b"a part's clock is", done.stdout)
        self.assertEqual(json.loads((self.folder / "all").read_text())["one_way"]["corrected"], 8)

    def test_latency_is_left_out_where_it_is_no_longer_than_the_clocks_are_uncertain(self):
        # Answers about the clocks take long, the messages do not.
        port = self.broker("--fault", "delay=60ms topic=mqtk/bench/clocks/+/answer/+ direction=to-client")
        results, texts = self.parts(port, *ACROSS, before=((), self.shifted))
        for result, text in zip(results, texts):
            self.assertEqual((result["counts"]["received"], result["one_way"]["left_out"]), (200, True))
            self.assertNotIn("end_to_end", result["latencies"])
            self.assertIn("lateness", result["latencies"])
            self.assertIn("end-to-end latency is left out", text)
        merged = run("bench", "merge", self.folder / "0", self.folder / "1", "--assert", "p50(latency)<1h")
        self.assertEqual(merged.returncode, 8)
        self.assertIn(b"nothing was measured", merged.stdout)

    def test_a_subscriber_of_another_clock_counts_messages_and_says_that_it_cannot_time_them(self):
        port = self.broker()
        receiver = subprocess.Popen([*self.shifted, str(running.BIN / "mqtk-bench"), "sub", "-p", str(port), "--messages", "50",
                                     "--duration", "30s", "--output", str(self.folder / "r")], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, env=running.clean_environment())
        try:
            self.assertTrue(receiver.stderr.readline())  # it has subscribed
            self.assertEqual(run("bench", "pub", "-p", port, "--rate", 200, "--messages", 50).returncode, 0)
            text, _ = receiver.communicate(timeout=LIMIT)
        finally:
            receiver.kill()
            receiver.wait(LIMIT)
        self.assertIn("50 messages are in no latency", " ".join(text.decode().split()))
        result = json.loads((self.folder / "r").read_text())
        self.assertEqual((result["counts"]["received"], result["one_way"]["not_timed"]), (50, 50))
        self.assertNotIn("end_to_end", result["latencies"])


class Identity(Cases):
    def test_loads_of_as_many_parts_at_one_broker_are_told_apart(self):
        port = self.broker()
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

    def test_only_a_shared_load_has_an_identity(self):
        done = run("bench", "pub", "--run-id", "x")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--run-id is for the parts of --shard", done.stderr)


class Verdicts(Cases):
    def test_loss_is_judged_by_the_sum_of_all_parts_and_by_none_of_them(self):
        results, texts = self.parts(self.broker(), *ACROSS, "--assert", "loss==0", "--assert", "sent==100")
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

    def test_loss_in_the_sum_fails_although_each_part_ended_well(self):
        # Of what the first part sends, some never leaves the broker.
        port = self.broker("--fault", "drop topic=mqtk/bench/0 direction=to-client count=3")
        self.parts(port, *ACROSS, "--assert", "loss==0", "--drain", "500ms")
        merged = run("bench", "merge", self.folder / "0", self.folder / "1")
        self.assertEqual(merged.returncode, 8, merged.stdout)
        self.assertIn(b"FAILS: loss==0 (3)", merged.stdout)


class JobFiles(Cases):
    """The files of the README, with another broker, a small load and no wait for the next minute."""

    def block(self, kind, word):
        blocks = re.findall(rf"^```{kind}\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
        return next(block for block in blocks if word in block)

    def smaller(self, text, port):
        for before, after in (("mqtt://broker.example:1883", f"mqtt://127.0.0.1:{port}"),
                              ("mqtt://broker:1883", f"mqtt://127.0.0.1:{port}"), ("10000", "8"), ("50k", "400"),
                              ("1m", "1s"), ("/results/", f"{self.folder}/")):
            text = text.replace(before, after)
        start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
        return text.replace("next-minute", start)

    def environment(self, **variables):
        environment = running.clean_environment(variables)
        return {**environment, "PATH": f"{running.BIN}:{environment['PATH']}"}

    def check_parts(self, jobs, names):
        for job in jobs:
            text, _ = job.communicate(timeout=LIMIT)
            self.assertEqual(job.returncode, 0, text)
        merged = run("bench", "merge", *(self.folder / name for name in names), "--assert", "sent==400", "--assert",
                     "acknowledged==400", "--assert", "connected==8")
        self.assertEqual(merged.returncode, 0, merged.stdout)

    def test_the_script_for_slurm_runs_as_each_task_of_its_array(self):
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        given = self.block("sh", "#SBATCH")
        self.assertTrue(given.startswith("#!/bin/sh\n#SBATCH"))
        first, last = map(int, re.search(r"(?m)^#SBATCH --array=(\d+)-(\d+)$", given).groups())
        script = self.folder / "bench.sbatch"
        script.write_text(self.smaller(given, broker.port))
        tasks = range(first, last + 1)
        jobs = [subprocess.Popen(["sh", script], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=self.environment(SLURM_ARRAY_TASK_ID=str(task), SLURM_ARRAY_TASK_MIN=str(first),
                                                      SLURM_ARRAY_TASK_COUNT=str(len(tasks))))
                for task in tasks]
        self.check_parts(jobs, [f"part{task}.json" for task in tasks])

    def test_the_job_for_kubernetes_is_complete_and_its_command_runs_as_each_pod(self):
        import yaml
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        given = list(yaml.safe_load_all(self.block("yaml", "kind: Job")))
        job = next(each for each in given if each["kind"] == "Job")
        self.assertEqual((job["apiVersion"], job["spec"]["completionMode"]), ("batch/v1", "Indexed"))
        completions = job["spec"]["completions"]
        self.assertEqual(job["spec"]["parallelism"], completions)  # all at the same time
        pod = job["spec"]["template"]["spec"]
        self.assertEqual(pod["restartPolicy"], "Never")
        (container,) = pod["containers"]
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, {volume["name"] for volume in pod["volumes"]})
        claims = {each["metadata"]["name"] for each in given if each["kind"] == "PersistentVolumeClaim"}
        self.assertEqual({volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]}, claims)
        variables = {each["name"]: each["value"] for each in container["env"]}
        self.assertEqual(variables["MQTK_SHARDS"], str(completions))
        jobs = []
        for index in range(completions):
            # Kubernetes sets the variable, and fills $(NAME) in.
            pod_variables = {**variables, "JOB_COMPLETION_INDEX": str(index)}
            words = [re.sub(r"\$\((\w+)\)", lambda found, known=pod_variables: known[found.group(1)], word)
                     for word in container["command"]]
            words = [self.smaller(word, broker.port) for word in words]
            jobs.append(subprocess.Popen(words, executable=running.BIN / words[0], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         env=self.environment(**pod_variables)))
        self.check_parts(jobs, [f"part{index}.json" for index in range(completions)])


if __name__ == "__main__":
    unittest.main()
