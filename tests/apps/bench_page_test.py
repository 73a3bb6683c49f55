#!/usr/bin/env python3
"""The HTML report of mqtk-bench in headless Chromium."""

import pathlib
import re
import struct
import subprocess
import tempfile
import unittest
import zlib

import benching
from running import LIMIT, browser, run


class Page(benching.Cases):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.made.cleanup)
        cls.page = pathlib.Path(cls.made.name) / "report.html"
        done = run("bench", "pubsub", "-q", 1, "--rate", 200, "--duration", "3s", "--clients", 2, "--quiet",
                   "--html", cls.page, "--assert", "p50(latency)<1h", "--assert", "loss<0", "-t", "a<b>&\"/{i}")
        assert done.returncode == 8, done

    def chrome(self, *arguments):
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run(
                [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
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
