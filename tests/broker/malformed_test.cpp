// What a server does about packets that break a rule: in 5.0 DISCONNECT with the Reason Code, in any version the end.
#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

// Sends `octets` on a fresh 5.0 connection; `reason` in hex is that of the DISCONNECT.
void disconnects(const char* reason, const Octets& octets) {
  CAPTURE(shown(octets));
  BrokerFixture broker;
  Peer peer(broker);
  peer.connect({.id = "a", .properties = hex("22 00 05")}).send(octets);
  EXPECT_GOT(peer, hex(std::string("E0 01 ") + reason));
  CHECK(peer.closed());
}

void closes_old(const Octets& octets) {
  CAPTURE(shown(octets));
  BrokerFixture broker;
  Peer peer(broker);
  peer.connect({.id = "a", .version = 4}).send(octets);
  CHECK(peer.got().empty());
  CHECK(peer.closed());
}

const Octets surrogate = u16(3) + Octets("\xED\xA0\x80");
const Octets ill_formed = u16(2) + Octets("\xC3\x28");
const Octets with_null = u16(3) + Octets("a\0b", 3);

}  // namespace

TEST_CASE("wrong flag bits in the first byte close the connection") {
  // shows 5.0: MQTT-2.1.3-1 MQTT-3.6.1-1 MQTT-3.8.1-1 MQTT-3.10.1-1 MQTT-3.14.1-1 MQTT-3.15.1-1
  // 3.1.1: MQTT-2.2.2-1 MQTT-2.2.2-2 MQTT-3.6.1-1 MQTT-3.8.1-1 MQTT-3.10.1-1 MQTT-3.14.1-1 MQTT-4.8.0-1
  for (const char* packet : {"41 02 00 01", "51 02 00 01", "60 02 00 01", "71 02 00 01", "C1 00", "E1 00", "F1 00"}) {
    disconnects("81", hex(packet));
  }
  disconnects("81", hex("80 07 00 01 00 00 01 61 00"));
  disconnects("81", hex("A0 06 00 01 00 00 01 61"));
  for (const char* packet : {"41 02 00 01", "51 02 00 01", "60 02 00 01", "71 02 00 01", "C1 00", "E1 00",
                             "80 06 00 01 00 01 61 00", "A0 05 00 01 00 01 61", "F0 00", "00 00"}) {
    closes_old(hex(packet));
  }
}

TEST_CASE("impossible PUBLISH flags close the connection") {
  // shows 5.0: MQTT-3.3.1-2 MQTT-3.3.1-4 MQTT-4.3.1-1; 3.1.1: MQTT-3.3.1-2 MQTT-3.3.1-4 MQTT-4.3.1-1
  disconnects("81", hex("38 04 00 01 74 00"));
  disconnects("81", hex("36 06 00 01 74 00 01 00"));
  closes_old(hex("38 03 00 01 74"));
  closes_old(hex("36 05 00 01 74 00 01"));
}

TEST_CASE("text that is not UTF-8, or has U+0000, closes the connection") {
  // shows 5.0: MQTT-1.5.4-1 MQTT-1.5.4-2 MQTT-1.5.7-1 MQTT-3.3.2-1 MQTT-3.3.2-13 MQTT-3.3.2-19 MQTT-3.8.3-1
  // MQTT-3.10.3-1 MQTT-4.7.3-2; 3.1.1: MQTT-1.5.3-1 MQTT-1.5.3-2 MQTT-3.3.2-1 MQTT-3.8.3-1 MQTT-3.10.3-1 MQTT-4.7.3-2
  for (const Octets& bad : {surrogate, ill_formed, with_null}) {
    disconnects("81", packet(0x30, bad + u8(0)));
    disconnects("81", packet(0x30, text("t") + properties(u8(8) + bad)));               // Response Topic
    disconnects("81", packet(0x30, text("t") + properties(u8(3) + bad)));               // Content Type
    disconnects("81", packet(0x30, text("t") + properties(u8(38) + bad + text("v"))));  // User Property name
    disconnects("81", packet(0x30, text("t") + properties(u8(38) + text("n") + bad)));  // and value
    disconnects("81", packet(0x82, u16(1) + u8(0) + bad + u8(0)));
    disconnects("81", packet(0xA2, u16(1) + u8(0) + bad));
    closes_old(packet(0x30, bad));
    closes_old(packet(0x82, u16(1) + bad + u8(0)));
    closes_old(packet(0xA2, u16(1) + bad));
  }
}

