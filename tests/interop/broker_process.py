"""Starts and ends the broker under test, one per test, each on a free port of 127.0.0.1."""

import pathlib
import re
import select
import socket
import subprocess
import tempfile
import time

from peer import LIMIT_SECONDS, Failed


class BrokerProcess:
    """A broker that listens on `port` until close()."""

    name = ""
    # What the brokers do differently although the specification asks it of both.
    explains_take_over = True

    def __init__(self, command, folder):
        self._folder = folder
        self._log = open(pathlib.Path(folder.name) / "broker.log", "w+b")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log)

    def log_text(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def close(self):
        """Ends the broker; a broker that died before or ends badly is a failure of the test."""
        died_before = self.process.poll()
        self.process.terminate()
        try:
            status = self.process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "does not end on SIGTERM"
        self.process.stdout.close()
        log = self.log_text()
        self._log.close()
        self._folder.cleanup()
        if died_before is not None:
            raise Failed(f"the broker died with status {died_before}: {log[-2000:]}")
        if status != 0:
            raise Failed(f"the broker ended with status {status}: {log[-2000:]}")


class MqtkBroker(BrokerProcess):
    name = "mqtk"

    def __init__(self, program):
        super().__init__([program, "--host", "127.0.0.1", "--port", "0", "-v"], tempfile.TemporaryDirectory())
        self.port = self._read_port()

    def _read_port(self):
        # "listening mqtt://127.0.0.1:PORT" for each listener, then "ready".
        text, end = "", time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < end and self.process.poll() is None and "ready\n" not in text:
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                text += self.process.stdout.read1().decode()
        listening = re.search(r"^listening mqtt://127\.0\.0\.1:(\d+)$", text, re.MULTILINE)
        if not listening or "ready\n" not in text:
            log = self.log_text()
            self.process.kill()
            self.process.wait()
            raise Failed(f"mqtk-broker did not get ready; it said {text!r}, {log!r}")
        return int(listening.group(1))


class MosquittoBroker(BrokerProcess):
    name = "mosquitto"
    explains_take_over = False

    def __init__(self, program):
        for _ in range(5):  # another program may take the free port before mosquitto does
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
            folder = tempfile.TemporaryDirectory()
            configuration = pathlib.Path(folder.name) / "mosquitto.conf"
            configuration.write_text(
                f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                "max_inflight_messages 0\nmax_queued_messages 0\n"
            )
            super().__init__([program, "-c", str(configuration)], folder)
            if self._accepts():
                return
            self.process.kill()
            self.process.wait()
        raise Failed(f"mosquitto did not get ready: {self.log_text()}")

    def _accepts(self):
        end = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False
