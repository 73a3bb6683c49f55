#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

struct Fixture : BrokerFixture {
  explicit Fixture(const BrokerOptions& options = plain_options()) : BrokerFixture(options) {
    sender.connect({.id = "sender"});
    peer.connect({.id = "peer", .properties = hex("17 00")});  // Request Problem Information 0
  }
  // One QoS 2 message, its handshake included.
  void message(const std::string& topic, const std::string& payload = "x", unsigned qos = 2) {
    sender.send(publish({.topic = topic, .payload = payload, .qos = qos, .id = 1}) + (qos == 2 ? ack(0x62, 1) : ""));
    static_cast<void>(sender.got());
  }
  Peer sender{*this};
  Peer peer{*this};
};

}  // namespace

TEST_CASE("SUBACK repeats the identifier and has one code per filter, in their order") {
  // shows 5.0: MQTT-3.8.4-1 MQTT-3.8.4-2 MQTT-3.8.4-6 MQTT-3.8.4-7 MQTT-3.9.3-1 MQTT-3.9.3-2 MQTT-2.2.1-6 MQTT-3.8.4-5
  // 3.1.1: MQTT-3.8.4-1 MQTT-3.8.4-2 MQTT-3.8.4-4 MQTT-3.8.4-5 MQTT-3.9.3-1 MQTT-3.9.3-2 MQTT-2.3.1-7
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_topic_levels = 3;
  Fixture f(options);
  f.peer.send(subscribe(0xBEEF, {{"a", 2}, {"b/b/b/b", 0}, {"c", 0}, {"d/#", 1}}));
  EXPECT_GOT(f.peer, hex("90 07 BE EF 00 02 8F 00 01"));
  f.message("a");
  f.message("c");
  f.message("d/e");
  EXPECT_GOT(f.peer, publish({.topic = "a", .payload = "x", .qos = 2, .id = 1}) +
                         publish({.topic = "c", .payload = "x"}) +
                         publish({.topic = "d/e", .payload = "x", .qos = 1, .id = 2}));
  Peer four(f);
  four.connect({.id = "four", .version = 4});
  four.send(subscribe(1, {{"a", 2}, {"b/b/b/b", 0}, {"c", 0}, {"d/#", 1}}, old));
  EXPECT_GOT(four, hex("90 06 00 01 02 80 00 01"));
}

TEST_CASE("a message comes at the lower of its own QoS and the one granted") {
  // shows 5.0: MQTT-3.8.4-8; 3.1.1: MQTT-3.8.4-6
  Fixture f;
  f.peer.subscribe("0", 0).subscribe("1", 1).subscribe("2", 2);
  Octets expected;
  unsigned id = 0;
  for (unsigned granted = 0; granted <= 2; ++granted) {
    for (unsigned qos = 0; qos <= 2; ++qos) {
      const std::string topic = std::to_string(granted);
      f.message(topic, "x", qos);
      const unsigned lower = std::min(granted, qos);
      expected += publish({.topic = topic, .payload = "x", .qos = lower, .id = lower > 0 ? ++id : 0});
    }
  }
  EXPECT_GOT(f.peer, expected);
}

TEST_CASE("only messages that match a filter of its own come to a client") {
  // shows 5.0: MQTT-3.3.2-3 MQTT-4.7.3-4 MQTT-4.7.2-1; 3.1.1: MQTT-3.3.2-3 MQTT-4.7.3-4 MQTT-4.7.2-1
  Fixture f;
  f.peer.subscribe("+/b").subscribe("#");
  f.message("$private/b");
  f.message("A/B", "1", 0);
  f.message("a/ b", "2", 0);
  EXPECT_GOT(f.peer, publish({.topic = "A/B", .payload = "1"}) + publish({.topic = "a/ b", .payload = "2"}));
}

TEST_CASE("overlapping subscriptions bring one copy at the highest QoS with all their identifiers") {
  // shows 5.0: MQTT-3.3.4-2 MQTT-3.3.4-3 MQTT-3.3.4-4; 3.1.1: MQTT-3.3.5-1
  Fixture f;
  f.peer.subscribe("a/b", 0, hex("0B 05")).subscribe("a/+", 2).subscribe("#", 1, hex("0B 80 80 01"));
  f.message("a/b");
  EXPECT_GOT(f.peer,
             publish({.topic = "a/b", .payload = "x", .qos = 2, .id = 1, .properties = hex("0B 05 0B 80 80 01")}));
  f.message("c");
  EXPECT_GOT(f.peer, publish({.topic = "c", .payload = "x", .qos = 1, .id = 2, .properties = hex("0B 80 80 01")}));
  Peer four(f);
  four.connect({.id = "four", .version = 4}).send(subscribe(1, {{"a/b", 0}, {"a/+", 1}}, old));
  static_cast<void>(four.got());
  f.message("a/b");
  EXPECT_GOT(four, publish({.topic = "a/b", .payload = "x", .qos = 1, .id = 1, .properties = old}));
}

