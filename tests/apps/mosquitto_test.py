#!/usr/bin/env python3
"""mqtk-mosquitto, called as mosquitto_pub, mosquitto_sub and mosquitto_rr, beside the programs that have these names.

Both are run with the same words against the same broker, and must print the same and end with the same status. What is
better on purpose is tested at the end.
"""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import mosquitto_clients
import running
from mosquitto_clients import INSTALLED, ORIGINAL, OURS, TOOLS, environment, plain, run
from running import CONNACK, LIMIT


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Same(mosquitto_clients.Cases):
    @classmethod
    def setUpClass(cls):
        cls.broker = running.Mosquitto()

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()

    def both(self, name, *words, port=None, **more):
        return super().both(name, *(words if port else ("-p", self.broker.port, *words)), **more)

    # --- section 2: argument rules -----------------------------------------------------------------------------------

    def test_what_is_refused_is_refused_alike(self):
        for name, *words in [
            ("mosquitto_pub", "-zz"), ("mosquitto_pub", "stray"), ("mosquitto_pub", "--"), ("mosquitto_pub", "--qos=1"),
            ("mosquitto_sub", "-vt", "a"), ("mosquitto_sub", "-r"), ("mosquitto_pub", "-C", "1"), ("mosquitto_rr", "-l"),
            ("mosquitto_pub", "-x"), ("mosquitto_pub", "-t", "a", "-m", "x", "-n"), ("mosquitto_pub", "-t", "a", "-l", "-m", "x"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-q", "3"), ("mosquitto_sub", "-t", "a", "-W", "0.5"),
            ("mosquitto_sub", "-t", "a", "-C", "0"), ("mosquitto_pub", "-k", "3"), ("mosquitto_pub", "-k", "0"),
            ("mosquitto_pub", "-M", "0"), ("mosquitto_pub", "-V", "4"), ("mosquitto_pub", "-V", "3.1.1"),
            ("mosquitto_pub", "-i", "x", "-I", "y"), ("mosquitto_pub", "-c", "-t", "a", "-m", "x"),
            ("mosquitto_pub", "-V", "5", "-c", "-t", "a", "-m", "x"), ("mosquitto_pub", "-x", "abc"),
            ("mosquitto_pub", "-x", "99999999999"), ("mosquitto_pub", "-t", "a/#", "-m", "x"), ("mosquitto_sub", "-t", "a#"),
            ("mosquitto_sub", "-t", "a", "-T", "b#"), ("mosquitto_pub", "--will-payload", "x", "-t", "a", "-m", "x"),
            ("mosquitto_pub", "--will-retain", "-t", "a", "-m", "x"), ("mosquitto_pub", "-p", "70000"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "--repeat", "0"), ("mosquitto_sub",), ("mosquitto_rr", "-t", "a", "-m", "x"),
            ("mosquitto_pub", "-L", "mqtt://host"), ("mosquitto_pub", "-L", "foo://host/a"),
            ("mosquitto_sub", "-t", "a", "-F", "%z"), ("mosquitto_sub", "-t", "a", "-R", "--retained-only"),
            ("mosquitto_pub", "-t", "a", "-f", "/nowhere"), ("mosquitto_pub", "-t", "a", "-s"),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-i", ""), ("mosquitto_sub", "-t", "a", "-i", "", "-V", "5"),
            ("mosquitto_sub", "-t", "a", "-c", "-i", ""), ("mosquitto_rr", "-t", "a", "-e", "b", "-m", "x", "-i", ""),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-i", "", "--quiet"), ("mosquitto_pub", "-i", "", "-I", ""),
            ("mosquitto_pub", "-t", "a", "-m", "x", "-P", "x"), ("mosquitto_sub", "-t", "a", "-P", "", "-V", "31"),
            ("mosquitto_rr", "-t", "a", "-e", "b", "-m", "x", "-P", "x", "-V", "311"),
            ("mosquitto_pub", "-D", "foo", "x", "y"), ("mosquitto_pub", "-D", "publish", "foo", "y"),
            ("mosquitto_pub", "-D", "puback", "reason-string", "y"), ("mosquitto_pub", "-D", "publish", "reason-string", "y"),
        ]:
            with self.subTest(words=(name, *words)):
                status, _, _ = self.both(name, *words, port="no")
                self.assertEqual(status, 1)

    def test_help_and_version_are_status_1_and_go_to_standard_output(self):
        for name in TOOLS:
            for word in ("--help", "--version"):
                for programs in (ORIGINAL, OURS):
                    status, out, err = run(programs, name, word)
                    self.assertEqual((status, bool(out), err), (1, True, ""), (name, word))

    def test_missing_messages_print_the_usage(self):
        for words in (["-t", "a"], ["-m", "x"]):
            for programs in (ORIGINAL, OURS):
                status, out, err = run(programs, "mosquitto_pub", *words)
                self.assertEqual((status, bool(out), err), (1, True, "Error: Both topic and message must be supplied.\n"))

    def test_numbers_are_read_leniently_and_the_last_value_wins(self):
        self.both("mosquitto_pub", "-q", "abc", "-t", "x", "-t", "a/lenient", "-m", "kept", "-r", "-d")
        self.both("mosquitto_pub", "-q", "1.9", "-t", "a/lenient", "-m", "kept", "-r", "-d", "-i", "me")
        self.both("mosquitto_sub", "-t", "a/lenient", "-C", "1x", "-q", "0", "-q", "1")
        self.both("mosquitto_pub", "-t", "a/lenient", "-r", "-n")

    # --- section 3: publishing ---------------------------------------------------------------------------------------

    def listened(self, topic, *words, stdin=b"", **more):
        """What arrives of one call of ours and of theirs."""
        heard = []
        for programs in (ORIGINAL, OURS):
            observer = running.Observer(self.broker.port, topic)
            ended = run(programs, "mosquitto_pub", "-p", self.broker.port, "-t", topic, *words, stdin=stdin, **more)
            self.assertEqual(ended, (0, "", ""), words)
            count = len(heard[0]) if heard else 0
            observer.wait_for(count, 5) if count else time.sleep(0.4)
            heard.append(list(observer.messages))
            observer.close()
        self.assertEqual(heard[1], heard[0], words)
        return [payload for _, payload, _ in heard[0]]

    def test_messages_of_each_source_arrive_alike(self):
        self.assertEqual(self.listened("a/m", "-m", "x", "-q", 1), [b"x"])
        self.assertEqual(self.listened("a/m", "-m", ""), [b""])
        self.assertEqual(self.listened("a/n", "-n", "-q", 2), [b""])
        self.assertEqual(self.listened("a/s", "-s", stdin=b"a\nb\n"), [b"a\nb\n"])
        self.assertEqual(self.listened("a/l", "-l", "-q", 1, stdin=b"one\ncr\r\n\nlast"), [b"one", b"cr\r", b"", b"last"])
        self.assertEqual(self.listened("a/l", "-l", stdin=b""), [])
        self.assertEqual(self.listened("a/f", "-f", "/dev/null"), [b""])
        long = b"x" * 300_000
        self.assertEqual(self.listened("a/l", "-l", stdin=long + b"\n" + long), [long, long])
        self.assertEqual(self.listened("a/r", "-m", "x", "--repeat", 3, "--repeat-delay", 0.05, "-q", 1), [b"x"] * 3)
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"\0file\n")
            file.flush()
            self.assertEqual(self.listened("a/f", "-f", file.name), [b"\0file\n"])

    def test_debug_lines_stand_between_the_messages(self):
        for words in (["-t", "a/d", "-m", "x"], ["-t", "a/d", "-m", "xyz", "-q", 1, "-V", 5, "-i", "me"],
                      ["-t", "a/d", "-m", "x", "-q", 2], ["-t", "a/d", "-m", "x", "-r", "-q", 1, "-i", "me"]):
            self.both("mosquitto_pub", *words, "-d")
        self.both("mosquitto_sub", "-t", "a/d", "-t", "a/e", "-C", 1, "-i", "sub", "-q", 2, "-d")
        self.both("mosquitto_pub", "-t", "a/d", "-r", "-n")

    def test_a_refused_message_is_a_warning(self):
        broker = running.Mosquitto(["acl_file {folder}/acl"], files={"acl": "topic readwrite open/#\n"})
        self.addCleanup(broker.close)
        for qos in (1, 2):
            status, _, err = self.both("mosquitto_pub", "-p", broker.port, "-V", 5, "-t", "closed", "-m", "x", "-q", qos, port="no")
            self.assertEqual((status, err), (0, "Warning: Publish 1 failed: Not authorized.\n"))

    # --- section 4: subscribing --------------------------------------------------------------------------------------

    def subscribed(self, messages, *words, topic="a/sub"):
        """What both print of `messages` (words for mosquitto_pub); they listen at the same time."""
        processes = []
        for programs in (ORIGINAL, OURS):
            proxy = running.CuttingProxy(self.broker.port, [])
            self.addCleanup(proxy.close)
            processes.append(subprocess.Popen([programs["mosquitto_sub"], "-p", str(proxy.port), "-t", topic, *map(str, words)],
                                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment({"TZ": "UTC"})))
            self.assertTrue(proxy.subscribed.wait(LIMIT))
        for message in messages:
            run(ORIGINAL, "mosquitto_pub", "-p", self.broker.port, "-t", topic.replace("#", "x"), *message)
        theirs, ours = [(process.communicate(timeout=LIMIT), process.returncode) for process in processes]
        self.assertEqual((plain(ours[0][0].decode(errors="replace")), ours[0][1], ours[1]),
                         (plain(theirs[0][0].decode(errors="replace")), theirs[0][1], theirs[1]), words)
        return ours[0][0]

    def test_messages_are_printed_alike(self):
        message = ["-m", "21.5", "-q", "1"]
        empty = ["-n"]
        self.assertEqual(self.subscribed([message, empty, message], "-C", 3), b"21.5\n21.5\n")
        self.assertEqual(self.subscribed([message, empty], "-C", 2, "-v"), b"a/sub 21.5\na/sub (null)\n")
        self.subscribed([message, empty], "-C", 2, "-v", "-N")
        self.subscribed([message, empty], "-C", 2, "-N")
        self.subscribed([message], "-C", 1, "-q", 2, "-d", topic="b/#")

    def test_templates_are_filled_in_alike(self):
        for template in ("%t|%p|%q|%r|%l|%m", "%x %X %%", "[%8p][%-8p][%08p][%3l][%03l]", "%.2t %20t|%-20t|", "a\\tb\\n\\\\ @@ %F%C",
                         "[%3C][%E][%D][%P][%R][%S][%A]"):
            self.subscribed([["-m", "21.5", "-q", "1"]], "-C", 1, "-q", 1, "-F", template)
        properties = ["-V", "5", "-D", "publish", "content-type", "text/plain", "-D", "publish", "user-property", "k", "v", "-D",
                      "publish", "user-property", "k", "w", "-D", "publish", "response-topic", "r", "-D", "publish",
                      "correlation-data", "c", "-D", "publish", "message-expiry-interval", "60", "-D", "publish",
                      "payload-format-indicator", "1"]
        for template in ("%C|%D|%E|%F|%P|%R", "%j", "%J"):
            self.subscribed([["-m", '{"a":[1,2]}', "-q", "1", *properties]], "-C", 1, "-V", 5, "-F", template)
        for template in ("%j", "%J"):
            self.subscribed([["-m", '{"a":[1,{"b":2}],"c":"x y"}', "-q", "1"], ["-n"]], "-C", 2, "-F", template, "--pretty")
            self.subscribed([["-m", '"text"', "-q", "1"], ["-n"]], "-C", 2, "-F", template, "-v")
        self.assertEqual(self.subscribed([["-m", "no JSON"]], "-C", 1, "-F", "%J"), b"\n")

    def test_retained_messages_are_handled_alike(self):
        publish = ["-p", self.broker.port, "-r", "-q", 1]
        run(ORIGINAL, "mosquitto_pub", *publish, "-t", "a/ret/1", "-m", "kept")
        self.both("mosquitto_sub", "-t", "a/ret/#", "-W", 3, "-R")
        self.both("mosquitto_sub", "-t", "a/ret/#", "-W", 3, "--retained-only", "-v")
        self.both("mosquitto_sub", "-t", "a/ret/#", "-T", "a/ret/1", "-W", 3)
        for programs in (ORIGINAL, OURS):
            run(ORIGINAL, "mosquitto_pub", *publish, "-t", "a/ret/1", "-m", "kept")
            ended = run(programs, "mosquitto_sub", "-p", self.broker.port, "-t", "a/ret/#", "-W", 3, "--remove-retained", "-v")
            # The removal comes back as a message without payload.
            self.assertEqual(ended, (27, "a/ret/1 kept\na/ret/1 (null)\n", "Timed out\n"))
            self.assertEqual(run(ORIGINAL, "mosquitto_sub", "-p", self.broker.port, "-t", "a/ret/#", "-W", 1)[1], "")

    def test_the_ends_are_alike(self):
        self.assertEqual(self.both("mosquitto_sub", "-t", "a/none", "-W", 1)[0], 27)
        self.assertEqual(self.both("mosquitto_sub", "-t", "a/none", "-W", 1, "--quiet")[2], "")
        self.assertEqual(self.both("mosquitto_sub", "-t", "a/none", "-E")[0], 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            for programs in (ORIGINAL, OURS):
                self.assertEqual(self.ended_by(number, programs, self.listening), 0)

    def listening(self, programs):
        """mosquitto_sub with its SUBACK."""
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        process = mosquitto_clients.start(programs, "mosquitto_sub", "-p", str(proxy.port), "-t", "a/none")
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        return process

    def test_a_kept_session_is_taken_up(self):
        for version in (311, 5):
            for programs in (ORIGINAL, OURS):
                words = ["-p", self.broker.port, "-V", version, "-c", "-i", "kept", "-q", 1, "-t", "a/kept"]
                self.assertEqual(run(programs, "mosquitto_sub", *words, "-E")[0], 0)
                for number in range(3):
                    run(programs, "mosquitto_pub", "-p", self.broker.port, "-q", 1, "-t", "a/kept", "-m", number)
                self.assertEqual(run(programs, "mosquitto_sub", *words, "-C", 3, "-W", 20), (0, "0\n1\n2\n", ""))

    # --- section 5: request and response -----------------------------------------------------------------------------

    def test_a_request_prints_the_first_answer(self):
        self.assertEqual(self.both("mosquitto_rr", "-t", "a/q", "-e", "a/r", "-m", "x", "-W", 1)[0], 27)
        proxy = running.CuttingProxy(self.broker.port, [])
        self.addCleanup(proxy.close)
        responder = subprocess.Popen([running.BIN / "mqtk-respond", "-p", str(proxy.port), "-t", "a/q", "-m", "fine"])
        self.addCleanup(lambda: (responder.kill(), responder.wait()))
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        self.assertEqual(self.both("mosquitto_rr", "-t", "a/q", "-e", "a/r", "-m", "x", "-W", 20, "-v"), (0, "a/r fine\n", ""))

    # --- sections 9 to 11: addresses, options files, exit codes -------------------------------------------------------

    def test_urls_carry_the_topic(self):
        self.both("mosquitto_pub", "-L", f"mqtt://localhost:{self.broker.port}/a/url", "-m", "x", "-r", "-q", 1, port="no")
        status, out, _ = self.both("mosquitto_sub", "-L", f"MQTT://u:p@localhost:{self.broker.port}/a/url", "-C", 1, port="no")
        self.assertEqual((status, out), (0, "x\n"))
        self.both("mosquitto_pub", "-t", "a/url", "-r", "-n")

    def test_options_files_are_read_before_the_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            (base / ".config").mkdir()
            for path in (base, base / ".config"):
                (path / "mosquitto_sub").write_text(f"# comment\n\n  -t a/of file\n-v\n-W 1\n-p {self.broker.port}\n")
                (path / "mosquitto_pub").write_text("-m with spaces and \"quotes\"\n")
            for extra in ({"XDG_CONFIG_HOME": folder}, {"HOME": folder, "XDG_CONFIG_HOME": None}):
                self.both("mosquitto_pub", "-t", "a/of file", "-r", "-q", 1, extra=extra)
                status, out, _ = self.both("mosquitto_sub", extra=extra, port="no")
                self.assertEqual((status, out), (27, 'a/of file with spaces and "quotes"\n'))
                self.assertEqual(self.both("mosquitto_pub", "-t", "a", "-m", "x", extra=extra)[0], 1)
            self.both("mosquitto_pub", "-t", "a/of file", "-r", "-n")

    def test_refusals_have_the_broker_s_code(self):
        broker = running.Mosquitto(anonymous=False)
        self.addCleanup(broker.close)
        for name, *words in (("mosquitto_pub", "-t", "a", "-m", "x"), ("mosquitto_sub", "-t", "a")):
            self.assertEqual(self.both(name, "-p", broker.port, *words, port="no")[0], 5)
        words = ["-p", broker.port, "-t", "a", "-e", "b", "-m", "x", "-V", 311]
        self.assertEqual(self.both("mosquitto_rr", *words, port="no", stderr=False)[0], 5)
        for name, *words in (("mosquitto_pub", "-t", "a", "-m", "x"), ("mosquitto_sub", "-t", "a")):
            self.assertEqual(self.both(name, "-V", 5, "-p", broker.port, *words, port="no")[0], 135)

    def test_no_connection_is_status_1(self):
        port = running.free_port()
        for name, *words in (("mosquitto_pub", "-t", "a", "-m", "x"), ("mosquitto_sub", "-t", "a"), ("mosquitto_rr", "-t", "a", "-e", "b", "-m", "x")):
            self.assertEqual(self.both(name, "-p", port, *words, port="no")[0], 1)
            self.assertEqual(self.both(name, "-p", port, "--quiet", *words, port="no")[2], "")
            self.assertEqual(self.both(name, "-h", "no-such-host.invalid", *words, port="no")[0], 1)

    def test_a_connection_lost_before_the_acknowledgement_is_status_7(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, b"\x00\x00")
            stream.receive()
        broker = running.Scripted(talk)
        self.addCleanup(broker.close)
        self.assertEqual(self.both("mosquitto_pub", "-p", broker.port, "-t", "a", "-m", "x", "-q", 1, port="no")[0], 7)

    def test_a_time_limit_before_the_connack_is_status_255(self):
        broker = running.Scripted(lambda stream: stream.receive() and stream.receive())
        self.addCleanup(broker.close)
        self.assertEqual(run(OURS, "mosquitto_sub", "-p", broker.port, "-t", "a", "-W", 1), (255, "", ""))


class Better(unittest.TestCase):
    def test_connect_carries_what_the_library_sends(self):
        seen = []

        def talk(stream):
            seen.append(stream.receive()[1])
            stream.send(0x20, CONNACK)
            stream.receive()
        broker = running.Scripted(talk)
        self.addCleanup(broker.close)
        for words, part in ((["-i", "x"], b"\x21\x00\x14"), (["-i", "x", "-C", "3"], b"\x21\x00\x03"),
                            (["-i", "x", "-x", "60"], b"\x11\x00\x00\x00\x3c"), (["-i", "x", "-c"], b"\x11\xff\xff\xff\xff")):
            run(OURS, "mosquitto_sub", "-V", "5", "-p", broker.port, "-t", "a", "-W", 1, *words)
            self.assertIn(part, seen.pop())

    def test_a_pipe_is_a_file_and_a_nul_byte_stays(self):
        broker = running.available_brokers()[0]()
        self.addCleanup(broker.close)
        observer = running.Observer(broker.port, "a")
        self.addCleanup(observer.close)
        with tempfile.TemporaryDirectory() as folder:
            pipe = pathlib.Path(folder) / "pipe"
            os.mkfifo(pipe)
            writer = threading.Thread(target=lambda: pipe.write_bytes(b"piped"))
            writer.start()
            self.assertEqual(run(OURS, "mosquitto_pub", "-p", broker.port, "-t", "a", "-f", pipe), (0, "", ""))
            writer.join()
        self.assertEqual(run(OURS, "mosquitto_pub", "-p", broker.port, "-t", "a", "-l", stdin=b"a\0b\nc\n"), (0, "", ""))
        observer.wait_for(3, 10)
        self.assertEqual(observer.payloads(), [b"piped", b"a\0b", b"c"])

    def test_removing_retained_messages_ends_with_the_count(self):
        broker = running.available_brokers()[0]()
        self.addCleanup(broker.close)
        publish = ["-p", broker.port, "-q", 1, "-r"]
        for name in ("1", "2"):
            run(OURS, "mosquitto_pub", *publish, "-t", f"a/{name}", "-m", "x")
        ended = run(OURS, "mosquitto_sub", "-p", broker.port, "-t", "a/#", "--remove-retained", "-C", 2, "-W", 20)
        self.assertEqual(ended, (0, "x\nx\n", ""))
        self.assertEqual(run(OURS, "mosquitto_sub", "-p", broker.port, "-t", "a/#", "-W", 1)[1], "")

    def test_removing_is_not_stopped_by_hiding_and_ends_with_a_live_message(self):
        broker = running.available_brokers()[0]()
        self.addCleanup(broker.close)
        for words in (["-R", "-W", 1], ["--retained-only"]):
            run(OURS, "mosquitto_pub", "-p", broker.port, "-q", 1, "-r", "-t", "a/kept", "-m", "x")
            proxy = running.CuttingProxy(broker.port, [])
            self.addCleanup(proxy.close)
            process = mosquitto_clients.start(OURS, "mosquitto_sub", "-p", str(proxy.port), "-t", "a/#", "--remove-retained", *map(str, words))
            self.assertTrue(proxy.subscribed.wait(LIMIT))
            if "-R" not in words:
                self.assertEqual(os.read(process.stdout.fileno(), 100), b"x\n")
                run(OURS, "mosquitto_pub", "-p", broker.port, "-t", "a/live", "-m", "y")
            out, _ = process.communicate(timeout=LIMIT)
            self.assertEqual((process.returncode, out), (27 if "-R" in words else 0, b""))
            self.assertEqual(run(OURS, "mosquitto_sub", "-p", broker.port, "-t", "a/#", "-W", 1)[1], "")

    def test_the_random_filter_keeps_the_share_that_it_is_told(self):
        messages = [running.text("a") + b"x"] * 2000
        for share, least, most in ((100, 2000, 2000), (50, 850, 1150), (10, 120, 290)):
            peer = mosquitto_clients.Broker(messages=messages)
            self.addCleanup(peer.close)
            _, out, _ = run(OURS, "mosquitto_sub", "-p", peer.port, "-i", "me", "-t", "a", "--random-filter", share, "-W", 1)
            self.assertTrue(least <= out.count("x") <= most, (share, out.count("x")))

    def test_unsubscribing_alone_is_allowed(self):
        broker = running.available_brokers()[0]()
        self.addCleanup(broker.close)
        self.assertEqual(run(OURS, "mosquitto_sub", "-p", broker.port, "-U", "a", "-W", 1), (27, "", "Timed out\n"))

    def test_the_client_may_be_named_by_the_first_word(self):
        result = running.run("mosquitto", "sub")
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        self.assertIn(b"You must specify a topic", result.stderr)
        self.assertEqual(running.run("mosquitto", "pup").returncode, 1)


if __name__ == "__main__":
    unittest.main()
