#!/usr/bin/env python3
"""Nothing is dropped silently by mqtk-broker: each reason has a counter, a $SYS topic, a metric and a line in the log."""

import pathlib
import socket
import tempfile
import time
import unittest
import urllib.request

from controlled import Broker
from running import LIMIT, Observer, packet, run, text, wait_until


class Drops(unittest.TestCase):
    def serve(self, *arguments):
        broker = Broker("--sys-interval", "100ms", "--metrics-port", 0, *arguments)
        self.addCleanup(broker.close)
        return broker

    def leave_a_session(self, broker, *arguments):
        run("sub", "-p", broker.port, "-t", "t", "-q", 1, "-i", "away", "-c", "-E", *arguments)

    def publish(self, broker, payload, *arguments):
        return run("pub", "-p", broker.port, "-t", "t", "-m", payload, "-q", 1, *arguments)

    def shows(self, broker, reason, count, line):
        """Everywhere, and nothing else was dropped."""
        self.assertTrue(wait_until(lambda: broker.ask("dump")[0]["counters"][f"dropped_{reason}"] == count),
                        broker.ask("dump")[0]["counters"])
        others = {name: number for name, number in broker.ask("dump")[0]["counters"].items()
                  if name.startswith("dropped_") and number and name != f"dropped_{reason}"}
        self.assertEqual(others, {})
        metrics = urllib.request.urlopen(broker.urls[1], timeout=LIMIT).read().decode()
        self.assertIn(f'mqtk_broker_messages_dropped_total{{reason="{reason}"}} {count}\n', metrics)
        observer = Observer(broker.port, f"$SYS/broker/publish/messages/dropped/{reason}")
        self.addCleanup(observer.close)
        self.assertTrue(wait_until(lambda: str(count).encode() in observer.payloads()))
        self.assertTrue(wait_until(lambda: any(line in one for one in broker.log)), broker.log)

    def test_the_queue_of_a_client_that_is_away_is_full(self):
        broker = self.serve("--max-queued-messages", 1)
        self.leave_a_session(broker)
        for payload in "abc":
            self.publish(broker, payload)
        self.shows(broker, "queue_full", 2, "away: message to 't' dropped: the queue of the client is full")

    def test_a_message_expires_in_the_queue(self):
        broker = self.serve()
        self.leave_a_session(broker)
        self.publish(broker, "x", "-D", "publish", "message-expiry-interval", "1")
        time.sleep(1.1)
        self.leave_a_session(broker)
        self.shows(broker, "expired", 1, "away: message to 't' dropped: the Message Expiry Interval ran out")

    def test_a_session_ends_with_messages_in_it(self):
        broker = self.serve()
        self.leave_a_session(broker, "-x", "1")
        for payload in "ab":
            self.publish(broker, payload)
        self.shows(broker, "session_ended", 2, "away: 2 messages dropped: the Session ended first")

    def test_a_message_is_too_large_for_a_client(self):
        broker = self.serve()
        self.leave_a_session(broker, "--maximum-packet-size", "100")
        self.publish(broker, "x" * 200)
        self.leave_a_session(broker, "--maximum-packet-size", "100")
        self.shows(broker, "too_large", 1, "away: message to 't' dropped: larger than the client's Maximum Packet Size")

    def test_a_client_takes_nothing(self):
        broker = self.serve()
        with socket.socket() as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            silent.connect(("127.0.0.1", broker.port))
            silent.sendall(packet(0x10, text("MQTT") + b"\4\2\0\0" + text("silent")) + packet(0x82, b"\0\1" + text("t") + b"\0"))
            self.assertTrue(wait_until(lambda: broker.ask("subscriptions")))
            with tempfile.TemporaryDirectory() as folder:
                payload = pathlib.Path(folder) / "payload"
                payload.write_bytes(bytes(1_000_000))

                def drops():
                    run("pub", "-p", broker.port, "-t", "t", "-f", payload)
                    return broker.ask("dump")[0]["counters"]["dropped_slow_receiver"]

                self.assertTrue(wait_until(drops))
            count = broker.ask("dump")[0]["counters"]["dropped_slow_receiver"]
            self.shows(broker, "slow_receiver", count, "silent: message to 't' dropped: the client takes its messages too slowly")

    def test_the_broker_refuses_a_message(self):
        broker = self.serve("--max-topic-levels", 6)
        self.assertEqual(run("pub", "-p", broker.port, "-i", "me", "-t", "a/b/c/d/e/f/g", "-m", "x", "-q", 1).returncode, 4)
        self.shows(broker, "refused", 1, "me: message to 'a/b/c/d/e/f/g' dropped: Topic Name invalid")

    def test_there_is_no_room_to_retain_a_message(self):
        broker = self.serve("--max-retained-messages", 0)
        run("pub", "-p", broker.port, "-i", "me", "-t", "t", "-m", "x", "-r")
        self.assertTrue(wait_until(lambda: broker.ask("dump")[0]["counters"]["messages_not_retained"] >= 1))
        self.assertTrue(wait_until(lambda: any("me: message to 't' not retained" in line for line in broker.log)), broker.log)
        metrics = urllib.request.urlopen(broker.urls[1], timeout=LIMIT).read().decode()
        self.assertRegex(metrics, r"\nmqtk_broker_messages_not_retained_total [1-9]")


if __name__ == "__main__":
    unittest.main()
