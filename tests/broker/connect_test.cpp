#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;
using mqtk::QoS;

namespace {

const Octets connack_new = hex("20 03 00 00 00");
const Octets connack_present = hex("20 03 01 00 00");
const Octets connack_new_old = hex("20 02 00 00");

}  // namespace

TEST_CASE("a valid CONNECT is answered with one CONNACK 0x00") {
  // shows 5.0: MQTT-3.1.4-5 MQTT-3.2.0-1 MQTT-3.2.0-2 MQTT-3.1.2-6; 3.1.1: MQTT-3.1.4-4 MQTT-3.2.0-1 MQTT-3.2.2-3
  BrokerFixture broker;
  Peer five(broker);
  five.send(connect({.id = "five"}));
  EXPECT_GOT(five, connack_new);
  Peer four(broker);
  four.send(connect({.id = "four", .version = 4, .clean = false}));
  EXPECT_GOT(four, connack_new_old);
  Peer three(broker);
  three.send(connect({.id = "three", .version = 3}));
  EXPECT_GOT(three, connack_new_old);
}

TEST_CASE("with its usual options the broker announces its limits") {
  BrokerOptions options;
  options.system_topics_interval = {};
  BrokerFixture broker(options);
  Peer peer(broker);
  peer.send(connect({.id = "a"}));
  // Receive Maximum 1024, Topic Alias Maximum 32, Maximum Packet Size 16 MiB, in whatever order
  const std::string connack = peer.got();
  CHECK(connack.starts_with("20 0e 00 00 0b "));
  CHECK(connack.find("21 04 00") != std::string::npos);
  CHECK(connack.find("22 00 20") != std::string::npos);
  CHECK(connack.find("27 01 00 00 00") != std::string::npos);
}

TEST_CASE("anything but CONNECT as the first packet closes the connection without a word") {
  // shows 5.0: MQTT-3.1.0-1 MQTT-3.14.0-1; 3.1.1: MQTT-3.1.0-1
  BrokerFixture broker;
  Peer peer(broker);
  peer.send(hex("C0 00"));
  CHECK(peer.got().empty());
  CHECK(peer.closed());
}

TEST_CASE("a second CONNECT closes the connection") {
  // shows 5.0: MQTT-3.1.0-2; 3.1.1: MQTT-3.1.0-2
  BrokerFixture broker;
  Peer five(broker);
  five.connect({.id = "a"}).send(connect({.id = "a"}));
  EXPECT_GOT(five, hex("E0 01 82"));
  CHECK(five.closed());
  Peer four(broker);
  four.connect({.id = "b", .version = 4}).send(connect({.id = "b", .version = 4}));
  CHECK(four.got().empty());
  CHECK(four.closed());
}

TEST_CASE("another Protocol Name is not answered") {
  // shows 5.0: MQTT-3.1.2-1; 3.1.1: MQTT-3.1.2-1
  BrokerFixture broker;
  Peer peer(broker);
  peer.send(packet(0x10, text("MQTX") + u8(5) + u8(2) + u16(0) + u8(0) + text("a")));
  CHECK(peer.closed());
  CHECK(peer.got().empty());
}

TEST_CASE("an unknown Protocol Version is refused with the code for it") {
  // shows 5.0: MQTT-3.1.2-2; 3.1.1: MQTT-3.1.2-2
  BrokerFixture broker;
  Peer six(broker);
  six.send(packet(0x10, text("MQTT") + u8(6) + u8(2) + u16(0) + u8(0) + text("a")));
  EXPECT_GOT(six, hex("20 03 00 84 00"));
  CHECK(six.closed());
  Peer two(broker);
  two.send(packet(0x10, text("MQTT") + u8(2) + u8(2) + u16(0) + text("a")));
  EXPECT_GOT(two, hex("20 02 00 01"));
  CHECK(two.closed());
}

