#!/usr/bin/env python3
"""mqtk-record when something happens to it: a broker that restarts, a full disk, a kill, a slow reader, a rotation."""

import contextlib
import json
import os
import re
import resource
import subprocess
import tempfile
import time
import unittest

import running
from recordings import Files, RecorderCases, Terminal, lines_of
from running import CONNACK, LIMIT, MqtkBroker, ScriptedCases, accepts, free_port, packet, run, start, text, wait_until


def numbers(stdout):
    return [int(json.loads(line)["payload"]) for line in stdout.splitlines()]


def lines(count, first=0, width=1):
    return b"".join(b"%0*d\n" % (width, number) for number in range(first, first + count))


class Restart(RecorderCases, Files):

    @classmethod
    def setUpClass(cls):
        """Each test has a broker of its own."""

    @classmethod
    def tearDownClass(cls):
        """Nothing is shared."""

    def start_broker(self, port):
        broker = start("broker", "--port", port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: broker.poll() is None and (broker.kill(), broker.wait()))
        self.assertTrue(wait_until(lambda: accepts(port)))
        return broker

    def publish_until_recorded(self, port, path, payload):
        """Nobody else can tell when the recorder is subscribed again."""
        def is_there():
            run("pub", "-p", port, "-t", "restart/probe", "-q", 1, "-m", payload)
            return payload.encode() in run("recording", "cat", path).stdout
        self.assertTrue(wait_until(is_there, 30))

    def test_a_broker_that_restarts_leaves_a_gap_that_the_recording_tells_and_costs_nothing_else(self):
        port, path = free_port(), self.path("restart.mcap")
        broker = self.start_broker(port)
        recorder = start("record", "-p", port, "-t", "restart/#", "--chunk-age", "50ms", "--reconnect-delay", "50ms", path)
        self.addCleanup(recorder.stdout.close)
        self.addCleanup(recorder.stderr.close)
        self.addCleanup(lambda: recorder.poll() is None and (recorder.kill(), recorder.wait()))
        self.publish_until_recorded(port, path, "first")
        self.assertEqual(run("pub", "-p", port, "-t", "restart/a", "-q", 1, "-l", stdin=lines(500)).returncode, 0)

        def recorded():
            return numbers(run("recording", "cat", "--json", "-t", "restart/a", path).stdout)

        self.assertTrue(wait_until(lambda: len(recorded()) == 500))
        before = time.time()
        broker.kill()
        broker.wait(LIMIT)
        time.sleep(0.3)
        self.start_broker(port)
        self.publish_until_recorded(port, path, "second")
        after = time.time()
        self.assertEqual(run("pub", "-p", port, "-t", "restart/a", "-q", 1, "-l", stdin=lines(500, 500)).returncode, 0)
        self.assertTrue(wait_until(lambda: len(recorded()) == 1000))
        _, err = self.end(recorder)
        self.assertEqual(recorded(), list(range(1000)))
        self.assertRegex(err.decode(), r"(?s)trying again.*connected again")

        info = json.loads(self.recording("info", "--json", path).stdout)
        self.assertEqual(len(info["away"]), 1)
        gap = info["away"][0]
        self.assertEqual(gap["session"], "lost")
        moments = [self.seconds(gap[name]) for name in ("from", "to")]
        self.assertLess(before - 0.1, moments[0])
        self.assertLess(moments[0] + 0.2, moments[1])
        self.assertLess(moments[1], after + 0.1)
        self.assertEqual((info["metadata"]["end.connections_lost"], info["metadata"]["end.dropped"]), ("1", "0"))
        self.assertIn(b"away:         from 20", self.recording("info", path).stdout)

    @staticmethod
    def seconds(stamp):
        whole, fraction = stamp.rstrip("Z").split(".")
        return time.mktime((*time.strptime(whole, "%Y-%m-%dT%H:%M:%S")[:8], 0)) - time.timezone + float("0." + fraction)

    def test_the_metadata_tell_broker_subscriptions_versions_and_clocks(self):
        port = free_port()
        self.start_broker(port)
        recorder = start("record", "-p", port, "-i", "me", "-q", 1, "-t", "a/#", "-t", "b", "--duration", "100ms",
                         self.path("m.mcap"))
        self.wait(recorder)
        metadata = json.loads(self.recording("info", "--json", self.path("m.mcap")).stdout)["metadata"]
        expected = {"mapping": "1", "broker": f"localhost:{port}", "client_identifier": "me", "protocol_version": "5.0",
                    "subscriptions": '["a/#","b"]', "subscription_qos": "1", "end.messages": "0", "end.dropped": "0",
                    "end.connections_lost": "0"}
        self.assertEqual({name: metadata.get(name) for name in expected}, expected)
        self.assertRegex(metadata["tool"], r"^mqtk-record \d")
        for clock in ("monotonic", "realtime"):
            took = int(metadata[f"end.clock.{clock}_ns"]) - int(metadata[f"clock.{clock}_ns"])
            self.assertGreater(took, 90_000_000)


