#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::Authentication;
using mqtk::BrokerFixture;
using mqtk::Peer;
using mqtk::ReasonCode;

namespace {

// Asks "who?" and then "sure?"; the right answers are "me" and "yes".
class Questions final : public Authentication {
 public:
  Step step(std::string_view data, mqtk::WallTime /*now*/) override {
    if (data == "begin") return {ReasonCode::continue_authentication, "who?"};
    if (data == "me") return {ReasonCode::continue_authentication, "sure?"};
    if (data == "yes") return {ReasonCode::success, "welcome"};
    return {ReasonCode::not_authorized, ""};
  }
};

class Guard final : public mqtk::AccessControl {
 public:
  Verdict connect(const mqtk::ConnectRequest& request) override {
    const bool stranger = request.connect.client_identifier == "stranger";
    return {.reason_code = stranger ? ReasonCode::bad_user_name_or_password : ReasonCode::success};
  }
  std::unique_ptr<Authentication> authentication(std::string_view method) override {
    return method == "questions" ? std::make_unique<Questions>() : nullptr;
  }
  bool may_publish(const mqtk::ClientIdentity& /*client*/, std::string_view topic_name) override {
    return topic_name != "secret";
  }
  bool may_subscribe(const mqtk::ClientIdentity& /*client*/, std::string_view filter) override {
    return filter != "secret";
  }
};

struct Fixture : BrokerFixture {
  Guard guard;
  Fixture() { core.set_access_control(&guard); }
};

const Octets method = hex("15") + text("questions");
Octets data(std::string_view value) { return hex("16") + text(value); }
Octets auth(unsigned reason, std::string_view value) {
  return packet(0xF0, u8(reason) + properties(method + data(value)));
}

}  // namespace

TEST_CASE("enhanced authentication asks until it is satisfied, then the client is connected") {
  // shows 5.0: MQTT-4.12.0-2 MQTT-4.12.0-5
  Fixture f;
  Peer peer(f);
  peer.send(connect({.id = "a", .properties = method + data("begin")}));
  EXPECT_GOT(peer, auth(0x18, "who?"));
  peer.send(auth(0x18, "me"));
  EXPECT_GOT(peer, auth(0x18, "sure?"));
  peer.send(auth(0x18, "yes"));
  EXPECT_GOT(peer, packet(0x20, hex("00 00") + properties(method + data("welcome"))));
  peer.send(hex("C0 00"));
  EXPECT_GOT(peer, hex("D0 00"));
}

TEST_CASE("authentication that fails is refused and the connection closed") {
  // shows 5.0: MQTT-4.12.0-4 MQTT-4.12.0-1
  Fixture f;
  Peer wrong(f);
  wrong.send(connect({.id = "a", .properties = method + data("begin")}));
  static_cast<void>(wrong.got());
  wrong.send(auth(0x18, "no"));
  EXPECT_GOT(wrong, hex("20 03 00 87 00"));
  CHECK(wrong.closed());
  Peer unsupported(f);
  unsupported.send(connect({.id = "b", .properties = hex("15") + text("magic")}));
  const Octets why = hex("1F") + text("this broker does not know the Authentication Method");
  EXPECT_GOT(unsupported, packet(0x20, hex("00 8C") + properties(why)));
  CHECK(unsupported.closed());
}

TEST_CASE("a client may authenticate again, and is disconnected if that fails") {
  // shows 5.0: MQTT-4.12.1-2
  Fixture f;
  Peer peer(f);
  peer.connect({.id = "a", .properties = method + data("yes")});
  peer.send(auth(0x19, "begin"));
  EXPECT_GOT(peer, auth(0x18, "who?"));
  peer.send(auth(0x18, "yes"));
  EXPECT_GOT(peer, auth(0x00, "welcome"));
  peer.send(auth(0x19, "no"));
  EXPECT_GOT(peer, hex("E0 01 87"));
  CHECK(peer.closed());
}

TEST_CASE("the access control refuses clients with the code that they understand") {
  Fixture f;
  Peer five(f);
  five.send(connect({.id = "stranger"}));
  EXPECT_GOT(five, hex("20 03 00 86 00"));
  CHECK(five.closed());
  Peer four(f);
  four.send(connect({.id = "stranger", .version = 4}));
  EXPECT_GOT(four, hex("20 02 00 04"));
  CHECK(four.closed());
}

TEST_CASE("a Will that the client may not publish itself is refused with its CONNECT") {
  Fixture f;
  Peer modern(f);
  modern.send(connect({.id = "a", .will = Will{.topic = "secret", .payload = "x"}}));
  EXPECT_GOT(modern, hex("20 03 00 87 00"));
  CHECK(modern.closed());
  Peer old_client(f);
  old_client.send(connect({.id = "b", .version = 4, .will = Will{.topic = "secret", .payload = "x"}}));
  EXPECT_GOT(old_client, hex("20 02 00 05"));
  Peer asked(f);
  asked.send(
      connect({.id = "c", .properties = method + data("begin"), .will = Will{.topic = "secret", .payload = ""}}));
  static_cast<void>(asked.got());
  asked.send(auth(0x18, "me"));
  static_cast<void>(asked.got());
  asked.send(auth(0x18, "yes"));
  EXPECT_GOT(asked, hex("20 03 00 87 00"));
  CHECK(f.core.state().sessions.size() == 0);
}

TEST_CASE("$SYS topics are the broker's, but for the state of bridges") {
  BrokerFixture broker;
  Peer client(broker);
  client.connect({.id = "a"});
  client.send(publish({.topic = "$SYS/broker/version", .payload = "x", .qos = 1, .id = 1, .retain = true}));
  EXPECT_GOT(client, ack(0x40, 1, 0x87));
  CHECK(broker.core.state().retained.find("$SYS/broker/version") == nullptr);
  client.send(publish({.topic = "$SYS/broker/connection/b/state", .payload = "1", .qos = 1, .id = 2, .retain = true}));
  EXPECT_GOT(client, ack(0x40, 2, 0x10));
}

TEST_CASE("what a client may not publish nobody gets; before 5.0 it is acknowledged as usual") {
  // shows 3.1.1: MQTT-3.3.5-2
  Fixture f;
  Peer watcher(f);
  watcher.connect({.id = "w"}).subscribe("#");
  Peer five(f);
  five.connect({.id = "five"}).send(publish({.topic = "secret", .qos = 1, .id = 1}));
  EXPECT_GOT(five, ack(0x40, 1, 0x87));
  five.send(subscribe(2, {{"secret", 0}, {"open", 0}}));
  EXPECT_GOT(five, hex("90 05 00 02 00 87 00"));
  Peer four(f);
  four.connect({.id = "four", .version = 4});
  four.send(publish({.topic = "secret", .qos = 1, .id = 1, .properties = old}));
  EXPECT_GOT(four, ack(0x40, 1));
  CHECK(watcher.got().empty());
  CHECK(f.count_events("message_dropped") == 2);
}
