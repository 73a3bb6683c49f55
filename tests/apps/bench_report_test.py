#!/usr/bin/env python3
"""The reports of mqtk-bench: HTML in a browser, tables, verdicts, interval logs, and results that are added and compared."""

import calendar
import contextlib
import csv
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree
import zlib

import running
from running import LIMIT, MqtkBroker, run


class Cases(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def bench(self, *arguments, expect=0):
        done = run("bench", *arguments)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout.decode()

    def result(self, name, *arguments, expect=0):
        self.bench(*arguments, "--quiet", "--output", self.folder / name, expect=expect)
        return json.loads((self.folder / name).read_text())

    def broker(self):
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        return broker


class Files(Cases):
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
        self.bench("pubsub", "--messages", 10, "--rate", 500, "--junit", self.folder / "xml", "--assert", "loss==0",
                   "--assert", "received > 10", expect=8)
        suite = xml.etree.ElementTree.parse(self.folder / "xml").getroot().find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("errors")), ("3", "1", "0"))
        cases = suite.findall("testcase")
        self.assertEqual([case.get("name") for case in cases[1:]], ["loss==0", "received > 10"])
        self.assertEqual([case.find("failure") is None for case in cases], [True, True, False])
        self.assertEqual(cases[2].find("failure").get("message"), "received > 10 does not hold: 10")

    def test_a_run_with_errors_is_a_failed_test_that_names_them(self):
        self.bench("conn", "-p", running.free_port(), "--junit", self.folder / "xml", expect=2)
        suite = xml.etree.ElementTree.parse(self.folder / "xml").getroot().find("testsuite")
        self.assertIn("connect_failed", suite.find("testcase/failure").text)

    def test_every_file_is_tried_when_one_cannot_be_written(self):
        done = run("bench", "conn", "--output", "/dev/full", "--series", self.folder / "csv", "--html", "/no/such/folder")
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"connected 1 of 1", done.stdout)
        self.assertIn(b"No space left", done.stderr)
        self.assertIn(b"--html '/no/such/folder'", done.stderr)
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


