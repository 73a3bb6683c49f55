"""Runs clang-tidy on every .cpp of lib and apps that the release build compiles; headers come with them."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

BUILD = pathlib.Path(".build/release")


def check(name):
    # The flags are those of the compiler that builds, which may know other warnings.
    command = ["clang-tidy-19", "--quiet", "-p", str(BUILD), "--extra-arg=-Wno-unknown-warning-option", name]
    return name, subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def main():
    root = pathlib.Path.cwd()
    wanted = sys.argv[1:]
    names = []
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        name = str(path.relative_to(root)) if path.is_relative_to(root) else ""
        if name.startswith(("lib/", "apps/")) and (not wanted or name in wanted):
            names.append(name)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, result in pool.map(check, sorted(names)):
            if result.returncode != 0:
                bad += 1
                print(f"{name}:\n{result.stdout}{result.stderr}", flush=True)
    print(f"clang-tidy: {len(names)} files, {bad} with findings")
    return 1 if bad or not names else 0


sys.exit(main())
