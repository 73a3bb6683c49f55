#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

const Octets suback = hex("90 04 00 01 00 00");

struct Fixture : BrokerFixture {
  explicit Fixture(const BrokerOptions& options = plain_options()) : BrokerFixture(options) {
    sender.connect({.id = "sender", .properties = hex("17 00")});  // Request Problem Information 0
    late.connect({.id = "late"});
  }
  void retain(const std::string& topic, const std::string& payload, unsigned qos = 0, const Octets& properties = {}) {
    sender.send(
        publish({.topic = topic, .payload = payload, .qos = qos, .id = 1, .retain = true, .properties = properties}) +
        (qos == 2 ? ack(0x62, 1) : ""));
    static_cast<void>(sender.got());
  }
  Peer sender{*this};
  Peer late{*this};
};

}  // namespace

TEST_CASE("the last retained message of a topic goes to new subscriptions, with RETAIN and its QoS") {
  // shows 5.0: MQTT-3.3.1-5 MQTT-3.3.1-8 MQTT-3.3.1-9
  // 3.1.1: MQTT-3.3.1-5 MQTT-3.3.1-6 MQTT-3.3.1-7 MQTT-3.3.1-8 MQTT-3.3.1-12 MQTT-3.1.2-7
  Fixture f;
  f.retain("t", "old", 2);
  f.retain("t", "new", 1);
  f.sender.send(publish({.topic = "t", .payload = "passing"}));
  f.sender.vanish();
  f.late.send(subscribe(1, {{"t", 2}}));
  EXPECT_GOT(f.late,
             hex("90 04 00 01 00 02") + publish({.topic = "t", .payload = "new", .qos = 1, .id = 1, .retain = true}));
  Peer four(f);
  four.connect({.id = "four", .version = 4}).send(subscribe(1, {{"+", 0}}, old));
  EXPECT_GOT(four,
             hex("90 03 00 01 00") + publish({.topic = "t", .payload = "new", .retain = true, .properties = old}));
}

TEST_CASE("a retained message of QoS 0 takes the place of an older one") {
  // shows 3.1.1: MQTT-3.3.1-7
  Fixture f;
  f.retain("t", "old", 1);
  f.retain("t", "new", 0);
  f.late.send(subscribe(1, {{"t", 0}}));
  EXPECT_GOT(f.late, suback + publish({.topic = "t", .payload = "new", .retain = true}));
}

TEST_CASE("an empty retained message goes out as usual, deletes the topic's and is not kept") {
  // shows 5.0: MQTT-3.3.1-6 MQTT-3.3.1-7; 3.1.1: MQTT-3.3.1-10 MQTT-3.3.1-11
  Fixture f;
  Peer watcher(f);
  watcher.connect({.id = "watcher"}).subscribe("t", 0);
  f.retain("t", "kept");
  f.retain("t", "");
  EXPECT_GOT(watcher, publish({.topic = "t", .payload = "kept"}) + publish({.topic = "t", .payload = ""}));
  f.late.send(subscribe(1, {{"t", 0}}));
  EXPECT_GOT(f.late, suback);
}

TEST_CASE("RETAIN is passed on only to subscriptions that ask for it") {
  // shows 5.0: MQTT-3.3.1-12 MQTT-3.3.1-13; 3.1.1: MQTT-3.3.1-9
  Fixture f;
  Peer as_published(f);
  as_published.connect({.id = "as"}).subscribe("t", 8);
  f.late.subscribe("t", 0);
  Peer four(f);
  four.connect({.id = "four", .version = 4}).send(subscribe(1, {{"t", 0}}, old));
  static_cast<void>(four.got());
  f.retain("t", "1");
  f.sender.send(publish({.topic = "t", .payload = "2"}));
  EXPECT_GOT(as_published,
             publish({.topic = "t", .payload = "1", .retain = true}) + publish({.topic = "t", .payload = "2"}));
  EXPECT_GOT(f.late, publish({.topic = "t", .payload = "1"}) + publish({.topic = "t", .payload = "2"}));
  EXPECT_GOT(four, publish({.topic = "t", .payload = "1", .properties = old}) +
                       publish({.topic = "t", .payload = "2", .properties = old}));
}

TEST_CASE("Retain Handling decides whether retained messages follow a SUBSCRIBE") {
  // shows 5.0: MQTT-3.3.1-9 MQTT-3.3.1-10 MQTT-3.3.1-11
  Fixture f;
  f.retain("t", "kept");
  const Octets kept = publish({.topic = "t", .payload = "kept", .retain = true});
  f.late.send(subscribe(1, {{"t", 0x20}}));
  EXPECT_GOT(f.late, suback);
  f.late.send(subscribe(1, {{"t", 0x10}}));  // not new
  EXPECT_GOT(f.late, suback);
  f.late.send(unsubscribe(1, {"t"}));
  static_cast<void>(f.late.got());
  f.late.send(subscribe(1, {{"t", 0x10}}));
  EXPECT_GOT(f.late, suback + kept);
  f.late.send(subscribe(1, {{"t", 0x00}}));
  EXPECT_GOT(f.late, suback + kept);
}

TEST_CASE("a retained message expires, and until then tells how much time is left") {
  // shows 5.0: MQTT-3.3.2-5 MQTT-3.3.2-6
  Fixture f;
  f.retain("t", "kept", 0, hex("02 00 00 00 64"));
  f.advance(std::chrono::seconds{30});
  f.late.send(subscribe(1, {{"t", 0}}));
  EXPECT_GOT(f.late,
             suback + publish({.topic = "t", .payload = "kept", .retain = true, .properties = hex("02 00 00 00 46")}));
  f.advance(std::chrono::seconds{71});
  f.late.send(subscribe(1, {{"t", 0}}));
  EXPECT_GOT(f.late, suback);
  CHECK(f.core.state().retained.size() == 0);
}

