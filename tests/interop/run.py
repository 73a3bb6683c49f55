#!/usr/bin/python3
"""Interoperability tests: mqtk's broker, pub and sub with the programs and libraries of others.

Peers: mosquitto (broker and programs), paho-mqtt for Python, MQTT.js. Each test starts its own broker behind a relay
that records the bytes; mqtk-inspect must find nothing wrong with what the peers and mqtk said to each other.

With --broker mosquitto and --programs mosquitto the tests themselves are put to the test: no part of mqtk runs.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import sys
import threading
import time
import traceback

import installation

RUN_LIMIT_SECONDS = 1200


def absolute_path(text):
    return pathlib.Path(text).resolve()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs-folder", type=absolute_path, help="where mqtk's programs are")
    parser.add_argument("--npm-folder", type=absolute_path, required=True, help="where to install MQTT.js")
    parser.add_argument("--broker", choices=("mqtk", "mosquitto"), default="mqtk", help="the broker under test")
    parser.add_argument("--programs", choices=("mqtk", "mosquitto"), default="mqtk", help="the programs under test")
    parser.add_argument("--no-inspect", action="store_true", help="do not give the traffic to mqtk-inspect")
    parser.add_argument("--keep-traffic", type=pathlib.Path, help="write the traffic of failed tests to this folder")
    parser.add_argument("--jobs", type=int, default=10, help="tests at a time; most of their time is waiting")
    parser.add_argument("--only", default="", help="run the tests whose full name contains this")
    parser.add_argument("--list", action="store_true", help="print the names of the tests")
    parser.add_argument("--verbose", action="store_true", help="print the tests that pass as well")
    return parser.parse_args()


class Resources:
    """Programs and processes that all tests share."""

    def __init__(self, arguments):
        self._arguments = arguments
        self.mqttjs = None

    def program(self, maker, which):
        """The path of a program; `which` is broker, pub, sub, rr or inspect."""
        if maker == "mqtk":
            found = shutil.which(f"mqtk-{which}", path=str(self._arguments.programs_folder))
            name = f"mqtk-{which} in {self._arguments.programs_folder}"
        else:
            name = "mosquitto" if which == "broker" else f"mosquitto_{which}"
            found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        if not found:
            raise installation.MissingPeer(f"{name} is missing")
        return found


def needed_programs(arguments):
    """All that the tests will start, as arguments of Resources.program()."""
    for which in ("broker", "pub", "sub"):
        yield "mosquitto", which
        yield arguments.broker if which == "broker" else arguments.programs, which
    yield "mosquitto", "rr"
    if not arguments.no_inspect:
        yield "mqtk", "inspect"


def variants_of(case, arguments):
    """The combinations of makers that `case` is run for."""
    from registry import Variant

    broker, programs = arguments.broker, arguments.programs
    if case.kind == "library":
        result = [Variant(version, peer, broker) for peer in case.peers for version in case.versions]
    else:
        # The broker under test with every pair of programs, mosquitto's broker with the programs under test.
        makers = [
            (broker, "mosquitto", "mosquitto"),
            (broker, programs, programs),
            (broker, "mosquitto", programs),
            (broker, programs, "mosquitto"),
            ("mosquitto", programs, programs),
        ]
        result = [
            Variant(version, "", maker[0], maker[1], maker[2])
            for maker in dict.fromkeys(makers)
            if maker[1] in case.publishers and maker[2] in case.subscribers
            for version in case.versions
        ]
    return [each for each in result if each.broker not in case.not_with]


def run_one(case, variant, resources, arguments):
    """Runs one test; returns what went wrong, empty if nothing did, and how many seconds it took."""
    from broker_process import MosquittoBroker, MqtkBroker
    from inspection import false_alarms, write_traffic
    from peer import Failed
    from scene import Scene

    maker = MqtkBroker if variant.broker == "mqtk" else MosquittoBroker
    problems = []
    scene = None
    started = time.monotonic()
    try:
        scene = Scene(lambda: maker(resources.program(variant.broker, "broker")), variant, resources)
        case.run(scene)
    except Failed as failure:
        problems.append(str(failure))
    except Exception:
        problems.append(traceback.format_exc())
    if scene:
        log = scene.broker.log_text() if problems else ""
        problems += scene.close()
        if not problems and not arguments.no_inspect:
            problems += false_alarms(resources.program("mqtk", "inspect"), scene.relay)
        if problems and log:
            problems.append(f"broker: {log[-1500:]}")
        if problems and arguments.keep_traffic:
            write_traffic(arguments.keep_traffic / f"{variant} {case.name}".replace(" ", "_"), scene.relay)
    return problems, time.monotonic() - started


def main():
    arguments = parse_arguments()
    resources = Resources(arguments)
    try:
        installation.check_python_peer()
        node = installation.find_node()
        installation.install_mqttjs(arguments.npm_folder)
        for program in needed_programs(arguments):
            resources.program(*program)
    except installation.MissingPeer as missing:
        print(f"interop: cannot run: {missing}", file=sys.stderr)
        print("0 passed, 1 failed")
        return 1

    import cases_delivery, cases_programs, cases_retained_and_will  # noqa: E401, F401
    import cases_session, cases_shared, cases_v5  # noqa: E401, F401
    import mqttjs_peer
    import registry

    selected = [
        (case, variant)
        for case in registry.CASES
        for variant in variants_of(case, arguments)
        if arguments.only in f"{variant}: {case.name}"
    ]
    if arguments.list:
        for case, variant in selected:
            print(f"{variant}: {case.name}")
        return 0
    if not selected:
        print("interop: no test has such a name", file=sys.stderr)
        return 1

    # A test that hangs in spite of its own limits must not hang the whole run.
    watchdog = threading.Timer(RUN_LIMIT_SECONDS, lambda: (print("interop: time is up", flush=True), os._exit(1)))
    watchdog.daemon = True
    watchdog.start()
    resources.mqttjs = mqttjs_peer.MqttJsProcess(node, arguments.npm_folder)
    started = time.monotonic()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = {
            pool.submit(run_one, case, variant, resources, arguments): f"{variant}: {case.name}"
            for case, variant in selected
        }
        for done in concurrent.futures.as_completed(runs):
            problems, seconds = done.result()
            if problems or arguments.verbose:
                print(f"{'FAILED' if problems else 'passed'} {seconds:5.1f} s  {runs[done]}", flush=True)
            for problem in problems:
                print("        " + problem.rstrip().replace("\n", "\n        "), flush=True)
            failed += bool(problems)
    resources.mqttjs.close()
    print(f"{time.monotonic() - started:.1f} s")
    print(f"{len(selected) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
