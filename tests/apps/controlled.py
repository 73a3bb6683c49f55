"""mqtk-broker that is asked over its control socket."""

import json
import pathlib
import tempfile
import threading

from running import LIMIT, run, start


class Broker:
    """On a free port unless one is given; the lines of its standard error are kept."""

    def __init__(self, *arguments, port=0):
        self.folder = tempfile.TemporaryDirectory()
        self.control = pathlib.Path(self.folder.name) / "control"
        self.process = start("broker", "--port", port, "--control", self.control, *arguments)
        self.urls = []
        while (line := self.process.stdout.readline().decode().split()) and line != ["ready"]:
            self.urls.append(line[1])
        self.port = int(self.urls[0].rsplit(":", 1)[1])
        self.log = []
        self.thread = threading.Thread(target=self.read_log, daemon=True)
        self.thread.start()

    def read_log(self):
        for line in self.process.stderr:
            self.log.append(line.decode())

    def ask(self, *words):
        result = run("broker", *words, "--control", self.control)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def stop(self):
        self.process.terminate()
        return self.process.wait(LIMIT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT)
        self.thread.join(LIMIT)
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.cleanup()
