#!/usr/bin/env python3
"""What mqtk-proxy adds to a direct connection: latency and throughput, medians of several rounds, in turns.

    tests/benchmarks/proxy.py --bin .build/release/bin [--rounds 3]

Broker, proxy and load share the cores of this machine, so a proxied run has less processor time for each of them.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

FOLDER = tempfile.TemporaryDirectory()
PATH = pathlib.Path(FOLDER.name)
WAYS = {
    "direct": None,
    "proxy --view none": ["--view", "none"],
    "proxy, one line per packet": [],
    "proxy, a rule that never strikes": ["--view", "none", "--fault", "drop client=nobody"],
}


def serve(command):
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE)
    url = process.stdout.readline().decode().split()[1]
    while process.stdout.readline() != b"ready\n":
        pass
    # The lines go where a terminal or a file would take them at once.
    reader = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
    process.stdout.close()
    return process, url, reader


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(options, way, *arguments):
    """The result of mqtk-bench and the proxy's processor seconds."""
    started = [serve([options.bin / "mqtk-broker", "--port", 0])]
    url = started[0][1]
    if WAYS[way] is not None:
        started.append(serve([options.bin / "mqtk-proxy", "--port", 0, "--to", url, *WAYS[way]]))
        url = started[1][1]
    command = [options.bin / "mqtk-bench", *arguments, "-L", url, "--quiet", "--output", PATH / "result.json"]
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=120, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout.decode() + done.stderr.decode())
    cpu = processor_seconds(started[1][0]) if len(started) > 1 else 0
    for process, _, reader in reversed(started):
        process.terminate()
        process.wait(20)
        reader.wait(20)
    return json.loads((PATH / "result.json").read_text()), cpu


def latency(options, way):
    result, _ = measure(options, way, "pubsub", "--rate", 1000, "--clients", 10, "-q", 0, "--size", 100, "--duration", "3s")
    percentiles = result["latencies"]["end_to_end"]["percentiles_ns"]
    return percentiles["50"] / 1e3, percentiles["99"] / 1e3


def throughput(options, way):
    result, cpu = measure(options, way, "pub", "--max", "--clients", 4, "-q", 0, "--size", 100, "--duration", "3s", "--drain", "30s")
    return result["rates"]["sent"] / 1e3, cpu / result["counts"]["sent"] * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["latency", "throughput"])
    options = parser.parse_args()
    for name, part, text in (
            ("latency", latency, "1,000 messages/s, QoS 0, 100 B, end to end: p50 {:.0f} us, p99 {:.0f} us"),
            ("throughput", throughput, "QoS 0, 100 B, flat out: {:.0f} k/s, {:.2f} CPU-s/M in the proxy")):
        if options.only not in (None, name):
            continue
        rounds = [{way: part(options, way) for way in WAYS} for _ in range(options.rounds)]
        for way in WAYS:
            figures = [statistics.median(each) for each in zip(*(one[way] for one in rounds))]
            print(f"{way:34} {text.format(*figures)}", flush=True)


main()
