"""Finds the peers, and installs MQTT.js into the build folder. A peer that is not there is a failure, never skipped."""

import fcntl
import filecmp
import pathlib
import shutil
import subprocess

FILES = ("package.json", "package-lock.json")


class MissingPeer(Exception):
    pass


def check_python_peer():
    try:
        import paho.mqtt
    except ImportError:
        raise MissingPeer("paho-mqtt is missing; install python3-paho-mqtt and use /usr/bin/python3") from None
    if paho.mqtt.__version__.partition(".")[0] not in ("1", "2"):
        raise MissingPeer(f"paho-mqtt {paho.mqtt.__version__} is neither version 1 nor 2")


def find_node():
    node = shutil.which("node") or shutil.which("nodejs")
    if not node:
        raise MissingPeer("node is missing; install nodejs")
    return node


def install_mqttjs(folder):
    """Installs what package-lock.json names into `folder`, unless it is there already. Tests at the same time wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install_locked(folder)


def install_locked(folder):
    source = pathlib.Path(__file__).parent
    installed = folder / "node_modules" / ".package-lock.json"  # what npm writes last
    current = all((folder / name).exists() and filecmp.cmp(source / name, folder / name, False) for name in FILES)
    if installed.exists() and current:
        return
    npm = shutil.which("npm")
    if not npm:
        raise MissingPeer("npm is missing; install npm")
    for name in FILES:
        shutil.copyfile(source / name, folder / name)
    result = subprocess.run(
        [npm, "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if result.returncode != 0:
        raise MissingPeer(f"npm ci failed in {folder}: {result.stderr.strip()[-1000:]}")
