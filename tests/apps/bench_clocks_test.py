#!/usr/bin/env python3
"""One load in processes whose clocks differ, as those of several machines do."""

import contextlib
import json
import subprocess
import unittest

import benching
import running
from benching import ACROSS
from running import LIMIT, run


def in_other_clock(seconds):
    """Words that start a program for which the clock that never jumps shows so much more; none where that is not allowed."""
    for words in (["unshare", "-T"], ["unshare", "-Ur", "-T"]):
        words = [*words, "--monotonic", str(seconds)]
        with contextlib.suppress(OSError):
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words
    return []


class Clocks(benching.Cases):
    """The second part has a clock that shows 5,000 seconds more, as on another machine."""

    def setUp(self):
        super().setUp()
        self.shifted = in_other_clock(5000)
        if not self.shifted:
            self.skipTest("no time namespace can be made here")

    def test_the_difference_is_measured_over_the_broker_and_latency_is_corrected_by_it(self):
        # One message after the other.
        port = self.broker("--fault", "delay=100ms topic=mqtk/bench/+ direction=to-client").port
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
        port = self.broker("--fault", "delay=60ms topic=mqtk/bench/clocks/+/answer/+ direction=to-client").port
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
        port = self.broker().port
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


if __name__ == "__main__":
    unittest.main()
