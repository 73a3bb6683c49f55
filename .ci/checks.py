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
unsteady = []


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
    """All of them; up to three that fail beside others run once more by themselves, which is said.

    What a test waits for can take longer for reasons outside it where the machine is shared.
    """
    global passed
    start = time.monotonic()
    cases = ctest_cases(preset, "-j", "4", *selection)
    again = sorted(name for name, case in cases.items() if case.get("status") == "fail")
    if 0 < len(again) <= 3:
        print("once more, alone: " + ", ".join(again), flush=True)
        cases |= ctest_cases(preset, "-j", "1", "-R", "^(" + "|".join(map(re.escape, again)) + ")$")
    if not cases:
        failures.append(f"ctest {preset} reported nothing")
    for name, case in cases.items():
        if case.get("status") in ("disabled", "notrun"):
            failures.append(f"{preset}: {name} did not run")
            continue
        good, bad = count(case)
        passed += good
        failures.extend([f"{preset}: {name}"] * bad)
        if name in again and bad == 0:
            unsteady.append(f"{preset}: {name}")
    print(f"ctest {preset}: {time.monotonic() - start:.0f} s", flush=True)


def ctest_cases(preset, *options):
    """What each test reported, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        run(["ctest", "--preset", preset, "--no-tests=error", "--output-junit", report,
             "--test-output-size-passed", "100000000", "--test-output-size-failed", "100000000", *options])
        if not report.exists():
            return {}
        return {case.get("name"): case for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase")}


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

    if unsteady:
        print("failed beside others, passed alone:\n  " + "\n  ".join(unsteady))
    if failures:
        print("failed:\n  " + "\n  ".join(sorted(set(failures))))
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or passed == 0 else 0


sys.exit(main())
