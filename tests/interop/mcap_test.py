#!/usr/bin/python3
"""Recordings of mqtk, read by @mcap/core: by the index and as a stream it finds the same messages as mqtk.

Usage: mcap_test.py PROGRAMS_FOLDER NPM_FOLDER
"""

import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import installation

LIMIT_SECONDS = 120


def messages():
    """Every kind of message."""
    yield {"topic": "a/text", "qos": 0, "retain": False, "payload": "21.5"}
    yield {"topic": "a/empty", "qos": 1, "retain": True, "payload": ""}
    yield {"topic": "a/binary", "qos": 2, "retain": False, "payload_base64": base64.b64encode(bytes(range(256))).decode()}
    yield {"topic": "a/json", "qos": 0, "retain": False, "payload": "{\"a\":1}"}
    yield {"topic": "a/large", "qos": 1, "retain": False, "payload": "x" * 3_000_000}
    yield {"topic": "a/v5", "qos": 1, "retain": False, "dup": True, "payload": "v5", "properties": {
        "message_expiry_interval": 60, "content_type": "text/plain", "response_topic": "r",
        "correlation_data_base64": "AP8=", "user_properties": [["k", "\u00e4"], ["k", "2"]]}}


# timestamp 1, a metric "t" of the datatype Float with the value 21.5, and one with a data set of one column; seq 7.
SPARKPLUG = ("0801" "120a" "0a0174" "2009" "650000ac41" "1215" "0a0164" "2010" "8a010d" "0801" "120163" "1803" "2204" "0a02"
             "0802" "1807")
SHOWN = {"timestamp": "1", "seq": "7", "metrics": [
    {"name": "t", "datatype": 9, "float_value": 21.5, "value": "float_value"},
    {"name": "d", "datatype": 16, "value": "dataset_value", "dataset_value": {
        "num_of_columns": "1", "columns": ["c"], "types": [3],
        "rows": [{"elements": [{"int_value": 2, "value": "int_value"}]}]}}]}


def sparkplug():
    return [{"topic": "spBv1.0/plant/NBIRTH/node", "qos": 0, "retain": False,
             "payload_base64": base64.b64encode(bytes.fromhex(SPARKPLUG)).decode()},
            {"topic": "spBv1.0/STATE/host", "qos": 1, "retain": True, "payload": "{}"}]


RECORDINGS = {
    "sparkplug": sparkplug,
    "kinds": lambda: list(messages()),
    "nothing": list,
    "one": lambda: [{"topic": "t", "qos": 0, "retain": False, "payload": "x"}],
    "chunks": lambda: [{"topic": f"t/{i % 100}", "qos": i % 3, "retain": False, "payload": f"{i:0200d}"} for i in range(30_000)],
    "topics": lambda: [{"topic": f"t/{i}", "qos": 0, "retain": False, "payload": str(i)} for i in range(70_000)],
}


def write(folder, programs, name, listed):
    source, target = folder / f"{name}.jsonl", folder / f"{name}.mcap"
    with source.open("w") as out:
        for number, message in enumerate(listed):
            out.write(json.dumps({"time": f"2026-11-20T00:00:{number / 2000:012.9f}Z", **message}) + "\n")
    subprocess.run([programs / "mqtk-recording", "convert", "-o", target, source], check=True, timeout=LIMIT_SECONDS)
    return target


RECORD = '''
"$0/mqtk-record" -p "$MQTK_PORT" -t '#' -C 300 --quiet --chunk-size 2k "$1/recorded.mcap" & one=$!
"$0/mqtk-record" -p "$MQTK_PORT" -t '#' -C 300 --quiet --chunk-size 1k --rotate 2k "$1/rotated.mcap" & two=$!
"$0/mqtk-record" -p "$MQTK_PORT" -t '#' -C 300 --quiet --split-by topic "$1/split.mcap" & three=$!
until [ -e "$1/split.done" ]; do
  "$0/mqtk-pub" -p "$MQTK_PORT" -t "a/b" -q 1 -m "$(seq 100)" -D publish user-property k v
  "$0/mqtk-pub" -p "$MQTK_PORT" -t "c" -q 2 -m 21.5 -r
  kill -0 $one 2>/dev/null || kill -0 $two 2>/dev/null || kill -0 $three 2>/dev/null || touch "$1/split.done"
done
wait
'''


