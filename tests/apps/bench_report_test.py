#!/usr/bin/env python3
"""The reports of mqtk-bench: HTML in a browser, tables, verdicts, interval logs, and results that are added and compared."""

import csv
import json
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
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
        result = self.result("r", "pubsub", "--rate", 300, "--duration", "1500ms", "--csv", self.folder / "csv")
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
        done = run("bench", "conn", "--output", "/dev/full", "--csv", self.folder / "csv", "--html", "/no/such/folder")
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
