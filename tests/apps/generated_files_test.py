#!/usr/bin/env python3
"""The committed manual pages and completions are what the programs generate, and other programs accept them.

With --write the files are written anew instead (the CMake target `generate`).
"""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(os.environ["MQTK_SOURCE_DIR"])
PROGRAMS = sorted(path for path in pathlib.Path(os.environ["MQTK_BIN_DIR"]).iterdir()
                  if path.name == "mqtk" or (path.name.startswith("mqtk-") and os.access(path, os.X_OK)))

# Where each kind lies, and a command that finds mistakes in it ({} is the file).
KINDS = {
    "man": ("man/{}.1", ["mandoc", "-Tlint", "-Wwarning", "{}"]),
    "bash": ("completions/bash/{}", ["bash", "-n", "{}"]),
    "zsh": ("completions/zsh/_{}", ["zsh", "-n", "{}"]),
    "fish": ("completions/fish/{}.fish", ["fish", "--no-execute", "{}"]),
}


def generated(program, kind):
    return subprocess.run([program, "--generate", kind], capture_output=True, check=True, timeout=20).stdout


def check(program, kind):
    """What is wrong, or nothing."""
    pattern, lint = KINDS[kind]
    name = pattern.format(program.name)
    path = SOURCE / name
    text = generated(program, kind)
    if not path.exists() or path.read_bytes() != text:
        return f"{name} is not what {program.name} generates: build the target `generate` and commit"
    if shutil.which(lint[0]):
        found = subprocess.run([part.format(path) for part in lint], capture_output=True, text=True, check=False, timeout=20)
        if found.returncode != 0:
            return f"{name}: {lint[0]} says: {found.stdout}{found.stderr}"
    return None


def leftovers():
    """Files of programs that are no more."""
    for kind, (pattern, _) in KINDS.items():
        known = {SOURCE / pattern.format(program.name) for program in PROGRAMS}
        folder = (SOURCE / pattern).parent
        yield from (f"{path}: no program generates it" for path in folder.glob("*")
                    if path not in known and path.suffix != ".5" and not path.name.startswith("."))


def bash_completes(words, wanted):
    """Bash offers `wanted` after these words."""
    program = words[0]
    script = (f'PATH={os.environ["MQTK_BIN_DIR"]}:$PATH\n' + "".join(f'source "{path}"\n' for path in
              sorted((SOURCE / "completions/bash").glob("*"))) +
              f'COMP_WORDS=({" ".join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}\n'
              f'_{program.replace("-", "_")}\nprintf "%s\\n" "${{COMPREPLY[@]}}"\n')
    with tempfile.TemporaryDirectory() as empty:
        offered = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=empty, timeout=20)
    if wanted not in offered.stdout.split():
        return f"bash offers {offered.stdout.split()} after {words}, not {wanted}; {offered.stderr}"
    return None


def zsh_completes(line, wanted):
    """Zsh, with a terminal of its own, completes the line to `wanted`."""
    if not shutil.which("zsh"):
        return None
    control, terminal = pty.openpty()
    environment = {**os.environ, "PATH": f'{os.environ["MQTK_BIN_DIR"]}:{os.environ["PATH"]}', "TERM": "dumb", "PS1": "> "}
    with tempfile.TemporaryDirectory() as empty:
        shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=terminal, stdout=terminal, stderr=terminal, cwd=empty,
                                 env={**environment, "HOME": empty}, start_new_session=True)
        os.close(terminal)
        setup = f'fpath=("{SOURCE}/completions/zsh" $fpath); autoload -U compinit && compinit -u -D; print rea""dy\n'
        output = b""
        try:
            for typed, awaited in ((setup, b"ready"), (line + "\t", wanted.encode())):
                os.write(control, typed.encode())
                output, end = b"", time.monotonic() + 20
                while awaited not in output and time.monotonic() < end:
                    if select.select([control], [], [], 0.2)[0]:
                        output += os.read(control, 65536)
                if awaited not in output:
                    return f"zsh makes {output} of {line!r}, not {wanted!r}"
        finally:
            shell.kill()
            shell.wait()
            os.close(control)
    return None


def fish_completes(line, wanted):
    """Fish offers `wanted` for the line."""
    if not shutil.which("fish"):
        return None
    path = f'{os.environ["MQTK_BIN_DIR"]}:{os.environ["PATH"]}'
    script = f"set -p fish_complete_path {SOURCE}/completions/fish; complete -C '{line}'"
    with tempfile.TemporaryDirectory() as home:
        offered = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=False, cwd=home,
                                 env={**os.environ, "PATH": path, "HOME": home}, timeout=20)
    words = [words.split("\t")[0] for words in offered.stdout.splitlines()]
    return None if wanted in words else f"fish offers {words} after {line!r}, not {wanted}; {offered.stderr}"


def main():
    if "--write" in sys.argv:
        for program in PROGRAMS:
            for kind, (pattern, _) in KINDS.items():
                path = SOURCE / pattern.format(program.name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(generated(program, kind))
        return 0
    results = [check(program, kind) for program in PROGRAMS for kind in KINDS]
    results += list(leftovers()) or [None]
    if shutil.which("mandoc"):  # pages on formats are written by hand
        for page in SOURCE.glob("man/*.5"):
            found = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, check=False)
            results.append(f"{page}: mandoc says: {found.stdout}" if found.returncode != 0 else None)
    names = {program.name for program in PROGRAMS}
    results.append(bash_completes(["mqtk", "--ver"], "--version"))
    if "mqtk-pub" in names:
        results.append(bash_completes(["mqtk-pub", "--qo"], "--qos"))
        results.append(bash_completes(["mqtk-pub", "--qos", ""], "2"))
        results.append(bash_completes(["mqtk", "pu"], "pub"))
        results.append(bash_completes(["mqtk", "pub", "--to"], "--topic"))
        results.append(zsh_completes("mqtk-pub --qo", "--qos"))
        results.append(zsh_completes("mqtk-sub --retain-h", "--retain-handling"))
        results.append(fish_completes("mqtk-pub --qo", "--qos"))
        results.append(fish_completes("mqtk-pub --qos ", "2"))
        results.append(fish_completes("mqtk pu", "pub"))
        results.append(fish_completes("mqtk pub --to", "--topic"))
    problems = [result for result in results if result]
    print("\n".join(problems))
    print(f"{len(results) - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


sys.exit(main())