TEST_CASE("a CONNECT against the format closes the connection, in 5.0 with a CONNACK that says why") {
  // shows 5.0: MQTT-3.1.2-3 MQTT-3.1.2-9 MQTT-3.1.2-11 MQTT-3.1.2-12 MQTT-3.1.2-13 MQTT-3.1.2-16 MQTT-3.1.2-17
  // MQTT-3.1.2-18 MQTT-3.1.2-19 MQTT-3.1.3-3 MQTT-3.1.3-4 MQTT-3.1.3-11 MQTT-3.1.3-12 MQTT-3.1.4-1 MQTT-4.13.1-1
  // 3.1.1: MQTT-3.1.2-3 MQTT-3.1.2-9 MQTT-3.1.2-11 MQTT-3.1.2-13 MQTT-3.1.2-14 MQTT-3.1.2-15 MQTT-3.1.2-18
  // MQTT-3.1.2-19 MQTT-3.1.2-20 MQTT-3.1.2-21 MQTT-3.1.2-22 MQTT-3.1.3-3 MQTT-3.1.3-4 MQTT-3.1.3-10 MQTT-3.1.3-11
  // MQTT-3.1.4-1
  BrokerFixture broker;
  const auto refuses = [&](unsigned version, unsigned flags, const Octets& payload) {
    CAPTURE(version);
    CAPTURE(flags);
    CAPTURE(shown(payload));
    const Octets properties = version == 5 ? u8(0) : Octets{};
    Peer peer(broker);
    peer.send(packet(0x10, text("MQTT") + u8(version) + u8(flags) + u16(0) + properties + payload));
    CHECK(peer.closed());
    const std::string answer = peer.got();
    if (version == 5) {
      CHECK(answer == "20 03 00 81 00");
    } else {
      CHECK(answer.empty());
    }
  };
  for (const unsigned version : {4U, 5U}) {
    const Octets none = version == 5 ? u8(0) : Octets{};                         // Will Properties
    refuses(version, 0x03, text("a"));                                           // reserved flag
    refuses(version, 0x02, {});                                                  // no Client Identifier
    refuses(version, 0x02, u16(2) + "\xC3\x28");                                 // ill-formed Client Identifier
    refuses(version, 0x02, u16(3) + Octets("\xED\xA0\x80"));                     // a surrogate
    refuses(version, 0x02, u16(2) + Octets("a\0", 2));                           // U+0000
    refuses(version, 0x06, text("a"));                                           // Will Flag without a Will
    refuses(version, 0x06, text("a") + none + u16(2) + "\xC3\x28" + text("x"));  // ill-formed Will Topic
    refuses(version, 0x1E, text("a") + none + text("w") + text("x"));            // Will QoS 3
    refuses(version, 0x0A, text("a"));                                           // Will QoS 1 without a Will
    refuses(version, 0x22, text("a"));                                           // Will Retain without a Will
    refuses(version, 0x02, text("a") + none + text("w") + text("x"));            // a Will without its flag
    refuses(version, 0x82, text("a"));                                           // User Name Flag without one
    refuses(version, 0x82, text("a") + u16(2) + "\xC3\x28");                     // ill-formed User Name
    refuses(version, 0x02, text("a") + text("user"));                            // User Name without its flag
    refuses(version, 0xC2, text("a") + text("user"));                            // Password Flag without one
    refuses(version, 0x82, text("a") + text("user") + text("pw"));               // Password without its flag
  }
  refuses(4, 0x42, text("a") + text("pw"));  // Password without User Name
}

TEST_CASE("in 5.0 a Password may come without a User Name") {
  BrokerFixture broker;
  Peer peer(broker);
  peer.send(packet(0x10, text("MQTT") + u8(5) + u8(0x42) + u16(0) + u8(0) + text("a") + text("pw")));
  EXPECT_GOT(peer, connack_new);
}

TEST_CASE("Client Identifiers of 1 to 23 letters and digits are taken, and longer ones of other characters, too") {
  // shows 5.0: MQTT-3.1.3-5; 3.1.1: MQTT-3.1.3-5
  BrokerFixture broker;
  for (const std::string& id : {std::string("a"), std::string("ABCDEFGHIJKLMNOPQRSTUVW"), std::string("0123456789"),
                                std::string(2000, 'x'), std::string("/\xC3\xA9 +#$")}) {
    CAPTURE(id);
    Peer peer(broker);
    peer.send(connect({.id = id}));
    EXPECT_GOT(peer, connack_new);
  }
}

TEST_CASE("an empty Client Identifier is replaced by a unique one that 5.0 clients are told") {
  // shows 5.0: MQTT-3.1.3-6 MQTT-3.1.3-7 MQTT-3.2.2-16; 3.1.1: MQTT-3.1.3-6
  BrokerFixture broker;
  Peer one(broker);
  one.send(connect({}));
  const std::string first = one.got();
  Peer two(broker);
  two.send(connect({}));
  const std::string second = two.got();
  const std::string begin = shown(hex("20 1b 00 00 18 12 00 15") + "auto-");  // Assigned Client Identifier
  CHECK(first.starts_with(begin));
  CHECK(second.starts_with(begin));
  CHECK(first != second);
  // The identifier is used as if the client had sent it: another connection with it takes over.
  const auto bytes = mqtk::from_hex(first);
  REQUIRE(bytes);
  Peer again(broker);
  again.send(connect({.id = std::string(bytes->begin() + 8, bytes->end())}));
  EXPECT_GOT(one, hex("E0 01 8E"));
  Peer old_client(broker);
  old_client.send(connect({.version = 4}));
  EXPECT_GOT(old_client, connack_new_old);
}

