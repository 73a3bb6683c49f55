"""pub and sub programs of mqtk and mosquitto with the brokers of both."""

import hashlib
import pathlib
import random
import tempfile
import time

from peer import Message, check, check_equal
from programs import TIME_LIMIT_STATUS, Programs, check_silent, messages_of_json_lines
from registry import V5, program_case
from relay import CONNACK, PUBACK, PUBLISH, SUBACK, TO_CLIENT, TO_SERVER
from scene import until


def written_file(scene, data):
    folder = tempfile.TemporaryDirectory()
    scene.at_end(folder.cleanup)
    path = pathlib.Path(folder.name) / "payload"
    path.write_bytes(data)
    return str(path)


@program_case()
def a_message_given_as_argument_arrives_at_every_QoS(scene):
    programs = Programs(scene)
    for qos in "012":
        sub = programs.sub("-t", "a/b", "-q", qos, "-C", "1", "-v")
        programs.pub("-t", "a/b", "-q", qos, "-m", "Grüße")
        check_equal(sub.check_success(), "a/b Grüße\n".encode(), "output")


@program_case()
def wildcards_and_several_filters(scene):
    programs = Programs(scene)
    sub = programs.sub("-t", "home/+/light", "-t", "garden/#", "-v", "-C", "3")
    for topic in ("home/kitchen/light", "home/light", "garden", "street", "garden/a/b"):
        programs.pub("-t", topic, "-m", "on", "-q", "1")
    check_equal(sub.check_success(), b"home/kitchen/light on\ngarden on\ngarden/a/b on\n", "output")


@program_case()
def lines_of_standard_input_become_messages(scene):
    programs = Programs(scene)
    for qos in "012":
        if qos == "2" and scene.v5 and programs.subscriber == scene.broker.name == "mosquitto":
            continue  # mosquitto_sub has a Receive Maximum of 20, which its own broker exceeds
        sub = programs.sub("-t", "lines", "-q", qos, "-C", "500")
        text = b"".join(b"line %d of %s\n" % (number, qos.encode()) for number in range(500))
        programs.pub("-t", "lines", "-q", qos, "-l", input_bytes=text)
        check_equal(sub.check_success(), text, f"output at QoS {qos}")


@program_case()
def the_whole_standard_input_becomes_one_message(scene):
    programs = Programs(scene)
    sub = programs.sub("-t", "whole", "-C", "1", "-N", "-q", "1")
    text = b"one\ntwo\r\n\0three"
    programs.pub("-t", "whole", "-s", "-q", "1", input_bytes=text)
    check_equal(sub.check_success(), text, "output")


@program_case()
def a_file_of_a_megabyte_passes_at_every_QoS(scene):
    programs = Programs(scene)
    data = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(32768))
    path = written_file(scene, data)
    for qos in "012":
        sub = programs.sub("-t", "file", "-q", qos, "-C", "1", "-N")
        programs.pub("-t", "file", "-q", qos, "-f", path)
        check(sub.check_success() == data, f"the file changed at QoS {qos}")


@program_case()
def retained_messages_are_kept_and_cleared(scene):
    programs = Programs(scene)
    programs.pub("-t", "kept", "-m", "state", "-r", "-q", "1")
    check_equal(programs.sub("-t", "kept", "-C", "1", "-q", "1").check_success(), b"state\n", "output")
    programs.pub("-t", "kept", "-n", "-r", "-q", "1")
    sub = programs.sub("-t", "kept", "-W", "3")
    check_equal(sub.wait(), TIME_LIMIT_STATUS[programs.subscriber], f"exit status of {sub}")
    check_equal(bytes(sub.output), b"", "output after clearing")


@program_case()
def messages_wait_for_a_subscriber_with_a_persistent_session(scene):
    programs = Programs(scene)
    durable = ["-t", "offline/#", "-q", "2", "-i", "sleeper", "-c"]
    if scene.v5:
        durable += ["-x", "600"]
    first = programs.sub(*durable, "-C", "1")
    programs.pub("-t", "offline/0", "-m", "live", "-q", "2")
    check_equal(first.check_success(), b"live\n", "output of the first run")
    for number in range(5):
        programs.pub("-t", f"offline/{number}", "-m", f"waited {number}", "-q", "2")
    second = programs.sub(*durable, "-C", "5", "-v")
    expected = b"".join(b"offline/%d waited %d\n" % (n, n) for n in range(5))
    check_equal(second.check_success(), expected, "output of the second run")