TEST_CASE("an integer in more bytes than it needs, or in five, closes the connection") {
  // shows 5.0: MQTT-1.5.5-1
  disconnects("81", hex("C0 80 00"));
  disconnects("81", hex("30 05 00 01 74 80 00"));
  disconnects("81", hex("30 FF FF FF FF 7F"));
  closes_old(hex("30 FF FF FF FF 7F"));
}

TEST_CASE("a Topic Name with a wildcard or without a character closes the connection") {
  // shows 5.0: MQTT-3.3.2-2 MQTT-4.7.0-1 MQTT-4.7.3-1 MQTT-3.3.2-14; 3.1.1: MQTT-3.3.2-2 MQTT-4.7.1-1 MQTT-4.7.3-1
  for (const char* topic : {"a/+", "#", "a#", "+"}) {
    CAPTURE(topic);
    BrokerFixture broker;
    Peer peer(broker);
    peer.connect({.id = "a"}).send(publish({.topic = topic}));
    const std::string answer = peer.got();
    const bool fits = answer == "e0 01 82" || answer == "e0 01 90" || answer == "e0 01 81";
    CHECK(fits);
    CHECK(peer.closed());
    closes_old(publish({.topic = topic, .properties = old}));
  }
  disconnects("82", publish({.topic = ""}));
  closes_old(publish({.topic = "", .properties = old}));
  disconnects("82", publish({.topic = "t", .properties = hex("08") + text("a/+")}));
  disconnects("82", publish({.topic = "t", .properties = hex("08") + text("#")}));
}

TEST_CASE("a Packet Identifier must be there and not 0") {
  // shows 3.1.1: MQTT-2.3.1-1
  disconnects("82", hex("32 06 00 01 74 00 00 00"));
  disconnects("82", hex("82 07 00 00 00 00 01 61 00"));
  disconnects("82", hex("A2 06 00 00 00 00 01 61"));
  closes_old(hex("32 05 00 01 74 00 00"));
  closes_old(hex("82 06 00 00 00 01 61 00"));
  closes_old(hex("A2 05 00 00 00 01 61"));
}

TEST_CASE("Topic Alias 0 and one that the broker did not offer close the connection") {
  // shows 5.0: MQTT-3.3.2-8
  disconnects("94", publish({.topic = "t", .properties = hex("23 00 00")}));
  disconnects("94", publish({.topic = "t", .properties = hex("23 00 01")}));
}

TEST_CASE("a Subscription Identifier in a client's PUBLISH closes the connection") {
  // shows 5.0: MQTT-3.3.4-6
  disconnects("82", publish({.topic = "t", .properties = hex("0B 01")}));
}

TEST_CASE("SUBSCRIBE and UNSUBSCRIBE need a filter, and options that make sense") {
  // shows 5.0: MQTT-3.8.3-2 MQTT-3.8.3-4 MQTT-3.8.3-5 MQTT-3.10.3-2
  // 3.1.1: MQTT-3.8.3-3 MQTT-3.8.3-4 MQTT-3.10.3-2
  disconnects("82", packet(0x82, u16(1) + u8(0)));
  disconnects("82", packet(0xA2, u16(1) + u8(0)));
  disconnects("82", subscribe(1, {{"$share/g/t", 4}}));
  disconnects("81", subscribe(1, {{"t", 0x40}}));
  disconnects("81", subscribe(1, {{"t", 0x80}}));
  disconnects("82", subscribe(1, {{"t", 3}}));
  disconnects("82", subscribe(1, {{"t", 0x30}}));
  disconnects("81", packet(0x82, u16(1) + u8(0) + text("t")));
  closes_old(packet(0x82, u16(1)));
  closes_old(packet(0xA2, u16(1)));
  closes_old(subscribe(1, {{"t", 3}}, old));
  closes_old(subscribe(1, {{"t", 4}}, old));
  closes_old(packet(0x82, u16(1) + text("t")));
}

