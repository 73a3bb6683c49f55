#!/usr/bin/env python3
"""HdrHistogram's own tools, the Java and the JavaScript one, read the interval log of mqtk-bench and agree with it.

Usage: histogram_log_test.py PROGRAMS_FOLDER NPM_FOLDER
"""

import filecmp
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).parent / "histograms"
JAR = pathlib.Path("/usr/share/java/hdrhistogram.jar")
LIMIT_SECONDS = 240
MESSAGES = 2000  # 99.9 % of them is a whole number, so that no rounding of ranks can differ
PERCENTILES = (50, 90, 99, 99.9)


def output_of(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def install_javascript_reader(folder):
    folder.mkdir(parents=True, exist_ok=True)
    names = ("package.json", "package-lock.json")
    current = all((folder / name).exists() and filecmp.cmp(SOURCE / name, folder / name, False) for name in names)
    if current and (folder / "node_modules" / "hdr-histogram-js").exists():
        return
    for name in names:
        shutil.copyfile(SOURCE / name, folder / name)
    output_of("npm", "--prefix", folder, "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")


def read_with_java(log, tag):
    """The percentile distribution as HistogramLogProcessor prints it: (value, share, count below)."""
    text = output_of("java", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor", "-i", log, "-tag", tag,
                     "-outputValueUnitRatio", "1", "-percentilesOutputTicksPerHalf", "100")
    count = int(re.search(r"Total count\s*=\s*(\d+)", text).group(1))
    rows = [tuple(map(float, line.split()[:3])) for line in text.splitlines() if re.match(r"\s*\d+\.\d+\s+[01]\.\d+", line)]
    return count, rows


def java_percentile(rows, percentile):
    """The value of the first row that so many samples are not above."""
    return next(value for value, _, below in rows if below >= percentile / 100 * MESSAGES - 1e-6)


def main():
    programs, npm_folder = map(pathlib.Path, sys.argv[1:3])
    install_javascript_reader(npm_folder)
    checked = 0
    with tempfile.TemporaryDirectory() as folder:
        log, report = pathlib.Path(folder) / "log", pathlib.Path(folder) / "report"
        output_of(programs / "mqtk-bench", "pubsub", "-q", 1, "--clients", 2, "--rate", 800, "--messages", MESSAGES, "--quiet",
                  "--hlog", log, "--output", report)
        ours = json.loads(report.read_text())["latencies"]
        read = json.loads(output_of("node", SOURCE / "read_log.js", npm_folder.absolute(), log))
        assert read["lines"] == sum(line.startswith("Tag=") for line in log.read_text().splitlines())
        assert set(read["tags"]) == set(ours), (read["tags"].keys(), ours.keys())
        for tag, latency in ours.items():
            expected = [latency["percentiles_ns"][f"{percentile:g}"] for percentile in PERCENTILES]
            assert read["tags"][tag]["count"] == latency["count"], tag
            count, rows = read_with_java(log, tag)
            assert count == latency["count"], (tag, count)
            if count == MESSAGES:
                assert read["tags"][tag]["percentiles"] == expected, (tag, read["tags"][tag], expected)
                assert [java_percentile(rows, each) for each in PERCENTILES] == expected, (tag, rows, expected)
                checked += 1
    # end_to_end, publish, the same from the send, and the lateness
    assert checked == 5, checked
    print(f"{checked} passed, 0 failed")


if not JAR.exists():
    sys.exit(f"{JAR} is missing; install libhdrhistogram-java")
main()
