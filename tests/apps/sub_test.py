#!/usr/bin/env python3
"""mqtk-sub, run for real: against mosquitto, against mqtk-broker, and against scripted brokers."""

import json
import re
import signal
import subprocess
import time
import unittest

import running
from running import CONNACK, LIMIT, Observer, run, start, text


class Cases(running.BrokerCases):
    def publish(self, topic, *arguments, stdin=b""):
        result = run("pub", "-p", self.broker.port, "-t", topic, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)

    def subscribe(self, *arguments, **pipes):
        return self.listen("sub", *arguments, **pipes)

    def output_of(self, process, status=0):
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, status, err)
        return out

    def test_payloads_come_one_to_a_line(self):
        process = self.subscribe("-t", self.topic, "-C", 3)
        self.publish(self.topic, "-l", stdin=b"one\n\nthree\n")
        self.assertEqual(self.output_of(process), b"one\n\nthree\n")

    def test_several_filters_with_wildcards_and_a_qos_each(self):
        process = self.subscribe("-t", f"{self.topic}/+/a:2", "-t", f"{self.topic}/b/#:1", "-t", f"{self.topic}/c",
                                 "-C", 4, "--json")
        for name in ("x/a", "b", "b/y/z", "c", "d"):
            self.publish(f"{self.topic}/{name}", "-m", name, "-q", 2)
        lines = [json.loads(line) for line in self.output_of(process).splitlines()]
        self.assertEqual([(line["payload"], line["qos"]) for line in lines], [("x/a", 2), ("b", 1), ("b/y/z", 1), ("c", 0)])

    def test_each_format_prints_the_message_its_way(self):
        for options, expected in [
            (["-v"], f"{self.topic} 21.5\n"),
            (["-N"], "21.5"),
            (["-v", "-N"], f"{self.topic} 21.5"),
            (["-F", "%l:%p@@%q %x\\t"], "4:21.5@1 32312e35\t\n"),
        ]:
            process = self.subscribe("-t", self.topic, "-q", 1, "-C", 1, *options)
            self.publish(self.topic, "-m", "21.5", "-q", 1)
            self.assertEqual(self.output_of(process).decode(), expected)

    def test_json_loses_nothing(self):
        process = self.subscribe("-t", self.topic, "--json", "-C", 2, "-q", 1)
        self.publish(self.topic, "-s", "-q", 1, "-D", "publish", "content-type", "text/plain", "-D", "publish",
                     "user-property", "k", "v", stdin="h\u00e4 \"x\"".encode())
        self.publish(self.topic, "-s", stdin=b"\0\xff")
        first, second = self.output_of(process).decode().splitlines()
        time_form = r'\{"time":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z",'
        self.assertRegex(first, "^" + time_form + re.escape(
            f'"topic":"{self.topic}","qos":1,"retain":false,"dup":false,"packet_identifier":1,"payload":"h\u00e4 \\"x\\"",'
            '"properties":{"content_type":"text/plain","user_properties":[["k","v"]]}}') + "$")
        self.assertRegex(second, "^" + time_form + re.escape(
            f'"topic":"{self.topic}","qos":0,"retain":false,"dup":false,"payload_base64":"AP8="}}') + "$")

    def test_a_message_is_printed_at_once(self):
        process = self.subscribe("-t", self.topic)
        for line in (b"first\n", b"second\n"):
            self.publish(self.topic, "-m", line.decode().strip())
            self.assertEqual(process.stdout.readline(), line)
        process.terminate()
        self.assertEqual(process.wait(LIMIT), 0)

    def test_a_time_limit_is_status_6(self):
        result = run("sub", "-p", self.broker.port, "-t", self.topic, "-C", 2, "-W", "1.5")
        self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                         (6, b"", "mqtk-sub: 0 of 2 messages came within 1.5 s (--timeout)\n"))

    def test_signals_end_it_cleanly_without_a_will(self):
        observer = Observer(self.broker.port, self.topic + "/will")
        self.addCleanup(observer.close)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.subscribe("-t", self.topic, "--will-topic", self.topic + "/will", "--will-payload", "gone")
            process.send_signal(number)
            self.assertEqual(self.output_of(process), b"")
        time.sleep(0.2)
        self.assertEqual(observer.messages, [])

    def test_a_closed_stdout_is_a_clean_end(self):
        process = self.subscribe("-t", self.topic)
        process.stdout.close()
        self.publish(self.topic, "-m", "x")
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertEqual(process.stderr.read(), b"")

    def test_a_full_disk_is_status_9(self):
        with open("/dev/full", "wb") as full:
            process = self.subscribe("-t", self.topic, stdout=full)
            self.publish(self.topic, "-m", "x")
            self.assertEqual(process.wait(LIMIT), 9)
        self.assertEqual(process.stderr.read(), b"mqtk-sub: cannot write to standard output: No space left on device\n")

    def test_a_slow_reader_gets_everything(self):
        lines = b"".join(b"line %d of many that do not fit into a pipe\n" % number for number in range(5_000))
        process = self.subscribe("-t", self.topic, "-C", 5_000, "-q", 1)
        publisher = start("pub", "-p", self.broker.port, "-t", self.topic, "-q", 1, "-l", stdin=subprocess.PIPE)
        publisher.communicate(lines, LIMIT)
        received = b""
        while block := process.stdout.read1(4096):
            received += block
            time.sleep(0.005)
        self.assertEqual(received, lines)
        self.assertEqual(process.wait(LIMIT), 0)

    def test_a_reader_that_stops_reading_holds_up_neither_keep_alive_nor_signals(self):
        lines = b"0123456789 and more of it, more than a pipe holds\n" * 6_000
        process = self.subscribe("-t", self.topic, "-k", 1, "-q", 1)
        self.publish(self.topic, "-l", stdin=lines)
        time.sleep(2.5)
        self.publish(self.topic, "-m", "the end", "-q", 1)
        received = b""
        while not received.endswith(b"the end\n"):
            block = process.stdout.read1(1 << 20)
            self.assertTrue(block, "the connection was not kept")
            received += block
        self.publish(self.topic, "-l", stdin=lines)
        process.terminate()
        self.assertEqual(process.wait(10), 0)
        self.assertEqual(process.stderr.read(), b"")

    def test_retained_messages_can_be_hidden_or_asked_for_alone(self):
        self.publish(self.topic + "/1", "-m", "kept", "-r", "-q", 1)
        self.addCleanup(self.publish, self.topic + "/1", "-n", "-r", "-q", 1)
        hidden = self.subscribe("-t", self.topic + "/#", "-R", "-C", 1)
        only = self.subscribe("-t", self.topic + "/#", "--retained-only")
        self.publish(self.topic + "/2", "-m", "live", "-q", 1)
        self.assertEqual(self.output_of(hidden), b"live\n")
        self.assertEqual(self.output_of(only), b"kept\n")
        never = self.subscribe("-t", self.topic + "/#", "--retain-handling", "never", "-C", 1)
        self.publish(self.topic + "/2", "-m", "again", "-q", 1)
        self.assertEqual(self.output_of(never), b"again\n")

    def test_topics_can_be_filtered_out(self):
        process = self.subscribe("-t", self.topic + "/#", "-T", self.topic + "/no/+", "-C", 1, "-q", 1)
        self.publish(self.topic + "/no/1", "-m", "hidden", "-q", 1)
        self.publish(self.topic + "/yes", "-m", "shown", "-q", 1)
        self.assertEqual(self.output_of(process), b"shown\n")

    def test_a_kept_session_has_the_messages_of_the_meantime_and_those_beyond_the_count(self):
        for version in ("5", "3.1.1"):
            arguments = ["-V", version, "-c", "-i", f"durable-{version}", "-t", self.topic, "-q", 1]
            result = run("sub", "-p", self.broker.port, *arguments, "-E")
            self.assertEqual((result.returncode, result.stdout), (0, b""), result.stderr)
            self.publish(self.topic, "-l", "-q", 1, stdin=b"1\n2\n3\n4\n5\n")
            first = run("sub", "-p", self.broker.port, *arguments, "-C", 2, "-W", 10)
            self.assertEqual((first.returncode, first.stdout), (0, b"1\n2\n"), first.stderr)
            rest = run("sub", "-p", self.broker.port, *arguments, "-C", 3, "-W", 10)
            self.assertEqual((rest.returncode, rest.stdout), (0, b"3\n4\n5\n"), rest.stderr)
            done = run("sub", "-p", self.broker.port, *arguments, "-W", "0.2")
            self.assertEqual((done.returncode, done.stdout), (6, b""))
            gone = run("sub", "-p", self.broker.port, "-V", version, "-c", "-i", f"durable-{version}", "-U", self.topic)
            self.assertEqual((gone.returncode, gone.stdout), (0, b""), gone.stderr)

    def test_what_comes_while_the_connection_is_cut_comes_after_it(self):
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        process = start("sub", "-p", proxy.port, "-t", self.topic, "-q", 2, "-C", 3, "--reconnect-delay", "300ms")
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        self.publish(self.topic, "-m", "before", "-q", 2)
        self.assertEqual(process.stdout.readline(), b"before\n")
        proxy.cut_all()
        self.publish(self.topic, "-m", "meanwhile", "-q", 2)
        self.assertEqual(process.stdout.readline(), b"meanwhile\n")
        self.publish(self.topic, "-m", "after", "-q", 2)
        out, err = process.communicate(timeout=LIMIT)
        self.assertEqual((process.returncode, out), (0, b"after\n"))
        lost, again = err.decode().splitlines()
        self.assertTrue(lost.startswith("mqtk-sub: connection lost, ") and lost.endswith("; trying again"), lost)
        self.assertEqual(again, f"mqtk-sub: connected again to localhost:{proxy.port}")

    def test_a_shared_subscription_gives_each_message_to_one_of_its_subscribers(self):
        lines = [b"%d" % number for number in range(20)]
        members = [self.subscribe("-t", f"$share/group/{self.topic}", "-q", 1, "--idle", "2s") for _ in range(2)]
        self.publish(self.topic, "-l", "-q", 1, stdin=b"\n".join(lines))
        received = [line for member in members for line in self.output_of(member).splitlines()]
        self.assertEqual(sorted(received), sorted(lines))

    def test_its_own_messages_are_not_sent_back_with_no_local(self):
        process = self.subscribe("-t", self.topic, "--no-local", "-C", 1)
        self.publish(self.topic, "-m", "of another")
        self.assertEqual(self.output_of(process), b"of another\n")

    def test_what_it_prints_as_json_is_what_the_broker_sent_in_every_version(self):
        for version in ("5", "3.1.1", "3.1"):
            process = self.subscribe("-V", version, "-t", self.topic, "-v", "-q", 2, "-C", 2)
            for qos in (0, 2):
                self.publish(self.topic, "-m", version, "-q", qos, "-V", version)
            self.assertEqual(self.output_of(process).decode(), f"{self.topic} {version}\n" * 2)


