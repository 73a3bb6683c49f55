#!/usr/bin/env python3
"""mqtk-broker as a program: start, ready lines, commands, signals, addresses, logs, and clients that behave badly."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

BROKER = pathlib.Path(os.environ["MQTK_BIN_DIR"]) / "mqtk-broker"
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "ASAN_OPTIONS": "detect_leaks=0"}

problems = []
checks = 0


def check(what, is_so, seen=""):
    global checks
    checks += 1
    if not is_so:
        problems.append(f"{what}: {seen!r}" if seen != "" else what)


def run(*arguments, **options):
    return subprocess.run([BROKER, *arguments], capture_output=True, text=True, check=False, timeout=30,
                          env=ENVIRONMENT, stdin=subprocess.DEVNULL, **options)


class Broker:
    """A running broker at a free port."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([BROKER, "--port", "0", *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        self.first_lines = [self.process.stdout.readline(), self.process.stdout.readline()]
        found = re.fullmatch(r"listening mqtt://127\.0\.0\.1:(\d+)\n", self.first_lines[0])
        self.port = int(found.group(1)) if found else 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.end(signal.SIGTERM)

    def end(self, number):
        """Exit status, the rest of stdout, and stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err

    def client(self, name="", hello=None):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(hello if hello is not None else connect(name))
        if hello is None:
            expect(connection, b"\x20\x02\x00\x00", f"{name} is connected")
        return connection

    def memory_kib(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1))


def text(value):
    value = value.encode()
    return len(value).to_bytes(2, "big") + value


def packet(first, rest):
    length, size = b"", len(rest)
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (128 if size else 0)])
        if not size:
            return bytes([first]) + length + rest


def connect(name, keep_alive=0):  # 3.1.1, Clean Session
    return packet(0x10, text("MQTT") + b"\x04\x02" + keep_alive.to_bytes(2, "big") + text(name))


def subscribe(topic_filter, qos=0):
    return packet(0x82, b"\x00\x01" + text(topic_filter) + bytes([qos]))


def publish(topic, payload=b"x"):
    return packet(0x30, text(topic) + payload)


def expect(connection, wanted, what):
    got = b""
    try:
        while len(got) < len(wanted):
            more = connection.recv(len(wanted) - len(got))
            if not more:
                break
            got += more
    except OSError as error:
        check(f"{what} ({error})", False)
        return
    check(what, got == wanted, got[:60])


def expect_end(connection, what):
    try:
        check(what, connection.recv(1) == b"")
    except ConnectionResetError:
        check(what, True)
    except OSError as error:
        check(f"{what} ({error})", False)


def starting_and_ending():
    for number in (signal.SIGTERM, signal.SIGINT):
        with Broker() as broker:
            check("the listening line and ready come first", broker.port > 0 and broker.first_lines[1] == "ready\n",
                  broker.first_lines)
            client = broker.client("a")
            status, out, err = broker.end(number)
            check(f"{number.name} ends it with 0 and nothing more to say", (status, out, err) == (0, "", ""),
                  (status, out, err))
            expect_end(client, "its clients are disconnected")

    with Broker() as broker:
        hello = packet(0x10, text("MQTT") + b"\x05\x02\x00\x00\x00" + text("five"))
        client = broker.client(hello=hello)
        connack = client.recv(100)
        check("a 5.0 client is connected", connack[:1] == b"\x20" and connack[2:4] == b"\x00\x00", connack)
        broker.end(signal.SIGTERM)
        expect(client, b"\xe0\x01\x8b", "5.0 clients are told that the server shuts down")

    with Broker() as broker:
        second = run("--port", str(broker.port))
        check("a port in use is status 9", second.returncode == 9, second.returncode)
        check("and one line that says what to do",
              second.stdout == "" and second.stderr.count("\n") == 1 and f":{broker.port}" in second.stderr
              and "--port" in second.stderr, second.stderr)


def addresses():
    result = run("--host", "0.0.0.0", "--port", "0")
    check("an address that others reach needs --allow-anonymous", result.returncode == 1 and result.stdout == ""
          and "--allow-anonymous" in result.stderr and result.stderr.count("\n") == 1, result.stderr)
    with Broker("--host", "*", "--allow-anonymous") as broker:
        check("with it the broker starts", broker.first_lines[1] == "ready\n", broker.first_lines)
    result = run("--host", "no-such-host.invalid", "--allow-anonymous", "--port", "0")
    check("a name that does not exist is status 9", result.returncode == 9 and result.stderr.count("\n") == 1,
          (result.returncode, result.stderr))
    result = run("--port", "65536")
    check("a port that is none is a usage error", result.returncode == 1 and result.stderr.count("\n") == 1,
          result.stderr)


def commands():
    result = run("--", "sh", "-c", "echo $MQTK_URL $MQTK_HOST $MQTK_PORT; exit 7")
    found = re.fullmatch(r"mqtt://127\.0\.0\.1:(\d+) 127\.0\.0\.1 (\d+)\n", result.stdout)
    check("a command finds the broker in its environment, and owns stdout",
          found is not None and found.group(1) == found.group(2) != "0", result.stdout)
    check("the command's exit status is the broker's", result.returncode == 7, result.returncode)
    result = run("--listen", "unix://@mqtk-broker-test-%d" % os.getpid(), "--", "sh", "-c",
                 "echo $MQTK_URL ${MQTK_HOST-none} ${MQTK_PORT-none}")
    check("of a Unix socket a command finds neither host nor port",
          result.stdout == f"unix://@mqtk-broker-test-{os.getpid()} none none\n", result.stdout)
    for address, reachable in (("*", "localhost"), ("0.0.0.0", "127.0.0.1")):
        result = run("--host", address, "--allow-anonymous", "--", "sh", "-c", "echo $MQTK_HOST $MQTK_URL $MQTK_PORT")
        found = re.fullmatch(rf"{re.escape(reachable)} mqtt://{re.escape(reachable)}:(\d+) (\d+)\n", result.stdout)
        check(f"a command reaches a broker that listens at {address}",
              found is not None and found.group(1) == found.group(2), (result.stdout, result.stderr))
    script = "import os, socket; s = socket.create_connection(('127.0.0.1', int(os.environ['MQTK_PORT']))); " \
             f"s.sendall({connect('x')!r}); print(s.recv(4))"
    result = run("--", sys.executable, "-c", script)
    check("the command can use the broker", result.stdout == f"{bytes([0x20, 2, 0, 0])!r}\n", result.stdout)
    result = run("--", "sh", "-c", "kill -9 $$")
    check("a command ended by a signal gives 128 and its number", result.returncode == 137, result.returncode)
    result = run("--", "sh", "-c", "yes | head -1")
    check("a command meets SIGPIPE as usual", (result.stdout, result.stderr, result.returncode) == ("y\n", "", 0),
          (result.stdout, result.stderr))
    result = run("--", "/no/such/command")
    check("a command that is not there is status 9", result.returncode == 9 and result.stderr.count("\n") == 1,
          (result.returncode, result.stderr))
    process = subprocess.Popen([BROKER, "--", "sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"],
                               stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    check("SIGTERM goes to the command, whose status counts", process.returncode == 5, process.returncode)


def logs():
    with Broker("-v") as broker:
        client = broker.client("evil\nname")
        client.sendall(subscribe("a/#", 1))
        expect(client, b"\x90\x03\x00\x01\x01", "SUBACK")
        client.sendall(b"\xe0\x00")
        expect_end(client, "DISCONNECT ends the connection")
        _, _, err = broker.end(signal.SIGTERM)
    lines = err.splitlines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
    wanted = [r"evil\\x0aname: connected from 127\.0\.0\.1:\d+, MQTT 3\.1\.1, new session",
              r"evil\\x0aname: subscribed to 'a/#': 0x01 Granted QoS 1",
              r"evil\\x0aname: disconnected: 0x00 Normal disconnection", r"evil\\x0aname: session ended"]
    check("-v logs a line for each event, control characters escaped",
          len(lines) == len(wanted) and all(re.fullmatch(stamp + w, l) for w, l in zip(wanted, lines)), lines)
    with Broker("-vv") as broker:
        client = broker.client("a")
        client.sendall(publish("t", b"12345"))
        client.sendall(b"\xc0\x00")
        expect(client, b"\xd0\x00", "PINGRESP")
        _, _, err = broker.end(signal.SIGTERM)
    for wanted in ("<- CONNECT 'a', MQTT 3.1.1, Keep Alive 0 s, Clean Start", "-> CONNACK 0x00",
                   "<- PUBLISH 't', QoS 0, 5 bytes", "<- PINGREQ", "-> PINGRESP"):
        check(f"-vv logs packets: {wanted}", wanted in err, err)


def bad_clients():
    with Broker("--connect-timeout", "1s", "--max-packet-size", "268435460") as broker:
        watcher = broker.client("watcher")
        watcher.sendall(subscribe("news"))
        expect(watcher, b"\x90\x03\x00\x01\x00", "SUBACK")
        before = broker.memory_kib()

        never_ending = broker.client(hello=b"\x10\xff\xff\x7f\x00\x04MQTT\x04\x02")
        huge = [broker.client(f"huge{i}") for i in range(20)]
        for connection in huge:
            connection.sendall(b"\x30\xff\xff\xff\x7f\x00\x01t" + bytes(10_000))  # 256 MB announced

        deaf = broker.client("deaf")
        deaf.sendall(subscribe("flood"))
        expect(deaf, b"\x90\x03\x00\x01\x00", "SUBACK")
        flooder = broker.client("flooder")
        message = publish("flood", bytes(16_000))
        for _ in range(8):
            flooder.sendall(message * 250)  # 32 MB in all
        publisher = broker.client("publisher")
        publisher.sendall(publish("news", b"still here"))
        expect(watcher, publish("news", b"still here"), "others are served while one client does not read")

        many = broker.client("many")
        for i in range(0, 20_000, 1000):
            filters = b"".join(text(f"d/{j}/+/x") + b"\x00" for j in range(i, i + 1000))
            many.sendall(packet(0x82, b"\x00\x02" + filters))
            expect(many, packet(0x90, b"\x00\x02" + bytes(1000)), "a thousand subscriptions are granted")
        many.sendall(packet(0x82, b"\x00\x03" + text("one/more") + b"\x00"))
        expect(many, b"\x90\x03\x00\x03\x80", "the 20,001st subscription is refused")
        many.sendall(packet(0x82, b"\x00\x04" + text("a/" * 9_999 + "a") + b"\x00"))
        expect(many, b"\x90\x03\x00\x04\x80", "a filter of 10,000 levels is refused")
        many.sendall(publish("a/" * 9_999 + "a") + b"\xc0\x00")
        expect(many, b"\xd0\x00", "a topic of 10,000 levels is ignored, and the connection goes on")

        expect_end(never_ending, "a CONNECT that never ends is given up")
        grown = broker.memory_kib() - before
        check("all of that costs less than 60 MiB", grown < 60 * 1024 or "asan" in str(BROKER), grown)
        publisher.sendall(publish("news", b"at the end"))
        expect(watcher, publish("news", b"at the end"), "and others are still served")
        _, _, err = broker.end(signal.SIGTERM)
        check("dropped messages are told", "deaf: message to 'flood' dropped: " in err, err[:300])


def main():
    starting_and_ending()
    addresses()
    commands()
    logs()
    started = time.monotonic()
    bad_clients()
    check("bad clients hold nobody up", time.monotonic() - started < 60)
    for problem in problems:
        print(problem)
    print(f"{checks - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


sys.exit(main())
