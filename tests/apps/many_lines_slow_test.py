#!/usr/bin/env python3
"""100,000 lines through a connection that is cut again and again, and through a broker that is started again."""

import subprocess
import threading
import time
import unittest

import running
from running import start

LINES = [b"%d" % number for number in range(100_000)]
LIMIT = 120


class ManyLines(unittest.TestCase):
    def listen(self, port, topic, qos):
        """mqtk-sub, and where its lines gather."""
        process = start("sub", "-p", port, "-t", topic, "-q", qos, "-c", "-i", f"listener-{qos}", "--reconnect-delay", "50ms",
                        stderr=subprocess.DEVNULL)
        received = []
        thread = threading.Thread(target=lambda: received.extend(line.rstrip(b"\n") for line in process.stdout), daemon=True)
        thread.start()

        def stop():
            process.terminate()
            process.wait(LIMIT)
            thread.join(LIMIT)
        self.addCleanup(lambda: process.poll() is None and stop())
        return received, stop

    def check(self, received, qos, name):
        # At QoS 1 lines may come twice: as many as were sent need not be all of them.
        running.wait_until(lambda: len(received) >= len(LINES) and len(set(received)) == len(LINES), LIMIT)
        self.assertEqual(sorted(set(LINES) - set(received)), [], f"lost: {name}")
        if qos == 2:
            self.assertEqual(received, LINES, f"twice or out of order: {name}")

    def test_nothing_is_lost_when_the_connection_is_cut_and_at_qos_2_nothing_comes_twice(self):
        brokers = running.available_brokers()
        for make_broker in brokers:
            broker = make_broker()
            self.addCleanup(broker.close)
            for qos in (1, 2):
                received, stop = self.listen(broker.port, f"cut/{qos}", qos)
                time.sleep(0.5)
                proxy = running.CuttingProxy(broker.port, [500_000, 300_000, 5, 400_000])
                publisher = start("pub", "-p", proxy.port, "-t", f"cut/{qos}", "-l", "-q", qos, "--reconnect-delay", "20ms",
                                  stdin=subprocess.PIPE)
                _, err = publisher.communicate(b"\n".join(LINES), LIMIT)
                self.assertEqual((publisher.returncode, proxy.connections), (0, 5), err)
                self.check(received, qos, f"{broker.name}, QoS {qos}")
                stop()
                proxy.close()

    @unittest.skipUnless(running.MOSQUITTO, "mosquitto is not installed")
    def test_nothing_is_lost_when_the_broker_starts_again(self):
        broker = running.Mosquitto(["persistence true", "persistence_location {folder}/", "max_inflight_messages 1000"])
        self.addCleanup(broker.close)
        for qos in (1, 2):
            received, stop = self.listen(broker.port, f"restart/{qos}", qos)
            time.sleep(0.5)
            publisher = start("pub", "-p", broker.port, "-t", f"restart/{qos}", "-l", "-q", qos, "-c", "-i", f"publisher-{qos}",
                              "--reconnect-delay", "50ms", stdin=subprocess.PIPE)
            half = len(LINES) // 2
            publisher.stdin.write(b"\n".join(LINES[:half]) + b"\n")
            publisher.stdin.flush()
            self.assertTrue(running.wait_until(lambda: len(received) > half // 2, LIMIT))
            broker.stop()
            broker.start()
            _, err = publisher.communicate(b"\n".join(LINES[half:]), LIMIT)
            self.assertEqual(publisher.returncode, 0, err)
            self.check(received, qos, f"mosquitto started again, QoS {qos}")
            stop()


if __name__ == "__main__":
    unittest.main()
