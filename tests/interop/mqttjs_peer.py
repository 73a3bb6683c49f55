"""MQTT.js (npm package mqtt) as a peer: mqttjs_peer.js runs the clients, this side tells it what to do."""

import base64
import itertools
import json
import pathlib
import queue
import subprocess
import threading

from peer import LIMIT_SECONDS, PROTOCOL_LEVELS, Acceptance, Failed, Message, Peer, check_equal

# mqtk's names of properties -> MQTT.js's, where they are not just camelCase
IRREGULAR_NAMES = {
    "subscription_identifiers": "subscriptionIdentifier",
    "subscription_identifier_available": "subscriptionIdentifiersAvailable",
    "maximum_qos": "maximumQoS",
}
KNOWN_NAMES = (
    "payload_format_indicator message_expiry_interval content_type response_topic correlation_data "
    "subscription_identifiers session_expiry_interval assigned_client_identifier server_keep_alive "
    "request_problem_information will_delay_interval request_response_information response_information "
    "reason_string receive_maximum topic_alias_maximum topic_alias maximum_qos retain_available user_properties "
    "maximum_packet_size wildcard_subscription_available subscription_identifier_available "
    "shared_subscription_available subscription_identifier"
).split()


def camel_case(name):
    first, *others = name.split("_")
    return IRREGULAR_NAMES.get(name) or first + "".join(word.capitalize() for word in others)


def to_mqttjs(properties):
    result = {}
    for name, value in (properties or {}).items():
        if name == "user_properties":
            pairs = {}  # a name that comes twice has a list of values
            for key, text in value:
                pairs.setdefault(key, []).append(text)
            value = pairs
        elif name in ("payload_format_indicator", "request_problem_information", "request_response_information"):
            value = bool(value)
        result[camel_case(name)] = value
    return result


def from_mqttjs(properties):
    result = {}
    for name in KNOWN_NAMES:
        value = (properties or {}).get(camel_case(name))
        if value is None or name == "subscription_identifier":
            continue
        if name == "user_properties":
            value = [[key, text] for key, texts in value.items() for text in as_list(texts)]
        elif name == "subscription_identifiers":
            value = as_list(value)
        elif isinstance(value, bool):
            value = int(value)
        result[name] = value
    return result


def as_list(value):
    return value if isinstance(value, list) else [value]


def encode(value):
    if isinstance(value, (bytes, bytearray)):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(type(value))


def decode(object_):
    return base64.b64decode(object_["base64"]) if list(object_) == ["base64"] else object_


class MqttJsProcess:
    """The Node.js process that all MQTT.js clients of a run live in."""

    def __init__(self, node, modules_folder):
        script = pathlib.Path(__file__).with_name("mqttjs_peer.js")
        self._process = subprocess.Popen(
            [node, str(script), str(modules_folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._answers = {}  # request id -> queue
        self._clients = {}  # client number -> MqttJsPeer
        threading.Thread(target=self._read, daemon=True).start()

    def add(self, peer):
        number = next(self._numbers)
        self._clients[number] = peer
        return number

    def send(self, action, **request):
        """Sends a request; returns a function that waits for its answer."""
        identifier = next(self._numbers)
        answers = self._answers[identifier] = queue.Queue()
        line = json.dumps({"id": identifier, "do": action, **request}, default=encode) + "\n"
        with self._lock:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()

        def wait():
            try:
                answer = answers.get(timeout=LIMIT_SECONDS)
            except queue.Empty:
                raise Failed(f"MQTT.js: no answer to {action} within {LIMIT_SECONDS} s") from None
            if "error" in answer:
                raise Failed(f"MQTT.js: {action}: {answer['error']}")
            return answer

        return wait

    def _read(self):
        for line in self._process.stdout:
            said = json.loads(line, object_hook=decode)
            if "id" in said:
                self._answers.pop(said["id"]).put(said)
            elif peer := self._clients.get(said.get("client")):
                peer.happened(said)
            else:
                print(f"MQTT.js: {said}", flush=True)

    def close(self):
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it has died, and the tests have said so
        self._process.wait(LIMIT_SECONDS)


class MqttJsPeer(Peer):
    def __init__(self, process, relay, options):
        super().__init__(relay, options)
        self._process = process
        self._number = process.add(self)
        self._connected_before = False

    def _library_options(self):
        options = self.options
        level = PROTOCOL_LEVELS[options.version]
        result = {
            "port": self.relay.port,
            "clientId": options.client_identifier,
            "protocolVersion": level,
            "protocolId": "MQIsdp" if level == 3 else "MQTT",
            "clean": options.clean_start,
            "keepalive": options.keep_alive,
            "autoAssignTopicAlias": options.automatic_topic_alias,
        }
        if options.properties:
            result["properties"] = to_mqttjs(options.properties)
        if options.user_name is not None:
            result |= {"username": options.user_name, "password": options.password}
        if will := options.will:
            result["will"] = {"topic": will.topic, "payload": will.payload, "qos": will.qos, "retain": will.retain}
            if will.properties:
                result["will"]["properties"] = to_mqttjs(will.properties)
        return result

    def connect(self):
        if self._connected_before:
            answer = self._process.send("reconnect", client=self._number)()
        else:
            answer = self._process.send("connect", client=self._number, options=self._library_options())()
        self._connected_before = True
        self.wire = self.relay.connection_of(answer["port"])
        return Acceptance(bool(answer.get("sessionPresent")), answer["code"], from_mqttjs(answer.get("properties")))

    def happened(self, event):
        if "closed" in event:
            self._closed.put(True)
        elif "message" in event:
            said = event["message"]
            properties = from_mqttjs(said.get("properties"))
            self._messages.put(
                Message(said["topic"], said["payload"], said["qos"], said["retain"], said["dup"], properties)
            )

    def publish_without_waiting(self, topic, payload=b"", qos=0, retain=False, properties=None):
        options = {"qos": qos, "retain": retain}
        if properties:
            options["properties"] = to_mqttjs(properties)
        if isinstance(payload, str):
            payload = payload.encode()
        return self._process.send("publish", client=self._number, topic=topic, payload=payload, options=options)

    def subscribe(self, *subscriptions, properties=None):
        v5 = self.options.version == "5.0"
        filters = {}
        for each in subscriptions:
            filters[each.topic_filter] = {"qos": each.qos}
            if v5:
                filters[each.topic_filter] |= {
                    "nl": each.no_local,
                    "rap": each.retain_as_published,
                    "rh": each.retain_handling,
                }
        request = {"client": self._number, "filters": filters}
        if properties:
            request["properties"] = to_mqttjs(properties)
        codes = self._process.send("subscribe", **request)()["codes"]
        check_equal(len(codes), len(subscriptions), "number of Reason Codes in SUBACK")
        return codes

    def unsubscribe(self, *topic_filters, properties=None):
        request = {"client": self._number, "filters": list(topic_filters)}
        if properties:
            request["properties"] = to_mqttjs(properties)
        return self._process.send("unsubscribe", **request)()["codes"]

    def disconnect(self, reason_code=0, properties=None):
        options = {}
        if self.options.version == "5.0":
            options = {"reasonCode": reason_code, "properties": to_mqttjs(properties)}
        self._process.send("disconnect", client=self._number, options=options)()
        self.check_disconnected()

    def close(self):
        self._process.send("forget", client=self._number)()
