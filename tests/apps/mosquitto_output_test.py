#!/usr/bin/env python3
"""What mqtk-mosquitto prints, for people and for scripts, and its exit codes: as Mosquitto's clients do."""

import os
import pathlib
import re
import struct
import subprocess
import tempfile
import time
import unittest

import running
from mosquitto_clients import INSTALLED, ORIGINAL, OURS, TOOLS, Broker, Cases, like_the_model, run, start
from running import LIMIT, text

HERE = {"TZ": "Europe/Berlin"}


def message(topic, payload, properties=None):
    """The body of PUBLISH at QoS 0; of 5.0 if there are properties, as bytes."""
    return text(topic) + (b"" if properties is None else bytes([len(properties)]) + properties) + payload


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Messages(Cases):
    def printed(self, *words, messages, version=311, **more):
        """What both print of these messages; times stand for themselves."""
        out = []
        for programs in (ORIGINAL, OURS):
            peer = self.opened(Broker(messages=messages))
            out.append(run(programs, "mosquitto_sub", "-p", peer.port, "-V", version, "-i", "me", "-t", "#", "-C", len(messages), *words,
                           extra=HERE, **more))
        self.assertEqual(self.timeless(out[1]), self.timeless(out[0]), words)
        self.assertEqual(out[1][0], 0)
        return out[1][1]

    @staticmethod
    def timeless(ended):
        status, out, err = ended
        out = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z?([+-]\d{4})", r"TIME\1\2"[:4] + r"\2", out)
        return status, re.sub(r"\b1\d{9}\.\d{9}\b", "SECONDS", out), err

    def test_plain_output(self):
        messages = [message("a", b"21.5"), message("b/c", b""), message("a", b"two\nlines"), message("a", b"\x00\xff"), message("a", b" ")]
        for words in ([], ["-v"], ["-N"], ["-v", "-N"], ["-F", "%p"], ["-F", "%p", "-N"], ["-F", "%p", "-v"], ["--pretty"]):
            self.printed(*words, messages=messages)

    def test_each_letter_of_a_template(self):
        properties = (b"\x01\x01" b"\x02\0\0\0\x3c" b"\x03" + text("text/plain") + b"\x08" + text("answer/here") + b"\x09" +
                      text("data") + b"\x26" + text("k") + text("v") + b"\x26" + text("k") + text("w") + b"\x0b\x07")
        messages = [message("room/one", b"21.5 C", properties), message("room/two", b"", b"")]
        for letter in "%ACDEFPRSIUlmpqrtxX":
            with self.subTest(letter=letter):
                # In hexadecimal Debian's prints half of a payload for which there is room.
                wide = [] if letter in "xX" else [f"[%12{letter}]", f"[%-12{letter}]", f"[%012{letter}]"]
                forms = [f"[%{letter}]", f"[%3{letter}]", f"[%-3{letter}]", f"[%06{letter}]", *wide]
                if letter in "CIRt":
                    forms += [f"[%.4{letter}]", f"[%8.4{letter}]", f"[%-8.4{letter}]"]
                self.printed("-F", " ".join(forms), messages=messages, version=5)

    def test_times_through_strftime_and_escapes(self):
        self.printed("-F", "@Y-@m-@d @@ @j @Z @z %t", messages=[message("a", b"x")])
        self.printed("-F", "a\\\\b\\n\\t\\r\\a\\e\\vc %p", messages=[message("a", b"x")])
        out = self.printed("-F", "%I|%U", messages=[message("a", b"x")])
        self.assertRegex(out, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+]0[12]00\|1\d{9}\.\d{9}\n$")
        for programs in (ORIGINAL, OURS):
            peer = self.opened(Broker(messages=[message("a", b"x")]))
            _, out, _ = run(programs, "mosquitto_sub", "-p", peer.port, "-t", "a", "-C", 1, "-F", "@s.@N")
            self.assertRegex(out, r"^1\d{9}\.\d{9}\n$")
            self.assertLess(abs(float(out) - time.time()), 60)

    def test_templates_that_are_none_are_refused_alike(self):
        for template in ("%", "%z", "%-", "%5", "%.", "@", "\\", "\\q", "%5z", "%-5.3z", "abc%"):
            with self.subTest(template=template):
                self.assertEqual(self.both("mosquitto_sub", "-t", "a", "-F", template)[0], 1)

    def test_json(self):
        properties = (b"\x01\x01" b"\x02\0\0\0\x3c" b"\x03" + text("text/plain") + b"\x08" + text("answer/here") + b"\x09" +
                      text("data") + b"\x26" + text("k") + text("v") + b"\x26" + text("k") + text("w") + b"\x0b\x07")
        documents = [b'{"a":[1,{"b":2}],"c":"x y"}', b'"text"', b"[]", b"{}", b"null", b"12", b'{"a":{},"b":[]}', b'["a,b:c",{"d":"e{f"}]']
        for template in ("%j", "%J"):
            for words in ([], ["--pretty"]):
                self.printed("-F", template, *words, messages=[message("a", document) for document in documents])
                self.printed("-F", template, *words, messages=[message("a", b"1", properties), message("a", b"", b"")], version=5)
        self.printed("-F", "%j", messages=[message('a"\\/\u00e9', b'quote " slash \\ / tab \t bell \x07 \xc3\xa9')])
        self.printed("-F", "%J", messages=[message("a", b"no JSON"), message("a", b'{"a":1}')])
        self.printed("-F", "before %j after", messages=[message("a", b"x")])

    def test_json_loses_nothing(self):
        peer = self.opened(Broker(messages=[message("a", b'{"n":1.50,"m":9007199254740993}'), message("a", b"\0\xff")]))
        _, out, _ = run(OURS, "mosquitto_sub", "-p", peer.port, "-t", "a", "-C", 2, "-F", "%j")
        self.assertIn('"payload_base64":"AP8="', out.splitlines()[1])
        peer = self.opened(Broker(messages=[message("a", b'{"n":1.50,"m":9007199254740993}')]))
        _, out, _ = run(OURS, "mosquitto_sub", "-p", peer.port, "-t", "a", "-C", 1, "-F", "%J")
        self.assertIn('"payload":{"n":1.50,"m":9007199254740993}', out)

    def test_letters_of_the_later_version(self):
        payload = struct.pack("=f", 1.5)
        for form, printed in (("%10x|", "  0000c03f|"), ("%-10X|", "0000C03F  |"), ("%f", "1.500000"), ("%.2f", "1.50"), ("%.2x", "00 00 c0 3f"), ("%.4:X", "0000:C03F")):
            peer = self.opened(Broker(messages=[message("a", payload)]))
            self.assertEqual(run(OURS, "mosquitto_sub", "-p", peer.port, "-t", "a", "-C", 1, "-F", form), (0, printed + "\n", ""))

    def test_each_message_is_written_at_once(self):
        broker = self.opened(running.Mosquitto())
        for words in ([], ["-v"], ["-F", "%j"], ["-N"], ["-d"]):
            for programs in (ORIGINAL, OURS):
                proxy = self.opened(running.CuttingProxy(broker.port, []))
                process = start(programs, "mosquitto_sub", "-p", str(proxy.port), "-t", "a", *words)
                self.assertTrue(proxy.subscribed.wait(LIMIT))
                out = b""
                for number in range(3):
                    run(ORIGINAL, "mosquitto_pub", "-p", broker.port, "-t", "a", "-m", f"message {number}")
                    while b"message %d" % number not in out:
                        out += os.read(process.stdout.fileno(), 65536)
                process.kill()
                process.communicate()

    @like_the_model
    def test_a_closed_reader_ends_it_with_0_at_the_next_message(self):
        broker = self.opened(running.Mosquitto())
        for programs in (ORIGINAL, OURS):
            proxy = self.opened(running.CuttingProxy(broker.port, []))
            process = start(programs, "mosquitto_sub", "-p", str(proxy.port), "-t", "a")
            self.assertTrue(proxy.subscribed.wait(LIMIT))
            process.stdout.close()

            def ended(process=process):
                run(ORIGINAL, "mosquitto_pub", "-p", broker.port, "-t", "a", "-m", "x")
                return running.wait_until(lambda: process.poll() is not None, 0.2)
            self.assertTrue(running.wait_until(ended))
            self.assertEqual(process.returncode, 0)
            process.stderr.close()


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Choice(Cases):
    def test_the_order_of_what_is_left_out_counted_and_ended(self):
        kept, live = message("kept", b"k"), message("live", b"l")
        for retained in (True, False):
            for words, status in ((["-C", 1], 0), (["-C", 2, "-v"], 0), (["-R", "-W", 1], 27), (["--retained-only", "-W", 1], None),
                                  (["-T", "kept", "-C", 1], 0), (["-T", "#", "-W", 1], 27), (["-R", "-T", "kept", "-C", 1, "-W", 1], None),
                                  (["--retained-only", "-T", "kept", "-v", "-W", 1], None), (["-W", 1, "-v"], 27)):
                ends = []
                for programs in (ORIGINAL, OURS):
                    peer = self.opened(Broker(messages=[kept, live, kept], retained=retained))
                    ends.append(run(programs, "mosquitto_sub", "-p", peer.port, "-i", "me", "-t", "#", *words))
                self.assertEqual(ends[1], ends[0], (retained, words))
                if status is not None:
                    self.assertEqual(ends[0][0], status, (retained, words))

    def test_a_live_message_ends_retained_only(self):
        broker = self.opened(running.Mosquitto())
        run(ORIGINAL, "mosquitto_pub", "-p", broker.port, "-t", "a/kept", "-m", "x", "-r", "-q", 1)
        for programs in (ORIGINAL, OURS):
            proxy = self.opened(running.CuttingProxy(broker.port, []))
            process = start(programs, "mosquitto_sub", "-p", str(proxy.port), "-t", "a/#", "--retained-only")
            self.assertTrue(proxy.subscribed.wait(LIMIT))
            self.assertEqual(os.read(process.stdout.fileno(), 100), b"x\n")
            run(ORIGINAL, "mosquitto_pub", "-p", broker.port, "-t", "a/live", "-m", "y")
            self.assertEqual((process.communicate(timeout=LIMIT), process.returncode), ((b"", b""), 0))

    def test_denied_subscriptions(self):
        for version in (311, 5):
            for words, status in (([], 0), (["-E"], 0), (["-d"], 0), (["-t", "b"], 0), (["--quiet"], 0)):
                self.conversation("mosquitto_sub", "-V", version, "-t", "a", *words, status=status, grant=lambda qos: 128)
        broker = self.opened(running.Mosquitto(["acl_file {folder}/acl"], files={"acl": "topic read open\n"}))
        for words in ([], ["-d"]):
            self.assertEqual(self.both("mosquitto_sub", "-p", broker.port, "-V", 5, "-i", "me", "-t", "open", "-t", "shut", "-W", 1, *words)[0], 27)

    @like_the_model
    def test_a_session_that_is_taken_over_is_let_go(self):
        self.conversation("mosquitto_sub", "-V", 5, "-t", "a", goodbye=b"\x8e\0", only=2)


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Words(Cases):
    # Those of version 2.0, as Debian has it.
    FLAGS = ["-c", "-d", "-E", "-l", "-n", "-N", "-r", "-R", "-s", "-v", "--disable-clean-session", "--debug", "--nodelay",
             "--null-message", "--pretty", "--quiet", "--remove-retained", "--retain", "--retain-as-published", "--retained-only",
             "--stdin-file", "--stdin-line", "--verbose", "--insecure", "--tls-use-os-certs", "--will-retain"]
    VALUED = ["-A", "-C", "-e", "-f", "-F", "-h", "-i", "-I", "-k", "-L", "-m", "-M", "-p", "-P", "-q", "-t", "-T", "-u", "-U", "-W", "-x",
              "--file", "--filter-out", "--host", "--id", "--id-prefix", "--keepalive", "--message", "--password", "--port", "--pw",
              "--proxy", "--qos", "--random-filter", "--repeat", "--repeat-delay", "--topic", "--unix", "--unsubscribe", "--url",
              "--username", "--cafile", "--capath", "--cert", "--ciphers", "--key", "--keyform", "--psk", "--psk-identity", "--tls-alpn",
              "--tls-engine", "--tls-engine-kpass-sha1", "--tls-version", "--will-payload", "--will-qos", "--will-topic", "--topi"]

    def test_each_tool_knows_its_options_and_no_others(self):
        for name in TOOLS:
            for word in self.VALUED:
                with self.subTest(name=name, word=word):
                    self.assertEqual(self.both(name, word)[0], 1)
            for word in self.FLAGS:
                with self.subTest(name=name, word=word):
                    # The word behind it tells whether this one was known.
                    self.assertEqual(self.both(name, word, "--nonsense")[0], 1)

    def test_texts_that_are_no_utf_8_are_refused_alike(self):
        for name, *words in [("mosquitto_pub", "-m", "x", "-t", b"a\xff"), ("mosquitto_sub", "-t", b"a\xff"),
                             ("mosquitto_sub", "-t", "a", "-T", b"a\xff"), ("mosquitto_sub", "-t", "a", "-U", b"a\xff"),
                             ("mosquitto_rr", "-t", "a", "-m", "x", "-e", b"a\xff"),
                             ("mosquitto_pub", "-t", "a", "-m", "x", "--will-topic", b"a\xff")]:
            ends = [subprocess.run([programs[name], *words], capture_output=True, timeout=LIMIT, check=False) for programs in (ORIGINAL, OURS)]
            self.assertEqual((ends[1].returncode, ends[1].stderr), (ends[0].returncode, ends[0].stderr), words)

    def test_properties_are_refused_alike(self):
        for words in [["auth", "user-property", "a", "b"], ["puback", "user-property", "a", "b"], ["suback", "user-property", "a", "b"],
                      ["publish", "subscription-identifier", "3"], ["publish", "will-delay-interval", "3"], ["will", "topic-alias", "3"],
                      ["connect", "receive-maximum", "0"], ["connect", "receive-maximum", "70000"], ["connect", "maximum-packet-size", "0"],
                      ["publish", "topic-alias", "0"], ["subscribe", "content-type", "a"], ["nonsense", "content-type", "a"],
                      ["publish", "message-expiry-interval", "-1"], ["publish"], ["publish", "content-type"]]:
            with self.subTest(words=words):
                self.assertEqual(self.both("mosquitto_pub", "-t", "a", "-m", "x", "-D", *words)[0], 1)


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Status(Cases):
    @like_the_model
    def test_each_refusal_is_its_code(self):
        for name, *words in (("mosquitto_pub", "-m", "x"), ("mosquitto_sub",), ("mosquitto_rr", "-e", "r", "-m", "x")):
            # In 3.1.1 Debian's mosquitto_rr takes the code for one of 5.0.
            for code in range(1, 6) if name != "mosquitto_rr" else []:
                self.conversation(name, "-V", 311, "-t", "a", *words, status=code, connack=bytes([0, code]))
            for code in (128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 140, 144, 149, 151, 153, 154, 155, 156, 157, 159):
                self.conversation(name, "-V", 5, "-t", "a", *words, status=code, connack=bytes([0, code, 0]))
            self.conversation(name, "-V", 5, "-t", "a", *words, "--quiet", status=135, connack=b"\0\x87\0")
            # A broker that knows no 5.0.
            self.conversation(name, "-V", 5, "-t", "a", *words, status=132, connack=b"\0\1", only=1)

    def test_what_the_broker_takes_none_of(self):
        self.conversation("mosquitto_pub", "-V", 5, "-t", "a", "-m", "x", "-q", 2, connack=b"\0\0\2\x24\1")
        # Without retained messages it is sent as any other.
        self.conversation("mosquitto_pub", "-V", 5, "-t", "a", "-m", "x", "-r", connack=b"\0\0\2\x25\0")
        # Where Debian's ends with 0 and says nothing, the later version ends with 7.
        peer = self.opened(Broker(connack=b"\0\0\5\x27\0\0\0\x14"))
        ended = run(OURS, "mosquitto_pub", "-p", peer.port, "-V", 5, "-i", "me", "-t", "a", "-m", "x" * 100)
        self.assertEqual(ended, (7, "", "Error: the packet is larger than the Maximum Packet Size of its receiver\n"))

    def test_an_address_with_a_port_is_no_host(self):
        for name, *words in (("mosquitto_pub", "-m", "x"), ("mosquitto_sub",), ("mosquitto_rr", "-e", "r", "-m", "x")):
            self.assertEqual(self.both(name, "-h", "localhost:1883", "-t", "a", *words)[0], 1)

    def test_input_that_ends_while_the_broker_is_away_is_sent_when_it_is_back(self):
        broker = self.opened(running.Mosquitto())
        proxy = self.opened(running.CuttingProxy(broker.port, [60]))
        observer = self.opened(running.Observer(broker.port, "a"))
        for qos in (0, 1):
            process = start(OURS, "mosquitto_pub", "-p", str(proxy.port), "-i", "me", "-t", "a", "-l", "-q", str(qos), stdin=subprocess.PIPE)
            out, err = process.communicate(b"".join(b"%d\n" % number for number in range(10)), timeout=LIMIT)
            self.assertEqual((process.returncode, out, err), (0, b"", b""))
        self.assertTrue(running.wait_until(lambda: len(set(observer.payloads())) == 10))


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class OptionsFiles(Cases):
    def with_file(self, lines, *words, name="mosquitto_pub", **more):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / name).write_bytes(lines.encode())
            peers = []
            for programs in (ORIGINAL, OURS):
                peer = self.opened(Broker())
                ended = run(programs, name, "-p", peer.port, "-i", "me", *words, extra={"XDG_CONFIG_HOME": folder})
                running.wait_until(lambda peer=peer: peer.served == peer.connections)
                peers.append((ended, peer.conversations))
            self.assertEqual(peers[1], peers[0], (lines, words))
            self.assertEqual(peers[0][0][0], more.get("status", 0), peers[0])
            return [packet for conversation in peers[0][1] for packet in conversation]

    def test_lines_are_options_with_the_rest_as_value(self):
        for lines in ("-t a\n-m x y \n", "# a comment\n\n  -t a\n-m # no comment\n", "-t a\n-m \"quoted 'text'\"\n", "-t a\r\n-m x\r\n",
                      "-t a\n-m x\n-r\n-r \n--quiet\n", "-t a\n-m x", "--topic a\n--message  two blanks\n", "-t a\n-V 5\n-m x\n"):
            self.with_file(lines)
        for lines in ("-D publish content-type x\n-t a\n-m x\n", "-t a\n-m\n", "-t a\n-m \n", "--nonsense\n", "-t\ta\n"):
            self.with_file(lines, status=1)

    def test_the_command_line_comes_after_it(self):
        self.assertIn((0x30, text("b") + b"x"), self.with_file("-t a\n-q 0\n", "-t", "b", "-m", "x"))
        self.with_file("-m x\n", "-t", "a", "-m", "y", status=1)
        self.with_file("-t a\n", "-t", "b", "-E", name="mosquitto_sub")

    def test_only_one_file_is_read(self):
        with tempfile.TemporaryDirectory() as folder:
            home = pathlib.Path(folder)
            (home / ".config").mkdir()
            (home / ".config" / "mosquitto_pub").write_text("--nonsense\n")
            missing = {"HOME": folder, "XDG_CONFIG_HOME": str(home / "missing")}
            self.both("mosquitto_pub", "-p", running.free_port(), "-t", "a", "-m", "x", extra=missing)
            self.assertEqual(self.both("mosquitto_pub", extra={"HOME": folder, "XDG_CONFIG_HOME": None})[0], 1)
            self.assertEqual(run(OURS, "mosquitto_pub", "-o", home / "missing", "-t", "a")[2], "Error: Both topic and message must be supplied.\n")

    def test_long_lines_are_one_option(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "mosquitto_pub").write_text("-t a\n-m " + "x" * 3000 + "\n")
            peer = self.opened(Broker())
            self.assertEqual(run(OURS, "mosquitto_pub", "-p", peer.port, extra={"XDG_CONFIG_HOME": folder}), (0, "", ""))
            self.assertEqual(peer.conversations[0][1], (0x30, text("a") + b"x" * 3000))


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Urls(Cases):
    def test_urls_are_split_at_the_first_of_each_sign_and_not_decoded(self):
        for url in ("mqtt://u:p:q@localhost:{}/a", "mqtt://u%40x:p%20@localhost:{}/a/b//c", "mqtt://@localhost:{}/a", "mqtt://:p@localhost:{}/a",
                    "MQTT://u@localhost:{}/a%2Fb", "mqtt://u:@localhost:{}/a?b", "mqtt://[::1]:{}/a", "mqtt://u@v@localhost:{}/a"):
            for name, *words in (("mosquitto_pub", "-m", "x"), ("mosquitto_sub", "-E", "-t", "more")):
                seen = []
                for programs in (ORIGINAL, OURS):
                    peer = self.opened(Broker())
                    ended = run(programs, name, "-i", "me", *words, "-L", url.format(peer.port))
                    running.wait_until(lambda peer=peer: peer.served == peer.connections)
                    seen.append((ended, peer.conversations))
                self.assertEqual(seen[1], seen[0], url)


if __name__ == "__main__":
    unittest.main()