@program_case()
def the_will_of_a_killed_program_is_published(scene):
    programs = Programs(scene)
    watcher = programs.sub("-t", "will/#", "-v", "-C", "1")
    mortal = programs.sub(
        "-t", "x", "--will-topic", "will/topic", "--will-payload", "gone", "--will-qos", "1", "--will-retain"
    )
    mortal.die()
    check_equal(watcher.check_success(), b"will/topic gone\n", "output of the watcher")
    late = programs.sub("-t", "will/topic", "-C", "1")
    check_equal(late.check_success(), b"gone\n", "retained Will Message")


@program_case()
def an_interrupted_subscriber_disconnects_and_succeeds(scene):
    programs = Programs(scene)
    watcher = programs.sub("-t", "will", "-v")
    check_equal(programs.interrupted_sub("-t", "x", "--will-topic", "will", "--will-payload", "gone"), 0, "exit status")
    if not (scene.v5 and programs.subscriber == "mosquitto"):  # mosquitto_sub asks for its will then
        check_silent(watcher)


@program_case(versions=("3.1.1", "5.0"))
def shared_subscriptions_divide_the_messages(scene):
    programs = Programs(scene)
    members = [programs.sub("-t", "$share/group/work", "-q", "1") for _ in range(2)]
    text = b"".join(b"%d\n" % number for number in range(40))
    programs.pub("-t", "work", "-q", "1", "-l", input_bytes=text)
    until(lambda: sum(member.output.count(b"\n") for member in members) >= 40, "40 lines from both members")
    shares = [bytes(member.output).split() for member in members]
    check_equal(sorted(sum(shares, []), key=int), text.split(), "payloads of both members")
    check(all(len(share) >= 10 for share in shares), f"shares are unbalanced: {[len(s) for s in shares]}")


@program_case()
def messages_pass_between_versions(scene):
    programs = Programs(scene)
    for other in ("3.1", "3.1.1", "5.0"):
        sub = programs.sub("-t", "versions", "-q", "2", "-C", "1", version=other)
        programs.pub("-t", "versions", "-q", "2", "-m", f"to {other}")
        check_equal(sub.check_success(), f"to {other}\n".encode(), f"output, subscriber {other}")


@program_case()
def an_empty_message_counts(scene):
    programs = Programs(scene)
    sub = programs.sub("-t", "empty", "-C", "2", "-q", "1")
    programs.pub("-t", "empty", "-n", "-q", "1")
    programs.pub("-t", "empty", "-m", "", "-q", "1")
    sub.check_success()


@program_case(versions=V5)
def properties_of_a_message_reach_the_subscriber(scene):
    programs = Programs(scene)
    options = []
    for name, *values in (
        ("content-type", "text/plain"),
        ("response-topic", "answers"),
        ("correlation-data", "id-1"),
        ("payload-format-indicator", "1"),
        ("message-expiry-interval", "90"),
        ("user-property", "unit", "°C"),
        ("user-property", "unit", "K"),
    ):
        options += programs.property_options(name, *values)
    if programs.subscriber == "mqtk":
        sub = programs.sub("-t", "annotated", "-C", "1", "-q", "1", "--json")
    else:
        sub = programs.sub("-t", "annotated", "-C", "1", "-q", "1", "-F", "%C|%R|%D|%F|%E|%P|%p")
    programs.pub("-t", "annotated", "-q", "1", "-m", "21.5", *options)
    output = sub.check_success()
    if programs.subscriber == "mqtk":
        expected = Message(
            "annotated",
            b"21.5",
            1,
            properties={
                "payload_format_indicator": 1,
                "message_expiry_interval": 90,
                "content_type": "text/plain",
                "response_topic": "answers",
                "correlation_data": b"id-1",
                "user_properties": [["unit", "°C"], ["unit", "K"]],
            },
        )
        check_equal(messages_of_json_lines(output), [expected], "messages")
    else:
        check_equal(output, "text/plain|answers|id-1|1|90|unit:°C unit:K|21.5\n".encode(), "output")


@program_case(versions=V5)
def repeated_messages_may_use_a_Topic_Alias(scene):
    programs = Programs(scene)
    sub = programs.sub("-t", "aliased", "-C", "3", "-v", "-q", "1")
    alias = programs.property_options("topic-alias", "1")
    programs.pub("-t", "aliased", "-q", "1", "-m", "x", "--repeat", "3", *alias)
    check_equal(sub.check_success(), b"aliased x\n" * 3, "output")


