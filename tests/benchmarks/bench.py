#!/usr/bin/env python3
"""What mqtk-bench itself costs and whether what it says is true: medians of several rounds, load and broker on a core each.

    tests/benchmarks/bench.py --bin .build/release/bin [--rounds 3] [part ...]

Parts: sink mosquitto paced burst connections idle many honesty; all of them by default.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

FOLDER = tempfile.TemporaryDirectory()
PATH = pathlib.Path(FOLDER.name)
PATH.chmod(0o755)
CORES = sorted(os.sched_getaffinity(0))
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:" + os.environ["PATH"])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """mosquitto or the sink, on the first core."""

    def __init__(self, options, name):
        self.port = free_port()
        if name == "mosquitto":
            (PATH / "conf").write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
                                       "sys_interval 1\nmax_connections -1\n")
            command = [MOSQUITTO, "-c", PATH / "conf"]
        else:
            command = [options.bin / "mqtk-bench", "sink", "--listen", f"mqtt://127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(["taskset", "-c", str(CORES[0]), *map(str, command)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        sys.exit(f"{name} does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(10)


def command(options, port, *arguments):
    return ["taskset", "-c", str(CORES[-1]), str(options.bin / "mqtk-bench"), arguments[0], "-h", "127.0.0.1", "-p", str(port),
            "--quiet", "--output", str(PATH / "result.json"), *map(str, arguments[1:])]


def bench(options, port, *arguments):
    done = subprocess.run(command(options, port, *arguments), capture_output=True, timeout=120, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout.decode() + done.stderr.decode())
    return json.loads((PATH / "result.json").read_text())


def median(options, measure, *arguments):
    """Of each figure that `measure` returns."""
    rounds = [measure(*arguments) for _ in range(options.rounds)]
    return [statistics.median(each) for each in zip(*rounds)]


def cpu_seconds(result):
    return result["generator"]["processor_time_ns"] / 1e9


def seconds(result):
    return result["times"]["sending_ns"] / 1e9


def send_floor(options, port, *arguments):
    """Messages a second and processor seconds for a million of them, by a program that sends ready packets."""
    command = ["taskset", "-c", str(CORES[-1]), options.bin / "send_floor", port, *arguments]
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=120, check=True)
    return map(float, done.stdout.split())


def report(what, figure, wanted):
    print(f"{what:52} {figure:>28}   wanted: {wanted}", flush=True)


def flat_out(options, name, qos, size=16, clients=4):
    with Broker(options, name) as broker:
        result = bench(options, broker.port, "pub", "--max", "--clients", clients, "-q", qos, "--size", size,
                       "--duration", "4s", "--drain", "30s")
    sent = result["counts"]["sent"]
    return result["rates"]["acknowledged" if qos else "sent"], cpu_seconds(result) / sent * 1e6


def sink(options):
    for qos, wanted in ((0, "1500 k/s, 0.3 CPU-s/M"), (1, "3 CPU-s/M"), (2, "-")):
        rate, cpu = median(options, lambda qos=qos: flat_out(options, "sink", qos))
        report(f"into the sink, QoS {qos}, 16 B", f"{rate / 1000:.0f} k/s, {cpu:.3f} CPU-s/M", wanted)


def open_connections(port):
    """Those that the broker has not read to their end."""
    established, close_wait = "01", "08"
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[1].endswith(f":{port:04X}") and line[3] in (established, close_wait) for line in lines)


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def taken(options, qos, messages, clients):
    """What mosquitto takes: buffers of megabytes lie before it, so the time ends when it has read and closed all."""
    with Broker(options, "mosquitto") as broker:
        before = processor_seconds(broker.process.pid)
        result = bench(options, broker.port, "pub", "--max", "--clients", clients, "-q", qos, "--messages", messages,
                       "--drain", "60s")
        while open_connections(broker.port) > 0:
            time.sleep(0.005)
        ended = time.time()
        busy = processor_seconds(broker.process.pid) - before
    began = datetime.datetime.fromisoformat(result["started_at"][:26] + "+00:00").timestamp()
    took = ended - began - result["times"]["connecting_ns"] / 1e9
    return messages / took, cpu_seconds(result) / messages * 1e6, busy / took


def taken_of_ready_packets(options, messages, clients):
    with Broker(options, "mosquitto") as broker:
        return send_floor(options, broker.port, "flat", clients, messages)


def mosquitto(options):
    """It reads one packet of each connection at a time, with three calls of the system; its core is the limit where busy."""
    for qos, messages, clients, wanted in ((0, 2_000_000, 16, "500 k/s"), (1, 300_000, 4, "-"), (2, 150_000, 4, "-")):
        rate, cpu, busy = median(options, lambda *each: taken(options, *each), qos, messages, clients)
        report(f"mosquitto takes, QoS {qos}, 16 B, {clients} connections",
               f"{rate / 1000:.0f} k/s, {cpu:.3f} CPU-s/M", wanted)
        report("  and how busy its core is meanwhile", f"{busy * 100:.0f} %", "-")
        if qos == 0:
            rate, cpu = median(options, lambda *each: taken_of_ready_packets(options, *each), messages, clients)
            report("  and what it takes of ready packets", f"{rate / 1000:.0f} k/s, {cpu:.3f} CPU-s/M", "-")
    with Broker(options, "mosquitto") as broker:
        sent = bench(options, broker.port, "pub", "--max", "--messages", 300_000, "--clients", 3)["counts"]["sent"]
        told, before = -1, -2
        while told != before:  # until it has read all
            time.sleep(2.5)
            before = told
            told = int(subprocess.run(["mosquitto_sub", "-p", str(broker.port), "-t", "$SYS/broker/publish/messages/received",
                                       "-C", "1"], capture_output=True, timeout=30, check=True).stdout)
        report("counts: ours and mosquitto's $SYS", f"{sent} and {told}", "equal")


def paced(options):
    """Of whole seconds, without connecting; and what a loop costs that only sends as many packets at the same times."""
    def measure():
        with Broker(options, "sink") as broker:
            result = bench(options, broker.port, "pub", "--rate", "10k", "--clients", 100, "--duration", "5s")
            _, floor = send_floor(options, broker.port, "paced", 100, 10_000, 5)
        used = [second["generator"]["processor_time_ns"] / second["length_ns"] for second in result["series"][:5]]
        late = result["latencies"]["lateness"]["percentiles_ns"]
        return statistics.mean(used), late["50"] / 1e3, late["99"] / 1e3, floor / 100
    cores, p50, p99, floor = median(options, measure)
    report("10,000/s over 100 clients, QoS 0", f"{cores:.3f} core", "0.1 core")
    report("  and what sending alone costs", f"{floor:.3f} core", "-")
    report("  and how late messages were sent", f"p50 {p50:.0f} us, p99 {p99:.0f} us", "-")


def burst(options):
    """Five at a time, and mosquitto has Nagle's algorithm on: 43 ms where TCP's acknowledgements are delayed."""
    scenario = PATH / "burst.json"
    scenario.write_text(json.dumps({"phases": [{"phase": "hold", "duration": "4s"}], "groups": [
        {"publish": {"topic": "burst", "qos": 1, "closed": 5, "think_time": "100ms"}}]}))

    def measure():
        with Broker(options, "mosquitto") as broker:
            latency = bench(options, broker.port, "run", scenario)["latencies"]["publish_service"]
        return latency["percentiles_ns"]["50"] / 1e6, latency["percentiles_ns"]["99"] / 1e6
    p50, p99 = median(options, measure)
    report("five at a time to mosquitto, PUBACK", f"p50 {p50:.2f} ms, p99 {p99:.2f} ms", "below 43 ms")


def connections(options):
    for name in ("mosquitto", "sink"):
        for pending in (64, 1024):
            def measure(name=name, pending=pending):
                with Broker(options, name) as broker:
                    result = bench(options, broker.port, "conn", "--clients", 5000, "--pending", pending)
                return result["times"]["connecting_ns"] / 1e9, result["latencies"]["connect"]["max_ns"] / 1e6
            took, longest = median(options, measure)
            report(f"5,000 connections to {name}, {pending} pending", f"{took:.3f} s, longest {longest:.0f} ms",
                   "0.5 s" if pending == 64 else "-")


def idle(options):
    def measure():
        with Broker(options, "sink") as broker:
            few = bench(options, broker.port, "conn", "--clients", 100)
            many = bench(options, broker.port, "conn", "--clients", 10_000)
        grown = many["generator"]["peak_memory_bytes"] - few["generator"]["peak_memory_bytes"]
        return (grown / 9_900,)
    report("memory of an idle connection", f"{median(options, measure)[0]:.0f} bytes", "2048 bytes")


def many(options):
    with Broker(options, "sink") as broker:
        result = bench(options, broker.port, "conn", "--clients", 15_000)
    report("15,000 connections in one process", f"{result['counts']['connected']} in "
           f"{result['times']['connecting_ns'] / 1e9:.2f} s", "15000")


def honesty(options):
    """Broker stopped for a second under 1,000 messages a second: what the schedule makes of it, and what is reported."""
    def measure():
        with Broker(options, "mosquitto") as broker:
            load = subprocess.Popen(command(options, broker.port, "pub", "-q", 1, "--clients", 100, "--rate", 1000,
                                            "--duration", "4s"), stdout=subprocess.DEVNULL)
            time.sleep(1.5)
            began = time.monotonic()
            broker.process.send_signal(signal.SIGSTOP)
            time.sleep(1)
            broker.process.send_signal(signal.SIGCONT)
            stalled = time.monotonic() - began
            load.wait(60)
        latency = json.loads((PATH / "result.json").read_text())["latencies"]["publish"]
        # 4,000 messages; those due in the stall wait from its length down to nothing: 1 in 4 is delayed.
        percentiles = latency["percentiles_ns"]
        mean = latency["mean_ns"] * 4000 / (stalled * 1000)
        return (mean / (stalled / 2 * 1e9), percentiles["90"] / ((stalled - 0.4) * 1e9),
                percentiles["95"] / ((stalled - 0.2) * 1e9), percentiles["99"] / ((stalled - 0.04) * 1e9))
    figures = median(options, measure)
    report("stopped for 1 s: mean, p90, p95, p99 reported/true", " ".join(f"{each:.3f}" for each in figures), "0.9 to 1.1")


PARTS = {each.__name__: each for each in (sink, mosquitto, paced, burst, connections, idle, many, honesty)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    options = parser.parse_args()
    for name in options.parts or PARTS:
        PARTS[name](options)


if __name__ == "__main__":
    main()