class WithMosquitto(Cases, unittest.TestCase):
    make_broker = running.Mosquitto

    def test_wrong_credentials_are_status_3(self):
        broker = running.Mosquitto(anonymous=False)
        self.addCleanup(broker.close)
        result = run("sub", "-p", broker.port, "-t", "a")
        self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                         (3, b"", f"mqtk-sub: localhost:{broker.port} refused the connection: Not authorized (0x87); "
                                  "check --username, the password and what the broker allows them\n"))


class WithMqtkBroker(Cases, unittest.TestCase):
    make_broker = running.MqtkBroker


class WithScriptedBroker(running.ScriptedCases):
    def test_a_denied_subscription_is_status_4(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            stream.receive()
            stream.send(0x90, b"\x00\x01\x06\x1f" + text("no!") + b"\x00\x87")
            stream.receive()
        broker = self.serve(talk)
        result = run("sub", "-p", broker.port, "-i", "me", "-t", "open", "-t", "closed")
        self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                         (4, b"", "mqtk-sub: the broker denied the subscription to 'closed': Not authorized (0x87): no!\n"))

    def test_each_filter_may_have_options_of_its_own(self):
        seen = []

        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            seen.append(stream.receive())
            stream.send(0x90, b"\x00\x01\x00\x02\x00\x00\x01")
            stream.receive()
        broker = self.serve(talk)
        result = run("sub", "-p", broker.port, "-i", "me", "-q", 1, "-E", "-t", "a/+:2,no-local", "-t",
                     "b:0,retain-as-published,retain-handling=never", "-t", "c:d", "-t", "e:retain-handling=new")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(seen[0][1][3:], text("a/+") + b"\x06" + text("b") + b"\x28" + text("c:d") + b"\x01" + text("e") + b"\x11")

    def test_a_small_count_asks_for_no_more_and_acknowledges_no_more(self):
        seen = []

        def talk(stream):
            seen.append(stream.receive())
            stream.send(0x20, CONNACK)
            stream.receive()
            stream.send(0x90, b"\x00\x01\x00\x01")
            for identifier in (b"\0\1", b"\0\2"):
                stream.send(0x32, text("a") + identifier + b"\x00x")
            stream.send(0x30, text("a") + b"\x00too many")
            while came := stream.receive():
                seen.append(came)
        broker = self.serve(talk)
        result = run("sub", "-p", broker.port, "-i", "me", "-t", "a", "-q", 1, "-C", 2)
        self.assertEqual((result.returncode, result.stdout), (0, b"x\nx\n"), result.stderr)
        running.wait_until(lambda: len(seen) == 4)
        self.assertIn(b"\x21\x00\x02", seen[0][1], "Receive Maximum 2")
        self.assertEqual([packet[0] for packet in seen[1:]], [0x40, 0x40, 0xE0])
        self.assertEqual([packet[1] for packet in seen[1:3]], [b"\0\1", b"\0\2"])

    def test_a_message_that_was_not_written_is_not_acknowledged(self):
        seen = []

        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            stream.receive()
            stream.send(0x90, b"\x00\x01\x00\x01")
            stream.send(0x32, text("a") + b"\0\1\x00x")
            while came := stream.receive():
                seen.append(came[0])
        broker = self.serve(talk)
        with open("/dev/full", "wb") as full:
            process = start("sub", "-p", broker.port, "-i", "me", "-t", "a", "-q", 1, stdout=full)
            self.assertEqual(process.wait(LIMIT), 9)
            process.stderr.close()
        running.wait_until(lambda: seen)
        self.assertEqual(seen, [0xE0])

    def test_a_broker_that_breaks_the_protocol_is_status_7(self):
        def talk(stream):
            stream.receive()
            stream.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            stream.receive()
        broker = self.serve(talk)
        result = run("sub", "-V", "5", "-p", broker.port, "-t", "a")
        self.assertEqual((result.returncode, result.stdout, result.stderr.count(b"\n")), (7, b"", 1), result.stderr)


