"""Messages from a publisher to a subscriber: QoS, topics, payloads, order, broken connections."""

import hashlib
import time

from peer import Message, Subscription, check, check_equal
from registry import library_case
from relay import PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, TO_CLIENT, TO_SERVER
from scene import until


@library_case()
def messages_arrive_at_the_lower_of_both_QoS(scene):
    publisher = scene.client("publisher")
    for granted in (0, 1, 2):
        subscriber = scene.client(f"subscriber{granted}", "a/b", qos=granted)
        for sent in (0, 1, 2):
            publisher.publish("a/b", f"{sent}", sent)
            check_equal(
                subscriber.message(), Message("a/b", str(sent).encode(), min(sent, granted)), f"{sent} to {granted}"
            )
        subscriber.disconnect()


@library_case()
def messages_of_one_publisher_arrive_in_order_and_once_at_every_QoS(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "order/#")
    for qos in (0, 1, 2):
        expected = [f"{qos}-{number}".encode() for number in range(150)]
        waits = [publisher.publish_without_waiting(f"order/{qos}", payload, qos) for payload in expected]
        for wait in waits:
            wait()
        check_equal(subscriber.payloads(len(expected)), expected, f"payloads at QoS {qos}")
    subscriber.check_no_message()


@library_case()
def wildcards_match_as_the_specification_says(scene):
    publisher = scene.client("publisher")
    subscribers = {
        each: scene.client(f"s{number}", each)
        for number, each in enumerate(("sport/#", "sport/+/player1", "+", "#", "+/+", "/+", "sport/+"))
    }
    topics = ["sport", "sport/", "sport/tennis", "sport/tennis/player1", "/finance", "Sport/tennis"]
    for topic in topics:
        publisher.publish(topic, topic.encode(), 1)
    expected = {
        "sport/#": ["sport", "sport/", "sport/tennis", "sport/tennis/player1"],
        "sport/+/player1": ["sport/tennis/player1"],
        "+": ["sport"],
        "#": topics,
        "+/+": ["sport/", "sport/tennis", "/finance", "Sport/tennis"],
        "/+": ["/finance"],
        "sport/+": ["sport/", "sport/tennis"],
    }
    for each, subscriber in subscribers.items():
        found = [message.topic for message in subscriber.messages(len(expected[each]))]
        check_equal(found, expected[each], f"topics for {each}")
        subscriber.check_no_message(0.05)


@library_case()
def topics_that_begin_with_a_dollar_sign_do_not_match_wildcards_at_the_first_level(scene):
    publisher = scene.client("publisher")
    everything = scene.client("everything", "#", "+/inner")
    explicit = scene.client("explicit", "$private/#")
    publisher.publish("$private/inner", b"hidden", 1)
    publisher.publish("public/inner", b"seen", 1)
    check_equal(explicit.message().payload, b"hidden", "payload for $private/#")
    # Overlapping subscriptions of one client may bring one copy or one each.
    check_equal(everything.message().payload, b"seen", "payload for wildcards")
    check_equal({m.payload for m in everything.drain()} - {b"seen"}, set(), "other payloads for wildcards")


@library_case()
def payloads_of_any_bytes_pass_unchanged(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "bytes")
    payloads = [bytes(range(256)), b"", b"\0", b"\xff" * 127, b"\xc3\x28", b"\r\n" * 64, b"\x10\x00" * 5000]
    for qos in (0, 1, 2):
        for payload in payloads:
            publisher.publish("bytes", payload, qos)
        check_equal(subscriber.payloads(len(payloads)), payloads, f"payloads at QoS {qos}")


@library_case()
def a_payload_of_a_megabyte_passes_at_every_QoS(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "large")
    block = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(32768))
    check_equal(len(block), 1 << 20, "size of the payload")
    for qos in (0, 1, 2):
        publisher.publish("large", block, qos)
        message = subscriber.message()
        check_equal(message.qos, qos, "QoS")
        check(message.payload == block, f"the large payload changed at QoS {qos}")


@library_case()
def topics_of_many_scripts_and_of_the_greatest_length_pass(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "#")
    topics = ["Gebäude/Küche/°C", "工場/温度", "🌡/🏭", "with space/and+plus"[:10], "/" * 150, "x" * 65_500]
    for topic in topics:
        publisher.publish(topic, b"-", 1)
    check_equal([m.topic for m in subscriber.messages(len(topics))], topics, "topics")


@library_case()
def a_client_that_publishes_to_its_own_subscription_gets_the_message(scene):
    client = scene.client("both", "self")
    for qos in (0, 1, 2):
        client.publish("self", b"echo", qos)
        check_equal(client.message(), Message("self", b"echo", qos), "own message")


@library_case()
def one_message_reaches_every_subscriber(scene):
    publisher = scene.client("publisher")
    subscribers = [scene.client(f"subscriber{number}", "fan/out", qos=number % 3) for number in range(12)]
    for number in range(20):
        publisher.publish("fan/out", str(number).encode(), 2)
    for number, subscriber in enumerate(subscribers):
        messages = subscriber.messages(20)
        check_equal([m.payload for m in messages], [str(n).encode() for n in range(20)], "payloads")
        check_equal({m.qos for m in messages}, {number % 3}, "QoS")


