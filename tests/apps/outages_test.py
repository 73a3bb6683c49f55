#!/usr/bin/env python3
"""What mqtk-pub and mqtk-sub make of connections that break, brokers that fall silent and disks that are full."""

import concurrent.futures
import json
import pathlib
import resource
import subprocess
import tempfile
import time
import unittest

import running
from running import CONNACK, LIMIT, run, start


class ByteCutter(running.Relay):
    """Passes bytes on, and cuts the first connection after so many bytes in one direction; counts them if not."""

    def __init__(self, port, direction=None, after=None):
        self.direction, self.after = direction, after
        self.count = {"to broker": 0, "from broker": 0}
        super().__init__(port)

    def cuts(self, connection, direction):
        return connection == 1 and self.after is not None and direction == self.direction

    def most(self, connection, direction):
        return self.after - self.count[direction] if self.cuts(connection, direction) else 65536

    def goes_on(self, connection, direction, block):
        self.count[direction] += len(block)
        return not (self.cuts(connection, direction) and self.count[direction] == self.after)


class Cut(unittest.TestCase):
    def publish_through(self, qos, topic, direction=None, after=None):
        cutter = ByteCutter(self.broker.port, direction, after)
        result = run("pub", "-p", cutter.port, "-t", topic, "-m", "x", "-q", qos, "--reconnect", 5, "--reconnect-delay", "10ms")
        cutter.close()
        self.assertEqual(result.returncode, 0, (qos, direction, after, result.stderr))
        return cutter

    def test_a_connection_cut_at_any_byte_loses_nothing_and_at_qos_2_repeats_nothing(self):
        self.broker = running.MqtkBroker()
        self.addCleanup(self.broker.close)
        observer = running.Observer(self.broker.port, "cut/#")
        self.addCleanup(observer.close)
        runs = []
        for qos in (1, 2):
            whole = self.publish_through(qos, "uncut").count
            runs += [(qos, f"cut/{qos}/{direction[0]}/{after}", direction, after)
                     for direction, length in whole.items() for after in range(1, length + 1)]
        self.assertGreater(len(runs), 100)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: self.publish_through(*one), runs))
        self.assertTrue(running.wait_until(lambda: {topic for topic, _, _ in observer.messages} == {one[1] for one in runs}))
        twice = [topic for topic, _, _ in observer.messages if topic.startswith("cut/2")]
        self.assertEqual(sorted(twice), sorted(one[1] for one in runs if one[0] == 2))


class Silent(running.ScriptedCases):
    def silent_broker(self):
        def talk(stream):
            stream.receive()
            stream.send(0x20, CONNACK)
            stream.receive()
            stream.send(0x90, b"\x00\x01\x00\x01")
            while stream.receive():
                pass
        return self.serve(talk)

    def test_a_broker_that_falls_silent_is_noticed_after_one_and_a_half_times_keep_alive(self):
        for keep_alive in (1, 2):
            began = time.monotonic()
            broker = self.silent_broker()
            result = run("sub", "-p", broker.port, "-i", "me", "-t", "a", "-k", keep_alive, "--reconnect", "no")
            took = time.monotonic() - began
            self.assertEqual((result.returncode, result.stderr.decode()),
                             (5, f"mqtk-sub: connection lost, localhost:{broker.port} did not answer PINGREQ; check the network\n"))
            self.assertGreater(took, 1.4 * keep_alive)
            self.assertLess(took, 9)  # on a busy machine