class Limits(RecorderCases, Files):
    make_broker = MqtkBroker

    def test_files_are_rotated_by_time_and_the_oldest_removed(self):
        recorder = self.start_recording("-t", "time/#", "--rotate", "200ms", "--keep", 2, self.path("log.jsonl"))
        for number in range(4):
            self.publish("time/a", "-q", 1, "-m", str(number))
            time.sleep(0.8)
        self.end(recorder)
        names = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(names, ["log-000003.jsonl", "log-000004.jsonl"])
        self.assertEqual(numbers(self.recording("cat", "--json", *[self.path(name) for name in names]).stdout), [2, 3])

    def test_rotation_goes_on_behind_files_that_are_there_and_removes_none_of_them(self):
        self.path("log-000007.mcap").write_text("kept")
        recorder = self.start_recording("-t", "on/#", "--rotate", "1m", "--keep", 1, "-C", 1, self.path("log.mcap"))
        self.publish("on/a", "-q", 1, "-m", "1")
        self.wait(recorder)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["log-000007.mcap", "log-000008.mcap"])

    def test_small_limits_of_size_are_kept_although_a_chunk_would_hold_more(self):
        path = self.path("small.mcap")
        recorder = self.start_recording("-t", "small/#", "--rotate", "32k", "--compression", "none", "-C", 2000, path)
        self.publish("small/a", "-q", 1, "-l", stdin=lines(2000))
        self.wait(recorder)
        files = sorted(self.folder.glob("small-*.mcap"))
        # 2,000 messages of 50 to 80 bytes with their index.
        self.assertGreaterEqual(len(files), 3)
        self.assertLess(max(file.stat().st_size for file in files), 48 * 1024)
        found = [m["payload"] for file in files for m in lines_of(self.recording("cat", "--json", file))]
        self.assertEqual(found, [str(number) for number in range(2000)])

    def test_a_broker_that_cannot_be_reached_costs_no_earlier_recording(self):
        for name in ("old.mcap", "old.jsonl"):
            self.path(name).write_bytes(b"of yesterday")
            result = run("record", "--overwrite", "-p", free_port(), self.path(name))
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(self.path(name).read_bytes(), b"of yesterday")
            # One that begins replaces it, even with nothing.
            result = run("record", "--overwrite", "-p", self.broker.port, "--duration", "1ms", self.path(name))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.recording("info", self.path(name))
        self.assertEqual(self.path("old.jsonl").read_bytes(), b"")

    def test_a_terminal_shows_messages_rate_bytes_topics_drops_and_file_size(self):
        terminal = Terminal(self)
        recorder = self.start_recording("-t", "live/#", self.path("live.mcap"), stderr=terminal.theirs)
        terminal.began()
        self.publish("live/a", "-l", "-q", 1, stdin=b"12345\n67890\n")
        self.publish("live/b", "-q", 1, "-m", "12345")
        self.assertTrue(terminal.shows(
            rb"\r\x1b\[K3 messages, \d+/s, 15 B, 2 topics, 0 dropped, file [0-9.]+ k?B", 30), terminal.text)
        recorder.terminate()
        self.assertTrue(terminal.shows(rb"\r\x1b\[Kmqtk-record: 3 messages in .*live.mcap"), terminal.text)
        self.assertEqual(recorder.wait(LIMIT), 0)

    def test_no_terminal_no_line(self):
        recorder = self.start_recording("-t", "live/#", "--duration", "800ms", self.path("quiet.mcap"))
        _, err = self.wait(recorder)
        self.assertNotIn(b"\r", err)

    def test_a_recording_for_wireshark_shows_there_as_mqtt(self):
        recorder = self.start_recording("-t", "w/#", "-C", 2, self.path("w.pcapng"))
        self.publish("w/a", "-q", 1, "-m", "21.5", "-D", "publish", "content-type", "text/plain")
        self.publish("w/b", "-q", 2, "-m", "x")
        self.wait(recorder)
        shown = subprocess.run(["tshark", "-r", self.path("w.pcapng"), "-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype", "-e",
                                "mqtt.topic", "-e", "mqtt.qos", "-e", "mqtt.property.content_type", "-e", "_ws.malformed"],
                               capture_output=True, text=True, timeout=LIMIT, check=True).stdout.splitlines()
        self.assertEqual(shown, ["1\t\t\t\t", "2\t\t\t\t", "3\tw/a\t1\ttext/plain\t", "3\tw/b\t2\t\t"])

    def test_a_recording_into_csv_reads_back(self):
        recorder = self.start_recording("-t", "csv/#", "-C", 1, self.path("c.csv"))
        self.publish("csv/a", "-q", 1, "-m", 'a,"b"')
        self.wait(recorder)
        self.assertRegex(self.path("c.csv").read_text(),
                         r'^timestamp,topic,payload,qos,retain\n20[0-9T:.-]+Z,csv/a,"a,""b""",1,false\n$')

    def test_a_reader_that_is_slow_holds_the_broker_back_and_gets_everything(self):
        recorder = self.start_recording("-t", "slow/#", "-C", 3000, "-")
        publisher = start("pub", "-p", self.broker.port, "-t", "slow/a", "-q", 1, "-l", stdin=subprocess.PIPE)
        self.addCleanup(publisher.stdout.close)
        self.addCleanup(publisher.stderr.close)
        publisher.stdin.write(lines(3000, width=1000))
        publisher.stdin.close()
        time.sleep(0.5)  # the pipe is full long before all 3 MB are in it
        self.assertIsNone(recorder.poll())
        out, _ = self.wait(recorder)
        self.assertEqual(numbers(out), list(range(3000)))
        self.assertEqual(publisher.wait(LIMIT), 0)


