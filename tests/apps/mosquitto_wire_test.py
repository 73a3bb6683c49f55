#!/usr/bin/env python3
"""What mqtk-mosquitto and Mosquitto's clients send: packet by packet the same, as answered by the same broker."""

import os
import signal
import subprocess
import tempfile
import time
import unittest

import running
from mosquitto_clients import INSTALLED, ORIGINAL, OURS, Broker, Cases, run, start
from running import LIMIT, text

SUBSCRIBE, DISCONNECT = 0x82, 0xE0


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Connects(Cases):
    def connect(self, *words, name="mosquitto_pub", **more):
        message = ["-e", "r", "-m", "x"] if name == "mosquitto_rr" else ["-m", "x"] if name == "mosquitto_pub" else ["-E"]
        return self.conversation(name, "-t", "a", *message, *words, **more)[0][1]

    def test_connect_is_the_same_for_all_options_that_it_carries(self):
        for words in [
            [], ["-k", 5], ["-k", 65535], ["-V", 31], ["-V", "mqttv31"], ["-V", 311], ["-V", "mqttv311"], ["-V", 5], ["-V", "mqttv5"],
            ["-u", "me"], ["-u", "me", "-P", "secret"], ["-u", "m:e", "-P", ""], ["-c"], ["-c", "-V", 5], ["-V", 5, "-x", 60],
            ["-V", 5, "-x", 0], ["-V", 5, "-x", 4294967295], ["-V", 5, "-x", -1], ["-V", 5, "-x", "∞"], ["-V", 5, "-x", 60, "-c"],
            ["--will-topic", "w"], ["--will-topic", "w", "--will-payload", "gone", "--will-qos", 2, "--will-retain"],
            ["--will-topic", "w", "--will-payload", "gone", "-V", 5, "-D", "will", "will-delay-interval", 3, "-D", "will",
             "content-type", "t", "-D", "will", "user-property", "k", "v"],
            ["-k", 10, "-k", 20], ["-u", "one", "-u", "two"], ["-V", 311, "-V", 5],
        ]:
            for name in ("mosquitto_pub", "mosquitto_sub"):
                with self.subTest(name=name, words=words):
                    self.connect(*words, name=name)

    def test_properties_of_connect_are_the_same(self):
        for words in [
            ["maximum-packet-size", 1000], ["receive-maximum", 7], ["receive-maximum", "7x"],
            ["request-problem-information", 0], ["request-response-information", 1], ["session-expiry-interval", 9],
            ["topic-alias-maximum", 3], ["user-property", "name", "value"], ["USER-Property", "name", "value"],
        ]:
            with self.subTest(words=words):
                self.connect("-D", "Connect", *words)
        self.connect("-D", "connect", "user-property", "k", "v", "-D", "connect", "user-property", "k", "w")
        self.connect("-D", "connect", "authentication-method", "m", "-D", "connect", "authentication-data", "d",
                     connack=b"\0\0\x04\x15" + text("m"))

    def test_few_messages_wanted_are_the_receive_maximum(self):
        for count in (1, 19, 20, 21):
            connect = self.conversation("mosquitto_sub", "-V", 5, "-t", "a", "-C", count, "-W", 20,
                                        messages=[text("a") + b"\0x"] * count)[0][1]
            self.assertIn(b"\x21" + min(count, 20).to_bytes(2, "big"), connect)

    def test_without_an_identifier_5_0_sends_none_and_the_older_ones_make_one(self):
        for version in (31, 311, 5):
            for programs in (ORIGINAL, OURS):
                peer = self.opened(Broker())
                self.assertEqual(run(programs, "mosquitto_pub", "-p", peer.port, "-V", version, "-t", "a", "-m", "x"), (0, "", ""))
                connect = peer.conversations[0][0][1]
                # Debian's leaves it to the broker in 3.1.1, later ones make one up there, too, as ours do.
                if version == 5 or (version == 311 and programs is ORIGINAL):
                    self.assertEqual(connect[-2:], b"\0\0")
                else:
                    self.assertRegex(connect[-25:], rb"^\0\x17mosq-[0-9A-Za-z]{18}$")

    def test_a_prefix_gets_the_process_s_number(self):
        for programs in (ORIGINAL, OURS):
            peer = self.opened(Broker())
            process = start(programs, "mosquitto_pub", "-p", str(peer.port), "-I", "of-", "-t", "a", "-m", "x")
            process.communicate(timeout=LIMIT)
            self.assertTrue(peer.conversations[0][0][1].endswith(text(f"of-{process.pid}")))


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Publishes(Cases):
    def test_one_message_is_one_connection_and_ends_with_disconnect(self):
        for version in (311, 5):
            for qos, count in ((0, 3), (1, 3), (2, 4)):
                packets = self.conversation("mosquitto_pub", "-V", version, "-t", "a", "-m", "x", "-q", qos)
                self.assertEqual((len(packets), packets[-1][0]), (count, DISCONNECT))

    def test_properties_of_publish_are_the_same(self):
        for words in [
            ["content-type", "text/plain"], ["correlation-data", "c"], ["message-expiry-interval", 60], ["payload-format-indicator", 1],
            ["response-topic", "r"], ["user-property", "k", "v"], ["message-expiry-interval", "abc"],
        ]:
            with self.subTest(words=words):
                self.conversation("mosquitto_pub", "-t", "a", "-m", "x", "-D", "publish", *words)
        self.conversation("mosquitto_pub", "-t", "a", "-m", "x", "-D", "disconnect", "reason-string", "bye", "-D", "disconnect",
                          "user-property", "k", "v")
        self.conversation("mosquitto_pub", "-t", "a", "-m", "x", "-x", 9, "-D", "disconnect", "session-expiry-interval", 5)

    def test_repeated_messages_wait_for_each_other(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"file")
            file.flush()
            for source in (["-m", "x"], ["-n"], ["-f", file.name], ["-s"]):
                for qos in (0, 1, 2):
                    packets = self.conversation("mosquitto_pub", "-t", "a", *source, "--repeat", 3, "-q", qos, stdin=b"input")
                    self.assertEqual([first >> 4 for first, _ in packets],
                                     [1] + {0: [3] * 3, 1: [3] * 3, 2: [3, 6] * 3}[qos] + [14])
        for programs in (ORIGINAL, OURS):
            peer = self.opened(Broker(silent={3}))
            process = start(programs, "mosquitto_pub", "-p", str(peer.port), "-t", "a", "-m", "x", "-q", "1", "--repeat", "3")
            self.assertTrue(running.wait_until(lambda peer=peer: peer.conversations and len(peer.conversations[0]) == 2))
            time.sleep(0.3)
            process.kill()
            process.communicate()
            self.assertEqual([first >> 4 for first, _ in peer.conversations[0]], [1, 3])

    def test_repeated_messages_with_an_alias_name_their_topic_once(self):
        packets = self.conversation("mosquitto_pub", "-t", "a", "-m", "x", "--repeat", 3, "-D", "publish", "topic-alias", 1,
                                    connack=b"\0\0\x03\x22\0\x05")
        self.assertEqual([body[:3] for first, body in packets if first >> 4 == 3], [b"\0\x01a", b"\0\0\x03", b"\0\0\x03"])

    def test_lines_ignore_repeat(self):
        packets = self.conversation("mosquitto_pub", "-t", "a", "-l", "--repeat", 3, "-q", 1, stdin=b"one\ntwo\n")
        self.assertEqual([first >> 4 for first, _ in packets].count(3), 2)

    def test_the_window_of_messages_in_flight_has_the_size_of_m(self):
        lines = b"".join(b"%d\n" % number for number in range(50))
        for words, count in (([], 20), (["-M", 5], 5)):
            for programs in (ORIGINAL, OURS):
                peer = self.opened(Broker(silent={3}))
                process = start(programs, "mosquitto_pub", "-p", str(peer.port), "-t", "a", "-l", "-q", "1", *map(str, words),
                                stdin=subprocess.PIPE)
                process.stdin.write(lines)
                process.stdin.flush()
                self.assertTrue(running.wait_until(lambda peer=peer, count=count: peer.conversations and len(peer.conversations[0]) == 1 + count),
                                words)
                time.sleep(0.2)
                process.kill()
                process.communicate()
                self.assertEqual(len(peer.conversations[0]), 1 + count, words)

    def test_signals_end_pub_and_rr_without_disconnect(self):
        for name, *words in (("mosquitto_pub", "-l"), ("mosquitto_rr", "-m", "x", "-e", "r")):
            for number in (signal.SIGINT, signal.SIGTERM):
                for programs in (ORIGINAL, OURS):
                    peer = self.opened(Broker())
                    process = start(programs, name, "-p", str(peer.port), "-t", "a", *words, stdin=subprocess.PIPE)
                    self.assertTrue(running.wait_until(lambda peer=peer: peer.conversations and peer.conversations[0]))
                    time.sleep(0.2)
                    process.send_signal(number)
                    process.communicate(timeout=LIMIT)
                    self.assertEqual(process.returncode, -number, (name, number))
                    self.assertNotIn(DISCONNECT, [first for first, _ in peer.conversations[0]])

    def test_a_silent_broker_is_waited_for(self):
        processes = []
        for programs in (ORIGINAL, OURS):
            for silent in ({1}, {3}):
                peer = self.opened(Broker(silent=silent))
                processes.append(start(programs, "mosquitto_pub", "-p", str(peer.port), "-t", "a", "-m", "x", "-q", "1"))
        time.sleep(1.5)
        self.assertEqual([process.poll() for process in processes], [None] * 4)
        for process in processes:
            process.kill()
            process.communicate()

    def test_nothing_is_read_before_the_broker_accepts(self):
        for programs in (ORIGINAL, OURS):
            with tempfile.TemporaryFile() as file:
                file.write(b"one\ntwo\n")
                file.seek(0)
                peer = self.opened(Broker(connack=b"\0\5"))
                status, _, _ = run(programs, "mosquitto_pub", "-p", peer.port, "-t", "a", "-l", stdin=file)
                self.assertEqual((status, os.lseek(file.fileno(), 0, os.SEEK_CUR)), (5, 0))


