#!/usr/bin/env python3
"""mqtk-record, mqtk-replay and mqtk-recording, run for real against mosquitto and mqtk-broker."""

import base64
import contextlib
import json
import os
import pathlib
import re
import resource
import subprocess
import threading
import time
import unittest

import running
from recordings import Files, RecorderCases, Terminal, lines_of, own_terminal, without_times
from running import LIMIT, Observer, Scripted, run, start, wait_until

SECONDS = re.compile(r"sent in ([0-9.]+) s")


class Cases(RecorderCases):
    """What holds with every broker."""

    def messages(self):
        """Every kind of message."""
        large = "x" * 1_000_000
        return [
            {"topic": "k/text", "qos": 0, "retain": False, "dup": False, "payload": "h\u00e4 \"x\"\n"},
            {"topic": "k/empty", "qos": 1, "retain": False, "dup": False, "payload": ""},
            {"topic": "k/binary", "qos": 2, "retain": False, "dup": False,
             "payload_base64": base64.b64encode(bytes(range(256))).decode()},
            {"topic": "k/large", "qos": 1, "retain": False, "dup": False, "payload": large},
            {"topic": "k/kept", "qos": 1, "retain": True, "dup": False, "payload": "kept"},
            {"topic": "k/v5", "qos": 2, "retain": False, "dup": False, "payload": "{\"a\":1}",
             "properties": {"payload_format_indicator": 1, "message_expiry_interval": 4000,
                            "content_type": "application/json", "response_topic": "k/answer",
                            "correlation_data_base64": "AP8=", "user_properties": [["n", "1"], ["n", "\u00e4"]]}},
            {"topic": "k/text", "qos": 0, "retain": False, "dup": False, "payload": "again"},
        ]

    def test_what_is_recorded_and_replayed_is_recorded_the_same_again(self):
        source = self.jsonl("source.jsonl", self.messages())
        for name in ("first.mcap", "second.mcap", "third.jsonl"):
            recorder = self.start_recording("-t", "k/#", "-C", len(self.messages()), self.path(name))
            self.replay("--speed", "max", source)
            self.wait(recorder)
            self.clear("k/kept")
            self.assertEqual(self.recording("diff", "--all", source, self.path(name)).stdout, b"")
            source = self.path(name)
        read = without_times(lines_of(self.recording("cat", "--json", self.path("second.mcap"))))
        expiry = [message["properties"].pop("message_expiry_interval") for message in read if "properties" in message]
        self.assertIn(expiry[0], range(3000, 4001))  # it counts down while the broker holds the message
        expected = without_times(self.messages())
        del expected[5]["properties"]["message_expiry_interval"]
        # A broker keeps the order of a topic only: a QoS 1 message may overtake one of QoS 2.
        self.assertEqual(sorted(read, key=lambda m: m["topic"]), sorted(expected, key=lambda m: m["topic"]))

    def test_retained_messages_sent_at_the_subscription_are_marked(self):
        self.publish("r/kept", "-r", "-q", 1, "-m", "before")
        recorder = self.start_recording("-t", "r/#", "-C", 2, self.path("r.mcap"))
        self.publish("r/live", "-r", "-q", 1, "-m", "live")
        self.wait(recorder)
        self.clear("r/kept", "r/live")
        read = lines_of(self.recording("cat", "--json", self.path("r.mcap")))
        self.assertEqual([(m["topic"], m["retain"], m.get("retained_at_subscribe", False)) for m in read],
                         [("r/kept", True, True), ("r/live", True, False)])
        out = self.replay("--dry-run", "--drop-retained", self.path("r.mcap")).stdout
        self.assertNotIn(b"r/kept", out)
        self.assertIn(b"r/live", out)

    def test_a_recorder_of_3_1_1_keeps_what_that_version_has(self):
        recorder = self.start_recording("-V", "3.1.1", "-t", "old/#", "-C", 2, self.path("old.jsonl"))
        self.publish("old/a", "-q", 2, "-m", "x", "-D", "publish", "content-type", "text/plain")
        self.publish("old/b", "-m", "y")
        self.wait(recorder)
        read = without_times(lines_of(self.recording("cat", "--json", self.path("old.jsonl"))))
        self.assertEqual(read, [
            {"topic": "old/a", "qos": 2, "retain": False, "dup": False, "payload": "x"},
            {"topic": "old/b", "qos": 0, "retain": False, "dup": False, "payload": "y"}])

    def test_a_killed_recorder_leaves_all_closed_chunks_and_repair_mends_the_file(self):
        path = self.path("killed.mcap")
        recorder = self.start_recording("-t", "kill/#", "--chunk-age", "50ms", path)
        self.publish("kill/a", "-l", "-q", 1, stdin=b"".join(b"%d\n" % i for i in range(1000)))
        self.assertTrue(wait_until(lambda: run("recording", "cat", "--json", path).stdout.count(b"\n") == 1000))
        recorder.kill()
        recorder.wait(LIMIT)
        cut = self.recording("cat", path, status=7)
        self.assertIn(b"not finished", cut.stderr)
        self.assertEqual(cut.stdout.count(b"\n"), 1000)
        result = run("record", "--repair", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.recording("cat", path).stdout.count(b"\n"), 1000)
        self.assertIn(b"messages:     1,000", self.recording("info", path).stdout)

    def test_a_recording_ends_where_it_was_asked_to(self):
        for options in (["-C", 3], ["--duration", "4s"], ["--size", "300"], ["--idle", "3s"]):
            with self.subTest(options=options):
                path = self.path(f"{options[0].strip('-')}.jsonl")
                recorder = self.start_recording("-t", "end/#", *options, path)
                self.publish("end/a", "-l", stdin=b"one\ntwo\nthree\n")
                self.wait(recorder)
                self.assertEqual(len(lines_of(self.recording("cat", "--json", path))), 3)

    def test_an_interrupted_recording_is_whole(self):
        path = self.path("whole.mcap")
        recorder = self.start_recording("-t", "whole/#", path)
        self.publish("whole/a", "-q", 1, "-m", "x")
        self.assertTrue(wait_until(lambda: run("recording", "cat", path).stdout.count(b"\n") == 1))
        _, err = self.end(recorder)
        self.assertRegex(err, rb"1 messages in .*whole.mcap")
        self.assertEqual(self.recording("cat", path).stderr, b"")

    def test_files_are_rotated_and_the_oldest_removed(self):
        recorder = self.start_recording("-t", "rot/#", "--rotate", "10k", "--keep", 2, "--chunk-size", "1k", "--compression",
                                        "none", "-C", 1000, self.path("log.mcap"))
        self.publish("rot/a", "-l", "-q", 1, stdin=b"".join(b"%0100d\n" % i for i in range(1000)))
        self.wait(recorder)
        names = sorted(path.name for path in self.folder.glob("log-*.mcap"))
        self.assertEqual(len(names), 2)
        self.assertGreater(names[0], "log-000005.mcap")
        read = lines_of(self.recording("cat", "--json", *[self.path(name) for name in names]))
        self.assertEqual([int(m["payload"]) for m in read], list(range(1000 - len(read), 1000)))
        ends = [json.loads(self.recording("info", "--json", self.path(name)).stdout)["metadata"] for name in names]
        self.assertRegex(ends[0]["end.rotated"], "^20.*Z$")
        self.assertEqual(ends[1]["end.messages"], "1000")

    def test_a_recording_is_split_by_topic(self):
        recorder = self.start_recording("-t", "split/#", "--split-by", "topic", "-C", 4, self.path("s.jsonl"))
        for topic in ("split/a", "split/b c", "split/a", "split/"):
            self.publish(topic, "-q", 1, "-m", "x")
        self.wait(recorder)
        found = {path.name: path.read_text().count("\n") for path in self.folder.glob("*.jsonl")}
        self.assertEqual(found, {"s-split%2Fa.jsonl": 2, "s-split%2Fb%20c.jsonl": 1, "s-split%2F.jsonl": 1})

    def test_a_full_disk_ends_the_recording_with_a_readable_file(self):
        path = self.path("full.mcap")
        recorder = self.start_recording("-t", "full/#", "--chunk-size", "1k", "--compression", "none", path)
        # A limit on the size of files acts like a full disk, and the program can set up nothing against it.
        resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
        self.publish("full/a", "-l", "-q", 1, stdin=b"".join(b"%0100d\n" % i for i in range(1000)))
        _, err = self.wait(recorder, status=9)
        self.assertIn(b"cannot write", err)
        read = lines_of(run("recording", "cat", "--json", path))
        self.assertGreater(len(read), 50)
        self.assertEqual([int(m["payload"]) for m in read], list(range(len(read))))

    def test_standard_output_takes_json_lines_and_a_reader_that_goes_is_a_clean_end(self):
        recorder = self.start_recording("-t", "out/#", "-")
        self.publish("out/a", "-q", 1, "-m", "x")
        self.assertEqual(json.loads(recorder.stdout.readline())["payload"], "x")
        recorder.stdout.close()
        self.publish("out/a", "-q", 1, "-m", "x")
        self.assertEqual(recorder.wait(LIMIT), 0)

    def test_with_fsync_messages_are_acknowledged_and_kept(self):
        path = self.path("sync.mcap")
        recorder = self.start_recording("-t", "sync/#", "--fsync", "-C", 200, path)
        self.publish("sync/a", "-l", "-q", 2, stdin=b"".join(b"%d\n" % i for i in range(200)))
        self.wait(recorder)
        read = lines_of(self.recording("cat", "--json", path))
        self.assertEqual([int(m["payload"]) for m in read], list(range(200)))

    def test_a_replay_keeps_the_times_between_messages(self):
        source = self.jsonl("times.jsonl", [("t/a", str(i)) for i in range(11)], step=0.1)
        for options, seconds in (([], 1.0), (["--speed", "4"], 0.25), (["--max-gap", "20ms"], 0.2), (["--speed", "max"], 0)):
            result = self.replay(*options, source)
            took = float(SECONDS.search(result.stderr.decode())[1])
            self.assertGreaterEqual(took, seconds - 0.02)
            self.assertLess(took, seconds + 10)  # on a busy machine

    def test_a_replay_loops_with_a_seam(self):
        source = self.jsonl("loop.jsonl", [("l/a", "1"), ("l/a", "2")], step=0.1)
        out = self.replay("--dry-run", "--loop", 2, source).stdout.decode().splitlines()
        self.assertEqual([line.split()[0] for line in out],
                         ["+0.000000000", "+0.100000000", "+0.200000000", "+0.300000000"])
        out = self.replay("--dry-run", "--loop", 2, "--loop-gap", "1s", "--speed", 2, source).stdout.decode().splitlines()
        self.assertEqual([line.split()[0] for line in out],
                         ["+0.000000000", "+0.050000000", "+0.550000000", "+0.600000000"])

    def test_a_replay_selects_and_changes(self):
        source = self.jsonl("change.jsonl", [
            {"topic": "c/1/t", "qos": 0, "retain": False, "dup": False, "payload": '{"time": 1, "v":1.10}'},
            {"topic": "c/2/t", "qos": 1, "retain": True, "dup": False, "payload": "no json"},
            {"topic": "d/1", "qos": 0, "retain": False, "dup": False, "payload": "x"}])
        observer = Observer(self.broker.port, "mapped/#")
        self.addCleanup(observer.close)
        self.replay("-t", "c/#", "--topic-map", r"~^c/([0-9])/=mapped/\1/x/", "--qos", 2, "--retain", "clear", "--set-json",
                    "/time=now", "--set-json", "/w=7", source)
        self.assertTrue(observer.wait_for(2))
        self.assertEqual([m[0] for m in observer.messages], ["mapped/1/x/t", "mapped/2/x/t"])
        self.assertRegex(observer.payloads()[0], rb'^{"time": "20[0-9-]+T[0-9:.]+Z", "v":1\.10,"w":7}$')
        self.assertEqual(observer.payloads()[1], b"no json")

    def test_verify_proves_that_all_arrives(self):
        source = self.jsonl("verify.jsonl", [(f"v/{i % 7}", str(i)) for i in range(2000)], step=0)
        result = self.replay("--verify", "--speed", "max", "--qos", 1, source)
        self.assertIn(b"verified: 2,000 arrived as sent, 0 missing, 0 out of order, 0 not expected", result.stderr)

    def test_a_replay_goes_on_after_a_lost_connection(self):
        source = self.jsonl("lost.jsonl", [("lost/a", str(i)) for i in range(3000)], step=0)
        observer = Observer(self.broker.port, "lost/#")
        self.addCleanup(observer.close)
        proxy = running.CuttingProxy(self.broker.port, [20_000, 30_000])
        self.addCleanup(proxy.close)
        result = run("replay", "-p", proxy.port, "--qos", 2, "--speed", "max", "--reconnect-delay", "100ms", source)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(observer.wait_for(3000))
        self.assertEqual([int(p) for p in observer.payloads()], list(range(3000)))

    def test_recordings_go_through_standard_input(self):
        source = self.jsonl("in.jsonl", [("in/a", "1"), ("in/b", "2")])
        observer = Observer(self.broker.port, "in/#")
        self.addCleanup(observer.close)
        self.replay("--speed", "max", "-", stdin=source.read_bytes())
        self.assertTrue(observer.wait_for(2))
        self.assertEqual(observer.payloads(), [b"1", b"2"])

    def test_keys_hold_step_and_end_a_replay(self):
        source = self.jsonl("keys.jsonl", [("keys/a", str(i)) for i in range(100)], step=0.2)
        observer = Observer(self.broker.port, "keys/#")
        self.addCleanup(observer.close)
        terminal = Terminal(self)
        process = start("replay", "-p", self.broker.port, source, stdin=terminal.theirs,
                        preexec_fn=own_terminal(terminal.theirs))
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        terminal.began()
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.assertTrue(observer.wait_for(2))
        terminal.press(b" ")
        held = -1
        while held != len(observer.messages):  # until it holds
            held = len(observer.messages)
            time.sleep(1)
        self.assertLess(held, 100)
        terminal.press(b"sss")
        self.assertTrue(observer.wait_for(held + 3))
        time.sleep(0.5)
        self.assertEqual(len(observer.messages), held + 3)
        terminal.press(b" ")
        self.assertTrue(observer.wait_for(held + 5))
        terminal.press(b"q")
        self.assertEqual(process.wait(LIMIT), 0)

    def test_verify_finds_what_is_missing(self):
        source = self.jsonl("missing.jsonl", [("m/a", "1"), ("m/b", "2")], step=0)

        def deaf(stream):
            """Takes everything and passes nothing on."""
            with contextlib.closing(stream):
                while (came := stream.receive()) is not None:
                    if came[0] >> 4 == 1:
                        stream.send(0x20, b"\x00\x00\x00")
                    elif came[0] >> 4 == 8:
                        stream.send(0x90, came[1][:2] + b"\x00\x02")

        # The publisher and the subscriber beside it are connected at the same time.
        server = Scripted(lambda stream: threading.Thread(target=deaf, args=(running.Stream(stream.socket.dup()),),
                                                          daemon=True).start())
        self.addCleanup(server.close)
        result = run("replay", "-i", "me", "-p", server.port, "--verify", "--speed", "max", source)
        self.assertEqual(result.returncode, 8, result.stderr)
        self.assertIn(b"2 missing", result.stderr)


