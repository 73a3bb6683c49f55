"""What the tests know of a client, whichever library it is made of."""

import dataclasses
import queue
import time

# How long anything that must happen may take; generous, because the tests share the machine with each other.
LIMIT_SECONDS = 60
# How long to watch for something that must not happen.
QUIET_SECONDS = 0.3

PROTOCOL_LEVELS = {"3.1": 3, "3.1.1": 4, "5.0": 5}


class Failed(Exception):
    """A test found what it must not find."""


def check(condition, what):
    if not condition:
        raise Failed(what)


def check_equal(found, expected, what):
    if found != expected:
        raise Failed(f"{what}: found {shorten(found)}, expected {shorten(expected)}")


def shorten(value):
    text = repr(value)
    return text if len(text) < 400 else f"{text[:400]}... ({len(text)} characters)"


@dataclasses.dataclass
class Message:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    properties: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Acceptance:
    """What CONNACK said."""

    session_present: bool
    reason_code: int
    properties: dict


@dataclasses.dataclass
class Will:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Subscription:
    topic_filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


@dataclasses.dataclass
class ConnectOptions:
    client_identifier: str
    version: str
    clean_start: bool = True
    keep_alive: int = 60
    will: Will | None = None
    user_name: str | None = None
    password: str | None = None
    properties: dict = dataclasses.field(default_factory=dict)
    # MQTT.js only: let the library assign Topic Aliases to what it publishes.
    automatic_topic_alias: bool = False


class Peer:
    """One client. A subclass supplies what its library does; the rest is bookkeeping shared by all."""

    def __init__(self, relay, options):
        self.relay = relay
        self.options = options
        self.wire = None  # the relay's Connection
        self._messages = queue.Queue()
        self._closed = queue.Queue()

    # The library's part.
    def connect(self):
        """Connects, or connects again with the state that the library kept; returns an Acceptance."""
        raise NotImplementedError

    def publish_without_waiting(self, topic, payload=b"", qos=0, retain=False, properties=None):
        """Returns a function that waits until the message was acknowledged."""
        raise NotImplementedError

    def subscribe(self, *subscriptions, properties=None):
        """Returns the list of Reason Codes."""
        raise NotImplementedError

    def unsubscribe(self, *topic_filters, properties=None):
        raise NotImplementedError

    def disconnect(self, reason_code=0, properties=None):
        raise NotImplementedError

    # Shared.
    def publish(self, *arguments, **options):
        self.publish_without_waiting(*arguments, **options)()

    def message(self, limit=LIMIT_SECONDS):
        """The next message that arrived."""
        try:
            return self._messages.get(timeout=limit)
        except queue.Empty:
            raise Failed(f"{self.options.client_identifier}: no message within {limit} s") from None

    def messages(self, count, limit=LIMIT_SECONDS):
        end = time.monotonic() + limit
        return [self.message(max(0.01, end - time.monotonic())) for _ in range(count)]

    def payloads(self, count):
        return [m.payload for m in self.messages(count)]

    def drain(self, quiet=QUIET_SECONDS):
        """All messages until none has come for `quiet` seconds."""
        found = []
        while True:
            try:
                found.append(self._messages.get(timeout=quiet))
            except queue.Empty:
                return found

    def check_no_message(self, quiet=QUIET_SECONDS):
        unexpected = self.drain(quiet)
        check(not unexpected, f"{self.options.client_identifier}: unexpected {shorten(unexpected)}")

    def check_closed(self, limit=LIMIT_SECONDS):
        """Waits until the broker has closed the connection."""
        try:
            self._closed.get(timeout=limit)
        except queue.Empty:
            raise Failed(f"{self.options.client_identifier}: still connected after {limit} s") from None

    def check_disconnected(self):
        """Waits until the broker has seen this client's DISCONNECT, for other connections may overtake it."""
        self.check_closed()
        check(self.wire.wait_for_end(), f"{self.options.client_identifier}: the broker does not close after DISCONNECT")

    def drop(self):
        """Loses the connection without a DISCONNECT."""
        check(self.wire.cut(), f"{self.options.client_identifier}: the broker does not close a lost connection")
        self.check_closed()