@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Subscribes(Cases):
    def subscribe(self, *words, **more):
        return self.conversation("mosquitto_sub", *words, **more)

    def test_all_filters_go_in_one_subscribe_and_unsubscribe_follows(self):
        packets = self.subscribe("-t", "a", "-t", "b/+", "-t", "c/#", "-q", 1, "-E")
        self.assertEqual(packets[1], (SUBSCRIBE, b"\0\1\0\1a\1\0\3b/+\1\0\3c/#\1"))
        for version in (311, 5):
            self.subscribe("-V", version, "-t", "a", "-U", "b", "-U", "c", "-W", 1, status=27)
        self.subscribe("-V", 5, "-t", "a", "-t", "b", "--retain-as-published", "-D", "subscribe", "subscription-identifier", 7, "-D",
                       "subscribe", "user-property", "k", "v", "-E")
        self.subscribe("-V", 5, "-t", "a", "-U", "b", "-D", "unsubscribe", "user-property", "k", "v", "-W", 1, status=27)

    def test_an_end_at_suback_an_end_in_time_and_a_signal_say_disconnect(self):
        for version, reason in ((311, b""), (5, b"\4\0")):
            packets = self.subscribe("-V", version, "-t", "a", "-W", 1, "--will-topic", "w", status=27)
            self.assertEqual(packets[-1][0], DISCONNECT)
            self.assertIn(packets[-1][1], (reason, reason[:1]))
            self.subscribe("-V", version, "-t", "a", "-E")
            self.subscribe("-V", version, "-t", "a", "-C", 1, messages=[text("a") + (b"\0" if version == 5 else b"") + b"x"])
            peers = []

            def subscribed(programs, version=version, peers=peers):
                peers.append(self.opened(Broker()))
                process = start(programs, "mosquitto_sub", "-p", str(peers[-1].port), "-V", str(version), "-i", "me", "-t", "a")
                self.assertTrue(peers[-1].subscribed.wait(LIMIT))
                return process

            for programs in (ORIGINAL, OURS):
                self.assertEqual(self.ended_by(signal.SIGTERM, programs, subscribed), 0)
                self.assertTrue(running.wait_until(lambda peers=peers: peers[-1].conversations[0][-1] == packets[-1]))

    def test_retained_messages_are_removed_at_qos_1_but_those_that_are_filtered_out(self):
        packets = self.subscribe("-t", "#", "-T", "kept", "--remove-retained", "-W", 1, status=27, retained=True,
                                 messages=[text("gone") + b"x", text("kept") + b"y"])
        self.assertEqual([packet for packet in packets if packet[0] >> 4 == 3], [(0x33, text("gone") + b"\0\2")])

    def test_a_lost_connection_is_made_again_after_a_second_with_its_subscriptions(self):
        for programs in (ORIGINAL, OURS):
            peer = self.opened(Broker(cut_after_suback=1))
            process = start(programs, "mosquitto_sub", "-p", str(peer.port), "-i", "me", "-t", "a")
            began = time.monotonic()
            self.assertTrue(running.wait_until(lambda peer=peer: len(peer.conversations) == 2 and len(peer.conversations[1]) == 2))
            self.assertGreater(time.monotonic() - began, 0.5)
            process.kill()
            process.communicate()
            first, second = [[packet[0] for packet in conversation[:2]] for conversation in peer.conversations]
            self.assertEqual(first, second)

    def test_a_refusal_at_the_second_connection_ends_it(self):
        ends = []
        for programs in (ORIGINAL, OURS):
            peer = self.opened(Broker(cut_after_suback=1))
            process = start(programs, "mosquitto_sub", "-p", str(peer.port), "-i", "me", "-t", "a")
            self.assertTrue(peer.subscribed.wait(LIMIT))
            peer.connack = b"\0\5"
            ends.append((process.communicate(timeout=LIMIT), process.returncode))
        self.assertEqual(ends[1], ends[0])
        self.assertEqual(ends[0][1], 5)