class Page(Cases):
    """The HTML report in headless Chromium."""

    @classmethod
    def setUpClass(cls):
        cls.chromium = shutil.which("chromium")
        if not cls.chromium:
            raise RuntimeError("chromium is missing; install chromium")
        cls.made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.made.cleanup)
        cls.page = pathlib.Path(cls.made.name) / "report.html"
        done = run("bench", "pubsub", "-q", 1, "--rate", 200, "--duration", "3s", "--clients", 2, "--quiet",
                   "--html", cls.page, "--assert", "p50(latency)<1h", "--assert", "loss<0", "-t", "a<b>&\"/{i}")
        assert done.returncode == 8, done

    def chrome(self, *arguments):
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run(
                [self.chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", f"--user-data-dir={profile}", *arguments],
                capture_output=True, timeout=2 * LIMIT, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout.decode()

    def screenshot(self, scheme):
        """Rows of (r, g, b) as the page is shown with this colour scheme."""
        file = self.folder / "page.png"
        self.chrome("--window-size=800,900", f"--blink-settings=preferredColorScheme={scheme}",
                    f"--screenshot={file}", self.page.as_uri())
        return png_rows(file.read_bytes())

    def test_it_is_one_file_that_asks_for_nothing(self):
        text = self.page.read_text()
        for word in ("http:", "https:", "src=", "href=", "@import", "url(", "<script"):
            self.assertNotIn(word, text)
        self.assertIn("default-src 'none'", text)

    def test_the_browser_builds_all_charts_tables_and_verdicts_of_it(self):
        dom = self.chrome("--dump-dom", self.page.as_uri())
        for title in ("Messages per second", "Latency", "Processor time", "Latency by percentile"):
            self.assertRegex(dom, f'<text class="title"[^>]*>{title}')
        self.assertEqual(dom.count("<svg"), 4)
        for line in ("sent", "acknowledged", "received", "median", "p99", "load generator", "broker",
                     "from the intended time", "from the send"):
            self.assertIn(f"<title>{line}</title>", dom)
        self.assertIn("a&lt;b&gt;&amp;", dom)  # the topic is text, not markup
        self.assertRegex(dom, r'"good">holds</span> p50\(latency\)&lt;1h')
        self.assertRegex(dom, r'"fails">FAILS</span> loss&lt;0')

    def test_it_is_light_or_dark_as_asked_and_its_lines_are_there(self):
        light, dark = self.screenshot(1), self.screenshot(0)
        self.assertGreater(min(light[5][5]), 240)
        self.assertLess(max(dark[5][5]), 40)
        for rows, blue in ((light, (31, 99, 198)), (dark, (120, 174, 255))):
            found = sum(pixel == blue for row in rows for pixel in row)
            self.assertGreater(found, 100, "the first line of the charts")

    def test_it_prints_on_a_few_pages_of_white_paper(self):
        file = self.folder / "page.pdf"
        self.chrome(f"--print-to-pdf={file}", self.page.as_uri())
        pages = len(re.findall(rb"/Type\s*/Page\b", file.read_bytes()))
        self.assertTrue(1 <= pages <= 6, pages)


class Results(Cases):
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

    def test_a_repeated_run_is_one_result_with_figures_of_each(self):
        text = self.bench("pubsub", "--rate", 200, "--messages", 50, "--repeat", 3, "--output", self.folder / "r")
        self.assertRegex(text, r"(?m)^3 +[0-9.]+ +0.0 +[0-9.]+ ")
        result = json.loads((self.folder / "r").read_text())
        self.assertEqual((result["counts"]["sent"], result["counts"]["received"], result["counts"]["lost"]), (150, 150, 0))
        self.assertEqual(len(result["repeats"]), 3)
        self.assertAlmostEqual(result["repeats"][0]["sent_rate"], 200, delta=60)

    def test_a_result_differs_in_nothing_from_itself(self):
        self.result("a", "pubsub", "--rate", 300, "--duration", "3s")
        text = self.bench("compare", self.folder / "a", self.folder / "a", "--tolerance", 0)
        self.assertRegex(text, r"received per second .*no difference shown")
        self.assertIn("\nno difference shown\n", text)
        self.assertIn("holds: nothing is shown to be worse", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_half_the_rate_is_worse_past_the_tolerance(self):
        port = self.broker().port
        self.result("a", "pubsub", "-p", port, "--rate", 400, "--duration", "4s")
        self.result("b", "pubsub", "-p", port, "--rate", 200, "--duration", "4s")
        text = self.bench("compare", self.folder / "a", self.folder / "b", "--tolerance", "10%", expect=8)
        self.assertRegex(text, r"received per second .*worse: -[45]\d")
        self.assertRegex(text, "FAILS: sent per second is worse by more than 10 %")
        # The other way round it is better, and without a tolerance there is no verdict.
        self.assertRegex(self.bench("compare", self.folder / "b", self.folder / "a"), r"sent per second .*better")
        self.bench("compare", self.folder / "a", self.folder / "b")

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


class Shared(Cases):
    """One load in several processes."""

    def test_four_shards_under_gnu_parallel_are_the_load_of_one_process(self):
        if not shutil.which("parallel"):
            raise RuntimeError("parallel is missing; install parallel")
        port = self.broker().port
        # Every subscriber hears all publishers, so that most messages pass from one shard to another.
        load = ["pubsub", "-p", port, "-q", 1, "--clients", 8, "--subscribers", 4, "--filter", "mqtk/bench/+", "--rate", 400,
                "--duration", "2s", "--quiet"]
        one = self.result("one", *load)
        start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
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


class Live(Cases):
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

    def test_the_brokers_own_figures_are_noted_before_and_after(self):
        broker = running.Mosquitto(["sys_interval 1"])
        self.addCleanup(broker.close)
        result = self.result("r", "pub", "-p", broker.port, "-q", 1, "--rate", 500, "--messages", 700, "--sys")
        figures = {figure["topic"]: figure for figure in result["broker_figures"]}
        received = figures["$SYS/broker/publish/messages/received"]
        self.assertEqual(int(received["last"]) - int(received["first"]), 700)

    def test_the_handshake_of_tls_is_a_latency_of_its_own(self):
        certificate, key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       capture_output=True, timeout=LIMIT, check=True)
        port = running.free_port()
        files = {"certificate.pem": certificate.read_text(), "key.pem": key.read_text()}
        broker = running.Mosquitto([f"listener {port} 127.0.0.1", "certfile {folder}/certificate.pem",
                                    "keyfile {folder}/key.pem"], files=files)
        self.addCleanup(broker.close)
        # Certificates that the system trusts, for OpenSSL.
        done = subprocess.run([running.BIN / "mqtk-bench", "conn", "--url", f"mqtts://localhost:{port}", "--clients", "5",
                               "--output", self.folder / "r", "--assert", "min(tls)>0us"], capture_output=True, timeout=LIMIT,
                              env=running.clean_environment({"SSL_CERT_FILE": str(certificate)}), check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        latencies = json.loads((self.folder / "r").read_text())["latencies"]
        self.assertEqual([latencies[kind]["count"] for kind in ("tcp", "tls", "connack", "connect")], [5, 5, 5, 5])
        parts = sum(latencies[kind]["mean_ns"] for kind in ("tcp", "tls", "connack"))
        self.assertAlmostEqual(parts / latencies["connect"]["mean_ns"], 1, delta=0.3)

    def test_a_second_interrupt_ends_at_once(self):
        load = running.start("bench", "pub", "-q", 1, "--duration", "60s", "--drain", "60s", "-p", self.deaf_broker())
        try:
            self.assertTrue(load.stderr.readline())
            load.send_signal(signal.SIGINT)
            time.sleep(0.5)
            load.send_signal(signal.SIGINT)
            self.assertEqual(load.wait(10), 130)
        finally:
            load.kill()
            load.communicate()

    def deaf_broker(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\0\0\0")
            while stream.receive():
                pass
        broker = running.Scripted(talk)
        self.addCleanup(broker.close)
        return broker.port


def png_rows(data):
    """A PNG with 8 bits a channel, as the specification describes it."""
    position, packed = 8, b""
    while position < len(data):
        length, kind = struct.unpack("!I4s", data[position:position + 8])
        content = data[position + 8:position + 8 + length]
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack("!IIBB", content[:10])
        if kind == b"IDAT":
            packed += content
        position += 12 + length
    if depth != 8 or color not in (2, 6):
        raise ValueError(f"unexpected PNG: {depth} bits, color type {color}")
    size = 3 if color == 2 else 4
    plain, stride, rows = zlib.decompress(packed), width * size, []
    previous = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        row = unfiltered(plain[start], bytearray(plain[start + 1:start + 1 + stride]), previous, size)
        rows.append([tuple(row[x:x + 3]) for x in range(0, stride, size)])
        previous = row
    return rows


def unfiltered(kind, row, above, size):
    for x in range(len(row)):
        left = row[x - size] if x >= size else 0
        corner = above[x - size] if x >= size else 0
        up = above[x]
        if kind == 1:
            row[x] = (row[x] + left) & 255
        elif kind == 2:
            row[x] = (row[x] + up) & 255
        elif kind == 3:
            row[x] = (row[x] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            distances = [abs(guess - left), abs(guess - up), abs(guess - corner)]
            row[x] = (row[x] + (left, up, corner)[distances.index(min(distances))]) & 255
    return row


if __name__ == "__main__":
    unittest.main()
