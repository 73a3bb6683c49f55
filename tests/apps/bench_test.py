#!/usr/bin/env python3
"""mqtk-bench, run for real: against mqtk-broker, and against scripted brokers that misbehave."""

import base64
import json
import signal
import struct
import subprocess
import time
import unittest
import zlib

import benching
import running
from running import LIMIT, Observer, Scripted, run, start

CONNACK = b"\x00\x00\x00"  # 5.0: no Session, success, no properties


class Counts(benching.Cases):
    def test_every_message_arrives_once_in_order_at_each_qos_and_version(self):
        port = self.broker().port
        for version in ("5", "3.1.1", "3.1"):
            for qos in (0, 1, 2):
                result, _ = self.bench("pubsub", "-p", port, "-V", version, "-q", qos, "--clients", 3, "--rate", "2k",
                                       "--messages", 100, "--quiet")
                counts = result["counts"]
                self.assertEqual((counts["sent"], counts["received"], counts["connected"], counts["subscribed"]),
                                 (100, 100, 6, 3))
                self.assertEqual(counts["acknowledged"], 100 if qos else 0)
                for name in ("lost", "duplicated", "out_of_order", "unacknowledged", "foreign", "undecided"):
                    self.assertEqual(counts[name], 0, name)
                self.assertEqual(result["errors"], [])
                self.assertEqual(result["latencies"]["end_to_end"]["count"], 100)

    def test_an_observer_sees_as_many_messages_as_are_counted_with_stamps_in_sequence(self):
        port = self.broker().port
        observer = Observer(port, "load/#")
        self.addCleanup(observer.close)
        result, _ = self.bench("pub", "-p", port, "-t", "load/{i}/x", "--clients", 2, "--max", "--messages", 5001,
                               "--size", 20)
        self.assertEqual(result["counts"]["sent"], 5001)
        self.assertEqual(result["counts"]["sent_bytes"], 5001 * 20)
        self.assertTrue(observer.wait_for(5001))
        time.sleep(0.2)
        self.assertEqual(len(observer.messages), 5001)
        firsts = set()
        for stream in (0, 1):
            payloads = [payload for topic, payload, _ in observer.messages if topic == f"load/{stream}/x"]
            self.assertEqual({(len(payload), payload[0]) for payload in payloads}, {(20, 0xB7)})
            firsts |= {(struct.unpack("!I", payload[1:5])[0] - stream) % 2**32 for payload in payloads}
            self.assertEqual([struct.unpack("!I", payload[5:9])[0] for payload in payloads],
                             list(range(2501 - stream)))
        self.assertEqual(len(firsts), 1)  # that of the run

    def test_fan_out_gives_each_subscriber_its_copy_and_fan_in_all_to_one(self):
        port = self.broker().port
        result, _ = self.bench("pubsub", "-p", port, "--clients", 1, "--subscribers", 5, "--messages", 20, "--rate", 500)
        self.assertEqual((result["counts"]["sent"], result["counts"]["received"]), (20, 100))
        result, _ = self.bench("pubsub", "-p", port, "--clients", 5, "--subscribers", 1, "--messages", 20, "--rate", 500)
        self.assertEqual((result["counts"]["sent"], result["counts"]["received"]), (20, 20))

    def test_a_shared_subscription_gets_each_message_once_whoever_receives_it(self):
        result, _ = self.bench("pubsub", "--filter", "$share/workers/mqtk/bench/+", "--clients", 2, "--subscribers", 4,
                               "--messages", 100, "--rate", 1000, "-q", 1)
        counts = result["counts"]
        self.assertEqual((counts["sent"], counts["received"], counts["expected"], counts["lost"]), (100, 100, 100, 0))
        self.assertEqual(counts["out_of_order"], 0)

    def test_warm_up_is_sent_and_checked_but_not_measured(self):
        result, _ = self.bench("pubsub", "--rate", 100, "--warmup", "500ms", "--duration", "500ms")
        self.assertEqual((result["counts"]["sent"], result["counts"]["received"]), (100, 100))
        self.assertEqual((result["measured"]["sent"], result["measured"]["received"]), (50, 50))
        self.assertEqual(result["latencies"]["end_to_end"]["count"], 50)
        # Of the half second that is measured, or of a little more on a busy machine.
        self.assertLess(result["rates"]["sent"], 101)
        self.assertAlmostEqual(result["rates"]["sent"], 50e9 / result["times"]["sending_ns"], places=1)

    def test_sub_counts_what_a_pub_of_another_process_sends(self):
        port = self.broker().port
        receiver = start("bench", "sub", "-p", port, "--messages", 300, "--duration", "30s", "-q", 1,
                         "--output", self.file, stdout=subprocess.DEVNULL)
        try:
            self.assertTrue(receiver.stderr.readline())  # it has subscribed and waits
            self.assertEqual(run("bench", "pub", "-p", port, "-q", 1, "--clients", 3, "--rate", 1000,
                                 "--messages", 300).returncode, 0)
            self.assertEqual(receiver.wait(LIMIT), 0)
        finally:
            receiver.kill()
            receiver.stderr.close()
        counts = json.loads(self.file.read_text())["counts"]
        self.assertEqual((counts["received"], counts["lost"], counts["duplicated"]), (300, 0, 0))

    def test_messages_of_others_are_foreign_and_spoil_no_count(self):
        port = self.broker().port
        self.assertEqual(run("pub", "-p", port, "-t", "mqtk/bench/0", "-r", "-m", "not of this test").returncode, 0)
        result, _ = self.bench("pubsub", "-p", port, "--messages", 10, "--rate", 200)
        self.assertEqual((result["counts"]["received"], result["counts"]["foreign"], result["counts"]["lost"]), (10, 1, 0))

    def test_rtt_measures_until_the_answer_at_each_qos_and_version(self):
        port = self.broker().port
        for version, qos, responders in (("5", 0, 1), ("5", 1, 3), ("3.1.1", 2, 1)):
            result, text = self.bench("rtt", "-p", port, "-V", version, "-q", qos, "--clients", 3, "--responders",
                                      responders, "--rate", 500, "--messages", 60)
            counts = result["counts"]
            self.assertEqual((counts["sent"], counts["received"], counts["lost"], counts["duplicated"]), (60, 60, 0, 0))
            self.assertEqual(result["latencies"]["round_trip"]["count"], 60)
            self.assertEqual(result["main_latency"], "round_trip")
            self.assertIn("answered", text)

    def test_rtt_measures_a_service_that_knows_response_topic_and_correlation_data(self):
        port = self.broker().port
        proxy = running.CuttingProxy(port, [])
        self.addCleanup(proxy.close)
        service = start("sub", "-p", proxy.port, "-t", "service/time", "--json", stderr=subprocess.DEVNULL)
        try:
            self.assertTrue(proxy.subscribed.wait(LIMIT))
            result, _ = self.bench("rtt", "-p", port, "-t", "service/time", "--responders", 0, "--closed", 2,
                                   "--messages", 4, "--duration", "300ms", "--drain", "100ms")
            # Nobody answers: two are sent, and both are lost.
            self.assertEqual((result["counts"]["sent"], result["counts"]["lost"]), (2, 2))
            requests = [json.loads(service.stdout.readline()) for _ in range(2)]
            for number, request in enumerate(requests):
                self.assertEqual(request["properties"]["response_topic"], "mqtk/bench/response/0")
                stamp = base64.b64decode(request["properties"]["correlation_data_base64"])
                self.assertEqual((len(stamp), stamp[0], stamp[5:9]), (16, 0xB7, struct.pack("!I", number)))
        finally:
            service.kill()
            service.communicate()

    def test_conn_connects_all_and_measures_it(self):
        result, text = self.bench("conn", "--clients", 300)
        self.assertEqual(result["counts"]["connected"], 300)
        self.assertEqual(result["latencies"]["connect"]["count"], 300)
        self.assertIn("connected 300 of 300", text)


