#!/usr/bin/env python3
"""When mqtk-sub ends, and where and how it puts messages: files, commands, encodings."""

import json
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import running
from running import LIMIT, run


class Cases(running.BrokerCases):
    def publish(self, name, *arguments, stdin=b""):
        result = run("pub", "-p", self.broker.port, "-t", f"{self.topic}/{name}", "-q", 1, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)

    def subscribe(self, *arguments, **pipes):
        return self.listen("sub", "-t", f"{self.topic}/#", *arguments, **pipes)

    def assert_ends(self, process, status, out, err=""):
        printed, told = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, printed, told.decode()), (status, out, err))

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    # --- ends --------------------------------------------------------------------------------------------------------

    def test_a_condition_ends_the_run_after_the_message_that_meets_it(self):
        for condition, messages in [("json:/state==done", ['{"state":"running"}', "no JSON", '{"state":"done"}', "more"]),
                                    ("json:/t>=21.5", ['{"t":21}', '{"t":"22"}', '{"t":21.50}', "more"]),
                                    ("payload:bye", ["hello", "bye bye", "bye", "more"])]:
            process = self.subscribe("--until", condition)
            for message in messages:
                self.publish("a", "-m", message)
            self.assert_ends(process, 0, "".join(f"{message}\n" for message in messages[:3]).encode())
        process = self.subscribe("--until", f"topic:{self.topic}/+/done", "-v")
        for name in ("a", "a/b/done", "a/done", "a"):
            self.publish(name, "-m", "x")
        self.assert_ends(process, 0, f"{self.topic}/a x\n{self.topic}/a/b/done x\n{self.topic}/a/done x\n".encode())

    def test_silence_ends_the_run(self):
        process = self.subscribe("--idle", "2s")
        began = time.monotonic()
        self.publish("a", "-m", "x", "--repeat", 3, "--repeat-delay", "800ms")
        self.assert_ends(process, 0, b"x\nx\nx\n")
        self.assertGreaterEqual(time.monotonic() - began, 3.5)

    def test_fewer_messages_than_expected_are_status_8(self):
        process = self.subscribe("--expect", 2, "-W", "3s")
        self.publish("a", "-m", "x")
        self.assert_ends(process, 8, b"x\n", "mqtk-sub: 1 of 2 messages came within 3 s (--timeout)\n")
        process = self.subscribe("--expect", 2, "--idle", "300ms")
        self.assert_ends(process, 8, b"", "mqtk-sub: 0 of 2 messages came before 300 ms without one (--idle)\n")
        process = self.subscribe("--expect", 2)
        process.send_signal(signal.SIGTERM)
        self.assert_ends(process, 8, b"", "mqtk-sub: 0 of 2 messages came before a signal ended the run\n")
        process = self.subscribe("--expect", 2, "-W", "20s")
        self.publish("a", "-l", stdin=b"1\n2\n3\n")
        self.assert_ends(process, 0, b"1\n2\n")

    def test_the_retained_messages_end_with_a_quiet_second(self):
        for name in ("a", "b"):
            self.publish(name, "-m", name, "-r")
            self.addCleanup(self.publish, name, "-r", "-n")
        began = time.monotonic()
        result = run("sub", "-p", self.broker.port, "-t", f"{self.topic}/#", "-v", "--retained-only")
        self.assertEqual((result.returncode, sorted(result.stdout.decode().splitlines())),
                         (0, [f"{self.topic}/a a", f"{self.topic}/b b"]), result.stderr)
        self.assertLess(time.monotonic() - began, 15)
        result = run("sub", "-p", self.broker.port, "-t", f"{self.topic}/none", "--retained-only", "--idle", "100ms")
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))

    def test_retained_messages_are_removed_and_a_dry_run_removes_none(self):
        names = [f"x/{number}" for number in range(50)]
        for name in ("keep", *names):
            self.publish(name, "-m", name, "-r")
        self.addCleanup(self.publish, "keep", "-r", "-n")
        clear = ["-p", self.broker.port, "-t", f"{self.topic}/#", "-T", f"{self.topic}/keep", "--clear-retained", "-v",
                 "--idle", "500ms"]
        expected = sorted(f"{self.topic}/{name} {name}" for name in names)
        for extra in (["--dry-run"], []):
            result = run("sub", *clear, *extra)
            self.assertEqual((result.returncode, sorted(result.stdout.decode().splitlines())), (0, expected), result.stderr)
        left = run("sub", "-p", self.broker.port, "-t", f"{self.topic}/#", "--retained-only", "--idle", "500ms")
        self.assertEqual(left.stdout, b"keep\n")

    def test_a_random_sample_prints_its_share(self):
        process = self.subscribe("--random-sample", "10%", "--until", "payload:end", "-T", f"{self.topic}/none")
        lines = [b"%d" % number for number in range(3000)]
        self.publish("a", "-l", stdin=b"\n".join(lines))
        while process.poll() is None:
            self.publish("a", "-m", "end")
        printed = process.stdout.read().split()[:-1]
        self.assertTrue(180 < len(printed) < 430, len(printed))

    # --- output ------------------------------------------------------------------------------------------------------

    def test_payloads_are_printed_in_other_encodings(self):
        for option, printed in (("--hex", b"007bff\n"), ("--base64", b"AHv/\n"), ("--pretty", b"\x00{\xff\n")):
            process = self.subscribe(option, "-C", 1)
            self.publish("a", "--hex", "-m", "007bff")
            self.assert_ends(process, 0, printed)
        process = self.subscribe("-v", "--color", "always", "-C", 1)
        self.publish("a", "-m", "x")
        self.assert_ends(process, 0, f"\x1b[36m{self.topic}/a\x1b[0m x\n".encode())

    def test_json_says_the_topic_with_v_too(self):
        for options in (["--json", "-v"], ["-v", "--json"]):
            process = self.subscribe(*options, "-C", 1)
            self.publish("a", "-m", "x")
            out = process.communicate(timeout=LIMIT)[0]
            self.assertEqual(json.loads(out)["payload"], "x")

    def test_pretty_lays_out_json_cbor_and_messagepack(self):
        for arguments, printed in [(["-m", '{"a":[1.50,{}]}'], b'{\n  "a": [\n    1.50,\n    {}\n  ]\n}\n'),
                                   (["--hex", "-m", "a1616101", "--content-type", "application/cbor"], b'{\n  "a": 1\n}\n'),
                                   (["--hex", "-m", "81a16101", "--content-type", "application/x-msgpack"],
                                    b'{\n  "a": 1\n}\n')]:
            process = self.subscribe("--pretty", "-C", 1)
            self.publish("a", *arguments)
            self.assert_ends(process, 0, printed)
        process = self.subscribe("--pretty", "-C", 1)
        self.publish("a", "--hex", "-m", "a161", "--content-type", "application/cbor")
        out, _ = process.communicate(timeout=LIMIT)
        self.assertRegex(out.decode(), r"^a161 \(no CBOR: byte \d+: .*\)\n$")

    def test_sparkplug_topics_are_decoded(self):
        process = self.listen("sub", "-t", "spBv1.0/#", "--pretty", "-C", 1)
        # timestamp 1, one metric "t" of type Int32 (3) with int_value 5, seq 0
        payload = "0801" "1207" "0a0174" "2003" "5005" "1800"
        result = run("pub", "-p", self.broker.port, "-t", "spBv1.0/g/NDATA/n", "--hex", "-m", payload)
        self.assertEqual(result.returncode, 0, result.stderr)
        out, _ = process.communicate(timeout=LIMIT)
        self.assertIn(b'"name": "t"', out)
        self.assertIn(b'"value": 5', out)

    def test_each_topic_gets_a_file(self):
        folder = self.folder()
        process = self.subscribe("-o", f"{folder}/{{topic}}.txt", "-v", "-C", 5)
        for name, message in (("a", "1"), ("a/b", "2"), ("a", "3"), ("a/../b", "4"), ("a//c", "5")):
            self.publish(name, "-m", message)
        self.assert_ends(process, 0, b"")
        base = folder / self.topic
        self.assertEqual((base / "a.txt").read_text(), f"{self.topic}/a 1\n{self.topic}/a 3\n")
        self.assertEqual((base / "a/b.txt").read_text(), f"{self.topic}/a/b 2\n")
        self.assertEqual((base / "a/%2E%2E/b.txt").read_text(), f"{self.topic}/a/../b 4\n")
        self.assertEqual((base / "a/%/c.txt").read_text(), f"{self.topic}/a//c 5\n")

    def test_each_message_gets_a_file_byte_for_byte(self):
        folder = self.folder()
        process = self.subscribe("-o", f"{folder}/{{n}}", "-C", 200)
        self.publish("a", "-l", stdin=b"".join(b"%d\n" % number for number in range(199)))
        self.publish("a", "--hex", "-m", "000aff0a")
        self.assert_ends(process, 0, b"")
        self.assertEqual((folder / "1").read_bytes(), b"0")
        self.assertEqual((folder / "200").read_bytes(), b"\x00\n\xff\n")

    def test_a_file_that_cannot_be_written_is_status_9(self):
        folder = self.folder()
        process = self.subscribe("-o", f"{folder}/{{topic}}")
        self.publish("a", "-m", "1")
        self.publish("a/b", "-m", "2")
        self.assert_ends(process, 9, b"", f"mqtk-sub: cannot write {folder}/{self.topic}/a/b: Not a directory; a topic is "
                                          "above another: give files an ending, such as {topic}.txt\n")

    # --- commands ----------------------------------------------------------------------------------------------------

    def test_a_command_runs_for_each_message(self):
        process = self.subscribe("--exec", 'echo "$MQTK_TOPIC $MQTK_QOS $MQTK_CONTENT_TYPE $(wc -c)"', "-C", 2, "-q", 1)
        self.publish("a", "-m", "12345", "--content-type", "text/plain")
        self.publish("b", "-n")
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual([line.split() for line in out.decode().splitlines()],
                         [[f"{self.topic}/a", "1", "text/plain", "5"], [f"{self.topic}/b", "1", "0"]])

    def test_commands_run_side_by_side_and_the_last_is_waited_for(self):
        # A command ends only when all five have begun.
        begun = self.folder()
        command = f'word=$(cat); touch {begun}/$$; while [ $(ls {begun} | wc -l) -lt 5 ]; do sleep 0.05; done; echo "$word"'
        process = self.subscribe("--exec", command, "--jobs", 5, "-C", 5)
        self.publish("a", "-l", stdin=b"1\n2\n3\n4\n5\n")
        out, _ = process.communicate(timeout=LIMIT)
        self.assertEqual(sorted(out.split()), [b"1", b"2", b"3", b"4", b"5"])

    def test_many_messages_wait_for_their_commands(self):
        folder = self.folder()
        process = self.subscribe("--exec", f"cat >> {folder}/all; echo >> {folder}/all", "-C", 500, "-q", 1)
        lines = [b"%d" % number for number in range(500)]
        self.publish("a", "-l", stdin=b"\n".join(lines))
        self.assert_ends(process, 0, b"")
        self.assertEqual((folder / "all").read_bytes().split(), lines)

    def test_failing_commands_are_counted_and_status_9(self):
        process = self.subscribe("--exec", "read -r word; test $word != 2", "-C", 3)
        self.publish("a", "-l", stdin=b"1\n2\n3\n")
        self.assert_ends(process, 9, b"", f"mqtk-sub: the command for '{self.topic}/a' ended with status 1\n"
                                          "mqtk-sub: 1 of 3 commands failed\n")

    # --- durable work ------------------------------------------------------------------------------------------------

    def test_a_killed_subscriber_loses_nothing(self):
        session = ["-c", "-i", self.topic.replace("/", "-"), "-x", "1h", "-q", 1, "-t", f"{self.topic}/#"]
        run("sub", "-p", self.broker.port, *session, "-E")
        lines = [b"%d" % number for number in range(3000)]
        self.publish("a", "-l", stdin=b"\n".join(lines))
        out = self.folder() / "out"
        for _ in range(6):
            with out.open("ab") as file:
                process = running.start("sub", "-p", self.broker.port, *session, stdout=file)
                time.sleep(0.15)
                process.kill()
                process.wait(LIMIT)
                process.stderr.close()
        with out.open("ab") as file:
            subprocess.run([running.BIN / "mqtk-sub", "-p", str(self.broker.port), *map(str, session), "--idle", "1s"],
                           stdout=file, timeout=LIMIT, check=True)
        # A line that was half written when the program was killed is there again as a whole.
        self.assertEqual(sorted(set(lines) - set(out.read_bytes().split())), [])

    def test_a_killed_command_runner_repeats_the_message(self):
        session = ["-c", "-i", self.topic.replace("/", "-"), "-x", "1h", "-q", 1]
        done = self.folder() / "done"
        command = ["--exec", f"read -r word; sleep 0.2; echo $word >> {done}"]
        process = self.subscribe(*session, *command)
        self.publish("a", "-l", stdin=b"1\n2\n3\n4\n5\n")
        self.assertTrue(running.wait_until(lambda: done.exists() and len(done.read_text().split()) >= 2))
        process.kill()
        process.wait(LIMIT)
        again = self.subscribe(*session, *command, "--idle", "1s")
        self.assertEqual(again.wait(LIMIT), 0)
        self.assertEqual(set(done.read_text().split()), {"1", "2", "3", "4", "5"})


