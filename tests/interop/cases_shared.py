"""Shared Subscriptions."""

import collections

from peer import check, check_equal
from registry import library_case
from relay import PUBLISH, TO_CLIENT, TO_SERVER
from scene import until

VERSIONS = ("3.1.1", "5.0")  # an extension in 3.1.1, kept alike by the brokers that have it


def gather(members, count):
    """What each member got, once `count` messages have arrived at all members together."""
    shares = [[] for _ in members]

    def collect():
        for share, member in zip(shares, members):
            share += [message.payload for message in member.drain(0.01)]
        return sum(map(len, shares)) >= count

    until(collect, f"{count} messages at the members of a group")
    for member in members:
        member.check_no_message(0.1)
    return shares


def publish_numbers(scene, topic, count, qos=1):
    publisher = scene.client("publisher")
    waits = [publisher.publish_without_waiting(topic, b"%d" % number, qos) for number in range(count)]
    for wait in waits:
        wait()
    return [b"%d" % number for number in range(count)]


@library_case(versions=VERSIONS)
def each_message_goes_to_one_member_and_all_members_get_some(scene):
    members = [scene.client(f"member{number}", "$share/group/work/+") for number in range(3)]
    sent = publish_numbers(scene, "work/x", 90)
    shares = gather(members, 90)
    check_equal(sorted(sum(shares, [])), sorted(sent), "payloads of all members")
    check(all(len(share) >= 15 for share in shares), f"shares are unbalanced: {[len(s) for s in shares]}")


@library_case(versions=VERSIONS)
def groups_and_plain_subscriptions_do_not_disturb_each_other(scene):
    in_groups = [scene.client(f"{name}{n}", f"$share/{name}/work") for name in ("red", "blue") for n in range(2)]
    plain = scene.client("plain", "work")
    sent = publish_numbers(scene, "work", 20)
    check_equal(plain.payloads(20), sent, "payloads of the plain subscriber")
    counts = collections.Counter(sum(gather(in_groups, 40), []))
    check_equal(counts, collections.Counter(dict.fromkeys(sent, 2)), "deliveries, one per group")


@library_case(versions=VERSIONS)
def a_member_that_leaves_gets_nothing_more(scene):
    stays = scene.client("stays", "$share/group/work")
    unsubscribes = scene.client("unsubscribes", "$share/group/work")
    disconnects = scene.client("disconnects", "$share/group/work")
    unsubscribes.unsubscribe("$share/group/work")
    disconnects.disconnect()
    sent = publish_numbers(scene, "work", 12)
    check_equal(stays.payloads(12), sent, "payloads of the remaining member")
    unsubscribes.check_no_message(0.05)


@library_case(versions=("5.0",), not_with={"mosquitto": "it drops them"})
def unacknowledged_messages_of_a_member_that_ends_go_to_another(scene):
    dies = scene.client("dies", "$share/group/work", qos=1)
    dies.wire.hold(TO_SERVER)
    lives = scene.client("lives", "$share/group/work", qos=1)
    sent = publish_numbers(scene, "work", 10)
    until(lambda: dies.wire.packets_from(TO_CLIENT, PUBLISH), "a message to the member that dies")
    dies.drop()
    check_equal(sorted(lives.payloads(10)), sorted(sent), "payloads of the member that stays")


@library_case(versions=VERSIONS, not_with={"mosquitto": "sends it"})
def no_retained_message_is_sent_for_a_shared_subscription(scene):
    scene.client("publisher").publish("work", b"old", 1, True)
    scene.client("member", "$share/group/work").check_no_message()