class Honesty(benching.Cases):
    def test_a_broker_that_stops_for_a_second_delays_what_the_schedule_says(self):
        """Due-time latency: of a stall of 1 s under a fixed rate, delays from 1 s down to 0 are seen, 500 ms on average."""
        broker = self.broker()
        load = start("bench", "pubsub", "-p", broker.port, "-q", 1, "--clients", 10, "--rate", 1000, "--duration", "4s",
                     "--output", self.file, stdout=subprocess.DEVNULL)
        try:
            self.assertTrue(load.stderr.readline())  # the first second has passed
            broker.process.send_signal(signal.SIGSTOP)
            stopped = time.monotonic()
            time.sleep(1)
            stall = time.monotonic() - stopped
            broker.process.send_signal(signal.SIGCONT)
            self.assertEqual(load.wait(LIMIT), 0)
        finally:
            broker.process.send_signal(signal.SIGCONT)
            load.kill()
            load.stderr.close()
        result = json.loads(self.file.read_text())
        self.assertEqual((result["counts"]["sent"], result["counts"]["received"], result["counts"]["lost"]),
                         (4000, 4000, 0))
        latency = result["latencies"]["end_to_end"]
        self.assertEqual(latency["count"], 4000)
        # A quarter of the messages was due in the stall: the quantile 1 - x/4 is delayed by 1 s - x s. What leaves the
        # waiting out reports far less; a busy machine adds to it.
        for measured, least in ((latency["max_ns"], 0.9), (latency["percentiles_ns"]["95"], 0.72),
                                (latency["percentiles_ns"]["90"], 0.54), (latency["mean_ns"], 0.1125)):
            self.assertGreaterEqual(measured / 1e9, least)
            self.assertLessEqual(measured / 1e9, least + stall + 1)

    def test_the_seconds_of_the_series_add_up_to_the_whole(self):
        result, _ = self.bench("pubsub", "-q", 1, "--rate", 200, "--duration", "2500ms", "--size", 50)
        series = result["series"]
        self.assertGreaterEqual(len(series), 3)
        for name in ("sent", "acknowledged", "received", "sent_bytes", "received_bytes"):
            self.assertEqual(sum(second[name] for second in series), result["counts"][name], name)
        for kind in ("end_to_end", "end_to_end_service", "publish", "publish_service", "lateness"):
            self.assertEqual(sum(second["latencies"].get(kind, {"count": 0})["count"] for second in series),
                             result["latencies"][kind]["count"], kind)
        for second in series[:2]:
            self.assertLessEqual(second["latencies"]["end_to_end"]["percentiles_ns"]["50"],
                                 second["latencies"]["end_to_end"]["percentiles_ns"]["99.9"])

    def test_the_histogram_in_the_report_is_hdrhistograms_v2_with_all_counts(self):
        result, _ = self.bench("pubsub", "--messages", 50, "--rate", 500)
        packed = base64.b64decode(result["latencies"]["end_to_end"]["histogram"])
        cookie, length = struct.unpack("!II", packed[:8])
        self.assertEqual(cookie, 0x1C849314)
        plain = zlib.decompress(packed[8:8 + length])
        cookie, counts_length, _, digits, lowest, highest, _ = struct.unpack("!IIIIQQd", plain[:40])
        self.assertEqual((cookie, digits, lowest, highest), (0x1C849313, 3, 1000, 3_600_000_000_000))
        self.assertEqual(sum(count for count in zigzag_numbers(plain[40:40 + counts_length]) if count > 0), 50)


