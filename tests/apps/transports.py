"""Brokers and servers with TLS and WebSockets, and what the tests of connections share."""

import functools
import http.server
import subprocess
import tempfile
import threading
import unittest

import certificates
import running
from running import LIMIT, run, start


class Broker:
    """mqtk-broker with these options; `urls` are what it prints."""

    def __init__(self, *arguments, **pipes):
        self.process = start("broker", *arguments, **{"stderr": subprocess.DEVNULL, **pipes})
        self.urls = []
        for line in self.process.stdout:
            if line == b"ready\n":
                break
            self.urls.append(line.decode().split()[1])

    def port(self, index=0):
        return int(self.urls[index].split("/")[2].rsplit(":", 1)[1])

    def close(self):
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdout.close()


class Server:
    """openssl s_server, which shows a certificate and says nothing more."""

    def __init__(self, certificate, key, *arguments):
        self.port = running.free_port()
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate, "-key", key, "-quiet",
             *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not running.wait_until(lambda: running.accepts(self.port)):
            raise RuntimeError("openssl s_server does not start")

    def close(self):
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdin.close()


class Web:
    """A web server of Python."""

    def __init__(self):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                pass
        self.folder = tempfile.TemporaryDirectory()
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=self.folder.name))
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()


class Cases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.Authority()
        cls.certificate, cls.key = cls.authority.issue("server")

    @classmethod
    def tearDownClass(cls):
        cls.authority.close()

    def opened(self, thing):
        self.addCleanup(thing.close)
        return thing

    def failure(self, status, url, *arguments, **options):
        """The one line with which mqtk-pub ends, behind its name."""
        result = run("pub", "-L", url, "-t", "a", "-m", "b", "-q", 1, *arguments, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, b"")
        lines = result.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("mqtk-pub: "), lines)
        return lines[0][10:]

    def round_trip(self, url, *arguments):
        """A retained message goes there and comes back."""
        sent = run("pub", "-L", url, "-t", "round/trip", "-m", "21.5", "-q", 1, "-r", *arguments)
        self.assertEqual((sent.returncode, sent.stderr), (0, b""))
        got = run("sub", "-L", url, "-t", "round/#", "-C", 1, "-W", 10, *arguments)
        self.assertEqual((got.returncode, got.stdout), (0, b"21.5\n"), got.stderr)
