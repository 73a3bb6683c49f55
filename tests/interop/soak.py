#!/usr/bin/python3
"""Random clients against one mqtk-broker for a while; meant for the build with AddressSanitizer.

Each client lives some random seconds: it subscribes, publishes, unsubscribes, leaves politely or not, comes back. Some
peers speak no MQTT at all or stop in the middle of a packet. Beside them a steady pair counts: at QoS 1 and 2 nothing
may be lost, doubled or out of order. In the end the broker must still answer, be of moderate size and end cleanly.
"""

import argparse
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

from broker_process import MqtkBroker
from paho_peer import PahoPeer
from peer import ConnectOptions, Failed, Subscription, Will, check, check_equal
from registry import ALL_VERSIONS
from relay import Relay

TOPICS = ["a", "a/b", "a/b/c", "a/c", "b", "b/", "/b", "$x/y", "ü/ö", "deep/" * 20 + "end"]
FILTERS = TOPICS + ["#", "+", "+/+", "a/#", "a/+/c", "$share/g1/a/#", "$share/g1/#", "$share/g2/a/b", "$SYS/#", "+/b/#"]
RESIDENT_LIMIT_BYTES = 600 << 20  # AddressSanitizer keeps freed memory for a while


def publish_properties(random_):
    result = {}
    if random_.random() < 0.3:
        result["message_expiry_interval"] = random_.choice([0, 1, 2, 600])
    if random_.random() < 0.3:
        result["user_properties"] = [["name", "x" * random_.randrange(200)]] * random_.randrange(1, 4)
    if random_.random() < 0.2:
        result |= {"response_topic": "a", "correlation_data": random_.randbytes(16)}
    return result


