// What a broker does for clients that are bridges.
#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

Octets leads_to(const std::string& broker) { return user_property("mqtk-bridge", broker); }

struct Fixture : BrokerFixture {
  explicit Fixture(const BrokerOptions& options = plain_options()) : BrokerFixture(options) {
    sender.connect({.id = "sender"});
  }
  Peer sender{*this};
};

// Two bridges that say where they lead to, and want what the sender publishes.
struct TwoBridges : Fixture {
  TwoBridges(const std::string& one, const std::string& other) {
    first.connect({.id = "1", .properties = leads_to(one)}).subscribe("t");
    second.connect({.id = "2", .properties = leads_to(other)}).subscribe("t");
  }
  Peer first{*this};
  Peer second{*this};
};

const Octets message = publish({.topic = "t", .payload = "x"});

}  // namespace

TEST_CASE("a message from one bridge does not go to another that leads to the same broker, but to all others") {
  Fixture f;
  Peer one(f);
  Peer same(f);
  Peer elsewhere(f);
  one.connect({.id = "1", .properties = leads_to("b")}).subscribe("t");
  same.connect({.id = "2", .properties = leads_to("b moved")}).subscribe("t");
  elsewhere.connect({.id = "3", .properties = leads_to("c")}).subscribe("t");
  one.send(message);
  EXPECT_GOT(same, "");
  EXPECT_GOT(one, "");
  EXPECT_GOT(elsewhere, message);
}

TEST_CASE("of several bridges that lead to the same broker one gets a message") {
  TwoBridges f("b", "b");
  f.sender.send(message);
  CHECK(f.first.got().empty() != f.second.got().empty());
}

TEST_CASE("a bridge that is there gets it before one that is away") {
  for (const bool first_is_away : {true, false}) {
    Fixture f;
    Peer peers[] = {Peer(f), Peer(f)};
    for (int i = 0; i < 2; ++i) {
      peers[i].connect({.id = std::to_string(i), .properties = hex("11 00 00 00 FF") + leads_to("b")});
      peers[i].subscribe("t", 1);
    }
    peers[first_is_away ? 0 : 1].vanish();
    f.sender.send(publish({.topic = "t", .payload = "x", .qos = 1, .id = 7}));
    EXPECT_GOT(peers[first_is_away ? 1 : 0], publish({.topic = "t", .payload = "x", .qos = 1, .id = 1}));
    for (const auto& session : f.core.counters().drops) CHECK(session == 0);
    CHECK(mqtk::sessions_of(f.core)[first_is_away ? 0 : 1].queued == 0);
  }
}

TEST_CASE("bridges that give topics other names all get a message") {
  TwoBridges f("b moved", "b");
  f.sender.send(message);
  EXPECT_GOT(f.first, message);
  EXPECT_GOT(f.second, message);
}

TEST_CASE("a broker with bridges names itself to bridges, and to nobody else") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.bridge_identity = "me";
  BrokerFixture f(options);
  Peer bridge(f);
  bridge.send(connect({.id = "b", .properties = leads_to("other")}));
  EXPECT_GOT(bridge, packet(0x20, hex("00 00") + properties(user_property("mqtk-bridge", "me"))));
  Peer client(f);
  client.send(connect({.id = "c", .properties = user_property("mqtk", "other")}));
  EXPECT_GOT(client, hex("20 03 00 00 00"));
}

TEST_CASE(
    "a bridge of 3.1.1 that sets the bit in the protocol level does not get its own messages, and RETAIN as sent") {
  Fixture f;
  Peer bridge(f);
  bridge.connect({.id = "b", .version = 0x84});
  bridge.send(subscribe(1, {{"t", 0}}, old));
  static_cast<void>(bridge.got());
  bridge.send(publish({.topic = "t", .payload = "own", .properties = old}));
  EXPECT_GOT(bridge, "");
  f.sender.send(publish({.topic = "t", .payload = "x", .retain = true}));
  EXPECT_GOT(bridge, publish({.topic = "t", .payload = "x", .retain = true, .properties = old}));
}
