#!/usr/bin/env python3
"""mqtk-broker --metrics-port: what Prometheus scrapes."""

import contextlib
import re
import socket
import unittest
import urllib.error
import urllib.request

from running import LIMIT, run, start, wait_until


class Metrics(unittest.TestCase):
    def setUp(self):
        self.broker = start("broker", "--port", 0, "--metrics-port", 0)
        self.addCleanup(self.end)
        self.port = int(self.broker.stdout.readline().strip().rsplit(b":", 1)[1])
        self.url = self.broker.stdout.readline().decode().split()[1]

    def end(self):
        self.broker.terminate()
        self.broker.communicate(timeout=LIMIT)

    def scrape(self):
        with urllib.request.urlopen(self.url, timeout=LIMIT) as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            return answer.read().decode()

    def test_its_url_is_a_listening_line_before_ready(self):
        self.assertRegex(self.url, r"^http://127\.0\.0\.1:\d+/metrics$")
        self.assertEqual(self.broker.stdout.readline(), b"ready\n")

    def test_the_counters_follow_what_happens(self):
        run("pub", "-p", self.port, "-t", "t", "-m", "x", "-q", "1", "-r")
        text = self.scrape()
        for line in ('mqtk_broker_messages_received_total{qos="1"} 1', "mqtk_broker_connects_total 1",
                     'mqtk_broker_messages_dropped_total{reason="queue_full"} 0', "mqtk_broker_clients_connected 0"):
            self.assertIn(f"\n{line}\n", text)

    def test_every_line_is_of_the_text_format(self):
        comment = re.compile(r"# (HELP [a-z_]+ [^\n]+|TYPE [a-z_]+ (counter|gauge))")
        sample = re.compile(r'[a-z_]+(\{[a-z]+="[a-z0-9_]+"\})? \d+')
        for line in self.scrape().splitlines():
            self.assertTrue(comment.fullmatch(line) or sample.fullmatch(line), line)

    def test_other_paths_methods_and_strangers(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(self.url.replace("/metrics", "/"), timeout=LIMIT)
        self.assertEqual(caught.exception.code, 404)
        caught.exception.close()
        port = int(re.search(r":(\d+)/", self.url).group(1))
        for request, wanted in ((b"POST /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 "), (b"x" * 20_000, b"HTTP/1.1 431 ")):
            with socket.create_connection(("127.0.0.1", port), LIMIT) as connected:
                connected.sendall(request)
                self.assertTrue(connected.recv(100).startswith(wanted))

    def test_silent_visitors_have_to_go(self):
        port = int(re.search(r":(\d+)/", self.url).group(1))
        silent = [socket.create_connection(("127.0.0.1", port), LIMIT) for _ in range(64)]
        for each in silent:
            self.addCleanup(each.close)

        def is_served():
            with contextlib.suppress(OSError):
                return "mqtk_broker_clients_connected" in self.scrape()
            return False
        self.assertTrue(wait_until(is_served, LIMIT))
        self.assertEqual(silent[0].recv(1), b"")

    def test_a_port_that_is_taken_is_told_with_its_url(self):
        port = re.search(r":(\d+)/", self.url).group(1)
        done = run("broker", "--port", 0, "--metrics-port", port)
        self.assertEqual((done.returncode, done.stdout), (9, b""))
        self.assertIn(f"listening at http://127.0.0.1:{port}/metrics: address already in use", done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