TEST_CASE("several filters of one SUBSCRIBE each bring their retained messages, after the SUBACK") {
  Fixture f;
  f.retain("a/1", "1");
  f.retain("a/2", "2");
  f.retain("b/1", "3");
  f.late.send(subscribe(1, {{"none/+", 0}, {"a/#", 0}, {"b/1", 0}}, hex("0B 07")));
  const auto kept = [](const char* topic, const char* payload) {
    return publish({.topic = topic, .payload = payload, .retain = true, .properties = hex("0B 07")});
  };
  EXPECT_GOT(f.late, hex("90 06 00 01 00 00 00 00") + kept("a/1", "1") + kept("a/2", "2") + kept("b/1", "3"));
}

TEST_CASE("retained messages beyond the limit are delivered but not kept; 5.0 publishers are told") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_retained_messages = 1;
  Fixture f(options);
  f.retain("a", "1");
  f.retain("b", "2");
  CHECK(f.core.counters().messages_not_retained == 1);
  CHECK(f.count_events("message_not_retained sender b") == 1);
  f.sender.send(publish({.topic = "b", .payload = "2", .qos = 1, .id = 5, .retain = true}));
  EXPECT_GOT(f.sender, ack(0x40, 5, 0x97));
  f.sender.send(publish({.topic = "a", .payload = "3", .qos = 1, .id = 5, .retain = true}));  // takes a's place
  EXPECT_GOT(f.sender, ack(0x40, 5, 0x10));
  f.late.send(subscribe(1, {{"#", 0}}));
  EXPECT_GOT(f.late, suback + publish({.topic = "a", .payload = "3", .retain = true}));
}

TEST_CASE("a retained message that grows beyond the limit in bytes is not kept, nor the one before it") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_retained_bytes = 1000;
  Fixture f(options);
  f.retain("a", "1");
  f.sender.send(publish({.topic = "a", .payload = std::string(2000, 'x'), .qos = 1, .id = 5, .retain = true}));
  EXPECT_GOT(f.sender, ack(0x40, 5, 0x97));  // and nothing has changed
  CHECK(f.core.state().retained.size() == 1);
  f.retain("a", std::string(2000, 'x'));
  CHECK(f.count_events("message_not_retained sender a") == 1);
  CHECK(f.core.state().retained.size() == 0);
  CHECK(f.core.state().retained.message_bytes() == 0);
}

TEST_CASE("very many retained messages come in portions, with other clients served in between") {
  Fixture f;
  Octets expected = suback;
  for (int i = 0; i < 5000; ++i) {
    const std::string topic = "many/" + std::to_string(10'000 + i);
    f.retain(topic, "x");
    expected += publish({.topic = topic, .payload = "x", .retain = true});
  }
  Peer other(f);
  other.connect({.id = "other"}).subscribe("t", 0);
  f.late.wire().to_broker = subscribe(1, {{"many/#", 0}});
  f.late.wire().listener->on_readable();
  f.core.end_turn();
  const std::size_t first_portion = f.late.wire().to_client.size();
  CHECK(first_portion > suback.size());
  CHECK(first_portion < expected.size() / 4);
  // What comes meanwhile for the same topics does not overtake the rest.
  f.sender.wire().to_broker =
      publish({.topic = "many/99999", .payload = "live"}) + publish({.topic = "t", .payload = "y"});
  f.sender.wire().listener->on_readable();
  f.core.end_turn();
  CHECK(shown(other.wire().to_client) == shown(publish({.topic = "t", .payload = "y"})));
  const std::string all = f.late.got();
  const std::string live = " " + shown(publish({.topic = "many/99999", .payload = "live"}));
  const std::size_t at = all.find(live);
  REQUIRE(at != std::string::npos);
  CHECK(all.substr(0, at) + all.substr(at + live.size()) == shown(expected));
}

TEST_CASE("a subscriber to very many retained messages gets some of them in each turn, and others do not wait for it") {
  Fixture f;
  Octets packets;
  for (int i = 0; i < 3000; ++i)
    packets += publish({.topic = "many/" + std::to_string(i), .payload = "x", .retain = true});
  f.sender.send(packets);
  Peer receiver(f);
  receiver.connect({.id = "receiver"}).subscribe("t");
  for (const bool slow : {false, true}) {
    CAPTURE(slow);
    Peer all(f);
    all.connect({.id = slow ? "slow" : "fast"});
    if (slow) all.wire().room = 0;
    all.wire().to_broker = subscribe(1, {{"#", 1}});
    int turns = 0;
    for (bool busy = true; busy && turns < 100; ++turns) {
      f.sender.wire().to_broker = publish({.topic = "t", .payload = std::to_string(turns)});
      busy = f.one_turn();
      REQUIRE(receiver.wire().to_client == publish({.topic = "t", .payload = std::to_string(turns)}));
      receiver.wire().to_client.clear();
      CHECK(all.wire().to_client.size() < 10'000u * static_cast<unsigned>(turns + 1));
      busy = all.wire().to_client.find("many/999") == Octets::npos;
    }
    if (!slow) CHECK(turns > 3000 / 256);
    all.vanish();
  }
}
