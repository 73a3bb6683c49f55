#!/usr/bin/env python3
"""mqtk-pub and mqtk-sub beside mosquitto_pub and mosquitto_sub, on the same broker, in turns: medians of several runs.

mosquitto_pub 2.0.11 ends before all lines have gone out at QoS 1 and 2 and loses the rest. So what has arrived is
counted by the $SYS topics of the broker, and the time is that for each arrived line, times the number of lines.

    tests/benchmarks/pub_sub.py --bin .build/release/bin [--runs 5] [--lines 1000000] [--broker mosquitto|mqtk-broker]
                                [--only one|pub|sub|json|large] [--qos 0,1,2]

"json" is mqtk-sub --json beside its plain output, "large" the peak memory for one payload of 200 MB. MQTTX's CLI is
measured with one message where it is installed.
"""

import argparse
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

FOLDER = tempfile.TemporaryDirectory()
PATH = pathlib.Path(FOLDER.name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_broker(options):
    port = free_port()
    if options.broker == "mqtk-broker":
        command = [options.bin / "mqtk-broker", "--port", str(port), "--sys-interval", "1s"]
    else:
        (PATH / "conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
                                   "sys_interval 1\n")
        command = [shutil.which("mosquitto", path="/usr/sbin:/usr/bin:" + os.environ["PATH"]), "-c", PATH / "conf"]
    broker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return broker, port
        time.sleep(0.02)
    sys.exit("the broker does not start")


def processor_seconds(process_id):
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(command, **streams):
    began = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), **streams)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime


def report(what, figures, unit, scale):
    ours, theirs = (statistics.median(run[0] for run in runs) for runs in figures)
    our_cpu, their_cpu = (statistics.median(run[1] for run in runs) for runs in figures)
    print(f"{what:34} {ours * scale:9.2f} {theirs * scale:9.2f} {unit}   {theirs / ours:6.2f}x     "
          f"{our_cpu * scale:9.2f} {their_cpu * scale:9.2f} {unit}", flush=True)


def packets_received(port):
    """By the broker, since it started. (Its figure of PUBLISH packets is no use: mosquitto counts none of QoS 2.)"""
    time.sleep(2.1)
    told = subprocess.run(["mosquitto_sub", "-p", str(port), "-t", "$SYS/broker/messages/received", "-C", "1"],
                          capture_output=True, timeout=30, check=True)
    return int(told.stdout)


def settled(port):
    """The same when nothing comes any more but the question itself: CONNECT, SUBSCRIBE, DISCONNECT."""
    before = packets_received(port)
    while (now := packets_received(port)) - before > 3:
        before = now
    return now


def one_message(options, port):
    figures = [[], []]
    for _ in range(options.single_runs):
        for slot, program in enumerate((options.bin / "mqtk-pub", "mosquitto_pub")):
            figures[slot].append(timed([program, "-p", port, "-t", "one", "-m", "hello", "-q", options.qos]))
    report(f"one message, QoS {options.qos}", figures, "ms", 1000)


def lines(options, port, qos):
    name = PATH / "lines"
    figures, arrived = [[], []], [[], []]
    before = settled(port)
    for _ in range(options.runs):
        for slot, program in enumerate((options.bin / "mqtk-pub", "mosquitto_pub")):
            with name.open() as stdin:
                seconds, processor = timed([program, "-p", port, "-t", f"lines/{qos}", "-l", "-q", qos], stdin=stdin)
            after = settled(port)
            share, before = (after - before) / (options.lines * (2 if qos == 2 else 1)), after  # PUBLISH and PUBREL
            arrived[slot].append(share)
            figures[slot].append((seconds / share, processor / share))
    for slot, program in enumerate(("mqtk-pub", "mosquitto_pub")):
        if min(arrived[slot]) < 0.999:
            print(f"{program}: only {min(arrived[slot]):.1%} of the lines arrived")
    report(f"pub -l, {options.lines} lines, QoS {qos}", figures, "s ", 1)


def received_by(command, options, port, qos):
    with (PATH / "received").open("w") as stdout, (PATH / "lines").open() as stdin:
        subscriber = subprocess.Popen(list(map(str, [*command, "-p", port, "-t", f"in/{qos}", "-q", qos, "-C",
                                                    options.lines])), stdout=stdout)
        time.sleep(0.3)
        began = time.perf_counter()
        publisher = subprocess.Popen(list(map(str, [options.bin / "mqtk-pub", "-p", port, "-t", f"in/{qos}", "-l",
                                                   "-q", qos])), stdin=stdin)
        _, status, usage = os.wait4(subscriber.pid, 0)
        seconds = time.perf_counter() - began
        subscriber.returncode = os.waitstatus_to_exitcode(status)
        publisher.wait()
    if subscriber.returncode != 0:
        sys.exit(f"{command} ended with {subscriber.returncode}")
    return seconds, usage


