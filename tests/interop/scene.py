"""What one test plays in: a fresh broker, the relay before it, and the clients that the test asks for."""

import time

from paho_peer import PahoPeer
from mqttjs_peer import MqttJsPeer
from peer import LIMIT_SECONDS, ConnectOptions, Failed, Subscription, check_equal
from relay import Relay

LONG_EXPIRY_SECONDS = 600


def until(condition, what, limit=LIMIT_SECONDS):
    """Waits until `condition()` holds."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"not within {limit} s: {what}")
        time.sleep(0.01)


class Scene:
    def __init__(self, start_broker, variant, resources):
        self.variant = variant
        self.version = variant.version
        self.v5 = variant.version == "5.0"
        self.resources = resources
        self.broker = start_broker()
        self.relay = Relay(self.broker.port)
        self._peers = []
        self._at_end = []

    def new_peer(self, identifier, peer=None, version=None, **options):
        kind = peer or self.variant.peer
        connect_options = ConnectOptions(identifier, version or self.version, **options)
        if kind == "paho":
            result = PahoPeer(self.relay, connect_options)
        else:
            result = MqttJsPeer(self.resources.mqttjs, self.relay, connect_options)
        self._peers.append(result)
        return result

    def client(self, identifier, *topic_filters, qos=2, **options):
        """A connected client, subscribed to `topic_filters` at `qos`."""
        result = self.new_peer(identifier, **options)
        result.acceptance = result.connect()
        check_equal(result.acceptance.reason_code, 0, f"{identifier}: code in CONNACK")
        if topic_filters:
            codes = result.subscribe(*(Subscription(each, qos) for each in topic_filters))
            check_equal(codes, [qos] * len(topic_filters), f"{identifier}: codes in SUBACK")
        return result

    def persistent_client(self, identifier, *topic_filters, clean_start=False, expiry=LONG_EXPIRY_SECONDS, **options):
        """A client whose Session outlives its connection."""
        if options.get("version", self.version) == "5.0":
            properties = {"session_expiry_interval": expiry} | options.pop("properties", {})
            options |= {"clean_start": clean_start, "properties": properties}
        else:
            options["clean_start"] = False
        return self.client(identifier, *topic_filters, **options)

    def at_end(self, action):
        self._at_end.append(action)

    def close(self):
        """Ends everything; returns what went wrong in doing so."""
        problems = []
        # The relay first: a client whose connection has ended stops at once.
        for action in [*self._at_end, self.relay.close, *(peer.close for peer in self._peers), self.broker.close]:
            try:
                action()
            except Exception as error:  # every other action must still run
                problems.append(str(error))
        return problems