class RandomClient(threading.Thread):
    """A thread that plays one client after the other, its random choices given by a seed."""

    def __init__(self, soak, number):
        super().__init__(daemon=True)
        self.soak = soak
        self.random = random.Random(f"{soak.seed} {number}")
        self.lives = 0

    def run(self):
        kinds = [self.live_as_paho] * 12 + [self.live_as_program] * 3 + [self.live_as_stranger] * 3
        while not self.soak.ended.is_set():
            try:
                self.random.choice(kinds)()
                self.lives += 1
            except (OSError, StopIteration):
                pass  # the broker has closed the connection of a stranger or of one that was taken over
            except Exception:
                self.soak.problems.append(traceback.format_exc())

    def live_as_paho(self):
        pick = self.random
        version = pick.choice(ALL_VERSIONS)
        options = ConnectOptions(f"client{pick.randrange(30)}", version, clean_start=pick.random() < 0.4)
        options.keep_alive = pick.choice([1, 2, 60])
        if pick.random() < 0.4:
            options.will = Will(pick.choice(TOPICS), pick.randbytes(20), pick.randrange(3), pick.random() < 0.5)
        if version == "5.0":
            options.properties = {"session_expiry_interval": pick.choice([0, 1, 3, 600])}
            if pick.random() < 0.3:
                options.properties["receive_maximum"] = pick.choice([1, 5])
            if pick.random() < 0.2:
                options.properties["maximum_packet_size"] = pick.choice([60, 1000])
            if options.will:
                options.will.properties = {"will_delay_interval": pick.choice([0, 1, 2])}
        peer = PahoPeer(self.soak.relay, options)
        try:
            peer.connect()
            for _ in range(pick.randrange(1, 30)):
                self.act(peer, version)
            if pick.random() < 0.5:
                peer.disconnect(pick.choice([0, 4]))
            elif pick.random() < 0.8:
                peer.wire.cut()
            else:
                peer.wire.hold("client")  # falls silent; the broker must notice by the keep alive
        except Failed as failed:
            # Nothing can be expected once another client of the same name has taken over.
            if peer.wire and not peer.wire.wait_for_end(1):
                self.soak.problems.append(f"{options}: {failed}")
        finally:
            peer.close()

    def act(self, peer, version):
        pick = self.random
        v5 = version == "5.0"
        choice = pick.random()
        if choice < 0.25:
            filters = pick.sample(FILTERS, pick.randrange(1, 4))
            subscriptions = [Subscription(each, pick.randrange(3)) for each in filters]
            if v5:
                for each in subscriptions:
                    each.retain_handling = pick.randrange(3)
                    each.retain_as_published = pick.random() < 0.3
                    each.no_local = pick.random() < 0.3 and not each.topic_filter.startswith("$share")
            identifier = {"subscription_identifier": pick.randrange(1, 300)} if v5 and pick.random() < 0.3 else None
            peer.subscribe(*subscriptions, properties=identifier)
        elif choice < 0.35:
            peer.unsubscribe(*pick.sample(FILTERS, 2))
        elif choice < 0.40:
            time.sleep(pick.random() / 2)
        elif choice < 0.45:
            peer.wire.hold("client")  # takes messages without acknowledging them
            time.sleep(pick.random() / 5)
            peer.wire.release("client")
        else:
            payload = pick.randbytes(pick.choice([0, 10, 300, 300, 20_000]))
            properties = publish_properties(pick) if v5 else None
            topic = pick.choice(TOPICS)
            peer.publish_without_waiting(topic, payload, pick.randrange(3), pick.random() < 0.2, properties)

    def live_as_program(self):
        pick = self.random
        base = ["-h", "127.0.0.1", "-p", str(self.soak.relay.port), "-V", pick.choice(["5", "3.1.1", "3.1"])]
        if pick.random() < 0.5:
            text = b"".join(b"line %d\n" % number for number in range(pick.randrange(300)))
            command = [self.soak.program("pub"), *base, "-t", pick.choice(TOPICS), "-q", str(pick.randrange(3)), "-l"]
            subprocess.run(command, input=text, capture_output=True, timeout=20, check=False)
            return
        command = [self.soak.program("sub"), *base, "-t", pick.choice(FILTERS), "-q", str(pick.randrange(3)), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pick.random() * 2)
        process.send_signal(pick.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
        process.wait(20)

    def live_as_stranger(self):
        pick = self.random
        connect = bytes.fromhex("10100004 4d515454 04 02 0005 0004") + b"odd%d" % pick.randrange(10)
        openings = [
            b"GET / HTTP/1.1\r\n\r\n",
            pick.randbytes(pick.randrange(1, 300)),
            connect[: pick.randrange(1, len(connect))],
            connect + pick.randbytes(pick.randrange(1, 100)),
            connect + bytes.fromhex("30ffffff7f 0001 61"),  # a PUBLISH of 256 MB that is never sent
            connect + bytes.fromhex("8209 0001 0004 612f2362 00"),
            connect + connect,
        ]
        with socket.create_connection(("127.0.0.1", self.soak.broker.port), timeout=5) as stranger:
            stranger.sendall(pick.choice(openings))
            time.sleep(pick.random())


class Soak:
    def __init__(self, arguments):
        self.seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
        self.ended = threading.Event()
        self.problems = []
        self._folder = arguments.programs_folder
        for which in ("pub", "sub"):
            self.program(which)
        self.broker = MqtkBroker(self.program("broker"))
        self.relay = Relay(self.broker.port)
        self._steady_relay = Relay(self.broker.port)
        self._clients = [RandomClient(self, number) for number in range(arguments.clients)]

    def program(self, which):
        found = shutil.which(f"mqtk-{which}", path=str(self._folder))
        check(found, f"mqtk-{which} is missing in {self._folder}")
        return found

    def resident_bytes(self):
        fields = pathlib.Path(f"/proc/{self.broker.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def run(self, seconds):
        end = time.monotonic() + seconds
        publisher = PahoPeer(self._steady_relay, ConnectOptions("steady publisher", "5.0"))
        subscriber = PahoPeer(self._steady_relay, ConnectOptions("steady subscriber", "3.1.1"))
        publisher.connect()
        subscriber.connect()
        subscriber.subscribe(Subscription("steady/+", 2))
        for client in self._clients:
            client.start()
        sent, largest = 0, 0
        while time.monotonic() < end:
            for number in range(sent, sent + 10):
                publisher.publish(f"steady/{1 + number % 2}", b"%d" % number, 1 + number % 2)
            sent += 10
            time.sleep(0.05)
            largest = max(largest, self.resident_bytes())
            # The relay remembers all bytes, which is of no use here.
            self.relay.connections = self.relay.connections[-100:]
        found = [int(m.payload) for m in subscriber.messages(sent)]
        for remainder in (0, 1):  # QoS 2 messages are handed over later than those of QoS 1 behind them
            expected = list(range(remainder, sent, 2))
            check_equal([n for n in found if n % 2 == remainder], expected, f"messages of QoS {1 + remainder}")
        self.ended.set()
        for client in self._clients:
            client.join(30)
        publisher.disconnect()
        subscriber.disconnect()
        self.relay.close()
        self._steady_relay.close()
        check(largest < RESIDENT_LIMIT_BYTES, f"the broker grew to {largest >> 20} MiB")
        check(not self.problems, "\n".join(self.problems[:5]))
        lives = sum(client.lives for client in self._clients)
        print(f"{lives} random clients, {sent} steady messages, broker at most {largest >> 20} MiB resident")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs-folder", type=pathlib.Path, required=True, help="where mqtk's programs are")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16, help="random clients at a time")
    parser.add_argument("--seed", type=int, help="repeat the random choices of an earlier run")
    arguments = parser.parse_args()
    soak = Soak(arguments)
    print(f"seed {soak.seed}", flush=True)
    failure = None
    try:
        soak.run(arguments.seconds)
    except Failed as failed:
        failure = str(failed)
    try:
        soak.broker.close()
    except Failed as failed:
        failure = f"{failure or ''}\n{failed}"
    if failure:
        print(failure)
    print(f"{int(not failure)} passed, {int(bool(failure))} failed")
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