TEST_CASE("plain and shared subscriptions of one client each bring a copy with their own identifier") {
  // shows 5.0: MQTT-3.3.4-5
  Fixture f;
  f.peer.subscribe("t", 0, hex("0B 01")).subscribe("$share/g/t", 0, hex("0B 02"));
  f.message("t");
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "x", .properties = hex("0B 01")}) +
                         publish({.topic = "t", .payload = "x", .properties = hex("0B 02")}));
}

TEST_CASE("No Local keeps a client's own messages from it") {
  // shows 5.0: MQTT-3.8.3-3
  Fixture f;
  f.peer.subscribe("t", 4 + 1).send(publish({.topic = "t", .payload = "own"}));
  CHECK(f.peer.got().empty());
  f.message("t");
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "x", .qos = 1, .id = 1}));
  // Another subscription without No Local still brings them, at its own QoS.
  f.peer.subscribe("+", 0, hex("0B 09")).send(publish({.topic = "t", .payload = "own", .qos = 1, .id = 1}));
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "own", .properties = hex("0B 09")}) + ack(0x40, 1));
}

TEST_CASE("subscribing again to a filter replaces the subscription without losing a message") {
  // shows 5.0: MQTT-3.8.4-3 MQTT-3.8.4-4; 3.1.1: MQTT-3.8.4-3
  Fixture f;
  f.sender.send(publish({.topic = "t", .payload = "kept", .retain = true}));
  f.peer.send(subscribe(1, {{"t", 0}}, hex("0B 01")));
  EXPECT_GOT(f.peer, hex("90 04 00 01 00 00") +
                         publish({.topic = "t", .payload = "kept", .retain = true, .properties = hex("0B 01")}));
  f.peer.send(subscribe(2, {{"t", 1}}));
  EXPECT_GOT(f.peer, hex("90 04 00 02 00 01") + publish({.topic = "t", .payload = "kept", .retain = true}));
  f.message("t");
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "x", .qos = 1, .id = 1}));
  Peer four(f);
  four.connect({.id = "four", .version = 4});
  four.send(subscribe(1, {{"t", 0}}, old));
  four.send(subscribe(2, {{"t", 0}}, old));
  const Octets kept = publish({.topic = "t", .payload = "kept", .retain = true, .properties = old});
  EXPECT_GOT(four, hex("90 03 00 01 00") + kept + hex("90 03 00 02 00") + kept);
}

TEST_CASE("UNSUBSCRIBE ends exactly the filters that it names, and is answered filter by filter") {
  // shows 5.0: MQTT-3.10.4-1 MQTT-3.10.4-2 MQTT-3.10.4-4 MQTT-3.10.4-5 MQTT-3.10.4-6 MQTT-3.11.3-1 MQTT-3.11.3-2
  // 3.1.1: MQTT-3.10.4-1 MQTT-3.10.4-2 MQTT-3.10.4-4 MQTT-3.10.4-5 MQTT-3.10.4-6
  Fixture f;
  f.peer.subscribe("a/+", 0).subscribe("b", 0).subscribe("c", 0);
  f.peer.send(unsubscribe(0x0102, {"a/x", "b", "a/#", "c"}));
  EXPECT_GOT(f.peer, hex("B0 07 01 02 00 11 00 11 00"));
  f.message("a/x");
  f.message("b");
  f.message("c");
  EXPECT_GOT(f.peer, publish({.topic = "a/x", .payload = "x"}));
  Peer four(f);
  four.connect({.id = "four", .version = 4}).send(subscribe(1, {{"b", 0}}, old));
  four.send(unsubscribe(2, {"b", "never"}, old));
  f.message("b");
  EXPECT_GOT(four, hex("90 03 00 01 00") + hex("B0 02 00 02"));
}

TEST_CASE("deliveries that are under way are finished in spite of UNSUBSCRIBE") {
  // shows 5.0: MQTT-3.10.4-3; 3.1.1: MQTT-3.10.4-3
  Fixture f;
  f.peer.subscribe("t", 2);
  f.message("t");
  f.peer.send(unsubscribe(1, {"t"}));
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "x", .qos = 2, .id = 1}) + hex("B0 04 00 01 00 00"));
  f.peer.send(ack(0x50, 1));
  EXPECT_GOT(f.peer, ack(0x62, 1));
}

TEST_CASE("a broker without wildcards, shared subscriptions or identifiers turns them away") {
  // shows 3.1.1: MQTT-3.8.3-2
  BrokerOptions options = BrokerFixture::plain_options();
  options.limits.wildcard_subscription_available = false;
  options.limits.shared_subscription_available = false;
  BrokerFixture broker(options);
  Peer five(broker);
  five.send(connect({.id = "five"}));
  const std::string connack = five.got();
  CHECK(connack.find("28 00") != std::string::npos);
  CHECK(connack.find("2a 00") != std::string::npos);
  Peer four(broker);
  four.connect({.id = "four", .version = 4}).send(subscribe(1, {{"a/+", 0}, {"a", 0}}, old));
  EXPECT_GOT(four, hex("90 04 00 01 80 00"));
}

