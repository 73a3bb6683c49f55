#!/usr/bin/env python3
"""How mqtk-broker says that it is ready, takes over sockets, and ends without a signal."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from running import BIN, LIMIT, clean_environment, run, start

CONNECT = bytes.fromhex("10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 61")
CONNACK = bytes.fromhex("20 02 00 00")


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)

    def started(self, process):
        def finish():
            if process.poll() is None:
                process.kill()
            process.wait(LIMIT)
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        self.addCleanup(finish)
        return process


class ReadyFile(Folder):
    def test_it_holds_the_lines_of_stdout_and_goes_with_the_broker(self):
        file = self.path / "ready"
        broker = self.started(start("broker", "--port", 0, "--ready-file", file))
        lines = broker.stdout.readline() + broker.stdout.readline()
        self.assertEqual(file.read_bytes(), lines)
        self.assertRegex(lines, rb"^listening mqtt://127\.0\.0\.1:\d+\nready\n$")
        self.assertEqual([entry.name for entry in self.path.iterdir()], ["ready"])
        broker.terminate()
        self.assertEqual(broker.wait(LIMIT), 0)
        self.assertFalse(file.exists())

    def test_it_is_there_before_a_command_starts(self):
        file = self.path / "ready"
        result = run("broker", "--ready-file", file, "--", "cat", file)
        self.assertRegex(result.stdout, rb"^listening mqtt://127\.0\.0\.1:\d+\nready\n$")

    def test_a_file_that_cannot_be_written_is_status_9(self):
        result = run("broker", "--port", 0, "--ready-file", self.path / "no" / "such")
        self.assertEqual((result.returncode, result.stdout), (9, b""))
        self.assertRegex(result.stderr, rb"^mqtk-broker: cannot write the --ready-file '.*': No such file or directory\n$")


class End(Folder):
    def test_the_broker_ends_when_its_parent_is_killed(self):
        # The parent prints the broker's process identifier and is killed; the broker's end closes the pipe.
        script = ("import subprocess, sys, time\n"
                  f"broker = subprocess.Popen([{str(BIN / 'mqtk-broker')!r}, '--port', '0', '--exit-with-parent'],"
                  " stdout=sys.stdout)\ntime.sleep(60)\n")
        parent = self.started(subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                                               env=clean_environment()))
        self.assertRegex(parent.stdout.readline(), rb"^listening ")
        self.assertEqual(parent.stdout.readline(), b"ready\n")
        parent.kill()
        self.assertEqual(parent.stdout.read(), b"")

    def test_max_lifetime_is_status_6(self):
        started = time.monotonic()
        result = run("broker", "--port", 0, "--max-lifetime", "300ms")
        self.assertEqual(result.returncode, 6)
        self.assertEqual(result.stderr, b"mqtk-broker: the time of --max-lifetime is over\n")
        self.assertGreaterEqual(time.monotonic() - started, 0.3)

    def test_max_lifetime_ends_the_command_first(self):
        result = run("broker", "--max-lifetime", "300ms", "--", "sh", "-c",
                     "trap 'echo told; exit 5' TERM; while :; do sleep 0.05; done")
        self.assertEqual((result.returncode, result.stdout), (6, b"told\n"))


class Manager(Folder):
    """A service manager as sd_notify(3) and sd_listen_fds(3) describe it."""

    def notified(self, address):
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.bind(address)
        told.settimeout(LIMIT)
        name = address.replace("\0", "@")
        broker = self.started(subprocess.Popen([BIN / "mqtk-broker", "--port", "0"], stdout=subprocess.PIPE,
                                               env=clean_environment({"NOTIFY_SOCKET": name})))
        ready = told.recv(1000)
        url = broker.stdout.readline().split()[1]
        self.assertEqual(ready, b"READY=1\nSTATUS=listening " + url)
        broker.terminate()
        self.assertEqual(told.recv(1000), b"STOPPING=1")
        self.assertEqual(broker.wait(LIMIT), 0)

    def test_it_is_told_over_a_socket_that_is_a_file(self):
        self.notified(str(self.path / "notify"))

    def test_it_is_told_over_an_abstract_socket(self):
        self.notified(f"\0mqtk-test-{os.getpid()}")

    def test_a_command_does_not_inherit_its_variables(self):
        result = subprocess.run([BIN / "mqtk-broker", "--", "sh", "-c", "echo .$NOTIFY_SOCKET$LISTEN_FDS$LISTEN_PID"],
                                env=clean_environment({"NOTIFY_SOCKET": "/nowhere", "LISTEN_FDS": "1",
                                                       "LISTEN_PID": "1"}), capture_output=True, timeout=LIMIT, check=False)
        self.assertEqual(result.stdout, b".\n")

    def serve(self, listening, *arguments):
        """A broker that is handed the listening socket as descriptor 3."""
        inherited = os.dup(listening.fileno())
        self.addCleanup(os.close, inherited)
        command = f"exec 3<&{inherited}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\""
        return self.started(subprocess.Popen(["bash", "-c", command, "bash", BIN / "mqtk-broker", *arguments],
                                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[inherited],
                                             env=clean_environment()))

    def assert_serves(self, connected):
        with connected:
            connected.settimeout(LIMIT)
            connected.sendall(CONNECT)
            self.assertEqual(connected.recv(4), CONNACK)

    def test_a_tcp_socket_that_it_hands_over_is_served(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            # A client that came before the broker waits for it.
            early = socket.create_connection(("127.0.0.1", port), LIMIT)
            broker = self.serve(listening)
            self.assertEqual(broker.stdout.readline(), f"listening mqtt://127.0.0.1:{port}\n".encode())
            self.assertEqual(broker.stdout.readline(), b"ready\n")
            self.assert_serves(early)

    def test_a_unix_socket_that_it_hands_over_is_served_and_its_file_stays(self):
        file = self.path / "socket"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(file))
            listening.listen()
            broker = self.serve(listening)
            self.assertEqual(broker.stdout.readline(), f"listening unix://{file}\n".encode())
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(file))
            self.assert_serves(client)
            broker.terminate()
            self.assertEqual(broker.wait(LIMIT), 0)
            self.assertTrue(file.exists())

    def test_a_port_asked_for_is_served_beside_it(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            broker = self.serve(listening, "--port", "0")
            lines = [broker.stdout.readline() for _ in range(3)]
            self.assertEqual(len({*lines}), 3)
            self.assertEqual(lines[2], b"ready\n")

    def test_a_descriptor_that_does_not_listen_is_status_9(self):
        with socket.socket() as idle:
            broker = self.serve(idle)
            self.assertEqual(broker.wait(LIMIT), 9)
            self.assertRegex(broker.stderr.read(), rb"^mqtk-broker: listening at descriptor 3: [^\n]*\n$")


if __name__ == "__main__":
    unittest.main()
