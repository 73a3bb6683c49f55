"""Gives recorded traffic to mqtk-inspect, which must find nothing wrong with it."""

import json
import pathlib
import subprocess
import sys
import tempfile

from relay import CONNECT, TO_CLIENT, TO_SERVER, split_packets

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "apps"))
import captures  # noqa: E402  # pylint: disable=wrong-import-position

VERSION_WORDS = {3: "3.1", 4: "3.1.1", 5: "5"}


def version_of(connection):
    """The Protocol Level byte of CONNECT, which follows the Protocol Name."""
    connect = connection.packets_from(TO_SERVER, CONNECT)
    if not connect:
        return None
    name_at = 2
    while connect[0][name_at - 1] >= 0x80:
        name_at += 1
    return connect[0][name_at + 2 + connect[0][name_at + 1]]


def false_alarms(program, relay):
    """Problems that mqtk-inspect sees in the traffic of `relay`'s connections."""
    result = false_alarms_of_the_flow(program, relay)
    for number, connection in enumerate(relay.connections):
        level = version_of(connection)
        for sender in (TO_SERVER, TO_CLIENT):
            # A connection that was cut may end inside a packet; that is no fault of who wrote it.
            packets, whole = split_packets(connection.bytes_from[sender])
            if level is None or not packets:
                continue
            found, count = inspect(program, VERSION_WORDS[level], sender, connection.bytes_from[sender][:whole])
            result += [f"mqtk-inspect, connection {number} from {sender}: {each}" for each in found]
            if count != len(packets):
                result.append(f"mqtk-inspect, connection {number} from {sender}: {count} of {len(packets)} packets")
    return result


def inspect(program, version, sender, data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        run = subprocess.run(
            [program, "--json", "-V", version, "--from", sender, "--input-format", "raw", file.name],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    problems, count = [], 0
    for line in run.stdout.splitlines():
        packet = json.loads(line)
        if "summary" in packet:
            continue
        count += 1
        problems += [f"{packet['type']} at {packet['offset']}: {each}" for each in packet["problems"]]
    if run.returncode != 0 and not problems:
        problems.append(f"exit status {run.returncode}: {run.stderr.decode(errors='replace')[-500:]}")
    return problems, count


def capture_of(relay):
    """All connections of `relay` as one pcap file, in the order and at the times of their bytes."""
    connections = {}
    frames = []
    for when, connection, sender, data in list(relay.chunks):
        if connection not in connections:
            opened = captures.Connection(client_port=connection.client_port, start=when)
            connections[connection] = opened
            frames += opened.open().frames
        to = connections[connection]
        for at in range(0, len(data), 32768):
            to.now = max(to.now, when)
            frames.append(to.segment(sender, data[at:at + 32768]))
    return captures.pcap(frames)


def false_alarms_of_the_flow(program, relay):
    """Problems that mqtk-inspect sees in the connections as a whole: what needs their state."""
    run = subprocess.run([program, "--json", "-"], input=capture_of(relay), capture_output=True, timeout=60, check=False)
    found = []
    for line in run.stdout.splitlines():
        packet = json.loads(line)
        found += [f"mqtk-inspect, stream {packet['stream']}, {packet['type']} from {packet['direction']} "
                  f"at {packet['offset']}: {each}" for each in packet["problems"]
                  # A connection that was cut may end inside a packet.
                  if each["rule"] != "packet_incomplete"]
    if run.returncode not in (0, 7):
        found.append(f"mqtk-inspect: exit status {run.returncode}: {run.stderr.decode(errors='replace')[-500:]}")
    return found


def write_traffic(folder, relay):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "all.pcap").write_bytes(capture_of(relay))
    for number, connection in enumerate(relay.connections):
        for sender in (TO_SERVER, TO_CLIENT):
            (folder / f"{number}_{sender}.mqtt").write_bytes(connection.bytes_from[sender])