@library_case()
def a_subscriber_may_take_several_filters_in_one_packet_each_with_its_QoS(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber")
    codes = subscriber.subscribe(Subscription("zero", 0), Subscription("one", 1), Subscription("two", 2))
    check_equal(codes, [0, 1, 2], "codes in SUBACK")
    for topic in ("zero", "one", "two"):
        publisher.publish(topic, b"", 2)
    check_equal([(m.topic, m.qos) for m in subscriber.messages(3)], [("zero", 0), ("one", 1), ("two", 2)], "QoS")


@library_case()
def a_subscription_made_again_replaces_the_earlier_one(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "again", qos=2)
    check_equal(subscriber.subscribe(Subscription("again", 0)), [0], "codes in SUBACK")
    publisher.publish("again", b"once", 2)
    check_equal(subscriber.message(), Message("again", b"once", 0), "message")
    subscriber.check_no_message()


@library_case()
def nothing_arrives_after_unsubscribing(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "stay", "go/#")
    codes = subscriber.unsubscribe("go/#")
    if scene.v5:
        check_equal(codes, [0], "codes in UNSUBACK")
    publisher.publish("go/away", b"no", 1)
    publisher.publish("stay", b"yes", 1)
    check_equal(subscriber.message().payload, b"yes", "payload")
    subscriber.check_no_message()
    codes = subscriber.unsubscribe("never/subscribed", "stay")
    if scene.v5:
        check_equal(codes, [17, 0], "codes in UNSUBACK")


def publish_over_a_broken_connection(scene, qos, lost_reply):
    """Publishes while the broker's answers get lost, then connects again with the same state."""
    subscriber = scene.client("subscriber", "broken")
    publisher = scene.persistent_client("publisher")
    publisher.wire.hold(TO_CLIENT)
    wait = publisher.publish_without_waiting("broken", b"important", qos)
    until(lambda: publisher.wire.packets_from(TO_SERVER, PUBLISH), "PUBLISH to the broker")
    time.sleep(0.2)  # for the broker to answer
    publisher.drop()
    check(not publisher.wire.packets_from(TO_CLIENT, lost_reply), "the answer was meant to be lost")
    acceptance = publisher.connect()
    check_equal(acceptance.session_present, True, "Session Present")
    return subscriber, publisher, wait


@library_case(versions=("3.1.1", "5.0"))
def a_QoS_1_message_sent_again_is_acknowledged_and_delivered_with_DUP_0(scene):
    subscriber, publisher, wait = publish_over_a_broken_connection(scene, 1, PUBACK)
    wait()
    again = publisher.wire.packets_from(TO_SERVER, PUBLISH)
    check_equal(len(again), 1, "PUBLISH packets on the second connection")
    if scene.variant.peer == "paho":  # MQTT.js does not set DUP
        check_equal(again[0][0], 0x3A, "fixed header of the PUBLISH sent again")
    deliveries = [subscriber.message(), *subscriber.drain()]
    check(len(deliveries) <= 2, f"{len(deliveries)} deliveries")
    for message in deliveries:
        check_equal(message, Message("broken", b"important", 1), "delivery")


@library_case(versions=("3.1.1", "5.0"))
def a_QoS_2_message_sent_again_is_delivered_once(scene):
    subscriber, publisher, wait = publish_over_a_broken_connection(scene, 2, PUBREC)
    wait()
    check_equal(len(publisher.wire.packets_from(TO_CLIENT, PUBCOMP)), 1, "PUBCOMP packets")
    check_equal(subscriber.message(), Message("broken", b"important", 2), "delivery")
    subscriber.check_no_message()


@library_case(versions=("3.1.1", "5.0"))
def an_unacknowledged_QoS_1_message_is_delivered_again_with_DUP(scene):
    publisher = scene.client("publisher")
    subscriber = scene.persistent_client("subscriber", "again", qos=1)
    subscriber.wire.hold(TO_SERVER)
    publisher.publish("again", b"important", 1)
    check_equal(subscriber.message(), Message("again", b"important", 1), "first delivery")
    first = subscriber.wire.packets_from(TO_CLIENT, PUBLISH)[0]
    subscriber.drop()
    check_equal(subscriber.connect().session_present, True, "Session Present")
    check_equal(subscriber.message(), Message("again", b"important", 1, dup=True), "second delivery")
    second = subscriber.wire.packets_from(TO_CLIENT, PUBLISH)[0]
    check_equal(second[1:], first[1:], "packet but for DUP, its Packet Identifier included")
    until(lambda: subscriber.wire.packets_from(TO_SERVER, PUBACK), "PUBACK")


@library_case(versions=("3.1.1", "5.0"))
def an_unfinished_QoS_2_message_is_finished_after_reconnecting_and_seen_once(scene):
    publisher = scene.client("publisher")
    subscriber = scene.persistent_client("subscriber", "once", qos=2)
    subscriber.wire.hold(TO_SERVER)
    publisher.publish("once", b"important", 2)
    until(lambda: subscriber.wire.packets_from(TO_CLIENT, PUBLISH), "PUBLISH to the subscriber")
    subscriber.drop()
    check_equal(subscriber.connect().session_present, True, "Session Present")
    check_equal(subscriber.message().payload, b"important", "payload")
    subscriber.check_no_message()
    until(lambda: subscriber.wire.packets_from(TO_SERVER, PUBCOMP), "PUBCOMP")
    check_equal(len(subscriber.wire.packets_from(TO_CLIENT, PUBREL)), 1, "PUBREL packets")
