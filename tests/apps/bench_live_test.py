#!/usr/bin/env python3
"""What mqtk-bench shows while it runs: on a terminal, and to Prometheus."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unittest
import urllib.error
import urllib.request

import benching
import running
from running import LIMIT, run


class Live(benching.Cases):
    def on_terminal(self, *arguments, environment=None, act=None):
        """What it writes to a terminal of 80 columns."""
        main, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = subprocess.Popen(
            [running.BIN / "mqtk-bench", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=other,
            env=running.clean_environment({"TERM": "xterm", "LC_ALL": "C.UTF-8", **(environment or {})}))
        os.close(other)
        shown, end = b"", time.monotonic() + LIMIT
        try:
            while time.monotonic() < end:
                ready, _, _ = select.select([main], [], [], 1)
                block = b""
                if ready:
                    with contextlib.suppress(OSError):
                        block = os.read(main, 65536)
                    if not block:
                        break
                shown += block
                if act:
                    act(process)
        finally:
            os.close(main)
            process.kill()
            process.wait(LIMIT)
        return shown.decode()

    def test_a_terminal_shows_progress_rates_latencies_and_a_sparkline_that_are_drawn_anew(self):
        shown = self.on_terminal("pubsub", "--rate", 200, "--duration", "3s")
        self.assertRegex(shown, r"\[#+-+\]  3\d %  1 s of 3 s, 2 s left")
        self.assertRegex(shown, r"received 2\d\d/s")
        self.assertRegex(shown, r"latency  p50 [\d.]+ [um]s  p90 .* p99.9 .*max ")
        self.assertRegex(shown, "rate [▁-█]{2,}")
        self.assertIn("errors 0", shown)
        drawings = shown.split("\x1b[5A\r\x1b[J")
        self.assertGreaterEqual(len(drawings), 3)
        self.assertEqual(drawings[-1], "")  # nothing stays
        for drawing in drawings:
            self.assertLessEqual(max(map(len, drawing.replace("\r", "").split("\n"))), 80)

    def test_a_terminal_without_utf8_gets_ascii(self):
        shown = self.on_terminal("pub", "--rate", 200, "--duration", "1500ms", environment={"LC_ALL": "C"})
        self.assertTrue(shown.isascii())
        self.assertRegex(shown, "rate #")

    def test_quiet_shows_nothing(self):
        self.assertEqual(self.on_terminal("pub", "--rate", 200, "--duration", "1500ms", "--quiet"), "")

    def test_prometheus_reads_growing_counters_and_quantiles_while_it_runs(self):
        port = running.free_port()
        load = running.start("bench", "pubsub", "-q", 1, "--rate", 300, "--duration", "60s", "--metrics-port", port,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            def metrics():
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
                    return page.read().decode()
                return ""

            def sent():
                found = re.search(r"(?m)^mqtk_bench_sent_messages_total (\d+)$", metrics())
                return int(found.group(1)) if found else 0
            self.assertTrue(running.wait_until(lambda: sent() > 100))
            before = sent()
            self.assertTrue(running.wait_until(lambda: sent() > before))
            text = metrics()
            self.assertRegex(text, r'mqtk_bench_latency_seconds\{kind="end_to_end",quantile="0.99"\} \d')
            self.assertIn("# TYPE mqtk_bench_latency_seconds summary", text)
            self.assertRegex(text, r"(?m)^mqtk_bench_generator_cpu_seconds_total \d")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
            self.assertEqual(refused.exception.code, 404)
            refused.exception.close()
        finally:
            load.kill()
            load.wait(LIMIT)

    def test_a_metrics_port_that_is_taken_is_an_error_before_anything_starts(self):
        done = run("bench", "conn", "--metrics-port", self.broker().port)
        self.assertEqual((done.returncode, done.stdout), (9, b""))
        self.assertIn(b"--metrics-port", done.stderr)


if __name__ == "__main__":
    unittest.main()
