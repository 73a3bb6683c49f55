#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

const Octets connack_new = hex("20 03 00 00 00");
const Octets connack_present = hex("20 03 01 00 00");
const Octets one_hour = hex("11 00 00 0E 10");  // Session Expiry Interval
const Octets goodbye = hex("E0 00");

void publish_as_other(BrokerFixture& broker, const Publish& message) {
  Peer other(broker);
  other.connect({.id = "other"}).send(publish(message));
  static_cast<void>(other.got());
  other.send(goodbye);
}

}  // namespace

TEST_CASE("a Session with an expiry interval is there again, its subscriptions and messages with it") {
  // shows 5.0: MQTT-3.1.2-5 MQTT-3.1.2-23 MQTT-3.2.2-3 MQTT-4.1.0-1 MQTT-4.5.0-1
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour}).subscribe("t", 1);
  first.send(goodbye);
  CHECK(first.closed());
  publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 9});
  publish_as_other(broker, {.topic = "t", .payload = "2", .qos = 2, .id = 9});
  publish_as_other(broker, {.topic = "t", .payload = "not kept", .qos = 0});
  Peer second(broker);
  second.send(connect({.id = "a", .clean = false, .properties = one_hour}));
  EXPECT_GOT(second, connack_present + publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}) +
                         publish({.topic = "t", .payload = "2", .qos = 1, .id = 2}));
}

TEST_CASE("a Session ends when its connection is closed and its expiry interval is over") {
  // shows 5.0: MQTT-4.1.0-2 MQTT-3.1.2-6
  BrokerFixture broker;
  Peer short_lived(broker);
  short_lived.connect({.id = "short"}).subscribe("t", 1);
  short_lived.vanish();
  CHECK(broker.count_events("session_ended short") == 1);
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour});
  first.vanish();
  broker.advance(std::chrono::minutes{59});
  CHECK(broker.count_events("session_ended a") == 0);
  broker.advance(std::chrono::minutes{2});
  CHECK(broker.count_events("session_ended a") == 1);
  Peer second(broker);
  second.send(connect({.id = "a", .clean = false}));
  EXPECT_GOT(second, connack_new);
}

TEST_CASE("Clean Start ends the stored Session and begins another") {
  // shows 5.0: MQTT-3.1.2-4 MQTT-3.1.4-4 MQTT-3.2.2-2; 3.1.1: MQTT-3.1.2-6 MQTT-3.1.4-3 MQTT-3.2.2-1
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour}).subscribe("t", 1);
  first.send(goodbye);
  Peer second(broker);
  second.send(connect({.id = "a", .properties = one_hour}));
  EXPECT_GOT(second, connack_new);
  publish_as_other(broker, {.topic = "t", .payload = "x", .qos = 1, .id = 1});
  CHECK(second.got().empty());

  Peer third(broker);
  third.connect({.id = "b", .version = 4, .clean = false}).send(subscribe(1, {{"t", 1}}, old));
  third.vanish();
  Peer fourth(broker);
  fourth.send(connect({.id = "b", .version = 4}));
  EXPECT_GOT(fourth, hex("20 02 00 00"));
  fourth.send(subscribe(1, {{"t", 1}}, old));
  fourth.vanish();
  Peer fifth(broker);
  fifth.send(connect({.id = "b", .version = 4, .clean = false}));
  EXPECT_GOT(fifth, hex("20 02 00 00"));
}

TEST_CASE("before 5.0 a Session that is not clean is kept, and gets QoS 1 and 2 messages meanwhile") {
  // shows 3.1.1: MQTT-3.1.2-4 MQTT-3.1.2-5 MQTT-3.2.2-2 MQTT-4.1.0-1 MQTT-4.1.0-2 MQTT-4.5.0-1
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .version = 4, .clean = false}).send(subscribe(1, {{"t", 2}}, old));
  first.vanish();
  broker.advance(std::chrono::hours{24});
  publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 2, .id = 7});
  Peer second(broker);
  second.send(connect({.id = "a", .version = 4, .clean = false}));
  EXPECT_GOT(second,
             hex("20 02 01 00") + publish({.topic = "t", .payload = "1", .qos = 2, .id = 1, .properties = old}));
}