TEST_CASE("members of a Shared Subscription take turns") {
  Fixture f;
  Peer two(f);
  two.connect({.id = "two"});
  f.peer.subscribe("$share/g/t", 1);
  two.subscribe("$share/g/t", 0);
  for (int i = 0; i < 4; ++i) f.message("t", std::to_string(i), 1);
  // shows 5.0: MQTT-4.8.2-3
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "0", .qos = 1, .id = 1}) +
                         publish({.topic = "t", .payload = "2", .qos = 1, .id = 2}));
  EXPECT_GOT(two, publish({.topic = "t", .payload = "1"}) + publish({.topic = "t", .payload = "3"}));
}

TEST_CASE("a member that is away is passed over, and the last one gets what waits when it is back") {
  Fixture f;
  const Octets one_hour = hex("11 00 00 0E 10");
  Peer away(f);
  away.connect({.id = "away", .properties = one_hour}).subscribe("$share/g/t", 1);
  away.vanish();
  f.peer.subscribe("$share/g/t", 1);
  f.message("t", "1", 1);
  f.message("t", "2", 1);
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}) +
                         publish({.topic = "t", .payload = "2", .qos = 1, .id = 2}));
  f.peer.send(ack(0x40, 1) + ack(0x40, 2));
  f.peer.vanish();
  f.message("t", "3", 1);
  Peer back(f);
  back.send(connect({.id = "away", .clean = false, .properties = one_hour}));
  EXPECT_GOT(back, hex("20 03 01 00 00") + publish({.topic = "t", .payload = "3", .qos = 1, .id = 1}));
}

TEST_CASE("those who are there share alike however many are away") {
  Fixture f;
  Peer away(f);
  away.connect({.id = "away", .properties = hex("11 00 00 0E 10")}).subscribe("$share/g/t", 1);
  away.vanish();
  Peer two(f);
  two.connect({.id = "two"}).subscribe("$share/g/t", 0);
  f.peer.subscribe("$share/g/t", 0);
  for (int i = 0; i < 6; ++i) f.message("t", std::to_string(i), 1);
  const auto all = [](const char* first, const char* second, const char* third) {
    return publish({.topic = "t", .payload = first}) + publish({.topic = "t", .payload = second}) +
           publish({.topic = "t", .payload = third});
  };
  EXPECT_GOT(two, all("0", "2", "4"));
  EXPECT_GOT(f.peer, all("1", "3", "5"));
}

TEST_CASE("what a member leaves behind goes to another one") {
  Fixture f;
  Peer leaves(f);
  leaves.connect({.id = "leaves", .properties = hex("21 00 01")}).subscribe("$share/g/t", 1);
  f.message("t", "1", 1);
  f.message("t", "2", 1);
  EXPECT_GOT(leaves, publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}));
  f.peer.subscribe("$share/g/t", 1);
  leaves.vanish();
  EXPECT_GOT(f.peer, publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}) +
                         publish({.topic = "t", .payload = "2", .qos = 1, .id = 2}));
}

TEST_CASE("a QoS 2 message that one member was sent is finished with it or not at all") {
  // shows 5.0: MQTT-4.8.2-4 MQTT-4.8.2-5
  Fixture f;
  const Octets one_hour = hex("11 00 00 0E 10");
  Peer first(f);
  first.connect({.id = "m", .properties = one_hour}).subscribe("$share/g/t", 2);
  f.message("t", "1");
  EXPECT_GOT(first, publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}));
  f.peer.subscribe("$share/g/t", 2);
  first.vanish();
  CHECK(f.peer.got().empty());
  Peer second(f);
  second.send(connect({.id = "m", .clean = false, .properties = one_hour}));
  EXPECT_GOT(second, hex("20 03 01 00 00") + publish({.topic = "t", .payload = "1", .qos = 2, .id = 1, .dup = true}));
  second.send(hex("E0 07 00 05 11 00 00 00 00"));  // the Session ends
  CHECK(f.count_events("session_ended m") == 1);
  CHECK(f.peer.got().empty());
}

TEST_CASE("a message that a member refuses is not offered to another one") {
  // shows 5.0: MQTT-4.8.2-6
  Fixture f;
  Peer refuses(f);
  refuses.connect({.id = "refuses"}).subscribe("$share/g/t", 2);
  f.message("t", "1", 1);
  f.message("t", "2", 2);
  f.peer.subscribe("$share/g/t", 2);
  refuses.send(ack(0x40, 1, 0x80) + ack(0x50, 2, 0x97));
  refuses.vanish();
  CHECK(f.peer.got().empty());
}

TEST_CASE("a Shared Subscription brings no retained messages") {
  Fixture f;
  f.sender.send(publish({.topic = "t", .payload = "kept", .retain = true}));
  f.peer.send(subscribe(1, {{"$share/g/t", 0}}));
  EXPECT_GOT(f.peer, hex("90 04 00 01 00 00"));
}