def zigzag_numbers(data):
    value, shift, taken = 0, 0, 0
    for byte in data:
        taken += 1
        if taken == 9:
            value |= byte << shift
        else:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte & 0x80:
                continue
        yield (value >> 1) ^ -(value & 1)
        value, shift, taken = 0, 0, 0


class Verdicts(benching.Cases):
    def test_a_condition_that_fails_ends_with_status_8_and_is_told(self):
        result, text = self.bench("pubsub", "--messages", 10, "--rate", 500, "--assert", "loss==0",
                                  "--assert", "received>10", expect=8)
        self.assertIn("holds: loss==0 (0)", text)
        self.assertIn("FAILS: received>10 (10)", text)
        self.assertEqual([(each["condition"], each["holds"]) for each in result["thresholds"]],
                         [("loss==0", True), ("received>10", False)])

    def test_what_no_run_can_bring_about_is_told_before_one(self):
        """A typing error must not cost the report of an hour, nor a condition hold that judges something else."""
        for words, said in ((["pub", "--assert", "p99(latency)<20ms"], "--assert 'p99(latency)<20ms': this load measures no such"),
                            (["pub", "--assert", "max(publish_service)<20ms"], "give -q 1 or 2, or measure with pubsub"),
                            (["pubsub", "--assert", "p99(round_trip)<20ms"], "no such latency"),
                            (["pub", "-q", "1", "--assert", "loss==0"], "nobody receives what this load sends"),
                            (["pubsub", "--assert", "p99(latency)<20"], "20 of what? Give a unit, such as 20ms"),
                            (["pub", "--output", self.folder / "none" / "r"], "r': cannot write: No such file or directory"),
                            (["pub", "--html", self.folder], "cannot write: Is a directory")):
            done = run("bench", *words, "--duration", "1h")
            self.assertEqual((done.returncode, done.stdout), (1, b""), words)
            self.assertIn(said, done.stderr.decode())
        # That of connecting can always be measured.
        self.text("pub", "--messages", 1, "--assert", "max(connect)<1h")

    def test_the_summary_fits_80_columns(self):
        _, text = self.bench("pubsub", "--messages", 10, "--rate", 500, "-q", 2, "--clients", 4)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_one_line_a_second_goes_to_stderr_and_none_when_quiet(self):
        done = run("bench", "pubsub", "--rate", 100, "--duration", "2500ms")
        self.assertGreaterEqual(len(done.stderr.splitlines()), 2)
        done = run("bench", "pubsub", "--rate", 100, "--duration", "1500ms", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_an_interrupt_ends_early_with_a_valid_report(self):
        load = start("bench", "pubsub", "--rate", 200, "--duration", "60s", "--output", self.file)
        self.assertTrue(load.stderr.readline())
        load.send_signal(signal.SIGINT)
        text, _ = load.communicate(timeout=LIMIT)
        self.assertEqual(load.returncode, 0)
        self.assertIn(b"ended early", text)
        result = json.loads(self.file.read_text())
        self.assertTrue(result["ended_early"])
        self.assertEqual((result["counts"]["received"], result["counts"]["lost"]), (result["counts"]["sent"], 0))
        self.assertGreater(result["counts"]["sent"], 50)

    def test_a_mistake_is_told_before_anything_starts(self):
        for arguments, word in (
                ([], "what to measure"), (["fast"], "pub, sub, pubsub, rtt, conn"), (["sub", "-p", 1, "--rate", 5], "--rate"),
                (["conn", "-q", 1], "--qos"), (["pub", "--filter", "a"], "--filter"), (["sub"], "broker"),
                (["pub", "--closed", 5], "-q 1"), (["pub", "--max", "--rate", 5], "--max"),
                (["pub", "--size", 15], "--size"), (["pub", "-t", "a/#"], "--topic"),
                (["pub", "--clients", 2, "--id", "same"], "{i}"), (["pub", "--assert", "speed>1"], "speed"),
                (["pubsub", "--filter", "a/{n}"], "--filter"), (["pub", "--broker", "embedded", "-p", 1], "--broker"),
                (["pub", "--rate", "fast"], "--rate")):
            done = run("bench", *arguments)
            self.assertEqual((done.returncode, done.stdout), (1, b""), arguments)
            self.assertIn(word, done.stderr.decode())

    def test_a_report_that_cannot_be_written_is_an_error_after_the_summary(self):
        done = run("bench", "conn", "--output", "/dev/full")
        self.assertEqual(done.returncode, 9)
        self.assertIn(b"connected 1 of 1", done.stdout)
        self.assertIn(b"No space left", done.stderr)


class BadDays(benching.Cases):
    def errors(self, result):
        return [(error["kind"], error.get("reason_code"), error["count"]) for error in result["errors"]]

    def scripted(self, talk):
        broker = Scripted(talk)
        self.addCleanup(broker.close)
        return broker.port

    def test_nobody_listening_is_status_2(self):
        result, _ = self.bench("pub", "-p", running.free_port(), "--clients", 3, expect=2)
        self.assertEqual(self.errors(result), [("connect_failed", None, 3)])

    def test_a_refused_connect_is_counted_with_its_reason_code(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\x00\x87\x00")
        result, text = self.bench("pub", "-p", self.scripted(talk), "--clients", 2, expect=3)
        self.assertEqual(self.errors(result), [("connect_refused", 0x87, 2)])
        self.assertIn("Not authorized (0x87)", text)

    def test_a_denied_subscription_is_counted_and_nothing_is_expected_of_it(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while came := stream.receive():
                first, body = came
                if first >> 4 == 8:
                    stream.send(0x90, body[:2] + b"\x00\x87")
        result, _ = self.bench("sub", "-p", self.scripted(talk), "--duration", "200ms", expect=4)
        self.assertEqual(self.errors(result), [("subscription_denied", 0x87, 1)])
        self.assertEqual((result["counts"]["subscribed"], result["counts"]["lost"]), (0, 0))

    def test_refused_publishes_are_counted_apart(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            count = 0
            while came := stream.receive():
                first, body = came
                if first >> 4 == 3:
                    size = struct.unpack("!H", body[:2])[0]
                    identifier = body[2 + size:4 + size]
                    count += 1
                    stream.send(0x40, identifier + (b"\x97\x00" if count % 2 else b""))
        result, _ = self.bench("pub", "-p", self.scripted(talk), "-q", 1, "--messages", 10, "--rate", 500, expect=4)
        self.assertEqual(self.errors(result), [("publish_refused", 0x97, 5)])
        self.assertEqual((result["counts"]["sent"], result["counts"]["acknowledged"]), (10, 5))
        result, _ = self.bench("pub", "-p", self.scripted(talk), "-q", 1, "--messages", 10, "--rate", 500,
                               "--assert", "errors<=5")

    def test_acknowledgements_that_never_come_end_with_the_drain(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while stream.receive():
                pass
        began = time.monotonic()
        result, _ = self.bench("pub", "-p", self.scripted(talk), "-q", 1, "-M", 4, "--messages", 10, "--rate", 500,
                               "--drain", "300ms", expect=5)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual((result["counts"]["sent"], result["counts"]["unacknowledged"]), (4, 4))
        self.assertEqual(self.errors(result), [("not_acknowledged", None, 4), ("not_sent", None, 6)])

    def test_a_broker_that_dies_is_told_and_what_was_due_is_counted(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            for _ in range(5):
                stream.receive()
        result, _ = self.bench("pub", "-p", self.scripted(talk), "--rate", 200, "--duration", "30s", expect=5)
        self.assertIn(("connection_lost", None, 1), self.errors(result))

    def test_garbage_is_a_broken_protocol(self):
        def talk(stream):
            stream.receive()
            stream.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            stream.receive()
        result, _ = self.bench("conn", "-p", self.scripted(talk), expect=7)
        self.assertEqual(self.errors(result), [("protocol_broken", None, 1)])


if __name__ == "__main__":
    unittest.main()