class WithMosquitto(Cases, unittest.TestCase):
    make_broker = running.Mosquitto


class WithMqtkBroker(Cases, unittest.TestCase):
    make_broker = running.MqtkBroker


class Usage(unittest.TestCase):
    def test_what_does_not_go_together_is_told_in_one_line(self):
        for arguments, line in [
            (["--until", "state==done"], "--until 'state==done': not of the form json:/state==done, topic:job/+/done or "
                                         "payload:bye"),
            (["--until", "topic:a#"], "--until 'topic:a#': # is not alone in the last level of its Topic Filter"),
            (["--until", "json:state"], "--until 'json:state': a JSON Pointer begins with /, such as /state or /list/0"),
            (["--random-sample", "110%"], "--random-sample '110%': not a share such as 10% or 0.1"),
            (["--hex", "--json"], "--hex, --base64 and --pretty do not go with --json and --format; use %x there"),
            (["-o", "a/{topics}"], "--output 'a/{topics}': the placeholders are {topic} and {n}"),
            (["-o", "a/"], "--output 'a/': no name of a file, such as log/{topic}.txt"),
            (["--jobs", "2"], "--jobs needs --exec"),
            (["--dry-run"], "--dry-run needs --clear-retained"),
            (["--json", "-F", "%p"], "--format '%p': does not go with --json; give one"),
            (["-F", "%p", "--json"], "--json: does not go with --format; give one"),
            (["-R", "--retained-only"], "--retained-only: hidden (--no-retained) and asked for, retained messages cannot "
                                        "be both"),
            (["--clear-retained", "-R"], "--no-retained: hidden (--no-retained) and asked for, retained messages cannot "
                                         "be both"),
            (["-C", "1", "--expect", "2"], "--expect '2': the count is given twice; use one of --count and --expect"),
        ]:
            with self.subTest(arguments):
                result = run("sub", "-t", "a", *arguments)
                self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                                 (1, b"", f"mqtk-sub: {line}\n"))


running.drop_unavailable(globals())

if __name__ == "__main__":
    unittest.main()
