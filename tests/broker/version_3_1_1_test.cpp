// What 3.1.1 demands of a Server in words of its own, where the tests of both versions speak 5.0.
#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::Peer;

namespace {

Connect old_client(const std::string& id) { return {.id = id, .version = 4}; }

Publish old_message(const std::string& topic, const std::string& payload, unsigned qos = 0, bool retain = false) {
  return {
      .topic = topic, .payload = payload, .qos = qos, .id = qos == 0 ? 0U : 9U, .retain = retain, .properties = old};
}

void publish_as_other(BrokerFixture& broker, const Publish& message) {
  Peer other(broker);
  other.connect(old_client("other")).send(publish(message));
  static_cast<void>(other.got());
  other.send(hex("E0 00"));
}

}  // namespace

TEST_CASE("a packet with wrong flag bits closes its connection and no other") {
  // shows 3.1.1: MQTT-2.2.2-2 MQTT-4.8.0-1
  BrokerFixture broker;
  Peer client(broker);
  Peer bystander(broker);
  bystander.connect(old_client("b"));
  client.connect(old_client("a")).send(hex("80 06 00 01 00 01 74 00"));
  CHECK(client.closed());
  CHECK(client.got().empty());
  bystander.send(hex("C0 00"));
  EXPECT_GOT(bystander, hex("D0 00"));
}

TEST_CASE("a CONNECT that breaks a rule without return code is closed without CONNACK") {
  // shows 3.1.1: MQTT-3.1.4-1 MQTT-3.2.2-6
  BrokerFixture broker;
  Peer reserved_flag(broker);
  reserved_flag.send(hex("10 0D 00 04 4D 51 54 54 04 03 00 00 00 01 61"));
  CHECK(reserved_flag.closed());
  CHECK(reserved_flag.got().empty());
  Peer password_alone(broker);
  password_alone.send(hex("10 10 00 04 4D 51 54 54 04 42 00 00 00 01 61 00 01 70"));
  CHECK(password_alone.closed());
  CHECK(password_alone.got().empty());
}

TEST_CASE("what stands behind a CONNECT that is refused is not processed") {
  // shows 3.1.1: MQTT-3.1.4-5
  BrokerFixture broker;
  Peer client(broker);
  client.send(connect({.version = 4, .clean = false}) + publish(old_message("t", "x", 0, true)));
  EXPECT_GOT(client, hex("20 02 00 02"));
  CHECK(client.closed());
  CHECK(broker.core.state().retained.size() == 0);
}

TEST_CASE("a QoS 0 PUBLISH to a subscriber has no Packet Identifier") {
  // shows 3.1.1: MQTT-2.3.1-5
  BrokerFixture broker;
  Peer subscriber(broker);
  subscriber.connect(old_client("a")).send(subscribe(1, {{"t", 0}}, old));
  static_cast<void>(subscriber.got());
  publish_as_other(broker, old_message("t", "x", 1));
  EXPECT_GOT(subscriber, hex("30 04 00 01 74 78"));
}

TEST_CASE("a retained message is kept with its QoS, outlives the Session that sent it, and comes with RETAIN 1") {
  // shows 3.1.1: MQTT-3.1.2-7 MQTT-3.3.1-5 MQTT-3.3.1-6 MQTT-3.3.1-8
  BrokerFixture broker;
  publish_as_other(broker, old_message("t", "first", 1, true));
  publish_as_other(broker, old_message("t", "last", 1, true));
  CHECK(broker.count_events("session_ended other") == 2);
  Peer subscriber(broker);
  subscriber.connect(old_client("a")).send(subscribe(1, {{"+", 2}}, old));
  EXPECT_GOT(subscriber,
             hex("90 03 00 01 02") +
                 publish({.topic = "t", .payload = "last", .qos = 1, .id = 1, .retain = true, .properties = old}));
}

TEST_CASE("a message with RETAIN 0 leaves the retained message of its topic as it was") {
  // shows 3.1.1: MQTT-3.3.1-12
  BrokerFixture broker;
  publish_as_other(broker, old_message("t", "kept", 0, true));
  publish_as_other(broker, old_message("t", "passing"));
  Peer subscriber(broker);
  subscriber.connect(old_client("a")).send(subscribe(1, {{"t", 0}}, old));
  EXPECT_GOT(subscriber, hex("90 03 00 01 00") + publish(old_message("t", "kept", 0, true)));
}

TEST_CASE("one SUBSCRIBE with several filters has one SUBACK with their codes in order, and all of them count") {
  // shows 3.1.1: MQTT-3.8.4-1 MQTT-3.8.4-4 MQTT-3.9.3-1
  BrokerFixture broker;
  Peer subscriber(broker);
  subscriber.connect(old_client("a")).send(subscribe(7, {{"a", 0}, {"b", 2}, {"c", 1}}, old));
  EXPECT_GOT(subscriber, hex("90 05 00 07 00 02 01"));
  for (const char* topic : {"a", "b", "c"}) publish_as_other(broker, old_message(topic, "x"));
  EXPECT_GOT(subscriber,
             publish(old_message("a", "x")) + publish(old_message("b", "x")) + publish(old_message("c", "x")));
}

TEST_CASE("UNSUBSCRIBE compares filters literally and ends those that are there, with one UNSUBACK") {
  // shows 3.1.1: MQTT-3.10.4-1 MQTT-3.10.4-2 MQTT-3.10.4-4 MQTT-3.10.4-6
  BrokerFixture broker;
  Peer subscriber(broker);
  subscriber.connect(old_client("a")).send(subscribe(1, {{"a/+", 0}, {"b", 0}, {"c", 0}}, old));
  static_cast<void>(subscriber.got());
  subscriber.send(unsubscribe(8, {"a/b", "b", "c"}, old));
  EXPECT_GOT(subscriber, hex("B0 02 00 08"));
  for (const char* topic : {"a/b", "b", "c"}) publish_as_other(broker, old_message(topic, "x"));
  EXPECT_GOT(subscriber, publish(old_message("a/b", "x")));
}