@program_case(subscribers=("mqtk",))
def messages_as_JSON_carry_every_byte(scene):
    programs = Programs(scene)
    sub = programs.sub("-t", "json/#", "-C", "3", "-q", "2", "--json")
    programs.pub("-t", "json/text", "-q", "2", "-m", 'say "no"\t\\')
    programs.pub("-t", "json/bytes", "-q", "1", "-s", input_bytes=bytes(range(256)))
    programs.pub("-t", "json/empty", "-n", "-r")
    expected = [
        Message("json/text", b'say "no"\t\\', 2),
        Message("json/bytes", bytes(range(256)), 1),
        Message("json/empty", b"", 0),
    ]
    check_equal(messages_of_json_lines(sub.check_success()), expected, "messages")


@program_case()
def a_second_subscriber_of_the_same_name_takes_over(scene):
    programs = Programs(scene)
    programs.sub("-t", "x", "-i", "twin")
    connection = scene.relay.connections[-1]
    programs.pub("-t", "x", "-m", "mine", "-q", "1", "-i", "twin")
    packets = connection.packets_from(TO_CLIENT)
    if scene.v5 and scene.broker.explains_take_over:
        check_equal(packets[-1][:3], b"\xe0\x01\x8e", "DISCONNECT to the first")
    check(not connection.packets_from(TO_CLIENT, PUBLISH), "the message went to the connection that was taken over")


@program_case()
def a_hundred_thousand_bytes_per_line_pass(scene):
    programs = Programs(scene)
    sub = programs.sub("-t", "long", "-C", "2", "-q", "1")
    text = b"x" * 100_000 + b"\n" + b"y" * 99_999 + b"\n"
    programs.pub("-t", "long", "-q", "1", "-l", input_bytes=text)
    check(sub.check_success() == text, "the lines changed")


def subscribed_anew(scene, first):
    """Whether another connection than `first` has subscribed, or has resumed the Session with its subscriptions."""
    later = scene.relay.connections[scene.relay.connections.index(first) + 1 :]
    resumed = [connack for each in later for connack in each.packets_from(TO_CLIENT, CONNACK) if connack[2] & 1]
    return bool(resumed) or any(each.packets_from(TO_CLIENT, SUBACK) for each in later)


@program_case()
def a_subscriber_comes_back_after_a_lost_connection(scene):
    programs = Programs(scene)
    sub = programs.sub("-t", "again", "-q", "1", "-C", "2", "-k", "60")
    first = scene.relay.connections[-1]
    programs.pub("-t", "again", "-q", "1", "-m", "before")
    until(lambda: b"before" in sub.output, f"the first message from {sub}")
    # Cut before its PUBACK, the message would rightly come again.
    until(lambda: first.packets_from(TO_SERVER, PUBACK), f"the PUBACK of {sub}")
    first.cut()
    until(lambda: subscribed_anew(scene, first), f"new connection of {sub}")
    programs.pub("-t", "again", "-q", "1", "-m", "after")
    check_equal(sub.check_success(), b"before\nafter\n", "output")


@program_case()
def a_subscriber_whose_broker_falls_silent_connects_again(scene):
    programs = Programs(scene)
    keep_alive = "5" if programs.subscriber == "mosquitto" else "2"
    sub = programs.sub("-t", "silence", "-q", "1", "-C", "1", "-k", keep_alive)
    first = scene.relay.connections[-1]
    first.hold(TO_CLIENT)
    until(lambda: subscribed_anew(scene, first), f"new connection of {sub}")
    first.release(TO_CLIENT)
    programs.pub("-t", "silence", "-q", "1", "-m", "heard")
    check_equal(sub.check_success(), b"heard\n", "output")


@program_case(versions=("3.1.1", "5.0"), publishers=("mqtk",))
def no_line_is_lost_when_the_connection_of_the_publisher_breaks(scene):
    programs = Programs(scene)
    text = b"".join(b"line %d\n" % number for number in range(3000))
    for qos in "12":
        sub = programs.sub("-t", f"lines/{qos}", "-q", qos)
        session = ["-i", f"feeder{qos}", "-c"]
        if scene.v5:
            session += ["-x", "600"]
        before = len(scene.relay.connections)
        scene.relay.hold_next_after(1)  # CONNACK comes, no acknowledgement does
        pub = programs.start_pub("-t", f"lines/{qos}", "-q", qos, "-l", *session, input_bytes=text)
        connections = scene.relay.connections
        until(lambda: len(connections) > before and connections[before].packets_from(TO_SERVER, PUBLISH), "PUBLISH")
        time.sleep(0.1)
        connections[before].cut()
        pub.check_success()
        until(lambda: b"line 2999\n" in sub.output, f"the last line from {sub}")
        if qos == "2":
            check(bytes(sub.output) == text, "lines at QoS 2 were lost, doubled or out of order")
        else:
            check(set(bytes(sub.output).splitlines()) == set(text.splitlines()), "lines at QoS 1 were lost")


