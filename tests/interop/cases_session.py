"""Connections and Sessions: persistence, offline messages, take-over, expiry, keep alive."""

import time

from peer import Subscription, Will, check, check_equal
from registry import V5, library_case
from relay import CONNACK, DISCONNECT, PINGREQ, PINGRESP, TO_CLIENT, TO_SERVER
from scene import until


@library_case()
def messages_for_an_absent_client_wait_in_its_Session(scene):
    subscriber = scene.persistent_client("sleeper", "offline/#")
    check_equal(subscriber.acceptance.session_present, False, "Session Present at first")
    subscriber.disconnect()
    publisher = scene.client("publisher")
    for number in range(60):
        publisher.publish(f"offline/{number}", f"{number}", 1 + number % 2)
    publisher.publish("other", b"not for it", 1)
    back = scene.persistent_client("sleeper")
    if scene.version != "3.1":
        check_equal(back.acceptance.session_present, True, "Session Present on return")
    found = [(m.topic, m.payload, m.qos) for m in back.messages(60)]
    for qos in (1, 2):  # a client library hands QoS 2 messages over later, when PUBREL has come
        expected = [(f"offline/{n}", f"{n}".encode(), qos) for n in range(qos - 1, 60, 2)]
        check_equal([each for each in found if each[2] == qos], expected, f"messages of QoS {qos}")
    back.check_no_message()


@library_case()
def subscriptions_outlive_the_connection_of_a_persistent_Session(scene):
    subscriber = scene.persistent_client("sleeper", "kept")
    subscriber.drop()
    back = scene.persistent_client("sleeper")
    scene.client("publisher").publish("kept", b"live", 0)
    check_equal(back.message().payload, b"live", "payload")


@library_case()
def a_clean_start_discards_the_Session(scene):
    scene.persistent_client("sleeper", "gone").disconnect()
    publisher = scene.client("publisher")
    publisher.publish("gone", b"queued", 1)
    fresh = scene.client("sleeper")
    check_equal(fresh.acceptance.session_present, False, "Session Present after clean start")
    publisher.publish("gone", b"live", 1)
    fresh.check_no_message()
    fresh.disconnect()
    back = scene.persistent_client("sleeper")
    check_equal(back.acceptance.session_present, False, "Session Present after a session that ended")
    back.check_no_message()


@library_case()
def a_second_connection_takes_the_Session_over(scene):
    first = scene.persistent_client("twin", "taken")
    second = scene.persistent_client("twin")
    first.check_closed()
    if scene.v5 and scene.broker.explains_take_over:
        reasons = [packet[2] for packet in first.wire.packets_from(TO_CLIENT, DISCONNECT)]
        check_equal(reasons, [0x8E], "Reason Codes of DISCONNECT")
    if scene.version != "3.1":
        check_equal(second.acceptance.session_present, True, "Session Present")
    scene.client("publisher").publish("taken", b"to the second", 1)
    check_equal(second.message().payload, b"to the second", "payload")
    first.check_no_message(0.05)


@library_case()
def a_client_that_falls_silent_is_closed_after_one_and_a_half_keep_alives(scene):
    watcher = scene.client("watcher", "will")
    started = time.monotonic()
    silent = scene.client("silent", keep_alive=2, will=Will("will", b"silent"))
    silent.wire.hold(TO_SERVER)
    silent.check_closed()
    passed = time.monotonic() - started
    # Not much later either, but a busy machine adds to it.
    check(2.9 < passed < 15, f"closed after {passed:.2f} s, expected 3 s")
    check_equal(watcher.message().payload, b"silent", "Will Message")


@library_case()
def a_client_that_pings_stays_connected(scene):
    # paho pings up to a second late, and the broker closes after 9 s: two are left for a busy machine.
    client = scene.client("pinging", "still/there", keep_alive=6)
    until(lambda: len(client.wire.packets_from(TO_SERVER, PINGREQ)) >= 2, "two PINGREQ")
    pings = len(client.wire.packets_from(TO_SERVER, PINGREQ))
    # What comes back behind the answers shows that they have come.
    client.publish("still/there", b"yes", 1)
    check_equal(client.message().payload, b"yes", "payload")
    answers = len(client.wire.packets_from(TO_CLIENT, PINGRESP))
    check(answers >= pings, f"{answers} PINGRESP packets for {pings} PINGREQ")


@library_case()
def user_name_and_password_do_not_hinder_an_open_broker(scene):
    scene.client("known", "x", user_name="Jürgen", password="pass phrase")


@library_case(versions=("3.1.1",))
def an_empty_client_identifier_is_accepted_with_a_clean_session(scene):
    clients = [scene.client("", "anonymous") for _ in range(2)]
    clients[0].publish("anonymous", b"both", 1)
    for client in clients:
        check_equal(client.message().payload, b"both", "payload")