class Damage(RecorderCases, Files):
    make_broker = MqtkBroker

    def flood(self, topic):
        """Publishes rising numbers until killed."""
        feeder = subprocess.Popen(["seq", "0", "100000000"], stdout=subprocess.PIPE)
        publisher = start("pub", "-p", self.broker.port, "-t", topic, "-q", 1, "-l", stdin=feeder.stdout)
        feeder.stdout.close()
        for process in (publisher, feeder):
            self.addCleanup(lambda process=process: (process.kill(), process.wait()))
        for pipe in (publisher.stdout, publisher.stderr):
            self.addCleanup(pipe.close)

    def test_a_kill_at_any_moment_leaves_all_closed_chunks_and_repair_makes_a_whole_file_of_them(self):
        self.flood("kill/a")
        for number, moment in enumerate((0.05, 0.2, 0.35)):
            path = self.path(f"{number}.mcap")
            recorder = self.start_recording("-t", "kill/a", "--chunk-size", "4k", path)
            self.assertTrue(wait_until(lambda path=path: path.stat().st_size > 2000))
            time.sleep(moment)
            recorder.kill()
            recorder.wait(LIMIT)
            found = numbers(self.recording("cat", "--json", path, status=7).stdout)
            self.assertGreater(len(found), 50)
            self.assertEqual(found, list(range(found[0], found[0] + len(found))))
            self.assertEqual(run("record", "--repair", path).returncode, 0)
            self.assertEqual(numbers(self.recording("cat", "--json", path).stdout), found)

    def cut(self, size):
        """A recording of two chunks, up to a byte."""
        whole = self.path("whole.mcap")
        if not whole.exists():
            source = self.jsonl("whole.jsonl", [("a", "x" * 700_000), ("b", "y" * 700_000)])
            self.recording("convert", source, "-o", whole)
        self.path("cut.mcap").write_bytes(whole.read_bytes()[:size])
        return self.path("cut.mcap")

    def test_repair_writes_beside_or_in_place_and_leaves_whole_files_alone(self):
        size = self.cut(None).stat().st_size
        for program in (["recording", "repair"], ["record", "--repair"]):
            path = self.cut(size - 100)
            result = run(program[0], *program[1:], path)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(b"are in", result.stderr)
            self.assertEqual(self.recording("info", path).stderr, b"")
            self.assertIn(b"is whole", run(program[0], *program[1:], path).stderr)
        self.recording("repair", "-o", self.path("beside.mcap"), self.cut(size - 100))
        self.assertEqual(self.recording("cat", self.path("beside.mcap")).stderr, b"")
        self.assertEqual(self.path("cut.mcap").stat().st_size, size - 100)
        self.recording("repair", "-o", self.path("beside.mcap"), self.path("cut.mcap"), status=1)
        self.recording("repair", "--overwrite", "-o", self.path("beside.mcap"), self.path("cut.mcap"))

    def test_repair_of_a_file_that_is_cut_anywhere_keeps_what_is_before_the_cut(self):
        size = self.cut(None).stat().st_size
        counts = []
        for kept in sorted({0, 7, 8, 20, *range(100, size, size // 25 + 1), size - 1}):
            path = self.cut(kept)
            result = run("recording", "repair", path)
            counts.append(-1 if result.returncode == 7 else len(lines_of(self.recording("cat", "--json", path))))
        self.assertEqual(counts, sorted(counts))  # no cut costs more than a shorter one
        self.assertEqual((counts[0], counts[-1]), (-1, 2))

    def test_options_that_would_do_nothing_are_refused(self):
        path = self.cut(None)
        for arguments in (["info", "-t", "a"], ["info", "--from", "1s"], ["repair", "-q", "1"], ["cat", "--format", "csv"],
                          ["cat", "--shown", "3"], ["cat", "--overwrite"], ["repair", "--retain", "yes"], ["info", "-C", "3"]):
            self.recording(*arguments, path, status=1)
        for program, *arguments in (["record", "--compression", "3", self.path("new.jsonl")], ["record", "--keep", "2", path],
                                    ["replay", "--verify-filter", "a/#", path]):
            self.assertEqual(run(program, *arguments).returncode, 1, arguments)

    @contextlib.contextmanager
    def small_disk(self, size):
        """A folder on a disk of so many bytes; without the right to mount one, what limits a file instead."""
        with tempfile.TemporaryDirectory() as folder:
            mounted = os.geteuid() == 0 and subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False).returncode == 0
            try:
                yield folder, {} if mounted else {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}
            finally:
                if mounted:
                    subprocess.run(["umount", folder], check=True)

    def test_a_full_disk_ends_the_recording_with_readable_files(self):
        for options in ([], ["--rotate", "20k"], ["--split-by", "topic"]):
            with self.small_disk(131_072) as (folder, limits):
                recorder = self.start_recording("-t", "full/#", "--chunk-size", "1k", "--compression", "none", *options,
                                                f"{folder}/full.mcap", **limits)
                if limits and options:  # a limit of each file does not end these
                    recorder.kill()
                    continue
                self.publish("full/a", "-l", "-q", 1, stdin=lines(3000, width=100))
                _, err = self.wait(recorder, status=9)
                self.assertRegex(err, rb"cannot (write|create) .*full.*: (No space left on device|File too large)")
                names = sorted(f"{folder}/{name}" for name in os.listdir(folder))
                read = run("recording", "cat", "--json", *names)
                found = numbers(read.stdout)
                self.assertGreater(len(found), 200)
                self.assertEqual(found, list(range(len(found))))
                self.assertNotIn(b"not an MCAP file", read.stderr)
                told = int(re.search(rb"([0-9,]+) messages in", err)[1].replace(b",", b""))
                self.assertEqual(told, len(found), err)


class Acknowledged(ScriptedCases):

    def record(self, *options):
        """What the file holds when the acknowledgement of a QoS 1 message comes."""
        with tempfile.TemporaryDirectory() as folder:
            path, found = f"{folder}/a.mcap", []

            def talk(stream):
                stream.receive()
                stream.send(0x20, CONNACK)
                for _ in range(2):  # the two subscriptions
                    stream.send(0x90, stream.receive()[1][:2] + b"\0\2")
                stream.socket.sendall(packet(0x32, text("a") + b"\0\7\0" + b"x"))
                first, body = stream.receive()
                found.append((first, body[:2], run("recording", "cat", path).stdout.count(b"\n")))
                stream.receive()

            server = self.serve(talk)
            recorder = start("record", "-p", server.port, "-i", "me", "--chunk-age", "10s", *options, path)
            self.assertTrue(wait_until(lambda: found))
            recorder.terminate()
            out, err = recorder.communicate(timeout=LIMIT)
            self.assertEqual((recorder.returncode, out), (0, b""), err)
            return found

    def test_with_fsync_a_message_is_acknowledged_when_the_file_has_it(self):
        self.assertEqual(self.record("--fsync"), [(0x40, b"\0\7", 1)])

    def test_without_it_when_the_writer_has_it(self):
        self.assertEqual(self.record(), [(0x40, b"\0\7", 0)])

    def test_a_subscription_that_is_denied_ends_the_recording(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            for _ in range(2):
                stream.send(0x90, stream.receive()[1][:2] + b"\0\x87")
            stream.receive()

        server = self.serve(talk)
        with tempfile.TemporaryDirectory() as folder:
            result = run("record", "-p", server.port, "-i", "me", f"{folder}/denied.mcap")
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn(b"denied the subscription to '#'", result.stderr)


if __name__ == "__main__":
    unittest.main()