class WithMosquitto(Cases, Files):
    make_broker = running.Mosquitto


class WithMqtkBroker(Cases, Files):
    make_broker = running.MqtkBroker


class Recordings(Files):
    """mqtk-recording alone."""

    def test_info_tells_span_topics_and_gaps(self):
        source = self.jsonl("i.jsonl", [("a", "1"), ("b", "22"), ("a", "333")], step=2)
        expected = {"messages": 3, "topics": 2, "from": "2023-11-14T22:13:20.000000000Z",
                    "to": "2023-11-14T22:13:24.000000000Z", "duration_seconds": 4.0, "problems": 0}
        for path in (source, self.mcap("i.mcap", source)):
            found = json.loads(self.recording("info", "--json", path).stdout)
            self.assertEqual({name: found[name] for name in expected}, expected)
            # Also where all lies in one chunk, of which the summary tells no gaps.
            self.assertEqual((found["longest_gap_seconds"], found["longest_gap_is_exact"]), (2.0, True), path)
            self.assertIn(b"\nlongest gap:  2.000 s\n", self.recording("info", path).stdout)

    def test_topics_are_a_table(self):
        source = self.jsonl("t.jsonl", [("a", "1"), ("b", "22"), ("a", "333")], step=0.5)
        rows = lines_of(self.recording("topics", "--json", source))
        self.assertEqual([(row["topic"], row["messages"], row["payload_bytes"], row["largest_payload"], row["rate"])
                          for row in rows], [("a", 2, 4, 3, 1.0), ("b", 1, 2, 2, 0.0)])
        self.assertIn("a", self.recording("topics", source).stdout.decode().splitlines()[1])

    def test_messages_are_selected(self):
        source = self.mcap("s.mcap", self.jsonl("s.jsonl", [
            {"topic": f"t/{i % 3}", "qos": i % 2, "retain": i == 4, "dup": False, "payload": str(i)} for i in range(10)], step=1))

        def payloads(*options):
            return "".join(m["payload"] for m in lines_of(self.recording("cat", "--json", *options, source)))

        self.assertEqual(payloads("-t", "t/1"), "147")
        self.assertEqual(payloads("-T", "t/1"), "0235689")
        self.assertEqual(payloads("--from", "3s", "--to", "5s"), "345")
        self.assertEqual(payloads("--from", "2023-11-14T22:13:27Z"), "789")
        self.assertEqual(payloads("-q", "1", "-C", "2"), "13")
        self.assertEqual(payloads("--retain", "yes"), "4")
        filtered = self.path("f.mcap")
        self.recording("filter", "-t", "t/2", "-o", filtered, source)
        self.assertEqual("".join(m["payload"] for m in lines_of(self.recording("cat", "--json", filtered))), "258")

    def test_recordings_are_merged_by_time(self):
        first = self.jsonl("1.jsonl", [("a", "0"), ("a", "2"), ("a", "4")], step=2)
        second = self.jsonl("2.jsonl", [("b", "1"), ("b", "3")], begin=1_700_000_001, step=2)
        self.recording("merge", "-o", self.path("m.mcap"), first, self.mcap("2.mcap", second))
        read = lines_of(self.recording("cat", "--json", self.path("m.mcap")))
        self.assertEqual("".join(m["payload"] for m in read), "01234")

    def test_every_format_that_can_be_read_keeps_the_messages(self):
        source = self.jsonl("c.jsonl", [("a,b", "one, \"two\"\nthree"), ("c", ""), ("d", "b64:x"), ("e", "\r\n")])
        for name in ("c.mcap", "c.csv"):
            self.recording("convert", "-o", self.path(name), source)
            self.assertEqual(self.recording("diff", "--all", source, self.path(name)).stdout, b"")

    def test_the_csv_files_of_other_recorders_are_read(self):
        # As csv.writer of Python writes them: topic, payload, QoS, retain, time, delta.
        self.path("python.csv").write_text("a/b,\"x,1\",1,False,1700000000.25,0.5\r\na/c,y,0,True,1700000001.5,1.25\r\n")
        # With a header, times with milliseconds, and a mark before what is no text.
        self.path("rust.csv").write_text("timestamp,topic,payload,qos,retain\n"
                                         "2023-11-14T22:13:20.250Z,a/b,\"x,1\",1,false\n"
                                         "2023-11-14T22:13:21.500Z,a/c,b64:eQ==,0,true\n")
        expected = [("2023-11-14T22:13:20.250000000Z", "a/b", 1, False, "x,1"),
                    ("2023-11-14T22:13:21.500000000Z", "a/c", 0, True, "y")]
        for name in ("python.csv", "rust.csv"):
            read = lines_of(self.recording("cat", "--json", self.path(name)))
            self.assertEqual([(m["time"], m["topic"], m["qos"], m["retain"], m["payload"]) for m in read], expected)
        self.path("base64.csv").write_text("a,eA==,0,False,1700000000.0,0\n")
        read = lines_of(self.recording("cat", "--json", "--csv-base64", self.path("base64.csv")))
        self.assertEqual(read[0]["payload"], "x")

    def test_wireshark_shows_the_messages_of_our_pcapng_and_they_read_back(self):
        source = self.jsonl("w.jsonl", [
            {"topic": "w/a", "qos": 0, "retain": False, "dup": False, "payload": "21.5"},
            {"topic": "w/b", "qos": 1, "retain": True, "dup": False, "payload": "x" * 100_000,
             "properties": {"content_type": "text/plain", "user_properties": [["k", "v"]]}},
            {"topic": "w/c", "qos": 2, "retain": False, "dup": False, "payload_base64": "AP8="}])
        path = self.path("w.pcapng")
        self.recording("convert", "-o", path, source)
        shown = subprocess.run(["tshark", "-r", path, "-Y", "mqtt.topic", "-T", "fields", "-e", "mqtt.topic", "-e",
                                "mqtt.qos", "-e", "mqtt.retain", "-e", "mqtt.property.content_type", "-e", "_ws.malformed"],
                               capture_output=True, text=True, timeout=LIMIT, check=True).stdout.splitlines()
        shown = [line.replace("False", "0").replace("True", "1") for line in shown]  # as later versions say
        self.assertEqual(shown, ["w/a\t0\t0\t\t", "w/b\t1\t1\ttext/plain\t", "w/c\t2\t0\t\t"])
        self.assertEqual(self.recording("diff", "--all", source, path).stdout, b"")
        self.assertEqual(self.recording("cat", "--direction", "to-server", path).stdout, b"")

    def test_diff_tells_what_differs(self):
        first = self.jsonl("1.jsonl", [("a", "1"), ("a", "2"), ("b", "3"), ("a", "4")])
        second = self.jsonl("2.jsonl", [("b", "3"), ("a", "1"), ("a", "4"), ("a", "5")])
        result = self.recording("diff", first, second, status=8)
        self.assertEqual(result.stdout.decode(), '- a "2"\n+ a "5"\n2 differences; 4 and 4 messages\n')
        self.assertEqual(self.recording("diff", first, first).stdout, b"")

    def test_diff_compares_all_on_request(self):
        first = self.jsonl("1.jsonl", [("a", "1")])
        second = self.jsonl("2.jsonl", [{"topic": "a", "qos": 1, "retain": False, "dup": False, "payload": "1"}])
        self.recording("diff", first, second)
        self.recording("diff", "--all", first, second, status=8)

    def test_damage_is_told_and_the_rest_is_read(self):
        source = self.jsonl("d.jsonl", [("a", "1"), ("a", "2")])
        source.write_text(source.read_text().replace('"topic": "a"', '"tropic": "a"', 1))
        result = self.recording("cat", "--json", source, status=7)
        self.assertIn(b"line 1: unknown member", result.stderr)
        self.assertEqual(len(lines_of(result)), 1)

    def test_existing_files_are_not_replaced_unless_asked(self):
        source = self.jsonl("e.jsonl", [("a", "1")])
        self.recording("convert", "-o", self.path("e.mcap"), source)
        self.assertIn(b"--overwrite", self.recording("convert", "-o", self.path("e.mcap"), source, status=1).stderr)
        self.recording("convert", "--overwrite", "-o", self.path("e.mcap"), source)
        self.assertIn(b"--overwrite", run("record", self.path("e.mcap")).stderr)

    def test_a_pipe_is_written_to_although_it_exists(self):
        source = self.jsonl("p.jsonl", [("a", "1")])
        os.mkfifo(self.path("pipe"))
        with subprocess.Popen(["cat", self.path("pipe")], stdout=subprocess.PIPE) as reader:
            self.addCleanup(lambda: reader.poll() is None and reader.kill())
            self.recording("convert", "--format", "csv", "-o", self.path("pipe"), source)
            self.assertIn(b"Z,a,1,0,false", reader.communicate(timeout=60)[0])
        self.assertTrue(os.path.exists(self.path("pipe")))

    def test_standard_input_that_is_no_text_is_told_once(self):
        source = self.jsonl("b.jsonl", [("a", "1")])
        self.mcap("b.mcap", source)
        self.recording("convert", "-o", self.path("b.pcapng"), source)
        for name, what in (("b.mcap", b"an MCAP file"), ("b.pcapng", b"a packet capture")):
            result = run("recording", "cat", "-", stdin=pathlib.Path(self.path(name)).read_bytes())
            self.assertEqual(result.returncode, 7)
            self.assertEqual(result.stdout, b"")
            self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
            self.assertIn(b"this is " + what, result.stderr)

    def test_a_recording_is_not_overwritten_while_it_is_read(self):
        source = self.jsonl("same.jsonl", [("a", "1")])
        os.symlink(source, self.path("link.jsonl"))
        before = pathlib.Path(source).read_bytes()
        for command, target in (("convert", source), ("filter", self.path("link.jsonl")), ("repair", source)):
            result = self.recording(command, "--overwrite", "-o", target, source, status=1)
            self.assertIn(b"name another file", result.stderr)
            self.assertEqual(pathlib.Path(source).read_bytes(), before)

    def test_mistakes_are_usage_errors(self):
        for arguments in (["cat"], ["view", "x"], ["cat", "missing.mcap"], ["filter", "x.mcap"], ["diff", "x.mcap"],
                          ["cat", "--from", "noon", "x.mcap"], ["convert", "-o", "x.unknown", "x.mcap"]):
            self.recording(*arguments, status=1)


running.drop_unavailable(globals())

if __name__ == "__main__":
    unittest.main()
