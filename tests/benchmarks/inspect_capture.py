"""CPU time and memory of mqtk-inspect on a capture, with tshark beside it on the same file.

Usage: inspect_benchmark.py FOLDER_OF_PROGRAMS [PACKETS]

The capture has 20 connections of 5.0 with 85-byte JSON payloads at QoS 0, 1 and 2, one Control Packet in each frame.
"""

import os
import pathlib
import shutil
import statistics
import struct
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "apps"))
import captures  # noqa: E402  # pylint: disable=wrong-import-position

CONNECTIONS = 20
ROUNDS = 3
STARTS = 50


def publish(qos, identifier, number):
    topic = b"plant/line%d/machine%d/state" % (number % 7, number % 50)
    payload = (b'{"time":%013d,"temperature":%07.3f,"pressure":%07.3f,"count":%012d}' %
               (1_700_000_000_000 + number, number % 977 / 10, number % 577 / 10, number)).ljust(85)
    body = struct.pack("!H", len(topic)) + topic + (struct.pack("!H", identifier) if qos else b"") + b"\0" + payload
    length = len(body)
    header = bytes([0x30 | qos << 1, length]) if length < 128 else bytes([0x30 | qos << 1, length & 0x7F | 0x80, length >> 7])
    return header + body


def write_capture(path, packets):
    connect = bytes.fromhex("100f00044d515454050200ff000002")
    connections = []
    with open(path, "wb") as file:
        file.write(captures.pcap([]))
        out = []
        for number in range(CONNECTIONS):
            connection = captures.Connection(client_port=50_000 + number).open()
            connection.send("client", connect + b"%02d" % number).send("server", "2003000000")
            connections.append(connection)
            out += connection.frames
        sent = 2 * CONNECTIONS
        number = 0
        while sent < packets:
            connection = connections[number % CONNECTIONS]
            qos = number % 3
            identifier = number // CONNECTIONS % 65535 + 1
            connection.now = 1_700_000_001 + sent * 1e-5
            steps = [("client", publish(qos, identifier, number))]
            two = struct.pack("!BH", 2, identifier)
            if qos == 1:
                steps.append(("server", b"\x40" + two))
            if qos == 2:
                steps += [("server", b"\x50" + two), ("client", b"\x62" + two), ("server", b"\x70" + two)]
            for sender, data in steps:
                out.append(connection.segment(sender, data))
                sent += 1
            number += 1
            if len(out) > 10_000:
                file.write(captures.pcap(out)[24:])
                out.clear()
        file.write(captures.pcap(out)[24:])
    return sent


def run(command):
    """CPU seconds, seconds and peak memory in MiB."""
    started = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(process, 0)
    if status not in (0, 7 << 8):
        raise SystemExit(f"{' '.join(command)}: status {status}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024


def rate(name, command, packets, rounds=ROUNDS):
    """Prints and returns thousands of packets per CPU second, of the median run. Start-up is part of it."""
    results = [run(command) for _ in range(rounds)]
    seconds = statistics.median(result[0] for result in results)
    thousands = packets / seconds / 1000
    print(f"{name:<26} {seconds:6.2f} CPU s  {thousands:8.0f} thousand packets/s  {max(r[2] for r in results):5.0f} MiB",
          flush=True)
    return thousands


def start_up(inspect):
    """The whole life of a process that shows one packet given as hex."""
    results = [run([inspect, "c000"]) for _ in range(STARTS)]
    print(f"{'start-up, one packet':<26} {statistics.median(result[1] for result in results) * 1000:6.2f} ms, "
          f"{statistics.median(result[0] for result in results) * 1000:.2f} ms of CPU time")


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    packets = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    inspect, tshark = str(programs / "mqtk-inspect"), shutil.which("tshark")
    with tempfile.TemporaryDirectory() as folder:
        file = str(pathlib.Path(folder) / "capture.pcap")
        packets = write_capture(file, packets)
        print(f"{packets} packets, {os.path.getsize(file) / 1e6:.0f} MB")
        lines = rate("inspect, one line each", [inspect, file], packets)
        json = rate("inspect --json", [inspect, "--json", file], packets)
        rate("inspect --fields, five", [inspect, "--fields", "time,type,topic,qos,payload_length", file], packets)
        rate("inspect --statistics", [inspect, "--view", "none", "--statistics", file], packets)
        start_up(inspect)
        if not tshark:
            return
        # One round: they take minutes. JSON is so slow that a tenth of the packets must do.
        tenth = str(pathlib.Path(folder) / "tenth.pcap")
        fewer = write_capture(tenth, packets // 10)
        tshark_lines = rate("tshark -Y mqtt", [tshark, "-r", file, "-Y", "mqtt"], packets, 1)
        tshark_json = rate("tshark -T json -J mqtt", [tshark, "-r", tenth, "-T", "json", "-J", "mqtt"], fewer, 1)
        print(f"tshark takes {lines / tshark_lines:.0f} times as long for lines, {json / tshark_json:.0f} times for JSON")


main()