class Usage(unittest.TestCase):
    def test_what_cannot_be_done_is_told_in_one_line_before_connecting(self):
        for arguments, line in [
            ([], "no topic to subscribe to; give it with -t"),
            (["-t", "a#"], "-t 'a#': # is not alone in the last level of its Topic Filter"),
            (["-t", "a", "-F", "%z"], "--format '%z': %z is no field; the fields are %ACDEFIJPRSUdfjlmpqrtxX"),
            (["-t", "a", "-C", "0"], "--count '0': not a whole number of 1 or more"),
            (["-t", "a", "--payload-json"], "--payload-json needs --json"),
            (["-t", "a", "-c"], "--no-clean: without a client identifier no later run finds the session; give --id"),
            (["-t", "a:1,no-local", "-V", "3.1.1"],
             "--no-local, --retain-as-published and --retain-handling need version 5"),
            (["-t", "a", "-V", "3.1.1", "--no-local"],
             "--no-local, --retain-as-published and --retain-handling need version 5"),
        ]:
            with self.subTest(arguments):
                result = run("sub", *arguments)
                self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                                 (1, b"", f"mqtk-sub: {line}\n"))

    def test_nobody_there_and_no_such_name_are_status_2(self):
        port = running.free_port()
        result = run("sub", "-p", port, "-t", "a")
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (2, f"mqtk-sub: connecting to localhost:{port} (127.0.0.1): connection refused; check --host and "
                             "--port, and that the broker is running\n"))
        self.assertEqual(run("sub", "-h", "no-such-host.invalid", "-t", "a").returncode, 2)


running.drop_unavailable(globals())

if __name__ == "__main__":
    unittest.main()
