#!/usr/bin/env python3
"""Runs every example of README.md and compares what it prints.

An example is a block ```console: lines that begin with "$ " are commands, the lines under a command are what it must
print. A line "…" stands for any number of lines, "…" within a line for any text, and ports of 127.0.0.1 are all alike.
Examples talk to a broker that is started for each block.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MQTK_SOURCE_DIR"])
BIN = os.environ["MQTK_BIN_DIR"]
LIMIT_SECONDS = 60


def examples(text):
    """Blocks as (line number, [(command, expected output)])."""
    for block in re.finditer(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        commands = []
        for line in block.group(1).splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            elif commands:
                commands[-1][1].append(line)
        yield text.count("\n", 0, block.start()) + 1, [(command, "\n".join(lines)) for command, lines in commands]


def matches(expected, printed):
    pattern = ""
    for line in re.split(r"(?<=\n)", expected):
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            # The blanks before a text of any length may be those that put it into a column.
            pattern += ".*".join(re.escape(part) for part in re.sub(" +…", "…", line).split("…"))
    pattern = re.sub(r"(127\\\.0\\\.0\\\.1:)\d+", r"\1\\d+", pattern)
    return re.fullmatch(pattern, printed) is not None


def run(command, folder, url):
    environment = dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}", MQTK_URL=url, NO_COLOR="1")
    # In a session of its own, so that nothing it started outlives it.
    process = subprocess.Popen(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               cwd=folder, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.communicate(timeout=LIMIT_SECONDS)[0]
    except subprocess.TimeoutExpired:
        return f"(nothing came to an end within {LIMIT_SECONDS} seconds)"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def broker():
    process = subprocess.Popen([f"{BIN}/mqtk-broker", "--port", "0"], stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().split()[-1]
    process.stdout.readline()
    return process, url


def main():
    passed, failed = 0, 0
    for line, commands in examples((SOURCE / "README.md").read_text()):
        process, url = broker()
        try:
            with tempfile.TemporaryDirectory() as folder:
                # Examples that name files of the source tree find them.
                for name in (".ci", "tests"):
                    (pathlib.Path(folder) / name).symlink_to(SOURCE / name)
                for command, expected in commands:
                    printed = run(command, folder, url)
                    if matches(expected.rstrip("\n") + "\n", printed.rstrip("\n") + "\n"):
                        passed += 1
                    else:
                        failed += 1
                        print(f"README.md:{line}: $ {command}\n--- expected\n{expected}\n--- printed\n{printed}")
        finally:
            process.terminate()
            process.wait(timeout=LIMIT_SECONDS)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
