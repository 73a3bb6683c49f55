"""Builds, runs every test and check, and ends with the line "N passed, N failed".

A doctest program counts with each of its test cases, a script that ends with such a line of its own with the numbers
there, anything else as one.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

DOCTEST = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")
SCRIPT = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)

passed = 0
failures = []


def run(command, **options):
    words = [str(word) for word in command]
    print("+ " + " ".join(words[:8]) + (" …" if len(words) > 8 else ""), flush=True)
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False, **options)


def succeeds(title, command):
    """One command that counts as one check."""
    global passed
    start = time.monotonic()
    if run(command).returncode == 0:
        passed += 1
    else:
        failures.append(title)
    print(f"{title}: {time.monotonic() - start:.0f} s", flush=True)
    return title not in failures


def count(case):
    """Passed and failed of one ctest test."""
    ok = case.get("status") == "run"
    output = case.findtext("system-out") or ""
    found = DOCTEST.findall(output) or SCRIPT.findall(output)
    good, bad = sum(int(g) for g, _ in found), sum(int(b) for _, b in found)
    if ok:
        return max(good, 1), 0
    return good, max(bad, 1)


def ctest(preset, *selection):
    global passed
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        run(["ctest", "--preset", preset, "-j", "4", "--no-tests=error", "--output-junit", report,
             "--test-output-size-passed", "100000000", "--test-output-size-failed", "100000000", *selection])
        if not report.exists():
            failures.append(f"ctest {preset} reported nothing")
            return
        for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
            if case.get("status") == "disabled" or case.get("status") == "notrun":
                failures.append(f"{preset}: {case.get('name')} did not run")
                continue
            good, bad = count(case)
            passed += good
            failures.extend([f"{preset}: {case.get('name')}"] * bad)
    print(f"ctest {preset}: {time.monotonic() - start:.0f} s", flush=True)


def build(preset, *targets, tests="ON"):
    """Everything, or only some targets."""
    only = ["--target", *targets] if targets else []
    return (succeeds(f"configure {preset}", ["cmake", "--preset", preset, "-DMQTK_WARNINGS_AS_ERRORS=ON",
                                             f"-DMQTK_TESTS={tests}"]) and
            succeeds(f"build {preset}", ["cmake", "--build", "--preset", preset, *only]))


def sources(*tops):
    return [path for top in tops for path in sorted(pathlib.Path(top).rglob("*.[ch]pp"))]


def main():
    os.chdir(pathlib.Path(__file__).resolve().parent.parent)
    # One compiler cache serves all build folders, wherever the clone lies.
    os.environ.setdefault("CCACHE_BASEDIR", os.getcwd())
    os.environ.setdefault("CCACHE_NOHASHDIR", "1")
    os.environ.setdefault("CCACHE_SLOPPINESS", "pch_defines,time_macros")

    succeeds("clang-format", ["clang-format-19", "--dry-run", "--Werror", *sources("lib", "apps", "tests")])
    # One build runs all tests: the one that sees most.
    if build("asan"):
        ctest("asan")
    # Where threads meet. GCC does not follow the fences of Asio, hence -Wno-tsan in the preset.
    if build("tsan", "net_test", "load_test", "capture_thread_test"):
        ctest("tsan", "-R", "^(net|load|capture_thread)$")
    if build("release", tests="OFF"):
        succeeds("package", ["sh", ".ci/package-test"])
        succeeds("clang-tidy", [sys.executable, ".ci/tidy.py"])

    if failures:
        print("failed:\n  " + "\n  ".join(sorted(set(failures))))
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or passed == 0 else 0


sys.exit(main())
