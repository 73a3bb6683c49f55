"""Brokers and servers with TLS and WebSockets, and what the tests of connections share."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import certificates
import running
from running import LIMIT, run, start

# A line of mqtk-check: outcome, name of the step, text.
STEP = re.compile(r"(ok    |note  |FAILED) (.{17}) +[0-9.]+ ms  (.*)")


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


class Nginx:
    """nginx with these directives for its one server."""

    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

    def __init__(self, *directives, tls=False):
        self.port = running.free_port()
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name)
        (path / "conf").write_text(
            f"daemon off; master_process off; pid {path}/pid; error_log {path}/log; events {{}} http {{ access_log off;"
            + "".join(f" {kind}_temp_path {path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + f" server {{ listen 127.0.0.1:{self.port}{' ssl' if tls else ''}; root {path}; {' '.join(directives)} }} }}")
        self.process = subprocess.Popen([self.program, "-p", path, "-e", path / "log", "-c", path / "conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not running.wait_until(lambda: running.accepts(self.port)):
            raise RuntimeError("nginx does not start: " + (path / "log").read_text())

    def close(self):
        self.process.kill()
        self.process.wait(LIMIT)
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

    def told(self, status, step, url, *arguments):
        """The one line with which mqtk-pub ends, behind its name. mqtk-sub and mqtk-check say the same, of this step."""
        line = self.failure(status, url, *arguments)
        subscribed = run("sub", "-L", url, "-t", "a", "-C", 1, *arguments)
        self.assertEqual((subscribed.returncode, subscribed.stdout, subscribed.stderr.decode()),
                         (status, b"", f"mqtk-sub: {line}\n"))
        checked = run("check", "-L", url, *arguments)
        self.assertEqual((checked.returncode, checked.stderr), (status, b""))
        steps = [STEP.fullmatch(each).groups() for each in checked.stdout.decode().splitlines()]
        self.assertEqual(steps[-1], ("FAILED", step.ljust(17), line))
        self.assertNotIn("FAILED", [outcome for outcome, _, _ in steps[:-1]])
        return line

    def round_trip(self, url, *arguments, **options):
        """A retained message goes there and comes back."""
        sent = run("pub", "-L", url, "-t", "round/trip", "-m", "21.5", "-q", 1, "-r", *arguments, **options)
        self.assertEqual((sent.returncode, sent.stderr), (0, b""))
        got = run("sub", "-L", url, "-t", "round/#", "-C", 1, "-W", 10, *arguments, **options)
        self.assertEqual((got.returncode, got.stdout), (0, b"21.5\n"), got.stderr)