def write_lines(options):
    (PATH / "lines").write_text("".join(f"line {number} of the input\n" for number in range(options.lines)))


def receive(options, port, qos):
    """The same publisher feeds both: the time runs from its start to the end of the subscriber."""
    figures = [[], []]
    for _ in range(options.runs):
        for slot, program in enumerate((options.bin / "mqtk-sub", "mosquitto_sub")):
            seconds, usage = received_by([program], options, port, qos)
            figures[slot].append((seconds, usage.ru_utime + usage.ru_stime))
    report(f"sub -C {options.lines}, QoS {qos}", figures, "s ", 1)


def mqttx(options, port):
    if not shutil.which("mqttx"):
        return
    runs = [timed(["mqttx", "pub", "-h", "127.0.0.1", "-p", port, "-t", "one", "-m", "hello"], stdout=subprocess.DEVNULL)[0]
            for _ in range(options.runs)]
    print(f"one message, QoS 0, mqttx          {statistics.median(runs) * 1000:9.2f} ms")


def as_json(options, port):
    """mqtk-sub twice: as JSON and plain, into files."""
    figures = [[], []]
    for _ in range(options.runs):
        for slot, more in enumerate((["--json"], [])):
            seconds, usage = received_by([options.bin / "mqtk-sub", *more], options, port, 0)
            figures[slot].append((seconds, usage.ru_utime + usage.ru_stime))
    print("(here the columns are --json and plain)")
    report(f"sub -C {options.lines}, --json", figures, "s ", 1)


def large(options, port):
    """Peak memory and time for one payload in and out."""
    size = 200_000_000
    payload = PATH / "large"
    with payload.open("wb") as file:
        for _ in range(size // 1_000_000):
            file.write(os.urandom(1_000_000))
    print(f"{'payload of 200 MB':34}   memory / payload   seconds")
    for qos in (0, 1, 2):
        for ours in (True, False):
            sub = options.bin / "mqtk-sub" if ours else "mosquitto_sub"
            pub = options.bin / "mqtk-pub" if ours else "mosquitto_pub"
            with (PATH / "received").open("w") as stdout:
                began = time.perf_counter()
                subscriber = subprocess.Popen(list(map(str, [sub, "-p", port, "-t", "large", "-q", qos, "-C", "1", "-N"])), stdout=stdout)
                time.sleep(0.3)
                publisher = subprocess.Popen(list(map(str, [pub, "-p", port, "-t", "large", "-q", qos, "-f", payload])))
                peaks = []
                for process in (publisher, subscriber):
                    _, status, usage = os.wait4(process.pid, 0)
                    process.returncode = os.waitstatus_to_exitcode(status)
                    peaks.append(usage.ru_maxrss * 1024 / size)
                seconds = time.perf_counter() - began
            same = (PATH / "received").stat().st_size == size and publisher.returncode == subscriber.returncode == 0
            print(f"{'  mqtk' if ours else '  mosquitto'}, QoS {qos}: pub {peaks[0]:5.2f}   sub {peaks[1]:5.2f}   {seconds:6.1f} s"
                  f"{'' if same else '   FAILED'}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--single-runs", type=int, default=51)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--broker", choices=["mosquitto", "mqtk-broker"], default="mosquitto")
    parser.add_argument("--only", choices=["one", "pub", "sub", "json", "large"])
    parser.add_argument("--qos", default="0,1,2")
    options = parser.parse_args()
    levels = [int(level) for level in options.qos.split(",")]
    write_lines(options)
    broker, port = start_broker(options)
    try:
        print(f"{'broker: ' + options.broker:34}   wall time                ratio        processor time\n"
              f"{'':34}      mqtk mosquitto                        mqtk mosquitto")
        if options.only in (None, "one"):
            for options.qos in levels:
                one_message(options, port)
            mqttx(options, port)
        for qos in levels:
            if options.only in (None, "pub"):
                lines(options, port, qos)
            if options.only in (None, "sub"):
                receive(options, port, qos)
        if options.only in (None, "json"):
            as_json(options, port)
        if options.only in (None, "large"):
            large(options, port)
    finally:
        print(f"processor seconds of the broker: {processor_seconds(broker.pid):.1f}")
        broker.kill()
        broker.wait()


main()
