#!/usr/bin/env python3
"""Faults on command between client and broker: the rules of mqtk-broker do the same in mqtk-proxy."""

import re
import unittest

import broker_faults_test
from running import LIMIT, MqtkBroker, run, start, text


class ThroughProxy:
    """Rules go to a proxy, and the broker behind it knows nothing of them."""

    def serve(self, *rules, arguments=()):
        broker = MqtkBroker()
        self.addCleanup(broker.close)
        options = [word for rule in rules for word in ("--fault", rule)]
        self.broker = start("proxy", "--port", 0, "--to", f"127.0.0.1:{broker.port}", *options, *arguments)
        self.addCleanup(self.end)
        self.port = int(self.broker.stdout.readline().strip().rsplit(b":", 1)[1])
        self.broker.stdout.readline()

    def shown(self):
        """The packets that were shown, without time and offset, what was said on stderr, and the status."""
        if self.broker.poll() is None:
            self.broker.terminate()
        out, err = self.broker.communicate(timeout=LIMIT)
        lines = [re.sub(r"^\S+Z +\d+ +\d+  ", "", line) for line in out.decode().splitlines()]
        return lines, err.decode(), self.broker.returncode


class Requests(ThroughProxy, broker_faults_test.Requests):
    pass


class Packets(ThroughProxy, broker_faults_test.Packets):
    pass


class Time(ThroughProxy, broker_faults_test.Time):
    pass


class Ends(ThroughProxy, broker_faults_test.Ends):
    # These strike the broker itself.
    test_a_session_is_forgotten = None
    test_the_broker_restarts = None

    def test_the_broker_s_connection_ends_with_the_client_s(self):
        self.serve("close packet=pingreq")
        watcher = self.subscribed()
        stream = self.open()
        stream.send(0x10, text("MQTT") + b"\4\6\0\0" + text("w") + text("will") + text("gone"))
        stream.receive()
        stream.send(0xC0)
        self.assertIsNone(stream.receive())
        self.assert_gets(watcher, b"gone", topic="will")

    def test_what_only_a_broker_can_do_is_refused(self):
        for rule in ("forget", "restart packet=pingreq"):
            result = run("proxy", "--port", 0, "--fault", rule)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"only the broker itself can do that; give the rule to mqtk broker --fault", result.stderr)


class View(ThroughProxy, broker_faults_test.Faults):
    def test_packets_are_shown_as_they_were_sent_and_the_fault_beside_them(self):
        self.serve("drop packet=publish direction=to-broker count=1")
        stream = self.client()
        self.publish(stream, b"lost")
        self.assert_alive(stream)
        lines, err, status = self.shown()
        self.assertEqual(lines, ['C>S  CONNECT      MQTT 3.1.1, client "a", clean session, keep alive 0 s',
                                 "S>C  CONNACK      accepted (0x00)",
                                 'C>S  PUBLISH      "t", QoS 0, 4 bytes "lost"', "C>S  PINGREQ", "S>C  PINGRESP"])
        self.assertEqual((err, status), ("mqtk-proxy: stream 1: a: fault: PUBLISH to the broker, by rule 1: drop "
                                         "packet=publish direction=to-broker count=1\n", 0))

    def test_what_a_fault_leads_to_is_not_held_against_the_peers(self):
        self.serve("duplicate packet=publish direction=to-broker", "withhold packet=suback")
        stream = self.client(version=5)
        stream.send(0x32, text("t") + b"\0\1\0x")
        self.assertEqual([stream.receive()[1][:2], stream.receive()[1][:2]], [b"\0\1", b"\0\1"])
        stream.send(0x82, b"\0\2\0" + text("t") + b"\0")
        self.assert_alive(stream)
        lines, _, status = self.shown()
        self.assertEqual([line.split()[1] for line in lines],
                         ["CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBACK", "SUBSCRIBE", "SUBACK", "PINGREQ", "PINGRESP"])
        self.assertEqual(status, 0)

    def test_half_a_packet_at_the_end_passes_rules_that_are_about_packets(self):
        self.serve("drop packet=publish", arguments=("--verbose",))
        stream = self.client()
        stream.socket.sendall(b"\x30\x10\0\1")
        stream.socket.shutdown(1)
        self.assertIsNone(stream.receive())
        lines, err, status = self.shown()
        self.assertIn("PUBLISH", lines[-1])
        self.assertIn("stream 1: closed by the client", err)
        self.assertEqual(status, 7)


if __name__ == "__main__":
    unittest.main()