TEST_CASE("DISCONNECT may change the Session Expiry Interval, but not raise it from zero") {
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour});
  first.send(hex("E0 07 00 05 11 00 00 00 00"));
  CHECK(broker.count_events("session_ended a") == 1);
  Peer second(broker);
  second.connect({.id = "b"});
  second.send(hex("E0 07 00 05 11 00 00 00 0A"));
  EXPECT_GOT(second, hex("E0 01 82"));
}

TEST_CASE(
    "unfinished messages are sent again on the next connection with DUP and the same identifiers, and only then") {
  // shows 5.0: MQTT-4.4.0-1 MQTT-3.3.1-1 MQTT-3.3.1-3 MQTT-4.3.2-3 MQTT-4.3.3-3 MQTT-4.3.3-5 MQTT-4.3.3-6
  // MQTT-4.6.0-5; 3.1.1: MQTT-4.4.0-1 MQTT-3.3.1-1 MQTT-3.3.1-3
  for (const unsigned version : {4U, 5U}) {
    CAPTURE(version);
    const std::optional<Octets> none = version == 5 ? std::optional<Octets>{""} : old;
    const Octets expiry = version == 5 ? one_hour : Octets{};
    BrokerFixture broker;
    Peer first(broker);
    first.connect({.id = "a", .version = version, .clean = false, .properties = expiry});
    first.send(subscribe(1, {{"t", 2}}, none));
    static_cast<void>(first.got());
    publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 1});
    publish_as_other(broker, {.topic = "t", .payload = "2", .qos = 2, .id = 1});
    publish_as_other(broker, {.topic = "t", .payload = "3", .qos = 2, .id = 1});
    EXPECT_GOT(first, publish({.topic = "t", .payload = "1", .qos = 1, .id = 1, .properties = none}) +
                          publish({.topic = "t", .payload = "2", .qos = 2, .id = 2, .properties = none}) +
                          publish({.topic = "t", .payload = "3", .qos = 2, .id = 3, .properties = none}));
    first.send(ack(0x50, 3));
    EXPECT_GOT(first, ack(0x62, 3));
    broker.advance(std::chrono::hours{0} + std::chrono::minutes{10});
    CHECK(first.got().empty());  // at no other time
    first.vanish();
    Peer second(broker);
    second.send(connect({.id = "a", .version = version, .clean = false, .properties = expiry}));
    const Octets connack = version == 5 ? connack_present : hex("20 02 01 00");
    EXPECT_GOT(second, connack + ack(0x62, 3) +
                           publish({.topic = "t", .payload = "1", .qos = 1, .id = 1, .dup = true, .properties = none}) +
                           publish({.topic = "t", .payload = "2", .qos = 2, .id = 2, .dup = true, .properties = none}));
    second.send(ack(0x40, 1) + ack(0x50, 2) + ack(0x70, 3));
    EXPECT_GOT(second, ack(0x62, 2));
    second.send(ack(0x70, 2));
    second.vanish();
    Peer third(broker);
    third.send(connect({.id = "a", .version = version, .clean = false, .properties = expiry}));
    EXPECT_GOT(third, connack);
  }
}

TEST_CASE("a PUBACK or PUBREC that refuses a message settles it") {
  // shows 5.0: MQTT-4.4.0-2
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour}).subscribe("t", 2);
  publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 1});
  publish_as_other(broker, {.topic = "t", .payload = "2", .qos = 2, .id = 1});
  static_cast<void>(first.got());
  first.send(ack(0x40, 1, 0x97) + ack(0x50, 2, 0x80));
  CHECK(first.got().empty());
  first.vanish();
  Peer second(broker);
  second.send(connect({.id = "a", .clean = false, .properties = one_hour}));
  EXPECT_GOT(second, connack_present);
}