def of_programs(folder, programs):
    """What mqtk-record writes, and what mqtk-recording and --repair make of it."""
    folder.mkdir()
    subprocess.run([programs / "mqtk-broker", "--", "sh", "-c", RECORD, programs, folder], check=True, timeout=LIMIT_SECONDS)

    def recording(*arguments):
        subprocess.run([programs / "mqtk-recording", *arguments], check=True, timeout=LIMIT_SECONDS)

    recorded = folder / "recorded.mcap"
    recording("filter", "-t", "c", "-o", folder / "filtered.mcap", recorded)
    recording("merge", "-o", folder / "merged.mcap", *sorted(folder.glob("rotated-*.mcap")))
    (folder / "cut.part").write_bytes(recorded.read_bytes()[:-200])
    recording("repair", "-o", folder / "repaired.mcap", folder / "cut.part")
    return sorted(folder.glob("*.mcap"))


def payload(message):
    return base64.b64decode(message["payload_base64"]) if "payload_base64" in message else message["payload"].encode()


def made(folder, programs, title, make):
    listed = make()
    return write(folder, programs, title, listed), listed


def read(programs, path):
    """As mqtk itself reads the file."""
    out = subprocess.run([programs / "mqtk-recording", "cat", "--json", path], check=True, capture_output=True,
                         timeout=LIMIT_SECONDS).stdout
    return [json.loads(line) for line in out.splitlines()]


def check(found, listed):
    """What is wrong, or nothing."""
    ours = [m for m in found["messages"] if not m["topic"].startswith("$mqtt/")]
    overflow = [m for m in found["messages"] if m["topic"] == "$mqtt/overflow"]
    if len(ours) + len(overflow) != len(listed):
        return f"{len(ours)} messages and {len(overflow)} in the overflow channel instead of {len(listed)}"
    for came, wrote in zip(ours, listed):
        expected = (wrote["topic"], str(wrote["qos"]), "true" if wrote["retain"] else "false", payload(wrote))
        if (came["topic"], came["qos"], came["retain"], base64.b64decode(came["data"])) != expected:
            return f"{came['topic']} is not as it was written"
    attributes = [json.loads(base64.b64decode(m["data"])) for m in found["messages"] if m["topic"] == "$mqtt/attributes"]
    if sum("properties" in m or m.get("dup", False) or m.get("retained_at_subscribe", False) for m in listed) != len(attributes):
        return f"{len(attributes)} messages have attributes"
    if found["decoded"] != [SHOWN for message in listed if message["topic"].startswith("spBv1.0/plant/")]:
        return f"the metrics of Sparkplug are shown as {found['decoded']}"
    if found["profile"] != "mqtt" or found["metadata"]["mqtt"]["mapping"] != "1":
        return "profile or mapping is missing"
    return None


def main():
    programs, npm_folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    installation.install_mqttjs(npm_folder)
    node = installation.find_node()
    shutil.copy(pathlib.Path(__file__).parent / "mcap_peer.js", npm_folder)
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cases = [(title, *made(folder, programs, title, make)) for title, make in RECORDINGS.items()]
        cases += [(path.name, path, read(programs, path)) for path in of_programs(folder / "programs", programs)]
        for title, target, listed in cases:
            result = subprocess.run([node, "mcap_peer.js", target], cwd=npm_folder, capture_output=True, text=True,
                                    check=False, timeout=LIMIT_SECONDS)
            wrong = result.stderr if result.returncode != 0 else check(json.loads(result.stdout), listed)
            failed += wrong is not None
            print(f"{title}: {wrong or 'read'}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
