#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::Peer;

namespace {

const Octets one_hour = hex("11 00 00 0E 10");
const Octets delay_ten = hex("18 00 00 00 0A");  // Will Delay Interval

struct Fixture : BrokerFixture {
  Peer watcher{*this};
  Fixture() { watcher.connect({.id = "watcher"}).subscribe("w/#", 2 + 8); }  // QoS 2, Retain As Published
};

const Will plain{.topic = "w/1", .payload = "gone"};

}  // namespace

TEST_CASE("a Will is published when the connection is lost, and once") {
  // shows 5.0: MQTT-3.1.2-7 MQTT-3.1.2-8 MQTT-3.1.2-10 MQTT-3.1.2-14; 3.1.1: MQTT-3.1.2-8 MQTT-3.1.2-10 MQTT-3.1.2-16
  for (const unsigned version : {3U, 4U, 5U}) {
    Fixture f;
    Peer peer(f);
    peer.connect({.id = "a", .version = version, .will = plain});
    CHECK(f.watcher.got().empty());
    peer.vanish();
    EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
    Peer again(f);
    again.connect({.id = "a", .version = version});
    again.vanish();
    CHECK(f.watcher.got().empty());
  }
}

TEST_CASE("a Will is published when the client breaks the protocol or is silent for too long") {
  Fixture f;
  Peer breaks(f);
  breaks.connect({.id = "a", .will = plain}).send(hex("36 00"));
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
  Peer silent(f);
  silent.connect({.id = "b", .keep_alive = 10, .will = plain});
  f.advance(std::chrono::seconds{16});
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
}

TEST_CASE("DISCONNECT 0x00 throws the Will away, 0x04 does not") {
  // shows 5.0: MQTT-3.14.4-3 MQTT-3.1.2-8; 3.1.1: MQTT-3.14.4-3
  Fixture f;
  Peer five(f);
  five.connect({.id = "a", .will = plain}).send(hex("E0 00"));
  Peer four(f);
  four.connect({.id = "b", .version = 4, .will = plain}).send(hex("E0 00"));
  f.advance(std::chrono::minutes{1});
  CHECK(f.watcher.got().empty());
  Peer with_will(f);
  with_will.connect({.id = "c", .will = plain}).send(hex("E0 01 04"));
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
}

TEST_CASE("without a Will nothing is published when the connection ends") {
  // shows 3.1.1: MQTT-3.1.2-12
  Fixture f;
  Peer peer(f);
  peer.connect({.id = "a", .version = 4});
  peer.vanish();
  CHECK(f.watcher.got().empty());
}

TEST_CASE("a retained Will is kept for later subscribers, with its QoS") {
  // shows 5.0: MQTT-3.1.2-15; 3.1.1: MQTT-3.1.2-17
  Fixture f;
  Peer peer(f);
  peer.connect({.id = "a", .will = Will{.topic = "w/1", .payload = "gone", .qos = 1, .retain = true}});
  peer.vanish();
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone", .qos = 1, .id = 1, .retain = true}));
  Peer late(f);
  late.connect({.id = "late"}).send(subscribe(1, {{"w/1", 1}}));
  EXPECT_GOT(
      late, hex("90 04 00 01 00 01") + publish({.topic = "w/1", .payload = "gone", .qos = 1, .id = 1, .retain = true}));
}

TEST_CASE("a Will with a delay waits, and is not published if the client comes back before") {
  // shows 5.0: MQTT-3.1.2-8 MQTT-3.1.3-9
  Fixture f;
  const Will delayed{.topic = "w/1", .payload = "gone", .properties = delay_ten};
  Peer first(f);
  first.connect({.id = "a", .properties = one_hour, .will = delayed});
  first.vanish();
  f.advance(std::chrono::seconds{9});
  Peer second(f);
  second.connect({.id = "a", .clean = false, .properties = one_hour, .will = delayed});
  f.advance(std::chrono::minutes{1});
  CHECK(f.watcher.got().empty());
  second.vanish();
  f.advance(std::chrono::seconds{9});
  CHECK(f.watcher.got().empty());
  f.advance(std::chrono::seconds{2});
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
}

TEST_CASE("the end of the Session comes before a longer Will delay") {
  // shows 5.0: MQTT-3.1.2-8
  Fixture f;
  const Will delayed{.topic = "w/1", .payload = "gone", .properties = delay_ten};
  Peer ends_at_once(f);
  ends_at_once.connect({.id = "a", .will = delayed});
  ends_at_once.vanish();
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
  Peer ends_sooner(f);
  ends_sooner.connect({.id = "b", .properties = hex("11 00 00 00 05"), .will = delayed});
  ends_sooner.vanish();
  f.advance(std::chrono::seconds{6});
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
  f.advance(std::chrono::seconds{60});
  CHECK(f.watcher.got().empty());
  // Clean Start ends the Session, too.
  Peer first(f);
  first.connect({.id = "c", .properties = one_hour, .will = delayed});
  first.vanish();
  Peer second(f);
  second.connect({.id = "c"});
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
}

TEST_CASE("when a connection is taken over its Will goes out unless the new one carries on within the delay") {
  Fixture f;
  Peer first(f);
  first.connect({.id = "a", .properties = one_hour, .will = plain});
  Peer second(f);
  const Will delayed{.topic = "w/2", .payload = "gone", .properties = delay_ten};
  second.connect({.id = "a", .clean = false, .properties = one_hour, .will = delayed});
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone"}));
  Peer third(f);
  third.connect({.id = "a", .clean = false, .properties = one_hour});
  f.advance(std::chrono::minutes{1});
  CHECK(f.watcher.got().empty());
}

TEST_CASE("the properties of a Will are published in their order, without the delay") {
  // shows 5.0: MQTT-3.1.3-10
  Fixture f;
  const Octets properties =
      hex("01 01") + user_property("b", "2") + user_property("a", "1") + user_property("b", "1") + hex("03 00 01 78");
  Peer peer(f);
  peer.connect(
      {.id = "a", .will = Will{.topic = "w/1", .payload = "gone", .properties = hex("18 00 00 00 00") + properties}});
  peer.vanish();
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone", .properties = properties}));
}

TEST_CASE("the Message Expiry Interval of a Will begins when it is published") {
  Fixture f;
  const Will delayed{.topic = "w/1", .payload = "gone", .properties = hex("18 00 00 00 0A") + hex("02 00 00 00 14")};
  Peer peer(f);
  peer.connect({.id = "a", .properties = one_hour, .will = delayed});
  peer.vanish();
  f.advance(std::chrono::seconds{11});
  EXPECT_GOT(f.watcher, publish({.topic = "w/1", .payload = "gone", .properties = hex("02 00 00 00 14")}));
}
