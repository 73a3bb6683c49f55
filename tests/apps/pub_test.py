#!/usr/bin/env python3
"""mqtk-pub, run for real: against mosquitto, against mqtk-broker, and against scripted brokers that misbehave."""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import running
from running import CONNACK, LIMIT, Observer, Scripted, run, start


class Cases(running.BrokerCases):
    def setUp(self):
        super().setUp()
        self.observer = Observer(self.broker.port, self.topic)
        self.addCleanup(self.observer.close)

    def publish(self, *arguments, stdin=b"", expect=0):
        result = run("pub", "-p", self.broker.port, "-t", self.topic, *arguments, stdin=stdin)
        self.assertEqual((result.returncode, result.stdout), (expect, b""), result.stderr)
        return result

    def assert_received(self, *payloads):
        self.observer.wait_for(len(payloads), 10)
        self.assertEqual(self.observer.payloads(), list(payloads))

    def test_a_message_arrives_once_at_each_qos_in_each_version(self):
        sent = []
        for version in ("5", "3.1.1", "3.1"):
            for qos in (0, 1, 2):
                sent.append(f"{version} at {qos}".encode())
                result = self.publish("-V", version, "-q", qos, "-m", sent[-1].decode())
                self.assertEqual(result.stderr, b"")
        self.assert_received(*sent)

    def test_many_messages_at_qos_2_before_5_keep_within_what_the_broker_does_not_announce(self):
        lines = [f"{number}".encode() for number in range(2000)]
        for version in ("3.1.1", "3.1"):
            result = self.publish("-V", version, "-q", 2, "-l", stdin=b"\n".join(lines) + b"\n")
            self.assertEqual(result.stderr, b"")  # no connection lost
        self.assert_received(*lines, *lines)

    def test_a_null_message_and_an_empty_text_have_no_payload(self):
        self.publish("-n")
        self.publish("-m", "")
        self.assert_received(b"", b"")

    def test_a_file_goes_out_byte_for_byte(self):
        content = bytes(range(256)) * 1000
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            self.publish("-f", file.name)
        self.assert_received(content)

    def test_a_file_may_be_a_pipe_or_standard_input(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe = os.path.join(folder, "pipe")
            os.mkfifo(pipe)
            writer = threading.Thread(target=lambda: pathlib.Path(pipe).write_bytes(b"piped" * 50_000))
            writer.start()
            self.publish("-f", pipe)
            writer.join()
        self.publish("-f", "-", stdin=b"dash")
        self.assert_received(b"piped" * 50_000, b"dash")

    def test_all_of_standard_input_is_one_message(self):
        self.publish("-s", stdin=b"a\nb\n")
        self.publish("-s", stdin=b"")
        self.assert_received(b"a\nb\n", b"")

    def test_lines_keep_all_but_their_newline(self):
        self.publish("-l", "-q", 1, stdin=b"one\ncr\r\n\nnul\0nul\nlast")
        self.assert_received(b"one", b"cr\r", b"", b"nul\0nul", b"last")

    def test_no_line_at_all_is_a_clean_end(self):
        self.publish("-l", stdin=b"")
        self.publish("-l", "-q", 2, stdin=b"")

    def test_nul_bytes_may_part_the_messages(self):
        self.publish("-l", "--null-delimited", stdin=b"a\nb\0c\0")
        self.assert_received(b"a\nb", b"c")

    def test_a_line_may_be_long(self):
        line = b"x" * 3_000_000
        self.publish("-l", "-q", 1, stdin=line + b"\nshort\n")
        self.assert_received(line, b"short")

    def test_lines_go_out_while_more_is_awaited(self):
        with start("pub", "-p", self.broker.port, "-t", self.topic, "-l", stdin=subprocess.PIPE) as process:
            for line in (b"first", b"second"):
                process.stdin.write(line + b"\n")
                process.stdin.flush()
                self.assertTrue(running.wait_until(lambda line=line: line in self.observer.payloads()))
            process.stdin.close()
            self.assertEqual(process.wait(LIMIT), 0)

    def test_many_lines_arrive_in_order_at_each_qos(self):
        lines = [b"line %d" % number for number in range(20_000)]
        for qos in (0, 1, 2):
            self.observer.messages.clear()
            self.publish("-l", "-q", qos, stdin=b"\n".join(lines))
            self.assert_received(*lines)

    def test_a_message_can_be_repeated(self):
        began = time.monotonic()
        self.publish("-m", "again", "--repeat", 3, "--repeat-delay", "100ms", "-q", 1)
        self.assertGreaterEqual(time.monotonic() - began, 0.2)
        self.assert_received(b"again", b"again", b"again")

    def test_a_retained_message_waits_for_later_subscribers_until_it_is_cleared(self):
        self.publish("-r", "-m", "kept", "-q", 1)
        self.assert_received(b"kept")
        late = Observer(self.broker.port, self.topic)
        self.addCleanup(late.close)
        self.assertTrue(late.wait_for(1))
        self.assertEqual(late.messages, [(self.topic, b"kept", True)])
        self.publish("-r", "-n", "-q", 1)
        later = Observer(self.broker.port, self.topic)
        self.addCleanup(later.close)
        time.sleep(0.2)
        self.assertEqual(later.messages, [])

    def test_the_will_comes_when_the_program_is_killed_and_not_when_it_ends(self):
        arguments = ["--will-topic", self.topic, "--will-payload", "gone", "--will-qos", 1]
        self.publish("-m", "here", *arguments)
        with start("pub", "-p", self.broker.port, "-t", self.topic, "-l", *arguments,
                   stdin=subprocess.PIPE) as process:
            process.stdin.write(b"alive\n")
            process.stdin.flush()
            self.assertTrue(self.observer.wait_for(2))
            process.kill()
        self.assert_received(b"here", b"alive", b"gone")

    def test_lines_survive_cut_connections(self):
        lines = [b"%d" % number for number in range(20_000)]
        for qos in (1, 2):
            self.observer.messages.clear()
            proxy = running.CuttingProxy(self.broker.port, [400, 30_000, 20_000])
            self.addCleanup(proxy.close)
            result = run("pub", "-p", proxy.port, "-t", self.topic, "-l", "-q", qos, "--reconnect-delay", "20ms",
                         stdin=b"\n".join(lines))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(proxy.connections, 4)
            running.wait_until(lambda: len(set(self.observer.payloads())) == len(lines))
            received = self.observer.payloads()
            self.assertEqual(sorted(set(lines) - set(received)), [], f"lost at QoS {qos}")
            if qos == 2:
                self.assertEqual(received, lines, "twice or out of order at QoS 2")

    def test_lines_survive_cut_connections_without_a_session(self):
        lines = [b"%d" % number for number in range(5_000)]
        proxy = running.CuttingProxy(self.broker.port, [400, 30_000])
        self.addCleanup(proxy.close)
        result = run("pub", "-V", "3.1.1", "-p", proxy.port, "-t", self.topic, "-l", "-q", 1, "--reconnect-delay",
                     "20ms", stdin=b"\n".join(lines))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(running.wait_until(lambda: set(self.observer.payloads()) == set(lines)))


class WithMosquitto(Cases, unittest.TestCase):
    make_broker = running.Mosquitto

    def test_lines_survive_a_restart_of_the_broker(self):
        broker = running.Mosquitto(["persistence true", "persistence_location {folder}/"])
        self.addCleanup(broker.close)
        observer = Observer(broker.port, "restart", 1, "observer")
        self.addCleanup(observer.close)
        lines = [b"%d" % number for number in range(3_000)]
        with start("pub", "-p", broker.port, "-t", "restart", "-l", "-q", 1, "--reconnect-delay", "50ms",
                   stdin=subprocess.PIPE) as process:
            process.stdin.write(b"\n".join(lines[:1500]) + b"\n")
            process.stdin.flush()
            self.assertTrue(observer.wait_for(100))
            broker.stop()
            process.stdin.write(b"\n".join(lines[1500:]) + b"\n")
            process.stdin.close()
            time.sleep(0.2)
            broker.start()
            self.assertEqual(process.wait(LIMIT), 0)
            report = process.stderr.read().decode().splitlines()
        self.assertTrue(running.wait_until(lambda: set(observer.payloads()) == set(lines)))
        self.assertTrue(report[0].endswith("; trying again"), report)
        self.assertEqual(report[1:], [f"mqtk-pub: connected again to localhost:{broker.port}"])

    def test_wrong_credentials_are_status_3(self):
        broker = running.Mosquitto(anonymous=False)
        self.addCleanup(broker.close)
        for version, reason in (("5", "Not authorized (0x87)"), ("3.1.1", "not authorized (return code 5)")):
            result = run("pub", "-V", version, "-p", broker.port, "-t", "a", "-m", "x", "-u", "me", "-P", "wrong")
            self.assertEqual(result.returncode, 3)
            self.assertEqual(result.stderr.decode(),
                             f"mqtk-pub: localhost:{broker.port} refused the connection: {reason}; check --username, "
                             "the password and what the broker allows them\n")

    def test_a_refused_publish_is_status_4(self):
        broker = running.Mosquitto(["acl_file {folder}/acl"], files={"acl": "topic readwrite open/#\n"})
        self.addCleanup(broker.close)
        for qos, name in ((1, "PUBACK"), (2, "PUBREC")):
            result = run("pub", "-p", broker.port, "-t", "closed", "-q", qos, "-m", "x")
            self.assertEqual((result.returncode, result.stderr.decode()),
                             (4, "mqtk-pub: the broker refused the message to 'closed': Not authorized (0x87)\n"), name)
        result = run("pub", "-p", broker.port, "-t", "closed", "-q", 1, "-l", stdin=b"a\nb\nc\n")
        # This broker also drops the connection after each refusal.
        self.assertEqual((result.returncode, result.stderr.decode().splitlines()[-1]),
                         (4, "mqtk-pub: 3 messages were refused"))


class WithMqtkBroker(Cases, unittest.TestCase):
    make_broker = running.MqtkBroker


class WithScriptedBroker(running.ScriptedCases):
    def publish(self, broker, *arguments, stdin=b""):
        return run("pub", "-p", broker.port, "-t", "a", *arguments, stdin=stdin)

    def assert_ends(self, result, status, line):
        self.assertEqual((result.returncode, result.stdout, result.stderr.decode()), (status, b"", f"mqtk-pub: {line}\n"))

    def test_a_broker_that_never_answers_is_status_6(self):
        broker = self.serve(lambda stream: stream.receive() and stream.receive())
        self.assert_ends(self.publish(broker, "-m", "x", "--connect-timeout", "200ms"), 6,
                         f"no CONNACK from localhost:{broker.port} within 200 ms; is it an MQTT listener? Or raise "
                         "--connect-timeout")

    def test_a_missing_acknowledgement_is_status_6(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            while stream.receive():
                pass
        broker = self.serve(talk)
        self.assert_ends(self.publish(broker, "-m", "x", "-q", 1, "-i", "me", "--ack-timeout", "200ms"), 6,
                         f"localhost:{broker.port} acknowledged nothing for 200 ms; raise --ack-timeout or see the "
                         "broker's log")
        self.assert_ends(self.publish(broker, "-m", "x", "-q", 1, "-i", "me", "--timeout", "200ms"), 6,
                         "1 messages are not acknowledged after 200 ms (--timeout)")

    def test_a_connection_lost_before_the_acknowledgement_is_status_5(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            stream.receive()
        broker = self.serve(talk)
        self.assert_ends(self.publish(broker, "-m", "x", "-q", 1, "-i", "me"), 5,
                         f"connection lost, talking to localhost:{broker.port}: the peer closed the connection; see "
                         "the broker's log, or use --reconnect")

    def test_a_disconnect_with_a_reason_is_status_4(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            stream.receive()
            stream.send(0xE0, b"\x97\x08\x1f" + running.text("later"))
        broker = self.serve(talk)
        self.assert_ends(self.publish(broker, "-m", "x", "-q", 1, "-i", "me"), 4,
                         f"localhost:{broker.port} ended the connection: Quota exceeded (0x97): later; send less at a "
                         "time")

    def test_a_session_taken_over_by_another_client_is_not_chased(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            stream.send(0xE0, b"\x8E\x00")
            stream.receive()
        broker = self.serve(talk)
        result = self.publish(broker, "-l", "-q", 1, "-i", "me", "--reconnect", "forever", stdin=b"a\n")
        self.assert_ends(result, 4, f"localhost:{broker.port} ended the connection: Session taken over (0x8E); another "
                                    "client has connected with the same --id")
        self.assertEqual(broker.connections, 1)

    def test_a_broker_of_3_1_1_is_spoken_to_in_3_1_1(self):
        levels = []

        def talk(stream):
            _, body = stream.receive()
            levels.append(body[6])
            if body[6] == 5:
                return stream.send(0x20, b"\x00\x01")
            stream.send(0x20, b"\x00\x00")
            stream.receive()
            stream.receive()
        broker = self.serve(talk)
        result = self.publish(broker, "-m", "x")
        self.assertEqual((result.returncode, result.stderr, levels), (0, b"", [5, 4]))
        levels.clear()
        self.assertNotEqual(self.publish(broker, "-m", "x", "-V", "5").returncode, 0)
        self.assertEqual(levels, [5])

    def test_the_reconnect_policy_holds_from_the_first_attempt_on(self):
        port = running.free_port()
        arguments = ["pub", "-p", port, "-t", "a", "-m", "x", "--reconnect-delay", "10ms"]
        once = run(*arguments)
        self.assertEqual((once.returncode, once.stderr.count(b"\n")), (2, 1))
        thrice = run(*arguments, "--reconnect", 3)
        self.assertEqual(thrice.returncode, 2)
        self.assertEqual(thrice.stderr.decode().splitlines()[0],
                         f"mqtk-pub: connecting to localhost:{port} (127.0.0.1): connection refused; check --host and "
                         "--port, and that the broker is running; trying again")
        later = start("pub", "-p", port, "-t", "a", "-m", "x", "--reconnect", "forever", "--reconnect-delay", "10ms")
        time.sleep(0.1)
        if running.MOSQUITTO:
            broker = running.Mosquitto(port=port)
            self.addCleanup(broker.close)
            self.assertEqual(later.wait(LIMIT), 0)
        else:
            later.kill()
            later.wait(LIMIT)
        later.stdout.close()
        later.stderr.close()

    def test_lines_are_read_only_as_fast_as_the_broker_takes_them(self):
        window = 10
        release = threading.Event()

        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\x00\x00\x03\x21" + window.to_bytes(2, "big"))  # Receive Maximum
            taken = 0
            while True:
                came = stream.receive()
                if came is None or came[0] >> 4 == 14:
                    return
                taken += 1
                self.taken = taken
                if taken == window and not release.is_set():
                    release.wait(LIMIT)
                if release.is_set():
                    size = 2 + int.from_bytes(came[1][:2], "big")
                    if taken == window:
                        for identifier in range(1, window + 1):
                            stream.send(0x40, identifier.to_bytes(2, "big"))
                    else:
                        stream.send(0x40, came[1][size:size + 2])
        broker = self.serve(talk)
        lines = 200_000
        with start("pub", "-p", broker.port, "-t", "a", "-q", 1, "-l", "-i", "me", stdin=subprocess.PIPE) as process:
            written = 0
            os.set_blocking(process.stdin.fileno(), False)
            quiet_since = time.monotonic()
            while time.monotonic() - quiet_since < 0.5:
                try:
                    written += os.write(process.stdin.fileno(), b"0123456\n" * 512)
                    quiet_since = time.monotonic()
                except BlockingIOError:
                    time.sleep(0.01)
            self.assertEqual(self.taken, window)
            self.assertLess(written, 1_000_000, "more was read than can be sent")
            release.set()
            os.set_blocking(process.stdin.fileno(), True)
            process.stdin.write(b"0123456\n" * 1000)
            process.stdin.close()
            self.assertEqual(process.wait(LIMIT), 0)
            self.assertEqual(self.taken, written // 8 + 1000)
        self.assertLess(written // 8, lines)


class Usage(unittest.TestCase):
    def assert_refused(self, arguments, line, status=1):
        result = run("pub", *arguments)
        self.assertEqual((result.returncode, result.stdout, result.stderr.decode()), (status, b"", f"mqtk-pub: {line}\n"))

    def test_what_cannot_be_done_is_told_in_one_line_before_connecting(self):
        for arguments, line in [
            ([], "no topic to publish to; give it with -t"),
            (["-t", "a"], "no message to publish; give it with -m, -f, -n, -s, -l or --json-lines"),
            (["-t", "a/+", "-m", "x"], "-t 'a/+': the Topic Name has a wildcard"),
            (["-t", "a", "-m", "x", "-n"],
             "--null-message: the message is given twice; use one of -m, -f, -n, -s, -l and --json-lines"),
            (["-t", "a", "-m", "x", "-q", "3"], "--qos '3': not one of 0, 1, 2"),
            (["-t", "a", "-l", "--repeat", "2"], "--repeat does not go with -l, --json-lines and --chunk: their input is read once"),
            (["-t", "a", "-f", "/nowhere/x"], "cannot open /nowhere/x: No such file or directory"),
            (["-t", "a", "-m", "x", "--timeout", "soon"],
             "--timeout 'soon': not a duration such as 500ms, 1.5s, 2m or a number of seconds"),
        ]:
            with self.subTest(arguments):
                self.assert_refused(arguments, line)

    def test_a_name_that_does_not_exist_is_status_2(self):
        result = run("pub", "-h", "no-such-host.invalid", "-t", "a", "-m", "x")
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_a_port_where_nobody_listens_is_status_2(self):
        port = running.free_port()
        self.assert_refused(["-p", port, "-t", "a", "-m", "x"],
                            f"connecting to localhost:{port} (127.0.0.1): connection refused; check --host and --port, "
                            "and that the broker is running", 2)

    def test_quiet_says_nothing_but_the_status(self):
        result = run("pub", "--quiet", "-p", running.free_port(), "-t", "a", "-m", "x")
        self.assertEqual((result.returncode, result.stderr), (2, b""))

    def test_a_signal_ends_it_as_signals_do(self):
        broker = Scripted(lambda stream: stream.receive() and stream.receive())
        self.addCleanup(broker.close)
        with start("pub", "-p", broker.port, "-t", "a", "-l", stdin=subprocess.PIPE) as process:
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(LIMIT), -signal.SIGINT)


running.drop_unavailable(globals())

if __name__ == "__main__":
    unittest.main()