TEST_CASE("before 5.0 an empty Client Identifier needs a clean Session, and in 3.1 it is refused") {
  // shows 3.1.1: MQTT-3.1.3-7 MQTT-3.1.3-8 MQTT-3.1.3-9 MQTT-3.2.2-4 MQTT-3.2.2-5
  BrokerFixture broker;
  Peer four(broker);
  four.send(connect({.version = 4, .clean = false}));
  EXPECT_GOT(four, hex("20 02 00 02"));
  CHECK(four.closed());
  Peer three(broker);
  three.send(connect({.version = 3}));
  EXPECT_GOT(three, hex("20 02 00 02"));
  CHECK(three.closed());
}

TEST_CASE("a refusal is the last word, and what follows the CONNECT is not looked at") {
  // shows 5.0: MQTT-3.1.4-2 MQTT-3.1.4-6 MQTT-3.2.2-6 MQTT-3.2.2-7 MQTT-3.2.2-8 MQTT-4.13.2-1 MQTT-3.1.3-8
  // 3.1.1: MQTT-3.1.4-5 MQTT-3.2.2-6
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_connections = 1;
  BrokerFixture broker(options);
  Peer watcher(broker);
  watcher.connect({.id = "watcher"}).subscribe("#");
  Peer five(broker);
  five.send(connect({.id = "a"}) + publish({.topic = "t", .payload = "x"}));
  const Octets why = hex("1F") + text("as many clients or Sessions are there as this broker allows");
  EXPECT_GOT(five, packet(0x20, hex("00 97") + properties(why)));
  CHECK(five.closed());
  Peer four(broker);
  four.send(connect({.id = "b", .version = 4}) + publish({.topic = "t", .payload = "x", .properties = old}));
  EXPECT_GOT(four, hex("20 02 00 03"));
  CHECK(four.closed());
  CHECK(watcher.got().empty());
}

TEST_CASE("whoever is connected with the same Client Identifier is told and cut off") {
  // shows 5.0: MQTT-3.1.4-3 MQTT-3.1.3-2 MQTT-3.14.4-2; 3.1.1: MQTT-3.1.4-2 MQTT-3.1.3-2
  BrokerFixture broker;
  Peer first(broker);
  first.connect({.id = "same"});
  Peer second(broker);
  second.send(connect({.id = "same"}));
  EXPECT_GOT(second, connack_new);
  EXPECT_GOT(first, hex("E0 01 8E"));
  CHECK(first.closed());
  Peer third(broker);
  third.connect({.id = "same", .version = 4});
  CHECK(second.closed());
  Peer fourth(broker);
  fourth.connect({.id = "same", .version = 4});
  CHECK(third.got().empty());
  CHECK(third.closed());
}

TEST_CASE("a client that is silent for one and a half Keep Alive intervals is cut off") {
  // shows 5.0: MQTT-3.1.2-22 MQTT-3.2.2-22; 3.1.1: MQTT-3.1.2-24
  BrokerFixture broker;
  Peer five(broker);
  five.connect({.id = "a", .keep_alive = 10});
  Peer four(broker);
  four.connect({.id = "b", .version = 4, .keep_alive = 10});
  Peer off(broker);
  off.connect({.id = "c", .keep_alive = 0});
  broker.advance(std::chrono::seconds{14});
  five.send(hex("C0 00"));
  CHECK_FALSE(four.closed());
  broker.advance(std::chrono::seconds{2});
  CHECK(four.closed());
  CHECK(four.got().empty());
  CHECK_FALSE(five.closed());
  EXPECT_GOT(five, hex("D0 00"));
  broker.advance(std::chrono::seconds{14});
  EXPECT_GOT(five, hex("E0 01 8D"));
  CHECK(five.closed());
  broker.advance(std::chrono::hours{10});
  CHECK_FALSE(off.closed());
}

TEST_CASE("a Server Keep Alive is told and counts instead of the client's") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.server_keep_alive_seconds = std::uint16_t{20};
  BrokerFixture broker(options);
  Peer peer(broker);
  peer.send(connect({.id = "a", .keep_alive = 1000}));
  EXPECT_GOT(peer, hex("20 06 00 00 03 13 00 14"));
  broker.advance(std::chrono::seconds{31});
  EXPECT_GOT(peer, hex("E0 01 8D"));
}

