#!/usr/bin/env python3
"""What TLS and WebSocket cost: lines through mqtk-pub, mqtk-broker and mqtk-sub over each transport, TLS handshakes per
second of the broker beside openssl s_server with the same certificate, and one message of mqtk-pub. Medians.

    tests/benchmarks/transports.py --bin .build/release/bin [--runs 3] [--lines 300000]
"""

import argparse
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

FOLDER = tempfile.TemporaryDirectory()
PATH = pathlib.Path(FOLDER.name)
NAMES = ["tcp", "unix", "websocket", "tls", "websocket+tls"]


def make_certificate():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", PATH / "key",
                    "-out", PATH / "cert"], check=True, capture_output=True)


def start_broker(options):
    listeners = ["mqtt://127.0.0.1:0", f"unix://{PATH}/socket", "ws://127.0.0.1:0/mqtt", "mqtts://127.0.0.1:0",
                 "wss://127.0.0.1:0/mqtt"]
    broker = subprocess.Popen([options.bin / "mqtk-broker", "--cert-file", PATH / "cert", "--key-file", PATH / "key",
                               "--sys-interval", "0", *(word for url in listeners for word in ("-l", url))],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    urls = [broker.stdout.readline().split()[1].decode() for _ in listeners]
    return broker, dict(zip(NAMES, urls))


def processor_seconds(process_id):
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end_of(process):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{process.args} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def one_run(options, broker, url):
    """Seconds: until all lines have come, and of the processor for publisher, broker and subscriber."""
    place = ["-L", url] + (["--ca-file", PATH / "cert"] if url.startswith(("mqtts", "wss")) else [])
    subscriber = subprocess.Popen(list(map(str, [options.bin / "mqtk-sub", *place, "-t", "lines", "-C", options.lines])),
                                  stdout=subprocess.DEVNULL)
    time.sleep(0.3)
    before, began = processor_seconds(broker.pid), time.perf_counter()
    with (PATH / "lines").open() as stdin:
        publisher = subprocess.Popen(list(map(str, [options.bin / "mqtk-pub", *place, "-t", "lines", "-l"])), stdin=stdin)
    subscriber_cpu = end_of(subscriber)
    seconds = time.perf_counter() - began
    return seconds, end_of(publisher), processor_seconds(broker.pid) - before, subscriber_cpu


def throughput(options, broker, urls):
    runs = {name: [] for name in NAMES}
    for _ in range(options.runs):
        for name in NAMES:
            runs[name].append(one_run(options, broker, urls[name]))
    print(f"{options.lines} lines of 24 bytes, QoS 0: thousands per second, and microseconds of processor time for each\n"
          f"{'':16} {'k/s':>8}   {'pub':>6} {'broker':>6} {'sub':>6}")
    for name in NAMES:
        seconds, *processor = (statistics.median(column) for column in zip(*runs[name]))
        print(f"{name:16} {options.lines / seconds / 1000:8.0f}   " +
              " ".join(f"{value / options.lines * 1e6:6.2f}" for value in processor), flush=True)


def handshakes(port):
    done = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time", "3"], capture_output=True,
                          text=True, check=True)
    return float(re.search(r"(\d+) connections in (\d+) real seconds", done.stdout)[1]) / 3


def port_of(url):
    return int(url.split("/")[2].rsplit(":", 1)[1])


def handshake_rate(options, urls):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", PATH / "cert", "-key",
                               PATH / "key", "-quiet", "-www"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    ours, theirs = [], []
    for _ in range(options.runs):
        ours.append(handshakes(port_of(urls["tls"])))
        theirs.append(handshakes(port))
    server.kill()
    server.wait()
    print(f"TLS handshakes per second, openssl s_time -new: mqtk-broker {statistics.median(ours):.0f}, openssl s_server "
          f"{statistics.median(theirs):.0f}", flush=True)


def one_message(options, urls):
    for name in "tcp", "tls":
        seconds = []
        for _ in range(options.single_runs):
            began = time.perf_counter()
            subprocess.run(list(map(str, [options.bin / "mqtk-pub", "-L", urls[name], "-t", "one", "-m", "x"] +
                                    (["--ca-file", PATH / "cert"] if name == "tls" else []))), check=True)
            seconds.append(time.perf_counter() - began)
        print(f"mqtk-pub, one message over {name}: {statistics.median(seconds) * 1000:.2f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--single-runs", type=int, default=51)
    parser.add_argument("--lines", type=int, default=300_000)
    options = parser.parse_args()
    make_certificate()
    (PATH / "lines").write_text("".join(f"line {number:9} of input\n" for number in range(options.lines)))
    broker, urls = start_broker(options)
    try:
        throughput(options, broker, urls)
        handshake_rate(options, urls)
        one_message(options, urls)
    finally:
        broker.kill()
        broker.wait()


if __name__ == "__main__":
    main()