@library_case(versions=V5)
def the_broker_assigns_client_identifiers(scene):
    clients = [scene.client("", "anonymous") for _ in range(2)]
    names = [c.acceptance.properties.get("assigned_client_identifier") for c in clients]
    check(all(names) and names[0] != names[1], f"assigned identifiers: {names}")
    clients[0].publish("anonymous", b"both", 1)
    for client in clients:
        check_equal(client.message().payload, b"both", "payload")


@library_case(versions=V5)
def an_assigned_client_identifier_can_be_used_to_return(scene):
    first = scene.persistent_client("", "assigned", clean_start=True)
    name = first.acceptance.properties["assigned_client_identifier"]
    first.disconnect()
    scene.client("publisher").publish("assigned", b"waited", 1)
    back = scene.persistent_client(name)
    check_equal(back.acceptance.session_present, True, "Session Present")
    check_equal(back.message().payload, b"waited", "payload")


@library_case(versions=V5)
def a_Session_without_expiry_interval_ends_with_its_connection(scene):
    scene.client("brief", "brief").drop()
    scene.client("publisher").publish("brief", b"lost", 1)
    back = scene.persistent_client("brief")
    check_equal(back.acceptance.session_present, False, "Session Present")
    back.check_no_message()


@library_case(versions=V5)
def a_Session_ends_when_its_expiry_interval_has_passed(scene):
    scene.persistent_client("one second", expiry=1).disconnect()
    scene.persistent_client("one minute", expiry=60).disconnect()
    time.sleep(2.5)
    found = [
        scene.persistent_client(name).acceptance.session_present for name in ("one second", "one minute")
    ]
    check_equal(found, [False, True], "Session Present after 2.5 s")


@library_case(versions=V5)
def DISCONNECT_can_change_the_expiry_interval(scene):
    scene.persistent_client("ends now").disconnect(properties={"session_expiry_interval": 0})
    check_equal(scene.persistent_client("ends now").acceptance.session_present, False, "Session Present")


@library_case(versions=V5)
def a_clean_start_may_begin_a_persistent_Session(scene):
    scene.persistent_client("lasting", "lasting", clean_start=True).disconnect()
    scene.client("publisher").publish("lasting", b"waited", 2)
    back = scene.persistent_client("lasting")
    check_equal(back.acceptance.session_present, True, "Session Present")
    check_equal(back.message().payload, b"waited", "payload")


@library_case(versions=V5)
def user_properties_are_accepted_in_every_packet_that_may_carry_them(scene):
    pairs = {"user_properties": [["name", "value"], ["name", "again"], ["", ""]]}
    client = scene.client("chatty", properties=pairs)
    check_equal(client.subscribe(Subscription("x", 1), properties=pairs), [1], "codes in SUBACK")
    client.publish("x", b"1", 1, properties=pairs)
    check_equal(client.message().payload, b"1", "payload")
    check_equal(client.unsubscribe("x", properties=pairs), [0], "codes in UNSUBACK")
    client.disconnect(properties=pairs)


@library_case(versions=V5)
def CONNACK_has_no_limits_that_a_plain_client_would_stumble_over(scene):
    found = scene.client("curious").acceptance.properties
    for name in (
        "retain_available",
        "wildcard_subscription_available",
        "subscription_identifier_available",
        "shared_subscription_available",
    ):
        check_equal(found.get(name, 1), 1, name)
    check("maximum_qos" not in found, "Maximum QoS is limited")
    check("assigned_client_identifier" not in found, "an identifier was assigned although one was given")


@library_case(versions=V5)
def the_broker_keeps_to_the_receive_maximum_of_a_client(scene):
    publisher = scene.client("publisher")
    subscriber = scene.persistent_client("slow", "window", properties={"receive_maximum": 3})
    subscriber.wire.hold(TO_SERVER)
    for number in range(10):
        publisher.publish("window", str(number).encode(), 1)
    check_equal(subscriber.payloads(3), [b"0", b"1", b"2"], "messages in flight")
    subscriber.check_no_message()
    subscriber.wire.release(TO_SERVER)
    check_equal(subscriber.payloads(7), [str(n).encode() for n in range(3, 10)], "messages after that")


@library_case(versions=V5)
def a_message_above_the_maximum_packet_size_of_a_client_is_left_out(scene):
    publisher = scene.client("publisher")
    small = scene.client("small", "sized", properties={"maximum_packet_size": 100})
    large = scene.client("large", "sized")
    for payload in (b"first", b"x" * 200, b"last"):
        publisher.publish("sized", payload, 1)
    check_equal(large.payloads(3), [b"first", b"x" * 200, b"last"], "payloads without a limit")
    check_equal(small.payloads(2), [b"first", b"last"], "payloads below the limit")


@library_case()
def CONNACK_is_the_first_packet_and_comes_once(scene):
    client = scene.client("orderly", "x")
    until(lambda: len(client.wire.packets_from(TO_CLIENT)) >= 2, "CONNACK and SUBACK")
    check_equal(client.wire.packets_from(TO_CLIENT)[0][0], 0x20, "first byte from the broker")
    check_equal(len(client.wire.packets_from(TO_CLIENT, CONNACK)), 1, "CONNACK packets")
