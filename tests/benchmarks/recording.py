#!/usr/bin/env python3
"""mqtk-record, mqtk-replay and mqtk-recording measured: loss and memory at full rate, lateness, speed, large files.

    tests/benchmarks/recording.py --bin .build/release/bin record [--rate 300000] [--seconds 10]
    tests/benchmarks/recording.py --bin .build/release/bin replay [--seconds 20]
    tests/benchmarks/recording.py --bin .build/release/bin max [--messages 1000000] [--runs 3]
    tests/benchmarks/recording.py --bin .build/release/bin large [--messages 1000000,10000000,30000000] [--folder FOLDER]
"""

import argparse
import json
import os
import pathlib
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

TOPICS = 100
PAYLOAD_BYTES = 64


def start_broker(options):
    broker = subprocess.Popen([options.bin / "mqtk-broker", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    port = int(broker.stdout.readline().decode().rsplit(":", 1)[1])
    broker.stdout.readline()  # ready
    return broker, port


def timed(command, **streams):
    """Wall time, processor time and the most memory in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), **streams)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def resident_mib(process):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024


def publish_packets(first, count):
    """QoS 0 in MQTT 3.1.1."""
    out = bytearray()
    for number in range(first, first + count):
        topic = b"bench/%03d" % (number % TOPICS)
        payload = b"%-*d" % (PAYLOAD_BYTES, number)
        out += struct.pack("!BBH", 0x30, 2 + len(topic) + len(payload), len(topic)) + topic + payload
    return bytes(out)


class Publisher:
    """Sends packets that were made before, on an absolute schedule: as little work as can be beside broker and recorder."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01p")
        assert self.socket.recv(4) == b"\x20\x02\0\0"

    def send(self, rate, seconds, each_second):
        interval = 0.01
        block = publish_packets(0, round(rate * interval))
        began = time.perf_counter()
        for number in range(round(seconds / interval)):
            pause = began + number * interval - time.perf_counter()
            if pause > 0:
                time.sleep(pause)
            self.socket.sendall(block)
            if number % round(1 / interval) == 0:
                each_second()
        return round(seconds / interval) * round(rate * interval), time.perf_counter() - began


def record(options, folder):
    broker, port = start_broker(options)
    path = folder / "record.mcap"
    recorder = subprocess.Popen([options.bin / "mqtk-record", "-p", str(port), "-t", "bench/#", "-q", "0", "--overwrite", path],
                                stderr=subprocess.PIPE)
    time.sleep(0.5)
    memory = []
    try:
        sent, seconds = Publisher(port).send(options.rate, options.seconds, lambda: memory.append(resident_mib(recorder)))
        time.sleep(1)
        recorder.terminate()
        recorder.wait(60)
        info = json.loads(subprocess.run([options.bin / "mqtk-recording", "info", "--json", path], capture_output=True,
                                         check=True).stdout)
        print(f"sent {sent} in {seconds:.2f} s ({sent / seconds:.0f}/s), recorded {info['messages']}: "
              f"{sent - info['messages']} lost; {info['file_bytes'] / 2**20:.0f} MiB of file")
        print(f"recorder's memory: {memory[1]:.1f} MiB after 1 s, {memory[-1]:.1f} MiB after {len(memory) - 1} s, "
              f"at most {max(memory):.1f} MiB")
    finally:
        for process in (broker, recorder):
            process.kill()
            process.wait()


def lines(path, messages, interval_ns, topics=TOPICS):
    """JSON Lines as mqtk-record writes them."""
    with path.open("w") as out:
        for number in range(messages):
            seconds, nanoseconds = divmod(number * interval_ns, 10**9)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_700_000_000 + seconds))
            out.write(f'{{"time":"{stamp}.{nanoseconds:09d}Z","topic":"bench/{number % topics:03d}","qos":0,"retain":false,'
                      f'"dup":false,"payload":"{number:<{PAYLOAD_BYTES}d}"}}\n')


def recording(options, folder, messages, interval_ns, topics=TOPICS):
    lines(folder / "in.jsonl", messages, interval_ns, topics)
    subprocess.run([options.bin / "mqtk-recording", "convert", "--overwrite", "-o", folder / "in.mcap", folder / "in.jsonl"],
                   check=True)
    return folder / "in.mcap"


