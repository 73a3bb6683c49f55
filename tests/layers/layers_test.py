#!/usr/bin/env python3
"""Checks the direction of dependence: every #include in lib and apps against the layer table.

Usage: layers_test.py SOURCE_DIR COMPILER
"""

import concurrent.futures
import pathlib
import re
import subprocess
import sys

# What each layer reaches in one step. A layer may include itself and everything it reaches.
LAYERS = {
    "base": [],
    "codec": ["base"],
    "payload": ["base"],
    "session": ["codec"],
    "capture": ["codec"],
    "net": ["base"],
    "client": ["session", "net"],
    "broker": ["session", "net"],
    "load": ["client"],
}
APPS_REACH = list(LAYERS)

# Heavy headers, and the only files that may include them.
OWNERS = [
    (re.compile(r"^(asio|boost)([./]|$)"), "Asio", re.compile(r"^lib/net/[^/]+\.cpp$")),
    (re.compile(r"^openssl/"), "OpenSSL", re.compile(r"^lib/net/[^/]+\.cpp$")),
    (re.compile(r"^CLI(/|\d)"), "CLI11", re.compile(r"^apps/cli/parse\.cpp$")),
    (re.compile(r"^nlohmann/json_fwd"), "nlohmann/json_fwd", re.compile(r"")),
    (re.compile(r"^nlohmann/"), "nlohmann/json", re.compile(r"\.cpp$")),
]
HEAVY_PATH = re.compile(r"/(asio|openssl|CLI|nlohmann)/|/(asio|CLI11)\.hpp$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
PRINTS = re.compile(r"\b(std::cout|std::cerr|std::clog|fmt::print|std::printf|printf|puts|fprintf)\b\s*[(<]")
READS_CLOCK = re.compile(r"_clock::now\s*\(|\b(clock_gettime|gettimeofday|std::time)\s*\(")
# At the start of a line: types in classes do not matter, nor those of Name::Parts.
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{", re.MULTILINE)
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: : [^{;]*)? \{", re.MULTILINE)

COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/', re.DOTALL)


def reach(layer):
    reached = {layer}
    for below in LAYERS[layer]:
        reached |= reach(below)
    return reached


def check_file(name, text):
    """Yields what is wrong with one file; `name` is relative, with slashes."""
    parts = name.split("/")
    part = parts[1]
    in_lib = parts[0] == "lib"
    if in_lib and part not in LAYERS:
        yield f"{name}: lib/{part} is no layer of the table"
        return
    allowed = reach(part) if in_lib else set(APPS_REACH) | {part, "cli"}
    for match in INCLUDE.finditer(text):
        kind, included = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        for pattern, what, owner in OWNERS:
            if pattern.search(included):
                if not owner.search(name):
                    yield f"{name}:{line}: {what} must not be included here"
                break
        if kind == '"' and included.split("/")[0] not in allowed:
            yield f"{name}:{line}: {parts[0]}/{part} must not include \"{included}\""
    if in_lib:
        code = COMMENT.sub("", text)
        if PRINTS.search(code):
            yield f"{name}: lib prints; tell a listener instead"
        if part != "net" and READS_CLOCK.search(code):
            yield f"{name}: only lib/net reads a clock; take the time as an argument"


def check_links(cmake_text):
    """The libraries are linked as the table says."""
    linked = dict(re.findall(r"^mqtk_layer\((\w+) ?([^)]*)\)", cmake_text, re.MULTILINE))
    for layer, below in LAYERS.items():
        expected = [f"mqtk_{name}" for name in below]
        if linked.get(layer, "missing").split() != expected:
            yield f"lib/CMakeLists.txt: mqtk_layer({layer}) must link {' '.join(expected) or 'nothing'}"


def check_types(texts):
    """No type is defined in two headers: a program that links both would take one's functions for the other's."""
    seen = {}
    for name, text in texts:
        code = COMMENT.sub("", text)
        spaces = [(match.start(), match[1]) for match in NAMESPACE.finditer(code)]
        for match in TYPE.finditer(code):
            space = [space for start, space in spaces if start < match.start()][-1:]
            key = "::".join([*space, match[1]])
            if seen.setdefault(key, name) != name:
                yield f"{name}: {key} is defined in {seen[key]}, too"


def check_header(source_dir, compiler, name):
    """A header finds what it includes and pulls nothing heavy, directly or not."""
    command = [compiler, "-std=c++23", "-M", "-x", "c++", f"-I{source_dir}/lib", f"-I{source_dir}/apps", str(source_dir / name)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if result.returncode != 0:
        return [f"{name}: does not preprocess: {result.stderr.splitlines()[0]}"]
    heavy = HEAVY_PATH.search(result.stdout.replace("\\\n", " "))
    return [f"{name}: pulls {heavy.group(0).strip('/')}"] if heavy else []


def self_test():
    """The checks themselves find what they are for."""
    bad = [
        ("lib/codec/x.hpp", '#include "session/engine.hpp"\n'),
        ("lib/net/x.hpp", "#include <asio.hpp>\n"),
        ("lib/client/x.cpp", "#include <openssl/ssl.h>\n"),
        ("apps/pub/x.cpp", "#include <CLI/CLI.hpp>\n"),
        ("apps/pub/x.cpp", '#include "sub/options.hpp"\n'),
        ("lib/capture/x.hpp", "#include <nlohmann/json.hpp>\n"),
        ("lib/base/x.cpp", 'void f() { printf("x"); }\n'),
        ("lib/session/x.cpp", "auto t = std::chrono::steady_clock::now();\n"),
        ("lib/unheard/x.cpp", ""),
    ]
    good = [
        ("lib/client/x.cpp", '#include "codec/packet.hpp"\n#include "net/loop.hpp"\n#include <vector>\n'),
        ("lib/net/x.cpp", "#include <asio.hpp>\n#include <openssl/ssl.h>\n"),
        ("lib/net/x.cpp", "auto t = std::chrono::steady_clock::now();\n"),
        ("apps/cli/parse.cpp", "#include <CLI/CLI.hpp>\n"),
        ("apps/pub/x.cpp", '#include "cli/output.hpp"\n#include "pub/options.hpp"\n#include "client/client.hpp"\n'),
        ("lib/capture/x.cpp", "#include <nlohmann/json.hpp>\n// std::cout << is only spoken of\n"),
    ]
    twice = [(name, "namespace mqtk {\nstruct Same {\n};\n}\n") for name in ("a.hpp", "b.hpp")]
    return (([] if list(check_types(twice)) else ["self test: a type that is defined twice is not found"]) +
            [f"self test: nothing found in {text!r} of {name}" for name, text in bad if not list(check_file(name, text))] +
            [f"self test: found {list(check_file(name, text))}" for name, text in good if list(check_file(name, text))])


def main():
    source_dir, compiler = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    names = sorted(str(path.relative_to(source_dir)) for top in ("lib", "apps")
                   for path in (source_dir / top).rglob("*.[ch]pp"))
    problems = self_test()
    for name in names:
        problems += check_file(name, (source_dir / name).read_text())
    problems += check_links((source_dir / "lib/CMakeLists.txt").read_text())
    headers = [name for name in names if name.endswith(".hpp")]
    problems += check_types([(name, (source_dir / name).read_text()) for name in headers])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda name: check_header(source_dir, compiler, name), headers):
            problems += found
    print("\n".join(problems) or f"{len(names)} files keep to the layers, {len(headers)} headers pull nothing heavy")
    return 1 if problems or not names else 0


sys.exit(main())
