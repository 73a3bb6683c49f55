#!/usr/bin/env python3
"""mqtk finds, lists and becomes its programs."""

import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

MQTK = pathlib.Path(os.environ["MQTK_BIN_DIR"]) / "mqtk"

problems = []
checks = 0


def check(what, is_so):
    global checks
    checks += 1
    if not is_so:
        problems.append(what)


def run(mqtk, *arguments, path="/usr/bin:/bin", **options):
    return subprocess.run([mqtk, *arguments], capture_output=True, text=True, check=False, timeout=20,
                          env={"PATH": path}, stdin=subprocess.DEVNULL, **options)


def program(folder, name, text):
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def main():
    with tempfile.TemporaryDirectory() as name:
        beside = pathlib.Path(name) / "beside"
        in_path = pathlib.Path(name) / "in_path"
        beside.mkdir()
        in_path.mkdir()
        mqtk = beside / "mqtk"
        shutil.copy(MQTK, mqtk)
        program(beside, "mqtk-first", 'test "$2" = summary && echo "does the first thing" && exit\nprintf "<%s>" "$@"; exit 3\n')
        program(beside, "mqtk-both", "echo beside\n")
        program(in_path, "mqtk-both", "echo in PATH\n")
        program(in_path, "mqtk-other", 'echo "other $1"\n')
        (in_path / "mqtk-data").write_text("not executable")
        path = f"{in_path}:/usr/bin:/bin"

        result = run(mqtk, "first", "-t", "a b", "", "--help")
        check("arguments and exit status pass through unchanged",
              (result.stdout, result.returncode) == ("<-t><a b><><--help>", 3))
        check("a program beside mqtk wins over PATH", run(mqtk, "both", path=path).stdout == "beside\n")
        check("a program in PATH is found", run(mqtk, "other", "x", path=path).stdout == "other x\n")
        check("help calls --help where no manual is installed", run(mqtk, "help", "other", path=path).stdout == "other --help\n")

        listing = run(mqtk, path=path)
        check("all programs are listed, those of its own with their summary",
              listing.returncode == 0 and "\n  first       does the first thing\n" in listing.stdout and
              "\n  other\n" in listing.stdout and "data" not in listing.stdout)
        check("--help lists the programs, too", run(mqtk, "--help", path=path).stdout == listing.stdout)
        check("help alone lists the programs, too", run(mqtk, "help", path=path).stdout == listing.stdout)

        version = run(mqtk, "--version")
        check("--version goes to stdout", version.returncode == 0 and version.stdout.startswith("mqtk ") and not version.stderr)

        unknown = run(mqtk, "frist")
        check("an unknown name is refused with the nearest one",
              (unknown.returncode, unknown.stdout, unknown.stderr) ==
              (1, "", "mqtk: unknown program 'frist'; did you mean 'first'?\n"))
        check("an unknown name for help, too", run(mqtk, "help", "frist").stderr == unknown.stderr)
        check("a name with a slash is no program", run(mqtk, "../beside/mqtk-first").returncode == 1)
        option = run(mqtk, "-t", "x")
        check("an option before the program is refused",
              (option.returncode, option.stderr) ==
              (1, "mqtk: unknown option '-t'; options follow the program: mqtk PROGRAM -t\n"))

        link = pathlib.Path(name) / "link"
        link.symlink_to(mqtk)
        check("programs are found beside the file that a link points to", run(link, "both", path=path).stdout == "beside\n")

        closed = subprocess.run(["sh", "-c", f"{mqtk} 2>&1 >&-; echo $?"], capture_output=True, text=True, check=False, timeout=20)
        check("a closed stdout is told in one line", closed.stdout.endswith("9\n") and closed.stdout.count("\n") == 2)
        full = subprocess.run(["sh", "-c", f"{mqtk} 2>&1 >/dev/full; echo $?"], capture_output=True, text=True, check=False, timeout=20)
        check("a full disk is a local failure",
              full.stdout == "mqtk: cannot write to standard output: No space left on device\n9\n")
    print("\n".join(problems))
    print(f"{checks - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


sys.exit(main())
