"""What only MQTT 5.0 has, beside what the other files test of it."""

import time

from peer import Message, Subscription, check, check_equal
from registry import ALL_VERSIONS, V5, library_case
from relay import PUBLISH, TO_CLIENT, TO_SERVER

ALL_PUBLISH_PROPERTIES = {
    "payload_format_indicator": 1,
    "content_type": "application/json",
    "response_topic": "answers/here",
    "correlation_data": bytes(range(256)),
    "user_properties": [["first", "1"], ["second", "zwölf"], ["first", "2"], ["", ""]],
}


def in_order_of_names(properties):
    """MQTT.js hands User Properties over as an object, which loses the order between different names."""
    result = dict(properties)
    if "user_properties" in result:
        result["user_properties"] = sorted(result["user_properties"], key=lambda pair: pair[0])
    return result


@library_case(versions=V5)
def all_properties_of_a_message_arrive_as_they_were_sent(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "annotated")
    for qos in (0, 1, 2):
        publisher.publish("annotated", b'{"a":1}', qos, properties=ALL_PUBLISH_PROPERTIES)
        message = subscriber.message()
        message.properties = in_order_of_names(message.properties)
        expected = Message("annotated", b'{"a":1}', qos, properties=in_order_of_names(ALL_PUBLISH_PROPERTIES))
        check_equal(message, expected, "message")


@library_case(versions=V5)
def the_order_of_user_properties_is_kept_on_the_wire(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "ordered")
    pairs = [["b", "1"], ["a", "2"], ["c", "3"]]
    publisher.publish("ordered", b"x", 0, properties={"user_properties": pairs})
    subscriber.message()
    wire = b"".join(bytes([0x26, 0, 1]) + name.encode() + b"\0\1" + value.encode() for name, value in pairs)
    check(wire in subscriber.wire.packets_from(TO_CLIENT, PUBLISH)[0], "User Properties in their order")


@library_case(versions=V5)
def properties_are_left_out_for_a_3_1_1_subscriber(scene):
    publisher = scene.client("publisher")
    old = scene.client("old", "mixed", version="3.1.1")
    publisher.publish("mixed", b"plain", 2, properties=ALL_PUBLISH_PROPERTIES)
    check_equal(old.message(), Message("mixed", b"plain", 2), "message")


@library_case(versions=V5)
def a_message_to_a_5_0_subscriber_may_come_from_every_version_and_library(scene):
    subscriber = scene.client("subscriber", "from/#")
    for library in ("paho", "mqttjs"):
        for version in ALL_VERSIONS:
            publisher = scene.client(f"{library}{version}", peer=library, version=version)
            publisher.publish(f"from/{library}/{version}", b"hello", 2)
            check_equal(subscriber.message(), Message(f"from/{library}/{version}", b"hello", 2), "message")


@library_case(versions=V5)
def the_expiry_interval_counts_down_while_a_message_waits(scene):
    publisher = scene.client("publisher")
    subscriber = scene.persistent_client("sleeper", "expiring/#")
    publisher.publish("expiring/live", b"", 1, properties={"message_expiry_interval": 100})
    check_equal(subscriber.message().properties, {"message_expiry_interval": 100}, "properties of a live message")
    subscriber.disconnect()
    publisher.publish("expiring/short", b"", 1, properties={"message_expiry_interval": 1})
    publisher.publish("expiring/long", b"", 1, properties={"message_expiry_interval": 100})
    publisher.publish("expiring/retained", b"x", 1, True, properties={"message_expiry_interval": 1})
    time.sleep(2.2)
    back = scene.persistent_client("sleeper")
    message = back.message()
    check_equal(message.topic, "expiring/long", "topic of the message that waited")
    left = message.properties["message_expiry_interval"]
    check(90 <= left <= 98, f"Message Expiry Interval after 2.2 s: {left}, expected 97 or 98")
    back.check_no_message()
    scene.client("late", "expiring/retained").check_no_message()


def topic_occurrences(connection, sender, topic):
    return sum(packet.count(topic.encode()) for packet in connection.packets_from(sender, PUBLISH))


