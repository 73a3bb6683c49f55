#!/usr/bin/env python3
"""The prompt for a password at a real terminal: no echo, and the echo back whatever ends or stops it."""

import os
import pty
import select
import signal
import unittest

import running
from credentials_test import Cases, connect_fields
from running import LIMIT, Scripted


class Prompt(Cases):
    def test_the_prompt_asks_at_the_terminal_without_echo(self):
        received = []

        def talk(stream):
            received.append(connect_fields(stream.receive()[1]))
            stream.send(0x20, b"\0\0")
            stream.receive()
        peer = self.opened(Scripted(talk))
        child, terminal = pty.fork()
        if child == 0:
            os.execve(running.BIN / "mqtk-pub", ["mqtk-pub", "-p", str(peer.port), "-V", "3.1.1", "-i", "c", "-t", "a", "-m",
                                                 "b", "-u", "me", "--password-from", "prompt"], running.clean_environment())
        shown = b""
        while b"password: " not in shown:
            shown += os.read(terminal, 100)
        os.write(terminal, b"secret\n")
        try:
            while block := os.read(terminal, 100):
                shown += block
        except OSError:
            pass  # the program has ended
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        os.close(terminal)
        self.assertEqual(received, [{"id": "c", "user": "me", "password": "secret"}])
        self.assertEqual(shown, b"password: \r\n")

    def terminal_of_a_shell(self, then):
        """A terminal at which a shell runs mqtk-pub, which asks for a password, and `then` when that has ended or stopped."""
        noted = self.folder / "pid"
        child, terminal = pty.fork()
        if child == 0:
            asking = f"{running.BIN}/mqtk-pub -p {self.peer.port} -V 3.1.1 -i c -t a -m b -u me --password-from prompt"
            os.execve("/bin/dash", ["dash", "-c", f"set -m; trap : INT; dash -c 'echo $$ >{noted}; exec {asking}'; echo status $?; {then}"],
                      running.clean_environment())
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.waitpid, child, 0)
        self.addCleanup(os.kill, child, signal.SIGKILL)
        self.shown_until(terminal, b"password: ")
        return terminal, int(noted.read_text())

    def shown_until(self, terminal, text):
        shown = b""
        while text not in shown:
            self.assertTrue(select.select([terminal], [], [], LIMIT)[0], shown)
            shown += os.read(terminal, 100)
        return shown

    def test_a_prompt_that_ends_by_a_signal_leaves_the_echo_on(self):
        self.peer = self.opened(Scripted(lambda stream: None))
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT:
            with self.subTest(number.name):
                terminal, asking = self.terminal_of_a_shell("stty -a; echo; echo end")
                os.write(terminal, b"half")
                if number == signal.SIGINT:
                    os.write(terminal, b"\3")
                else:
                    os.kill(asking, number)
                shown = self.shown_until(terminal, b"end\r\n")
                self.assertIn(b"status %d\r\n" % (128 + number), shown)
                self.assertIn(b" echo ", shown)
                self.assertNotIn(b"half", shown)

    def test_a_prompt_that_is_stopped_gives_the_echo_back_and_asks_again(self):
        logins = []

        def talk(stream):
            logins.append(connect_fields(stream.receive()[1]))
            stream.send(0x20, b"\0\0")
            stream.receive()
        self.peer = self.opened(Scripted(talk))
        terminal, _ = self.terminal_of_a_shell("stty -a; read line; fg; echo status $?; stty -a; echo; echo end")
        os.write(terminal, b"half\x1a")
        shown = self.shown_until(terminal, b"\r\nspeed") + self.shown_until(terminal, b"echoke")
        self.assertIn(b"status %d\r\n" % (128 + signal.SIGTSTP), shown)
        self.assertIn(b" echo ", shown)
        os.write(terminal, b"on\n")
        self.shown_until(terminal, b"password: ")
        os.write(terminal, b"secret\n")
        shown = self.shown_until(terminal, b"end\r\n")
        self.assertIn(b"status 0\r\n", shown)
        self.assertIn(b" echo ", shown)
        self.assertNotIn(b"secret", shown)
        self.assertEqual(logins, [{"id": "c", "user": "me", "password": "secret"}])


if __name__ == "__main__":
    unittest.main()
