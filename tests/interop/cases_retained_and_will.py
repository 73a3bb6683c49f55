"""Retained messages and Will Messages."""

from peer import Message, Subscription, Will, check, check_equal
from registry import V5, library_case


@library_case()
def a_retained_message_is_sent_to_new_subscribers_with_RETAIN_set(scene):
    publisher = scene.client("publisher")
    for qos in (0, 1, 2):
        publisher.publish(f"kept/{qos}", f"{qos}", qos, True)
        # A QoS 0 message is only certain to have arrived once something behind it is answered.
        publisher.publish("other", b"", 1)
    subscriber = scene.client("subscriber", "kept/+")
    found = sorted(subscriber.messages(3), key=lambda message: message.topic)
    check_equal(found, [Message(f"kept/{n}", f"{n}".encode(), n, True) for n in (0, 1, 2)], "retained messages")
    subscriber.check_no_message()


@library_case()
def an_existing_subscriber_gets_a_retained_message_with_RETAIN_clear(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber", "kept")
    publisher.publish("kept", b"now", 1, True)
    check_equal(subscriber.message(), Message("kept", b"now", 1, False), "live message")


@library_case()
def the_last_retained_message_of_a_topic_replaces_the_earlier_ones(scene):
    publisher = scene.client("publisher")
    for payload in (b"first", b"second", b"third"):
        publisher.publish("kept", payload, 1, True)
    publisher.publish("kept", b"not retained", 1, False)
    subscriber = scene.client("subscriber", "kept")
    check_equal(subscriber.message().payload, b"third", "payload")
    subscriber.check_no_message()


@library_case()
def an_empty_retained_message_clears_the_topic(scene):
    publisher = scene.client("publisher")
    publisher.publish("kept", b"old", 1, True)
    live = scene.client("live", "kept")
    check_equal(live.message().payload, b"old", "payload")
    publisher.publish("kept", b"", 1, True)
    check_equal(live.message(), Message("kept", b"", 1, False), "empty message to a live subscriber")
    scene.client("late", "kept").check_no_message()


@library_case()
def a_retained_message_is_sent_again_when_the_subscription_is_made_again(scene):
    scene.client("publisher").publish("kept", b"still", 1, True)
    subscriber = scene.client("subscriber", "kept")
    check_equal(subscriber.message().retain, True, "RETAIN at first")
    subscriber.unsubscribe("kept")
    subscriber.subscribe(Subscription("kept", 1))
    check_equal(subscriber.message(), Message("kept", b"still", 1, True), "message at the second subscription")


@library_case()
def five_hundred_retained_messages_reach_a_new_subscriber(scene):
    publisher = scene.client("publisher")
    waits = [publisher.publish_without_waiting(f"many/{n}", b"%d" % n, 1, True) for n in range(500)]
    for wait in waits:
        wait()
    subscriber = scene.client("subscriber", "many/#", qos=1)
    found = {(m.topic, m.payload, m.retain) for m in subscriber.messages(500)}
    check_equal(len(found), 500, "different messages")
    check(("many/499", b"499", True) in found, "many/499 is missing")


@library_case()
def the_will_is_published_when_the_connection_breaks(scene):
    watcher = scene.client("watcher", "will/#")
    for qos in (0, 1, 2):
        scene.client(f"mortal{qos}", will=Will(f"will/{qos}", b"gone \0\xff", qos)).drop()
        check_equal(watcher.message(), Message(f"will/{qos}", b"gone \0\xff", qos), "Will Message")


@library_case()
def no_will_is_published_after_DISCONNECT(scene):
    watcher = scene.client("watcher", "will")
    scene.client("polite", will=Will("will", b"gone", 1)).disconnect()
    watcher.check_no_message()


@library_case()
def a_will_can_be_retained(scene):
    watcher = scene.client("watcher", "status")
    scene.client("mortal", will=Will("status", b"offline", 1, True)).drop()
    check_equal(watcher.message(), Message("status", b"offline", 1, False), "live Will Message")
    late = scene.client("late", "status")
    check_equal(late.message(), Message("status", b"offline", 1, True), "retained Will Message")


@library_case()
def a_will_may_be_empty(scene):
    watcher = scene.client("watcher", "will")
    scene.client("mortal", will=Will("will", b"", 1)).drop()
    check_equal(watcher.message(), Message("will", b"", 1), "Will Message")


@library_case()
def a_will_is_queued_for_an_absent_subscriber(scene):
    scene.persistent_client("sleeper", "will").disconnect()
    watcher = scene.client("watcher", "will")
    scene.client("mortal", will=Will("will", b"gone", 2)).drop()
    watcher.message()
    check_equal(scene.persistent_client("sleeper").message(), Message("will", b"gone", 2), "Will Message")


@library_case(versions=V5)
def DISCONNECT_with_Reason_Code_4_publishes_the_will(scene):
    watcher = scene.client("watcher", "will")
    scene.client("leaving", will=Will("will", b"as asked", 1)).disconnect(4)
    check_equal(watcher.message().payload, b"as asked", "Will Message")


@library_case(versions=V5)
def the_properties_of_a_will_arrive_with_it(scene):
    watcher = scene.client("watcher", "will")
    properties = {
        "payload_format_indicator": 1,
        "content_type": "text/plain",
        "response_topic": "answers",
        "correlation_data": b"\0\1\2",
        "user_properties": [["cause", "unknown"]],
    }
    scene.client("mortal", will=Will("will", b"gone", 1, properties=properties)).drop()
    check_equal(watcher.message(), Message("will", b"gone", 1, properties=properties), "Will Message")


@library_case(versions=V5)
def a_delayed_will_waits_and_is_dropped_when_the_client_returns(scene):
    watcher = scene.client("watcher", "will/#")

    def mortal(name):
        will = Will(f"will/{name}", b"gone", 1, properties={"will_delay_interval": 4})
        return scene.persistent_client(name, will=will)

    # The will of the one who returns would be due first.
    returner = mortal("returner")
    returner.drop()
    check_equal(returner.connect().reason_code, 0, "code in CONNACK")
    mortal("leaver").drop()
    watcher.check_no_message(0.5)
    check_equal(watcher.message().topic, "will/leaver", "topic of the Will Message")
    watcher.check_no_message()


@library_case(versions=V5, not_with={"mosquitto": "waits for the delay"})
def a_delayed_will_is_published_when_the_Session_ends_before_the_delay(scene):
    watcher = scene.client("watcher", "will")
    will = Will("will", b"gone", 1, properties={"will_delay_interval": 600})
    scene.client("mortal", will=will).drop()
    check_equal(watcher.message().payload, b"gone", "Will Message")


@library_case(versions=V5)
def retain_handling_chooses_when_retained_messages_are_sent(scene):
    scene.client("publisher").publish("kept", b"old", 1, True)
    subscriber = scene.client("subscriber")

    def subscribe(handling, expected):
        check_equal(subscriber.subscribe(Subscription("kept", 1, retain_handling=handling)), [1], "codes in SUBACK")
        for _ in range(expected):
            check_equal(subscriber.message(), Message("kept", b"old", 1, True), "retained message")
        subscriber.check_no_message()

    subscribe(1, expected=1)
    subscribe(1, expected=0)  # the subscription exists
    subscribe(0, expected=1)
    subscribe(2, expected=0)
    subscriber.unsubscribe("kept")
    subscribe(2, expected=0)


@library_case(versions=V5)
def retain_as_published_keeps_the_flag_of_live_messages(scene):
    publisher = scene.client("publisher")
    subscriber = scene.client("subscriber")
    subscriber.subscribe(Subscription("kept", 1, retain_as_published=True))
    publisher.publish("kept", b"retained", 1, True)
    publisher.publish("kept", b"plain", 1, False)
    check_equal([m.retain for m in subscriber.messages(2)], [True, False], "RETAIN flags")


@library_case(versions=V5)
def a_retained_message_keeps_its_properties(scene):
    properties = {"content_type": "text/csv", "user_properties": [["unit", "°C"], ["unit", "K"]]}
    scene.client("publisher").publish("kept", b"1,2", 1, True, properties)
    found = scene.client("subscriber", "kept").message()
    check_equal(found, Message("kept", b"1,2", 2 if found.qos == 2 else 1, True, False, properties), "message")
