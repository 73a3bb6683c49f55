#!/usr/bin/env python3
"""The library as other projects use it: installed, found by CMake and by pkg-config, and free of other headers."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["MQTK_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MQTK_BIN_DIR"]).parent
LIMIT = 240


def run(*command, **options):
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=LIMIT, check=False,
                           **options)
    if ended.returncode:
        raise AssertionError(f"{command}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout


def cached(name):
    """A variable of the build that is tested: what is linked with it must fit."""
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found.group(1) if found else ""


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.prefix = pathlib.Path(cls.folder.name) / "installed"
        run("cmake", "--install", BUILD, "--component", "library", "--prefix", cls.prefix)
        cls.flags = [*shlex.split(cached("CMAKE_CXX_FLAGS")), "-O0"]

    def test_a_project_finds_it_with_cmake_and_runs_brokers(self):
        build = pathlib.Path(self.folder.name) / "build"
        run("cmake", "-G", "Ninja", "-S", SOURCE / "tests/package", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_CXX_COMPILER={cached('CMAKE_CXX_COMPILER')}", f"-DCMAKE_CXX_FLAGS={' '.join(self.flags)}",
            "-DCMAKE_EXE_LINKER_FLAGS=" + cached("CMAKE_EXE_LINKER_FLAGS"))
        run("cmake", "--build", build)
        self.assertEqual(run(build / "uses_mqtk"), "hello\n")

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_a_project_finds_it_with_pkg_config(self):
        pc = next(self.prefix.rglob("mqtk.pc"))
        flags = run("pkg-config", "--cflags", "--libs", "mqtk", env={**os.environ, "PKG_CONFIG_PATH": str(pc.parent)})
        program = pathlib.Path(self.folder.name) / "program"
        run(cached("CMAKE_CXX_COMPILER"), *self.flags, SOURCE / "tests/package/main.cpp", "-o", program,
            *shlex.split(cached("CMAKE_EXE_LINKER_FLAGS")), *flags.split())
        self.assertEqual(run(program), "hello\n")

    def test_no_header_brings_another_library_along(self):
        headers = list((self.prefix / "include/mqtk").rglob("*.hpp"))
        self.assertGreater(len(headers), 100)
        own = {str(header.relative_to(self.prefix / "include/mqtk")) for header in headers}
        for header in headers:
            for name in re.findall(r'^#include "([^"]+)"', header.read_text(), re.MULTILINE):
                self.assertIn(name, own, header)
            for name in re.findall(r"^#include <([^>]+)>", header.read_text(), re.MULTILINE):
                self.assertNotRegex(name, r"^(asio|openssl|CLI|nlohmann|fmt)", header)


if __name__ == "__main__":
    unittest.main()
