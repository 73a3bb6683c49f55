#!/usr/bin/env python3
"""The $SYS topics of mqtk-broker: every one that mosquitto has, in its format."""

import re
import time
import unittest

from running import LIMIT, MOSQUITTO, Mosquitto, Observer, run, start, wait_until


class Broker:
    def __init__(self, *arguments):
        self.process = start("broker", "--port", 0, *arguments)
        self.port = int(self.process.stdout.readline().strip().rsplit(b":", 1)[1])

    def close(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        self.process.stdout.close()
        self.process.stderr.close()


def system_topics(port, enough):
    """Topic -> payload, from the $SYS/broker topics of the broker there, once `enough` of them are known."""
    observer = Observer(port, "$SYS/#")
    wait_until(lambda: enough({topic for topic, _, _ in list(observer.messages)}))
    values = {topic: payload.decode() for topic, payload, _ in list(observer.messages)}
    observer.close()
    return values


def kind(value):
    """What the text looks like: 7 -> N, 1.50 -> N.NN, 3 seconds -> N seconds."""
    return re.sub(r"\d+", "N", re.sub(r"\d+\.\d\d\b", "N.NN", value))


class SystemTopics(unittest.TestCase):
    def serve(self, *arguments):
        broker = Broker(*arguments)
        self.addCleanup(broker.close)
        return broker

    @unittest.skipUnless(MOSQUITTO, "mosquitto is not installed")
    def test_all_topics_of_mosquitto_are_there_in_its_format(self):
        peer = Mosquitto(["sys_interval 1"])
        self.addCleanup(peer.close)
        complete = {"$SYS/broker/uptime", "$SYS/broker/load/sockets/15min", "$SYS/broker/clients/connected"}
        wanted = system_topics(peer.port, complete.issubset)
        ours = system_topics(self.serve().port, complete.issubset)
        self.assertGreater(len(wanted), 40)
        self.assertEqual([topic for topic in wanted if topic not in ours], [])
        for topic, value in wanted.items():
            if topic != "$SYS/broker/version":
                self.assertEqual(kind(ours[topic]), kind(value), topic)

    def test_they_follow_what_happens_at_the_interval(self):
        broker = self.serve("--sys-interval", "200ms")
        observer = Observer(broker.port, "$SYS/broker/publish/#")
        self.addCleanup(observer.close)
        run("pub", "-p", broker.port, "-t", "t", "-m", "12345", "-q", "2")
        for topic, value in (("messages/received/qos2", b"1"), ("messages/received", b"1"), ("bytes/received", b"5")):
            self.assertTrue(wait_until(lambda: (f"$SYS/broker/publish/{topic}", value) in
                                       [message[:2] for message in list(observer.messages)]), topic)

    def test_no_topics_with_interval_0(self):
        broker = self.serve("--sys-interval", "0")
        observer = Observer(broker.port, "$SYS/#")
        self.addCleanup(observer.close)
        time.sleep(0.3)
        self.assertEqual(observer.messages, [])

    def test_a_drop_is_told_with_its_reason(self):
        broker = self.serve("--sys-interval", "200ms", "--max-queued-messages", "2")
        run("sub", "-p", broker.port, "-t", "t", "-q", "1", "-i", "away", "-c", "-E")
        observer = Observer(broker.port, "$SYS/broker/publish/messages/dropped/#")
        self.addCleanup(observer.close)
        run("pub", "-p", broker.port, "-t", "t", "-q", "1", "-l", stdin=b"1\n2\n3\n4\n5\n")
        self.assertTrue(wait_until(lambda: ("$SYS/broker/publish/messages/dropped/queue_full", b"3") in
                                   [message[:2] for message in list(observer.messages)]))


if __name__ == "__main__":
    unittest.main()