TEST_CASE("a filter with a misplaced wildcard or a bad ShareName closes the connection") {
  // shows 5.0: MQTT-4.7.1-1 MQTT-4.7.1-2 MQTT-4.8.2-1 MQTT-4.8.2-2 MQTT-4.7.3-1; 3.1.1: MQTT-4.7.1-2 MQTT-4.7.1-3
  for (const char* filter : {"a#", "#/a", "a/#/b", "a+", "+a/b", "$share/", "$share//t", "$share/g", "$share/g/",
                             "$share/g+/t", "$share/#/t", ""}) {
    CAPTURE(filter);
    BrokerFixture broker;
    Peer peer(broker);
    peer.connect({.id = "a"}).send(subscribe(1, {{filter, 0}}));
    const std::string answer = peer.got();
    const bool fits = answer == "e0 01 82" || answer == "e0 01 8f" || answer == "e0 01 81";
    CHECK(fits);
    CHECK(peer.closed());
  }
  for (const char* filter : {"a#", "#/a", "a/#/b", "a+", "+a/b", ""}) closes_old(subscribe(1, {{filter, 0}}, old));
}

TEST_CASE("Reason Codes that a packet does not have close the connection") {
  // shows 5.0: MQTT-3.4.2-1 MQTT-3.5.2-1 MQTT-3.6.2-1 MQTT-3.7.2-1 MQTT-3.14.2-1 MQTT-3.15.2-1
  disconnects("82", ack(0x40, 1, 0x92));
  disconnects("82", ack(0x50, 1, 0x01));
  disconnects("82", ack(0x62, 1, 0x10));
  disconnects("82", ack(0x70, 1, 0x80));
  disconnects("82", hex("E0 01 01"));
  disconnects("82", hex("E0 01 8E"));  // only a server takes Sessions over
  disconnects("82", hex("F0 06 01 04 15 00 01 78"));
}

TEST_CASE("AUTH without an Authentication Method in CONNECT closes the connection") {
  // shows 5.0: MQTT-4.12.0-7 MQTT-4.12.0-6
  disconnects("82", hex("F0 06 18 04 15 00 01 78"));
}

TEST_CASE("packets that only a server sends close the connection") {
  for (const char* packet : {"20 03 00 00 00", "90 04 00 01 00 00", "B0 04 00 01 00 00", "D0 00"}) {
    disconnects("82", hex(packet));
  }
}

TEST_CASE("a cut packet and bytes behind the last field close the connection") {
  disconnects("81", hex("30 02 00 05"));
  disconnects("81", hex("C0 01 00"));
  disconnects("81", hex("40 01 00"));
  disconnects("81", hex("82 08 00 01 00 00 01 61 00 00"));
  closes_old(hex("30 02 00 05"));
  closes_old(hex("C0 01 00"));
  closes_old(hex("40 03 00 01 00"));
}

TEST_CASE("nothing is read behind a DISCONNECT, and nothing sent behind one") {
  // shows 5.0: MQTT-3.14.4-1 MQTT-3.14.4-2
  BrokerFixture broker;
  Peer watcher(broker);
  watcher.connect({.id = "w"}).subscribe("#");
  Peer peer(broker);
  peer.connect({.id = "a"}).send(hex("E0 00") + publish({.topic = "t"}) + hex("C0 00"));
  CHECK(peer.got().empty());
  CHECK(peer.closed());
  CHECK(watcher.got().empty());
  Peer faulty(broker);
  faulty.connect({.id = "b"}).send(hex("36 00") + hex("C0 00"));
  EXPECT_GOT(faulty, hex("E0 01 81"));
}
