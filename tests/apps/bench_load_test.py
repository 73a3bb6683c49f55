#!/usr/bin/env python3
"""Threads, addresses and the sink of mqtk-bench, and its behaviour on bad days."""

import json
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import benching
import running
from benching import Parallel, error_counts
from running import LIMIT, Scripted, Stream, run, start

CONNACK = b"\x00\x00\x00"  # 5.0: no Session, success, no properties


class Threads(benching.Cases):
    def test_threads_share_the_clients_and_the_counts_are_those_of_one(self):
        for threads in (1, 2, 3):
            result, _ = self.bench("pubsub", "--threads", threads, "--clients", 5, "--subscribers", 5, "--messages", 503,
                                   "--rate", "2k", "-q", 1)
            counts = result["counts"]
            self.assertEqual((counts["sent"], counts["received"], counts["lost"], counts["duplicated"], counts["out_of_order"]),
                             (503, 503, 0, 0, 0), threads)
            self.assertEqual((counts["connected"], counts["subscribed"]), (10, 5))
            self.assertEqual(sum(each["received"] for each in result["series"]), 503)

    def test_more_threads_than_clients_do_no_harm(self):
        result, _ = self.bench("pub", "--threads", 4, "--clients", 1, "--messages", 10, "--rate", 500)
        self.assertEqual(result["counts"]["sent"], 10)

    def test_connections_come_from_the_addresses_of_the_range_in_turn(self):
        peers = []
        broker = self.opened(Parallel(lambda stream, _: (peers.append(stream.socket.getpeername()[0]), stream.receive(),
                                                         stream.send(0x20, CONNACK), stream.receive())))
        self.bench("conn", "-p", broker.port, "-h", "127.0.0.1", "--clients", 4, "--bind-range", "127.0.0.5-127.0.0.6")
        self.assertEqual(sorted(peers), ["127.0.0.5", "127.0.0.5", "127.0.0.6", "127.0.0.6"])
        done = run("bench", "conn", "--bind-range", "127.0.0.9-127.0.0.1")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"--bind-range", done.stderr)

    def test_too_few_descriptors_are_told_before_anything_is_connected(self):
        done = subprocess.run(["bash", "-c", f"ulimit -n 100; exec {running.BIN}/mqtk-bench conn --clients 200"],
                              capture_output=True, check=False, timeout=LIMIT)
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"open files", done.stderr)


class Sink(benching.Cases):
    def test_the_sink_counts_what_came_and_says_that_it_is_one(self):
        sink = start("bench", "sink", "--listen", "mqtt://127.0.0.1:0")
        try:
            port = int(sink.stdout.readline().decode().strip().rsplit(":", 1)[1])
            self.assertEqual(sink.stdout.readline(), b"ready\n")
            for qos in (0, 1, 2):
                result, _ = self.bench("pub", "-p", port, "-q", qos, "--max", "--messages", 1000, "--clients", 2)
                self.assertEqual(result["counts"]["acknowledged"], 1000 if qos else 0)
            sink.send_signal(signal.SIGTERM)
            text, _ = sink.communicate(timeout=LIMIT)
        finally:
            sink.kill()
        self.assertEqual(sink.returncode, 0)
        self.assertIn(b"connections 6, messages 3000, ", text)

    def test_a_run_against_the_sink_states_that_it_shows_the_ceiling(self):
        _, text = self.bench("pub", "--sink", "--max", "--messages", 10_000)
        self.assertIn("sink", text)
        self.assertIn("ceiling", text)

    def test_a_sink_passes_nothing_on_so_receivers_are_refused(self):
        for kind in ("sub", "pubsub", "rtt"):
            done = run("bench", kind, "--sink")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"--sink", done.stderr)


