"""SRV records for real: a name server, a broker and a program in a network of their own.

Run as a program, in that network: service_records.py PROGRAM WORD..., where {domain} stands for a domain whose first
service is out of order and whose second is the broker. Prints what came of it as JSON.
"""

import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

DOMAIN = "plant.test"
ALONE = ["unshare", "--mount", "--net"]


def is_possible():
    """Whether this user may have a network of its own."""
    return bool(shutil.which("unshare")) and subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0


def connect(program, *words):
    """What main() prints: the program's "status", "out" and "err", and the "questions" for the name server."""
    done = subprocess.run([*ALONE, sys.executable, __file__, program, *map(str, words)], capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class NameServer:
    """Answers questions for addresses of hosts of the domain, all of them 127.0.0.1, and for its services."""

    def __init__(self, services):
        self.services, self.questions = services, []  # (priority, port, host)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, asker = self.socket.recvfrom(4096)
            at, labels = 12, []
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += 1 + question[at]
            kind = int.from_bytes(question[at + 1:at + 3], "big")
            name = ".".join(labels)
            self.questions.append([name, kind])
            records = self.records(name, kind)
            known = name.endswith(DOMAIN)
            header = question[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else 3), 1, len(records), 0, 0)
            body = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data for data in records)
            self.socket.sendto(header + question[12:at + 5] + body, asker)

    def records(self, name, kind):
        if kind == 33 and name in (f"_mqtt._tcp.{DOMAIN}", f"_secure-mqtt._tcp.{DOMAIN}"):
            return [struct.pack("!HHH", priority, 0, port) + wire_name(host) for priority, port, host in self.services]
        return [b"\x7f\0\0\1"] if kind == 1 and name.endswith(DOMAIN) and not name.startswith("_") else []


def main(words):
    import running  # needs the environment of the tests
    from mosquitto_clients import Broker
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        resolver = pathlib.Path(folder) / "resolv.conf"
        resolver.write_text("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", resolver, "/etc/resolv.conf"], check=True)
        broker = Broker()
        names = NameServer([(20, broker.port, f"second.{DOMAIN}"), (10, running.free_port(), f"first.{DOMAIN}")])
        done = subprocess.run([word.format(domain=DOMAIN) for word in words], capture_output=True, timeout=40, check=False,
                              stdin=subprocess.DEVNULL, env=os.environ)
        running.wait_until(lambda: broker.served == broker.connections, 5)
        print(json.dumps({"status": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode(),
                          "questions": names.questions, "packets": [first >> 4 for talk in broker.conversations for first, _ in talk]}))


if __name__ == "__main__":
    main(sys.argv[1:])
