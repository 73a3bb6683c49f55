"""Runs clang-tidy on every .cpp of lib and apps that the release build compiles; headers come with them.

Most of the work is in the headers of the libraries, so ten files of a folder are read as one. Where something is found
each half of them is read anew, down to the single file: so what two files only have together, local names that are
equal, is no finding.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

COMMANDS = pathlib.Path(".build/release/compile_commands.json")
FOLDER = pathlib.Path(".build/tidy")
TOGETHER = 10
PRECOMPILED = re.compile(r" -fpch-preprocess| -Winvalid-pch| -include \S+/cmake_pch\.hxx")


def findings(path):
    """What clang-tidy says of one file, empty if it finds nothing."""
    # The flags are those of the compiler that builds, which may know other warnings.
    command = ["clang-tidy-19", "--quiet", "-p", str(FOLDER), "--extra-arg=-Wno-unknown-warning-option", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return f"{path}:\n{result.stdout}{result.stderr}" if result.returncode != 0 else ""


def check(joined, paths):
    """The findings in each file that has any."""
    if len(paths) == 1:
        return [found] if (found := findings(paths[0])) else []
    joined.write_text("".join(f'#include "{path}"  // NOLINT(bugprone-suspicious-include)\n' for path in paths))
    if not findings(joined):
        return []
    middle = len(paths) // 2
    return check(joined, paths[:middle]) + check(joined, paths[middle:])


def files_alike(root, wanted):
    """The files of one folder that are compiled in the same way, by the command without the file's name."""
    alike = collections.defaultdict(list)
    for entry in json.loads(COMMANDS.read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        name = path.relative_to(root) if path.is_relative_to(root) else pathlib.Path()
        if name.parts[:1] in [("lib",), ("apps",)] and (not wanted or str(name) in wanted):
            command = PRECOMPILED.sub("", entry["command"].rpartition(" -o ")[0])
            alike[entry["directory"], command, name.parent].append(name)
    return alike


def batches(root, alike):
    """Files to be read together, with the file to include them; writes how each of them is compiled."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    entries = []
    found = []
    for (directory, command, _), names in alike.items():
        count = -(-len(names) // TOGETHER)
        for each in range(count):
            # Neighbours by name are alike, and more often have equal local names.
            paths = [root / name for name in names[each::count]]
            joined = root / FOLDER / f"{len(found)}.cpp"
            entries += [{"directory": directory, "file": str(path), "command": f"{command} -c {path}"}
                        for path in [joined, *paths]]
            found.append((joined, paths))
    (FOLDER / "compile_commands.json").write_text(json.dumps(entries))
    return found


def main():
    root = pathlib.Path.cwd()
    alike = files_alike(root, sys.argv[1:])
    count = sum(map(len, alike.values()))
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda batch: check(*batch), batches(root, alike)):
            bad += len(found)
            print("\n".join(found), end="", flush=True)
    print(f"clang-tidy: {count} files, {bad} with findings")
    return 1 if bad or count == 0 else 0


sys.exit(main())