def replay(options, folder):
    path = recording(options, folder, 1000 * options.seconds, 1_000_000)
    broker, port = start_broker(options)
    try:
        for qos in (0, 1):
            told = subprocess.run([options.bin / "mqtk-replay", "-p", str(port), "-q", str(qos), path], capture_output=True,
                                  text=True, check=True).stderr
            print(f"1000 a second for {options.seconds} s (due until {options.seconds - 0.001:.3f} s), QoS {qos}: {told.strip()}")
    finally:
        broker.kill()
        broker.wait()


def fastest(options, folder):
    """The same messages, topics, QoS and window from pub and from replay, in turns."""
    for topics in (1, TOPICS):
        path = recording(options, folder, options.messages, 1_000, topics)
        text = folder / "text"
        topic = [f"bench/{number:03d} " if topics > 1 else "" for number in range(topics)]
        text.write_text("".join(f"{topic[number % topics]}{number:<{PAYLOAD_BYTES}d}\n" for number in range(options.messages)))
        where = ["--topic-from-line", "-l"] if topics > 1 else ["-t", "bench/000", "-l"]
        for qos in (0, 1):
            pub, replayed = [], []
            for _ in range(options.runs):
                for name, runs in (("pub", pub), ("replay", replayed)):
                    broker, port = start_broker(options)
                    try:
                        common = [options.bin / f"mqtk-{name}", "-p", port, "-q", qos, "-M", 1000]
                        if name == "pub":
                            with text.open() as stdin:
                                runs.append(timed([*common, *where], stdin=stdin))
                        else:
                            runs.append(timed([*common, "--speed", "max", "--quiet", path]))
                    finally:
                        broker.kill()
                        broker.wait()
            walls = [statistics.median(run[0] for run in runs) for runs in (pub, replayed)]
            print(f"{options.messages} messages, {topics} topics, QoS {qos}, wall and processor seconds: " + ", ".join(
                f"{name} {statistics.median(run[0] for run in runs):.2f} {statistics.median(run[1] for run in runs):.2f}"
                for name, runs in ((f"pub {where[0]}", pub), ("replay --speed max", replayed)))
                + f"; ratio {walls[1] / walls[0]:.2f}", flush=True)


def large(options, folder):
    path = folder / "large.mcap"
    for count in map(int, options.messages.split(",")):
        writing = timed([options.bin / "recording_benchmark", "write", path, count])
        info = timed([options.bin / "mqtk-recording", "info", path], stdout=subprocess.DEVNULL)
        # One message each millisecond: the last 100.
        cat = timed([options.bin / "mqtk-recording", "cat", "--from", f"{count - 100}ms", path],
                    stdout=(folder / "out").open("w"))
        found = (folder / "out").read_text().count("\n")
        print(f"{count} messages, {path.stat().st_size / 10**9:.2f} GB: written in {writing[0]:.1f} s; "
              f"info {info[0]:.3f} s, {info[2]:.0f} MiB; cat --from, {found} messages, {cat[0]:.3f} s, {cat[2]:.0f} MiB", flush=True)
        if count <= options.read:
            whole = timed([options.bin / "mqtk-recording", "topics", path], stdout=subprocess.DEVNULL)
            print(f"  topics, which reads all: {whole[0]:.1f} s, {whole[2]:.0f} MiB", flush=True)
        path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    kinds = parser.add_subparsers(required=True)
    for name, action, defaults in (("record", record, {"rate": 300_000, "seconds": 10}), ("replay", replay, {"seconds": 20}),
                                   ("max", fastest, {"messages": 1_000_000, "runs": 3}),
                                   ("large", large, {"messages": "1000000,10000000,30000000", "read": 10_000_000,
                                                     "folder": "/tmp"})):
        kind = kinds.add_parser(name)
        kind.set_defaults(action=action)
        for option, value in defaults.items():
            kind.add_argument(f"--{option}", type=type(value), default=value)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=getattr(options, "folder", None)) as folder:
        options.action(options, pathlib.Path(folder))


main()