@unittest.skipUnless(INSTALLED, "mosquitto's clients are not installed")
class Requests(Cases):
    def test_a_request_is_subscribed_for_and_published_once(self):
        for version in (5, 311):
            for qos in (0, 1):
                packets = self.conversation("mosquitto_rr", "-V", version, "-t", "a", "-e", "r", "-m", "x", "-q", qos, "-W", 1,
                                            status=27, silent={3}, only=3)
                self.assertEqual([first >> 4 for first, _ in packets], [1, 8, 3])
                self.assertEqual(packets[2][1], text("a") + b"\0\2" * (qos > 0) + (b"\4\x08" + text("r")) * (version == 5) + b"x")

    def test_the_first_message_is_the_answer_whatever_it_repeats(self):
        for version in (5, 311):
            message = text("r") + (b"\4\x09" + text("z") if version == 5 else b"") + b"fine"
            for words in ([], ["-v"], ["-N"], ["-F", "%t|%p|%l"], ["-R"]):
                self.conversation("mosquitto_rr", "-V", version, "-t", "a", "-e", "r", "-m", "x", *words, messages=[message] * 2, only=3)

    def test_a_denied_subscription_is_told_and_status_0(self):
        for version in (5, 311):
            self.conversation("mosquitto_rr", "-V", version, "-t", "a", "-e", "r", "-m", "x", grant=lambda qos: 128, only=2)

    def test_ours_says_disconnect(self):
        peer = self.opened(Broker(messages=[text("r") + b"\0fine"]))
        self.assertEqual(run(OURS, "mosquitto_rr", "-p", peer.port, "-t", "a", "-e", "r", "-m", "x"), (0, "fine\n", ""))
        self.assertEqual(peer.conversations[0][-1], (DISCONNECT, b""))

    def test_a_file_and_standard_input_are_requests(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"of file")
            file.flush()
            for words, payload in ((["-f", file.name], b"of file"), (["-s"], b"of input"), (["-n"], b"")):
                peer = self.opened(Broker(messages=[text("r") + b"\0fine"]))
                self.assertEqual(run(OURS, "mosquitto_rr", "-p", peer.port, "-t", "a", "-e", "r", *words, stdin=b"of input"),
                                 (0, "fine\n", ""))
                self.assertEqual(peer.conversations[0][2][1], text("a") + b"\4\x08" + text("r") + payload)


if __name__ == "__main__":
    unittest.main()