TEST_CASE("a CONNECT that does not come whole in time closes the connection") {
  BrokerFixture broker;
  Peer peer(broker);
  peer.send(hex("10 20 00 04"));
  broker.advance(std::chrono::seconds{9});
  CHECK_FALSE(peer.closed());
  peer.send(hex("4D"));
  broker.advance(std::chrono::seconds{2});
  CHECK(peer.closed());
}

TEST_CASE("Response Information goes to those who ask for it") {
  // shows 5.0: MQTT-3.1.2-28
  BrokerOptions options = BrokerFixture::plain_options();
  options.response_information = "rr/";
  BrokerFixture broker(options);
  Peer asks(broker);
  asks.send(connect({.id = "a", .properties = hex("19 01")}));
  EXPECT_GOT(asks, hex("20 09 00 00 06 1A 00 03 72 72 2F"));
  Peer declines(broker);
  declines.send(connect({.id = "b", .properties = hex("19 00")}));
  EXPECT_GOT(declines, connack_new);
}

TEST_CASE("a Session Expiry Interval beyond the broker's is shortened and told") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_session_expiry_seconds = 60;
  BrokerFixture broker(options);
  Peer peer(broker);
  peer.send(connect({.id = "a", .properties = hex("11 00 00 10 00")}));
  EXPECT_GOT(peer, hex("20 08 00 00 05 11 00 00 00 3C"));
}

TEST_CASE("a broker without the higher QoS or retained messages says so and refuses Wills that need them") {
  // shows 5.0: MQTT-3.2.2-9 MQTT-3.2.2-10 MQTT-3.2.2-12 MQTT-3.2.2-13
  BrokerOptions options = BrokerFixture::plain_options();
  options.limits.maximum_qos = QoS::at_least_once;
  options.limits.retain_available = false;
  BrokerFixture broker(options);
  Peer peer(broker);
  peer.send(connect({.id = "a"}));
  const std::string connack = peer.got();
  CHECK(connack.starts_with("20 07 00 00 04 "));
  CHECK(connack.find("24 01") != std::string::npos);  // Maximum QoS 1
  CHECK(connack.find("25 00") != std::string::npos);  // Retain Available 0
  peer.send(subscribe(1, {{"a", 2}}));
  EXPECT_GOT(peer, hex("90 04 00 01 00 01"));
  Peer will_qos(broker);
  will_qos.send(connect({.id = "b", .will = Will{.topic = "w", .payload = "x", .qos = 2}}));
  EXPECT_GOT(will_qos, hex("20 03 00 9B 00"));
  CHECK(will_qos.closed());
  Peer will_retain(broker);
  will_retain.send(connect({.id = "c", .will = Will{.topic = "w", .payload = "x", .retain = true}}));
  EXPECT_GOT(will_retain, hex("20 03 00 9A 00"));
  CHECK(will_retain.closed());
  peer.send(publish({.topic = "t", .payload = "x", .qos = 2, .id = 1}));
  EXPECT_GOT(peer, hex("E0 01 9B"));
}

TEST_CASE("a client that takes no CONNACK is cut off") {
  BrokerFixture broker;
  Peer peer(broker);
  peer.send(connect({.id = "a", .properties = hex("27 00 00 00 04")}));
  CHECK(peer.got().empty());
  CHECK(peer.closed());
  CHECK(broker.core.counters().clients_connected == 0);
}

TEST_CASE("every PINGREQ gets a PINGRESP") {
  // shows 5.0: MQTT-3.12.4-1; 3.1.1: MQTT-3.12.4-1
  BrokerFixture broker;
  Peer peer(broker);
  peer.connect({.id = "a"}).send(hex("C0 00 C0 00"));
  EXPECT_GOT(peer, hex("D0 00 D0 00"));
}

TEST_CASE("shutting down tells 5.0 clients and closes all connections") {
  BrokerFixture broker;
  Peer watcher(broker);
  watcher.connect({.id = "watcher"}).subscribe("#");
  Peer five(broker);
  five.connect({.id = "a", .will = Will{.topic = "w", .payload = "x"}});
  Peer four(broker);
  four.connect({.id = "b", .version = 4});
  broker.core.shut_down();
  EXPECT_GOT(five, hex("E0 01 8B"));
  EXPECT_GOT(watcher, hex("E0 01 8B"));
  CHECK(four.got().empty());
  CHECK(five.closed());
  CHECK(four.closed());
  CHECK(broker.core.connections() == 0);
}