@library_case(versions=V5)
def a_client_may_use_Topic_Aliases(scene):
    publisher = scene.client("publisher")
    check(publisher.acceptance.properties.get("topic_alias_maximum", 0) >= 2, "no Topic Alias Maximum in CONNACK")
    subscriber = scene.client("subscriber", "aliased/#")
    sent = [("aliased/one", 1), ("aliased/two", 2), ("", 1), ("", 2), ("aliased/three", 1), ("", 1)]
    for topic, alias in sent:
        publisher.publish(topic, b"x", 1, properties={"topic_alias": alias})
    expected = ["one", "two", "one", "two", "three", "three"]
    messages = subscriber.messages(6)
    check_equal([m.topic for m in messages], [f"aliased/{name}" for name in expected], "topics")
    check_equal([m.properties for m in messages], [{}] * 6, "properties: an alias is not forwarded")


@library_case(versions=V5, peers=("mqttjs",))
def Topic_Aliases_that_the_library_assigns_are_understood(scene):
    publisher = scene.client("publisher", automatic_topic_alias=True)
    subscriber = scene.client("subscriber", "automatic/+")
    topics = [f"automatic/{number % 3}" for number in range(15)]
    for topic in topics:
        publisher.publish(topic, b"x", 1)
    check_equal([m.topic for m in subscriber.messages(15)], topics, "topics")
    check_equal(topic_occurrences(publisher.wire, TO_SERVER, "automatic/1"), 1, "times the topic was sent in full")


@library_case(versions=V5, peers=("mqttjs",))
def Topic_Aliases_of_the_broker_stay_below_the_maximum_of_the_client(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "shortened/+", properties={"topic_alias_maximum": 2})
    topics = [f"shortened/{number % 4}" for number in range(40)]
    for topic in topics:
        publisher.publish(topic, b"x", 1)
    check_equal([m.topic for m in subscriber.messages(40)], topics, "topics")


@library_case(versions=V5)
def no_local_keeps_own_messages_away(scene):
    client = scene.client("loud")
    other = scene.client("other")
    for each in (client, other):
        each.subscribe(Subscription("echo", 1, no_local=True))
    client.publish("echo", b"x", 1)
    check_equal(other.message().payload, b"x", "payload for another client")
    client.check_no_message()


@library_case(versions=V5)
def subscription_identifiers_tell_which_subscriptions_matched(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber")
    subscriber.subscribe(Subscription("a/b", 1), properties={"subscription_identifier": 1})
    subscriber.subscribe(Subscription("a/+", 1), properties={"subscription_identifier": 268_435_455})
    subscriber.subscribe(Subscription("#", 1))
    publisher.publish("a/b", b"x", 1)
    publisher.publish("a/c", b"x", 1)
    found = {"a/b": [], "a/c": []}
    # The broker may send one copy with all identifiers, or one copy for each subscription.
    while len(found["a/b"]) < 2 or len(found["a/c"]) < 1:
        message = subscriber.message()
        found[message.topic] += message.properties.get("subscription_identifiers", [])
    check_equal(sorted(found["a/b"]), [1, 268_435_455], "Subscription Identifiers of a/b")
    check_equal(found["a/c"], [268_435_455], "Subscription Identifiers of a/c")


@library_case(versions=V5)
def a_subscription_identifier_comes_with_retained_messages(scene):
    scene.client("publisher").publish("kept", b"x", 1, True)
    subscriber = scene.client("subscriber")
    subscriber.subscribe(Subscription("kept", 1), properties={"subscription_identifier": 42})
    check_equal(subscriber.message().properties, {"subscription_identifiers": [42]}, "properties")


@library_case(versions=V5)
def request_and_response_find_each_other(scene):
    responder = scene.client("responder", "service/add")
    requester = scene.client("requester", "answers/requester")
    for number in range(5):
        correlation = bytes([number, 0, 255])
        requester.publish(
            "service/add",
            b"%d" % number,
            1,
            properties={"response_topic": "answers/requester", "correlation_data": correlation},
        )
        request = responder.message()
        responder.publish(
            request.properties["response_topic"],
            b"%d" % (int(request.payload) + 1),
            1,
            properties={"correlation_data": request.properties["correlation_data"]},
        )
        response = requester.message()
        check_equal(response.payload, b"%d" % (number + 1), "response")
        check_equal(response.properties, {"correlation_data": correlation}, "properties of the response")


@library_case(versions=V5)
def a_client_may_ask_for_response_information(scene):
    asked = {"request_response_information": 1, "request_problem_information": 0}
    client = scene.client("requester", "x", properties=asked)
    client.publish("x", b"1", 1)
    check_equal(client.message().payload, b"1", "payload")
