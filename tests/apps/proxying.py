"""What the tests of mqtk-proxy share."""

import json
import signal
import socket
import unittest

from running import LIMIT, Scripted, Stream, start, text

CONNECT_3 = text("MQTT") + bytes.fromhex("04 c2 003c") + text("abc") + text("me") + text("secret")
CONNECT_5 = text("MQTT") + bytes.fromhex("05 02 003c 00") + text("abc")


class ProxyCases(unittest.TestCase):
    maxDiff = None

    def serve(self, talk):
        broker = Scripted(talk)
        self.addCleanup(broker.close)
        return broker

    def proxy(self, to, *arguments, listen=("--port", 0), **pipes):
        """mqtk-proxy in front of `to`, a port or URL."""
        target = f"mqtt://127.0.0.1:{to}" if isinstance(to, int) else to
        process = start("proxy", *listen, "--to", target, *arguments, **pipes)
        self.addCleanup(self.close, process)
        self.urls = []
        for line in process.stdout:
            word = json.loads(line) if line.startswith(b"{") else line.decode().split()
            if "ready" in word:
                break
            self.urls.append(word["listening"] if isinstance(word, dict) else word[1])
        self.port = int(self.urls[0].split("/")[2].rsplit(":", 1)[1]) if "127.0.0.1" in self.urls[0] else None
        return process

    def close(self, process):
        if process.poll() is None:
            process.kill()
            process.wait(LIMIT)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()

    def end(self, process):
        """(status, stdout behind the ready line, stderr)"""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=LIMIT)
        return process.returncode, out.decode(), err.decode()

    def open(self):
        stream = Stream(socket.create_connection(("127.0.0.1", self.port), LIMIT))
        self.addCleanup(stream.close)
        return stream

    def receive(self, stream, *packets):
        for packet in packets:
            self.assertEqual(stream.receive(), packet)