TEST_CASE("a QoS 2 message that came before the connection broke is not delivered twice") {
  // shows 5.0: MQTT-4.3.3-10 MQTT-4.3.3-11 MQTT-4.3.3-12; 3.1.1: MQTT-4.3.3-2
  BrokerFixture broker;
  Peer watcher(broker);
  watcher.connect({.id = "watcher"}).subscribe("t", 0);
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour});
  first.send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 5}));
  EXPECT_GOT(first, ack(0x50, 5));
  first.vanish();
  Peer second(broker);
  second.connect({.id = "a", .clean = false, .properties = one_hour});
  second.send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 5, .dup = true}));
  EXPECT_GOT(second, ack(0x50, 5));
  EXPECT_GOT(watcher, publish({.topic = "t", .payload = "1"}));
  second.send(ack(0x62, 5));
  EXPECT_GOT(second, ack(0x70, 5));
  second.send(publish({.topic = "t", .payload = "2", .qos = 2, .id = 5}));
  EXPECT_GOT(second, ack(0x50, 5));
  EXPECT_GOT(watcher, publish({.topic = "t", .payload = "2"}));
}

TEST_CASE("messages that waited come in the order in which they were published") {
  // shows 5.0: MQTT-4.6.0-5 MQTT-4.6.0-6; 3.1.1: MQTT-4.6.0-5 MQTT-4.6.0-6
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour}).subscribe("t", 1);
  first.vanish();
  Octets expected = connack_present;
  for (unsigned i = 1; i <= 300; ++i) {
    const std::string payload = std::to_string(i);
    publish_as_other(broker, {.topic = "t", .payload = payload, .qos = 1, .id = 1});
    expected += publish({.topic = "t", .payload = payload, .qos = 1, .id = i});
  }
  Peer second(broker);
  second.send(connect({.id = "a", .clean = false, .properties = one_hour}));
  EXPECT_GOT(second, expected);
}

TEST_CASE("what expired while the client was away is deleted, and the rest has less time left") {
  // shows 5.0: MQTT-3.3.2-5 MQTT-3.3.2-6
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour}).subscribe("t", 1);
  first.vanish();
  publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 1, .properties = hex("02 00 00 00 0A")});
  publish_as_other(broker, {.topic = "t", .payload = "2", .qos = 1, .id = 1, .properties = hex("02 00 00 00 64")});
  broker.advance(std::chrono::seconds{30});
  Peer second(broker);
  second.send(connect({.id = "a", .clean = false, .properties = one_hour}));
  EXPECT_GOT(second,
             connack_present +
                 publish({.topic = "t", .payload = "2", .qos = 1, .id = 1, .properties = hex("02 00 00 00 46")}));
}

TEST_CASE("a QoS 2 message that has been sent does not expire, and its handshake is finished") {
  // shows 5.0: MQTT-4.3.3-7 MQTT-4.3.3-13
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour}).subscribe("t", 2);
  publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 2, .id = 1, .properties = hex("02 00 00 00 0A")});
  static_cast<void>(first.got());
  first.vanish();
  broker.advance(std::chrono::seconds{30});
  Peer second(broker);
  second.send(connect({.id = "a", .clean = false, .properties = one_hour}));
  const std::string came = second.got();
  CHECK(came.starts_with(shown(connack_present + u8(0x3C))));  // PUBLISH, QoS 2, DUP
  second.send(ack(0x50, 1));
  EXPECT_GOT(second, ack(0x62, 1));

  Peer sender(broker);
  sender.connect({.id = "s"});
  sender.send(publish({.topic = "x", .payload = "1", .qos = 2, .id = 3, .properties = hex("02 00 00 00 01")}));
  EXPECT_GOT(sender, ack(0x50, 3, 0x10));
  broker.advance(std::chrono::seconds{5});
  sender.send(ack(0x62, 3));
  EXPECT_GOT(sender, ack(0x70, 3));
}

TEST_CASE("Topic Aliases die with their connection") {
  // shows 5.0: MQTT-3.3.2-7
  BrokerOptions options = BrokerFixture::plain_options();
  options.limits.topic_alias_maximum = 10;
  BrokerFixture broker(options);
  Peer first(broker);
  first.connect({.id = "a", .properties = one_hour});
  first.send(publish({.topic = "t", .payload = "1", .properties = hex("23 00 01")}));
  first.vanish();
  Peer second(broker);
  second.connect({.id = "a", .clean = false, .properties = one_hour});
  second.send(publish({.topic = "", .payload = "2", .properties = hex("23 00 01")}));
  EXPECT_GOT(second, hex("E0 01 82"));
  CHECK(second.closed());
}