class Policy(running.ScriptedCases):
    """--reconnect and what goes with it."""

    def test_each_change_of_state_is_told_once(self):
        port = running.free_port()
        process = start("sub", "-p", port, "-t", "a", "--reconnect", "forever", "--reconnect-delay", "20ms",
                        "--reconnect-max-delay", "50ms")
        time.sleep(0.7)  # a dozen attempts
        broker = running.Mosquitto(port=port) if running.MOSQUITTO else None
        if broker is None:
            process.kill()
            process.communicate()
            self.skipTest("mosquitto is not installed")
        lines = [process.stderr.readline().decode() for _ in range(2)]
        broker.stop()
        lines.append(process.stderr.readline().decode())
        time.sleep(0.5)
        broker.start()
        lines.append(process.stderr.readline().decode())
        process.terminate()
        rest = process.communicate(timeout=LIMIT)[1]
        broker.close()
        self.assertTrue(lines[0].endswith("; trying again\n"), lines)
        self.assertEqual(lines[1], f"mqtk-sub: connected to localhost:{port}\n")
        self.assertTrue(lines[2].endswith("; trying again\n"), lines)
        self.assertEqual(lines[3], f"mqtk-sub: connected again to localhost:{port}\n")
        self.assertEqual(rest, b"")

    def test_it_gives_up_after_the_time_of_reconnect_for(self):
        for program, more in (("sub", ["-t", "a"]), ("pub", ["-t", "a", "-m", "x"]), ("request", ["-t", "a", "-m", "x"])):
            began = time.monotonic()
            port = running.free_port()
            result = run(program, "-p", port, *more, "--reconnect", "forever", "--reconnect-for", "600ms", "--reconnect-delay", "50ms")
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertGreater(time.monotonic() - began, 0.6)
            lines = result.stderr.decode().splitlines()
            self.assertEqual(len(lines), 2, lines)
            self.assertTrue(lines[0].endswith("; trying again"), lines)
            self.assertNotIn("--reconnect", lines[1])

    def test_a_number_counts_attempts_in_a_row(self):
        connects = []

        def talk(stream):
            stream.receive()
            connects.append(time.monotonic())
        broker = self.serve(talk)
        result = run("sub", "-V", "5", "-p", broker.port, "-t", "a", "--reconnect", 3, "--reconnect-delay", "400ms")
        self.assertEqual((result.returncode, len(connects)), (2, 4), result.stderr)
        # Each pause doubles and is shortened by up to a half.
        pauses = [later - earlier for earlier, later in zip(connects, connects[1:])]
        for pause, least in zip(pauses, (0.2, 0.4, 0.8)):
            self.assertGreaterEqual(pause, least - 0.15)  # its beginning may have been noted late

    def test_a_session_that_another_client_takes_over_is_not_fetched_back(self):
        broker = running.MqtkBroker()
        self.addCleanup(broker.close)
        proxy = running.CuttingProxy(broker.port, [])
        self.addCleanup(proxy.close)
        first = start("sub", "-p", proxy.port, "-i", "twin", "-t", "a", "--reconnect", "forever", "--reconnect-delay", "10ms")
        self.assertTrue(proxy.subscribed.wait(LIMIT))
        second = run("sub", "-p", broker.port, "-i", "twin", "-t", "a", "-E")
        self.assertEqual(second.returncode, 0, second.stderr)
        _, err = first.communicate(timeout=LIMIT)
        self.assertEqual((first.returncode, err.decode()),
                         (4, f"mqtk-sub: localhost:{proxy.port} ended the connection: Session taken over (0x8E); another client has "
                             "connected with the same --id\n"))


class Disk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.broker = running.MqtkBroker()
        self.addCleanup(self.broker.close)

    def small_disk(self):
        """A folder that holds 64 KiB, or None where this user may not mount."""
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.folder.name], capture_output=True, check=False)
        if mounted.returncode != 0:
            return None
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.folder.name], check=False))
        return self.folder.name

    def test_a_full_disk_ends_sub_and_what_was_not_written_comes_again(self):
        disk = self.small_disk()
        limit = None if disk else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        session = ["-p", self.broker.port, "-c", "-i", "disk", "-t", "a", "-q", 1]
        self.assertEqual(run("sub", *session, "-E").returncode, 0)
        lines = [f"{number:04} {'x' * 1000}" for number in range(200)]
        self.assertEqual(run("pub", "-p", self.broker.port, "-t", "a", "-q", 1, "-l", stdin="\n".join(lines).encode()).returncode, 0)
        path = pathlib.Path(self.folder.name) / "log.txt"
        process = subprocess.Popen([running.BIN / "mqtk-sub", *map(str, session), "-o", path, "-C", "200"], stderr=subprocess.PIPE,
                                   env=running.clean_environment(), preexec_fn=limit, restore_signals=False)
        _, err = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 9, err)
        self.assertRegex(err.decode(), rf"^mqtk-sub: cannot write {path}: (No space left on device|File too large)\n$")
        written = path.read_text().splitlines()
        rest = run("sub", *session, "--idle", "2s", "--json").stdout.decode().splitlines()
        payloads = [json.loads(line)["payload"] for line in rest]
        self.assertEqual(sorted(set(lines) - set(written) - set(payloads)), [])
        self.assertIn(lines[-1], payloads)


class Pipes(unittest.TestCase):
    def setUp(self):
        self.broker = running.MqtkBroker()
        self.addCleanup(self.broker.close)
        self.observer = running.Observer(self.broker.port, "a")
        self.addCleanup(self.observer.close)

    def test_lines_that_come_slowly_go_at_once(self):
        process = start("pub", "-p", self.broker.port, "-t", "a", "-l", "-q", 1, stdin=subprocess.PIPE)
        for number, part in enumerate((b"on", b"e\ntw", b"o\n\nthr", b"ee")):
            process.stdin.write(part)
            process.stdin.flush()
            expected = (0, 1, 3, 3)[number]
            self.assertTrue(self.observer.wait_for(expected))
        process.stdin.close()
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertTrue(self.observer.wait_for(4))
        self.assertEqual(self.observer.payloads(), [b"one", b"two", b"", b"three"])
        process.stdout.close()
        process.stderr.close()

    def test_closed_standard_descriptors_do_not_reach_the_connection(self):
        for closed in (0, 1, 2):
            # A shell closes them; what the program prints must not land in its socket.
            command = f'"{running.BIN}/mqtk-pub" -p {self.broker.port} -t a -m closed{closed} -q 1 {closed}>&-'
            result = subprocess.run(["sh", "-c", command], env=running.clean_environment(), capture_output=True, timeout=LIMIT, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.observer.wait_for(3))
        self.assertEqual(self.observer.payloads(), [b"closed0", b"closed1", b"closed2"])


if __name__ == "__main__":
    unittest.main()