class BadDays(benching.Cases):
    def test_some_connections_are_refused_and_the_others_go_on(self):
        def talk(stream, number):
            stream.receive()
            stream.send(0x20, CONNACK if number % 2 else b"\x00\x97\x00")
            while stream.receive():
                pass
        result, _ = self.bench("pub", "-p", self.opened(Parallel(talk)).port, "--clients", 4, "--rate", 100,
                               "--messages", 20, expect=5)
        self.assertEqual(result["counts"]["connected"], 2)
        self.assertEqual(error_counts(result), {"connect_refused": 2, "not_sent": 10})
        self.assertEqual(result["counts"]["sent"], 10)

    def test_a_broker_that_dies_and_comes_back_costs_latency_but_no_message_of_qos_1(self):
        broker = self.broker()
        proxy = running.CuttingProxy(broker.port, [])
        self.addCleanup(proxy.close)
        load = start("bench", "pub", "-p", proxy.port, "-q", 1, "--rate", 200, "--duration", "3s", "--reconnect", "forever",
                     "--reconnect-delay", "200ms", "--output", self.file, "--assert", "reconnected>=1", "--assert", "errors<=200",
                     stdout=subprocess.DEVNULL)
        try:
            self.assertTrue(load.stderr.readline())  # the first second has passed
            proxy.cut_all()
            self.assertEqual(load.wait(LIMIT), 0)
        finally:
            load.kill()
            load.stderr.close()
        result = json.loads(self.file.read_text())
        counts = result["counts"]
        self.assertEqual(counts["sent"], 600)
        self.assertEqual(counts["reconnected"], 1)
        errors = error_counts(result)
        self.assertEqual(errors["connection_lost"], 1)
        # Sent into the dying connection: nobody knows whether they arrived.
        self.assertEqual(counts["acknowledged"] + errors.get("not_acknowledged", 0), 600)
        self.assertGreater(result["latencies"]["publish"]["max_ns"], 90e6)

    def test_a_broker_that_stops_reading_has_a_name_of_its_own(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            time.sleep(5)
        began = time.monotonic()
        result, _ = self.bench("pub", "-p", self.opened(Scripted(talk)).port, "--size", 100_000, "--rate", 500, "--duration", "1s",
                               "--drain", "300ms", expect=5)
        self.assertLess(time.monotonic() - began, 20)
        errors = error_counts(result)
        self.assertEqual(errors["stopped_reading"], 1)
        self.assertGreater(errors["not_sent"], 100)

    def test_late_acknowledgements_are_seen_in_full_length(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            held = []
            while came := stream.receive():
                first, body = came
                if first >> 4 == 3:
                    size = struct.unpack("!H", body[:2])[0]
                    held.append(body[2 + size:4 + size])
                if len(held) == 5:
                    time.sleep(0.5)
                    for identifier in held:
                        stream.send(0x40, identifier)
                    held = []
        result, _ = self.bench("pub", "-p", self.opened(Scripted(talk)).port, "-q", 1, "--rate", 100, "--messages", 5)
        self.assertEqual(result["counts"]["acknowledged"], 5)
        self.assertGreaterEqual(result["latencies"]["publish"]["min_ns"], 450e6)

    def test_acknowledgements_that_never_come_have_a_name_of_their_own(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while stream.receive():
                pass
        result, _ = self.bench("pub", "-p", self.opened(Scripted(talk)).port, "-q", 1, "--messages", 7, "--rate", 500, "--drain",
                               "200ms", expect=6)
        self.assertEqual(error_counts(result), {"not_acknowledged": 7})

    def test_garbage_in_the_middle_is_a_broken_protocol_and_the_client_comes_back_if_it_may(self):
        def talk(stream, number):
            stream.receive()
            stream.send(0x20, CONNACK)
            if number == 1:
                stream.socket.sendall(b"\xff\xff\xff\xff\xff\xff")
            while stream.receive():
                pass
        result, _ = self.bench("pub", "-p", self.opened(Parallel(talk)).port, "--rate", 100, "--duration", "1s",
                               "--reconnect", 3, "--reconnect-delay", "50ms", "--assert", "errors<=1")
        self.assertEqual(error_counts(result), {"protocol_broken": 1})
        self.assertEqual((result["counts"]["sent"], result["counts"]["reconnected"]), (100, 1))

    def test_handshakes_beyond_the_backlog_are_seen_at_a_second_and_explained(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(listener.close)

        def serve():
            time.sleep(0.4)
            while True:
                try:
                    connected, _ = listener.accept()
                except OSError:
                    return
                stream = Stream(connected)
                stream.receive()
                stream.send(0x20, CONNACK)
                open_streams.append(stream)
        open_streams = []
        threading.Thread(target=serve, daemon=True).start()
        result, text = self.bench("conn", "-h", "127.0.0.1", "-p", listener.getsockname()[1], "--clients", 6, "--pending", 6,
                                  "--assert", "connected==6")
        self.assertGreater(result["latencies"]["tcp"]["max_ns"], 0.95e9)
        self.assertIn("SYN was lost and sent again", " ".join(text.split()))
        for stream in open_streams:
            stream.close()

    def test_a_second_interrupt_ends_at_once(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while stream.receive():
                pass
        load = start("bench", "pub", "-p", self.opened(Scripted(talk)).port, "-q", 1, "--rate", 100, "--duration", "30s", "--drain", "30s")
        try:
            self.assertTrue(load.stderr.readline())
            load.send_signal(signal.SIGINT)
            time.sleep(0.3)
            load.send_signal(signal.SIGINT)
            self.assertEqual(load.wait(LIMIT), 128 + signal.SIGINT)
        finally:
            load.kill()
            load.communicate()


if __name__ == "__main__":
    unittest.main()
