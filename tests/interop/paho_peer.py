"""paho-mqtt 1.6 or 2 (Debian's python3-paho-mqtt) as a peer, through its version 1 callbacks."""

import queue

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCodes
from paho.mqtt.subscribeoptions import SubscribeOptions

from peer import LIMIT_SECONDS, PROTOCOL_LEVELS, Acceptance, Failed, Message, Peer, check, check_equal

# mqtk's names of properties -> paho's
PAHO_NAMES = {
    "payload_format_indicator": "PayloadFormatIndicator",
    "message_expiry_interval": "MessageExpiryInterval",
    "content_type": "ContentType",
    "response_topic": "ResponseTopic",
    "correlation_data": "CorrelationData",
    "subscription_identifiers": "SubscriptionIdentifier",
    "subscription_identifier": "SubscriptionIdentifier",
    "session_expiry_interval": "SessionExpiryInterval",
    "assigned_client_identifier": "AssignedClientIdentifier",
    "server_keep_alive": "ServerKeepAlive",
    "request_problem_information": "RequestProblemInformation",
    "will_delay_interval": "WillDelayInterval",
    "request_response_information": "RequestResponseInformation",
    "response_information": "ResponseInformation",
    "reason_string": "ReasonString",
    "receive_maximum": "ReceiveMaximum",
    "topic_alias_maximum": "TopicAliasMaximum",
    "topic_alias": "TopicAlias",
    "maximum_qos": "MaximumQoS",
    "retain_available": "RetainAvailable",
    "user_properties": "UserProperty",
    "maximum_packet_size": "MaximumPacketSize",
    "wildcard_subscription_available": "WildcardSubscriptionAvailable",
    "subscription_identifier_available": "SubscriptionIdentifierAvailable",
    "shared_subscription_available": "SharedSubscriptionAvailable",
}


def to_paho(packet_type, properties):
    if not properties:
        return None
    result = Properties(packet_type)
    for name, value in properties.items():
        if name == "user_properties":
            value = [tuple(pair) for pair in value]
        setattr(result, PAHO_NAMES[name], value)
    return result


def from_paho(properties):
    result = {}
    for name, paho_name in PAHO_NAMES.items():
        if name == "subscription_identifier" or not hasattr(properties, paho_name):
            continue
        value = getattr(properties, paho_name)
        result[name] = [list(pair) for pair in value] if name == "user_properties" else value
    return result


def new_client(*arguments, **options):
    """A paho.Client; version 2 of paho asks which callbacks it shall use, version 1 has no choice."""
    if hasattr(paho, "CallbackAPIVersion"):
        arguments = (paho.CallbackAPIVersion.VERSION1, *arguments)
    return paho.Client(*arguments, **options)


class PahoPeer(Peer):
    def __init__(self, relay, options):
        super().__init__(relay, options)
        self._v5 = options.version == "5.0"
        self._replies = queue.Queue()  # SUBACK and UNSUBACK
        self._accepted = queue.Queue()
        client = self._client = new_client(
            options.client_identifier,
            clean_session=None if self._v5 else options.clean_start,
            protocol=PROTOCOL_LEVELS[options.version],
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        if options.user_name is not None:
            client.username_pw_set(options.user_name, options.password)
        if will := options.will:
            client.will_set(
                will.topic, will.payload, will.qos, will.retain, to_paho(PacketTypes.WILLMESSAGE, will.properties)
            )

    def connect(self):
        options = self.options
        extra = {}
        if self._v5:
            extra["clean_start"] = options.clean_start
            extra["properties"] = to_paho(PacketTypes.CONNECT, options.properties)
        self._client.loop_stop()  # waits for the thread of an earlier connection
        self._client.connect("127.0.0.1", self.relay.port, options.keep_alive, **extra)
        port = self._client.socket().getsockname()[1]
        self._client.loop_start()
        try:
            acceptance = self._accepted.get(timeout=LIMIT_SECONDS)
        except queue.Empty:
            raise Failed(f"{options.client_identifier}: no CONNACK within {LIMIT_SECONDS} s") from None
        self.wire = self.relay.connection_of(port)
        return acceptance

    def _on_connect(self, client, user_data, flags, reason_code, properties=None):
        code = reason_code.value if self._v5 else reason_code
        self._accepted.put(Acceptance(bool(flags["session present"]), code, from_paho(properties)))

    def _on_disconnect(self, client, user_data, reason_code, properties=None):
        client.loop_stop()  # ends the thread, so that the library does not connect again by itself
        self._closed.put(True)

    def _on_message(self, client, user_data, message):
        properties = from_paho(message.properties) if self._v5 else {}
        self._messages.put(
            Message(message.topic, message.payload, message.qos, bool(message.retain), bool(message.dup), properties)
        )

    def _on_subscribe(self, client, user_data, identifier, codes, properties=None):
        self._replies.put((identifier, [code.value for code in codes] if self._v5 else list(codes)))

    def _on_unsubscribe(self, client, user_data, identifier, properties=None, codes=None):
        if self._v5:
            codes = codes if isinstance(codes, list) else [codes]
            self._replies.put((identifier, [code.value for code in codes]))
        else:
            self._replies.put((identifier, []))

    def _reply(self, identifier):
        try:
            replied, codes = self._replies.get(timeout=LIMIT_SECONDS)
        except queue.Empty:
            raise Failed(f"{self.options.client_identifier}: no SUBACK or UNSUBACK") from None
        check_equal(replied, identifier, "Packet Identifier of the answer")
        return codes

    def publish_without_waiting(self, topic, payload=b"", qos=0, retain=False, properties=None):
        info = self._client.publish(topic, payload, qos, retain, to_paho(PacketTypes.PUBLISH, properties))

        def wait():
            info.wait_for_publish(LIMIT_SECONDS)
            check(info.is_published(), f"PUBLISH to {topic} at QoS {qos} was not acknowledged")

        return wait

    def subscribe(self, *subscriptions, properties=None):
        if self._v5:
            filters = [
                (s.topic_filter, SubscribeOptions(s.qos, s.no_local, s.retain_as_published, s.retain_handling))
                for s in subscriptions
            ]
            result, identifier = self._client.subscribe(filters, properties=to_paho(PacketTypes.SUBSCRIBE, properties))
        else:
            result, identifier = self._client.subscribe([(s.topic_filter, s.qos) for s in subscriptions])
        check_equal(result, paho.MQTT_ERR_SUCCESS, "result of paho's subscribe()")
        return self._reply(identifier)

    def unsubscribe(self, *topic_filters, properties=None):
        result, identifier = self._client.unsubscribe(
            list(topic_filters), properties=to_paho(PacketTypes.UNSUBSCRIBE, properties)
        )
        check_equal(result, paho.MQTT_ERR_SUCCESS, "result of paho's unsubscribe()")
        return self._reply(identifier)

    def disconnect(self, reason_code=0, properties=None):
        if self._v5:
            self._client.disconnect(
                ReasonCodes(PacketTypes.DISCONNECT, identifier=reason_code),
                to_paho(PacketTypes.DISCONNECT, properties),
            )
        else:
            self._client.disconnect()
        self.check_disconnected()

    def close(self):
        self._client.loop_stop()