# Every property, with bytes that are no text in the Correlation Data.
EVERY_PROPERTY = {
    "payload_format_indicator": 0,
    "content_type": "application/octet-stream",
    "response_topic": "answers",
    "correlation_data": b"\0\xff id",
    "user_properties": [["unit", "°C"], ["unit", "K"]],
}


@program_case(versions=V5, publishers=("mqtk",), subscribers=("mqtk",))
def what_libraries_publish_is_printed_whole(scene):
    programs = Programs(scene)
    for library in ("paho", "mqttjs"):
        sub = programs.sub("-t", "from/#", "-C", "1", "-q", "2", "--json")
        publisher = scene.client(library, peer=library)
        publisher.publish(f"from/{library}", b"\0\x80", 2, properties=EVERY_PROPERTY)
        expected = Message(f"from/{library}", b"\0\x80", 2, properties=EVERY_PROPERTY)
        check_equal(messages_of_json_lines(sub.check_success()), [expected], f"message of {library}")


@program_case(versions=V5, publishers=("mqtk",), subscribers=("mqtk",))
def libraries_receive_what_was_published(scene):
    programs = Programs(scene)
    subscribers = [scene.client(library, "to/all", peer=library) for library in ("paho", "mqttjs")]
    options = [
        *programs.property_options("payload-format-indicator", "1"),
        *programs.property_options("content-type", "text/plain"),
        *programs.property_options("response-topic", "answers"),
        *programs.property_options("correlation-data", "id 1"),
        *programs.property_options("user-property", "unit", "°C"),
        *programs.property_options("user-property", "unit", "K"),
    ]
    programs.pub("-t", "to/all", "-q", "2", "-m", "grün", *options)
    properties = EVERY_PROPERTY | {
        "payload_format_indicator": 1,
        "content_type": "text/plain",
        "correlation_data": b"id 1",
    }
    for subscriber in subscribers:
        check_equal(subscriber.message(), Message("to/all", "grün".encode(), 2, properties=properties), "message")


@program_case(versions=("3.1.1", "5.0"), publishers=("mosquitto",), subscribers=("mosquitto",))
def mosquitto_rr_gets_its_response(scene):
    programs = Programs(scene)
    responder = scene.client("responder", "service", peer="paho")
    requester = programs.start_rr("-t", "service", "-e", "answers", "-q", "1", "-m", "question")
    request = responder.message()
    check_equal(request.payload, b"question", "request")
    if scene.v5:
        check_equal(request.properties, {"response_topic": "answers"}, "properties of the request")
    responder.publish("answers", b"answer", 1)
    check_equal(requester.check_success(), b"answer\n", "response")


@program_case(
    versions=("3.1.1", "5.0"),
    publishers=("mqtk",),
    subscribers=("mqtk",),
    not_with={"mosquitto": "what it would lose is no fault of mqtk"},
)
def lines_survive_a_network_that_breaks_again_and_again(scene):
    programs = Programs(scene)
    text = b"".join(b"line %d\n" % number for number in range(4000))
    session = ["-c", "-x", "600"] if scene.v5 else ["-c"]
    often = ["--reconnect", "forever", "--reconnect-delay", "20ms", "--reconnect-max-delay", "50ms"]
    for qos in "12":
        sub = programs.sub("-t", f"lines/{qos}", "-q", qos, "-i", f"reader{qos}", *session, *often)
        pub = programs.start_pub(
            "-t", f"lines/{qos}", "-q", qos, "-l", "-i", f"feeder{qos}", "-M", "50", *session, *often, input_bytes=text
        )
        pick = random.Random(qos)
        for _ in range(40):
            time.sleep(pick.uniform(0.02, 0.15))
            alive = [each for each in scene.relay.connections if not each.wait_for_end(0)]
            if pub.process.poll() is not None:
                break
            if not alive:
                continue
            connection = pick.choice(alive)
            if pick.random() < 0.5:
                connection.hold(pick.choice((TO_CLIENT, TO_SERVER)))
                time.sleep(0.03)
            connection.cut()
        pub.check_success()
        until(lambda: b"line 3999\n" in sub.output, f"the last line from {sub}")
        check_equal(sub.interrupt(), 0, f"exit status of {sub}")
        if qos == "2":
            check(bytes(sub.output) == text, "lines at QoS 2 were lost, doubled or out of order")
        else:
            check(set(bytes(sub.output).splitlines()) == set(text.splitlines()), "lines at QoS 1 were lost")
