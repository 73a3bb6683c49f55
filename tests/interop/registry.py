"""The list of tests: plain functions that take a Scene, each run once per variant that it is for."""

import dataclasses

ALL_VERSIONS = ("3.1", "3.1.1", "5.0")
V5 = ("5.0",)
LIBRARIES = ("paho", "mqttjs")
MAKERS = ("mqtk", "mosquitto")

CASES = []


@dataclasses.dataclass(frozen=True)
class Variant:
    version: str
    peer: str = ""  # library tests: paho or mqttjs
    broker: str = ""  # program tests choose their broker; library tests run against the one under test
    publisher: str = ""  # program tests: whose pub and sub
    subscriber: str = ""

    def __str__(self):
        if self.peer:
            return f"{self.peer} {self.version}"
        return f"{self.publisher} pub, {self.broker} broker, {self.subscriber} sub {self.version}"


@dataclasses.dataclass(frozen=True)
class Case:
    run: object
    versions: tuple
    kind: str  # "library" or "program"
    peers: tuple
    publishers: tuple
    subscribers: tuple
    not_with: dict  # broker name -> why the test is not for it

    @property
    def name(self):
        return self.run.__name__.replace("_", " ")


def library_case(versions=ALL_VERSIONS, peers=LIBRARIES, not_with=None):
    """A test of the broker through client libraries."""

    def register(run):
        CASES.append(Case(run, versions, "library", peers, (), (), not_with or {}))
        return run

    return register


def program_case(versions=ALL_VERSIONS, publishers=MAKERS, subscribers=MAKERS, not_with=None):
    """A test of pub and sub programs with a broker, for the combinations of makers that the runner chooses."""

    def register(run):
        CASES.append(Case(run, versions, "program", (), publishers, subscribers, not_with or {}))
        return run

    return register
