#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

struct Fixture : BrokerFixture {
  explicit Fixture(const BrokerOptions& options = plain_options()) : BrokerFixture(options) {
    sender.connect({.id = "sender", .properties = hex("17 00")});  // Request Problem Information 0
    watcher.connect({.id = "watcher"}).subscribe("#", 2);
  }
  Peer sender{*this};
  Peer watcher{*this};
};

}  // namespace

TEST_CASE("the QoS of a PUBLISH decides how it is answered") {
  // shows 5.0: MQTT-3.3.4-1 MQTT-2.2.1-2 MQTT-2.2.1-5 MQTT-4.3.2-4 MQTT-4.3.3-8 MQTT-4.3.3-11
  // 3.1.1: MQTT-3.3.4-1 MQTT-2.3.1-5 MQTT-2.3.1-6 MQTT-4.3.2-2 MQTT-4.3.3-2
  for (const unsigned version : {3U, 4U, 5U}) {
    CAPTURE(version);
    const std::optional<Octets> none = version == 5 ? std::optional<Octets>{""} : old;
    Fixture f;
    Peer peer(f);
    peer.connect({.id = "p", .version = version});
    peer.send(publish({.topic = "t", .payload = "0", .properties = none}));
    CHECK(peer.got().empty());
    peer.send(publish({.topic = "t", .payload = "1", .qos = 1, .id = 700, .properties = none}));
    EXPECT_GOT(peer, hex("40 02 02 BC"));
    peer.send(publish({.topic = "t", .payload = "2", .qos = 2, .id = 65535, .properties = none}));
    EXPECT_GOT(peer, hex("50 02 FF FF"));
    peer.send(hex("62 02 FF FF"));
    EXPECT_GOT(peer, hex("70 02 FF FF"));
    EXPECT_GOT(f.watcher, publish({.topic = "t", .payload = "0"}) +
                              publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}) +
                              publish({.topic = "t", .payload = "2", .qos = 2, .id = 2}));
  }
}

TEST_CASE("a QoS 1 or 2 message that nobody gets is acknowledged with a code that says so") {
  BrokerFixture broker;
  Peer peer(broker);
  peer.connect({.id = "p"});
  peer.send(publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}));
  EXPECT_GOT(peer, ack(0x40, 1, 0x10));
  peer.send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}));
  EXPECT_GOT(peer, ack(0x50, 1, 0x10));
}

TEST_CASE("each message to a client takes an identifier that is not in use, and repeats it through the handshake") {
  // shows 5.0: MQTT-2.2.1-4 MQTT-4.3.2-1 MQTT-4.3.2-2 MQTT-4.3.3-1 MQTT-4.3.3-2 MQTT-4.3.3-4
  // 3.1.1: MQTT-2.3.1-4 MQTT-4.3.2-1 MQTT-4.3.3-1
  Fixture f;
  f.sender.send(publish({.topic = "t", .payload = "a", .qos = 1, .id = 40}) +
                publish({.topic = "t", .payload = "b", .qos = 2, .id = 41}));
  EXPECT_GOT(f.watcher, publish({.topic = "t", .payload = "a", .qos = 1, .id = 1}) +
                            publish({.topic = "t", .payload = "b", .qos = 2, .id = 2}));
  f.watcher.send(ack(0x50, 2));
  EXPECT_GOT(f.watcher, ack(0x62, 2));
  f.sender.send(publish({.topic = "t", .payload = "c", .qos = 1, .id = 42}));
  EXPECT_GOT(f.watcher, publish({.topic = "t", .payload = "c", .qos = 1, .id = 3}));
}

TEST_CASE("after PUBACK and PUBCOMP an identifier means a new message, whatever DUP says") {
  // shows 5.0: MQTT-4.3.2-5 MQTT-4.3.3-12 MQTT-4.3.3-10 MQTT-3.3.1-3; 3.1.1: MQTT-4.3.2-2 MQTT-3.3.1-3
  Fixture f;
  f.sender.send(publish({.topic = "t", .payload = "a", .qos = 1, .id = 5}));
  f.sender.send(publish({.topic = "t", .payload = "b", .qos = 1, .id = 5, .dup = true}));
  EXPECT_GOT(f.watcher, publish({.topic = "t", .payload = "a", .qos = 1, .id = 1}) +
                            publish({.topic = "t", .payload = "b", .qos = 1, .id = 2}));
  static_cast<void>(f.sender.got());
  f.sender.send(publish({.topic = "t", .payload = "c", .qos = 2, .id = 6}));
  f.sender.send(publish({.topic = "t", .payload = "c", .qos = 2, .id = 6, .dup = true}));
  EXPECT_GOT(f.sender, ack(0x50, 6) + ack(0x50, 6));
  EXPECT_GOT(f.watcher, publish({.topic = "t", .payload = "c", .qos = 2, .id = 3}));
  f.sender.send(ack(0x62, 6));
  EXPECT_GOT(f.sender, ack(0x70, 6));
  f.sender.send(ack(0x62, 6));
  EXPECT_GOT(f.sender, ack(0x70, 6, 0x92));  // nothing is known of it any more
}

TEST_CASE("after a PUBREC that refuses, the identifier means a new message") {
  // shows 5.0: MQTT-4.3.3-9
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_topic_levels = 2;
  Fixture f(options);
  f.sender.send(publish({.topic = "a/b/c", .payload = "x", .qos = 2, .id = 6}));
  EXPECT_GOT(f.sender, ack(0x50, 6, 0x90));
  f.sender.send(publish({.topic = "a/b", .payload = "y", .qos = 2, .id = 6}));
  EXPECT_GOT(f.sender, ack(0x50, 6));
  EXPECT_GOT(f.watcher, publish({.topic = "a/b", .payload = "y", .qos = 2, .id = 1}));
}

TEST_CASE("the properties of a message are passed on unchanged and in order") {
  // shows 5.0: MQTT-3.3.2-4 MQTT-3.3.2-15 MQTT-3.3.2-16 MQTT-3.3.2-17 MQTT-3.3.2-18 MQTT-3.3.2-20 MQTT-1.5.4-3
  // MQTT-2.2.2-1; 3.1.1: MQTT-1.5.3-3
  Fixture f;
  const Octets list = user_property("b", "2") + hex("01 01") + user_property("", "") + hex("08") + text("reply/to") +
                      hex("09") + text(Octets("\0\xFF", 2)) + user_property("b", "2") + hex("03") + text("text/plain") +
                      user_property("a",
                                    "\xEF\xBB\xBF"
                                    "1");
  const std::string topic = "\xEF\xBB\xBFt";  // U+FEFF is kept
  f.sender.send(publish({.topic = topic, .payload = "x", .properties = list}));
  EXPECT_GOT(f.watcher, publish({.topic = topic, .payload = "x", .properties = list}));
  f.sender.send(publish({.topic = "t", .payload = "x", .qos = 1, .id = 1, .properties = list}));
  EXPECT_GOT(f.watcher, publish({.topic = "t", .payload = "x", .qos = 1, .id = 1, .properties = list}));
  Peer four(f);
  four.connect({.id = "four", .version = 4}).send(subscribe(1, {{"t", 0}}, old));
  static_cast<void>(four.got());
  f.sender.send(publish({.topic = "t", .payload = "x", .properties = list}));
  EXPECT_GOT(four, publish({.topic = "t", .payload = "x", .properties = old}));
}

TEST_CASE("Topic Aliases up to the maximum are taken and not passed on") {
  // shows 5.0: MQTT-3.3.2-12 MQTT-3.1.2-26 MQTT-3.1.2-27 MQTT-3.3.2-11
  BrokerOptions options = BrokerFixture::plain_options();
  options.limits.topic_alias_maximum = 300;
  Fixture f(options);
  Peer plain(f);
  plain.connect({.id = "plain", .properties = hex("22 00 05")}).subscribe("#", 0);
  f.sender.send(publish({.topic = "t/1", .payload = "a", .properties = hex("23 00 01")}));
  f.sender.send(publish({.topic = "t/300", .payload = "b", .properties = hex("23 01 2C")}));
  f.sender.send(publish({.topic = "", .payload = "c", .qos = 1, .id = 1, .properties = hex("23 00 01")}));
  f.sender.send(publish({.topic = "", .payload = "d", .properties = hex("23 01 2C")}));
  f.sender.send(publish({.topic = "t/2", .payload = "e", .properties = hex("23 00 01")}));
  f.sender.send(publish({.topic = "", .payload = "f", .properties = hex("23 00 01")}));
  EXPECT_GOT(f.watcher, publish({.topic = "t/1", .payload = "a"}) + publish({.topic = "t/300", .payload = "b"}) +
                            publish({.topic = "t/1", .payload = "c", .qos = 1, .id = 1}) +
                            publish({.topic = "t/300", .payload = "d"}) + publish({.topic = "t/2", .payload = "e"}) +
                            publish({.topic = "t/2", .payload = "f"}));
  f.sender.send(publish({.topic = "t", .payload = "g", .properties = hex("23 01 2D")}));
  static_cast<void>(plain.got());
  CHECK(f.sender.got().ends_with("e0 01 94"));
}

TEST_CASE("the broker keeps within the client's Receive Maximum, which holds back messages and nothing else") {
  // shows 5.0: MQTT-3.3.4-9 MQTT-3.3.4-10 MQTT-4.9.0-1 MQTT-4.9.0-2 MQTT-4.9.0-3
  BrokerFixture broker;
  Peer sender(broker);
  sender.connect({.id = "sender"});
  Peer slow(broker);
  slow.connect({.id = "slow", .properties = hex("21 00 02")}).subscribe("#", 2);
  for (unsigned i = 1; i <= 4; ++i) {
    sender.send(publish({.topic = "t", .payload = std::to_string(i), .qos = i % 2 + 1, .id = i}));
  }
  EXPECT_GOT(slow, publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}) +
                       publish({.topic = "t", .payload = "2", .qos = 1, .id = 2}));
  slow.send(hex("C0 00"));
  slow.send(subscribe(3, {{"x", 0}}));
  EXPECT_GOT(slow, hex("D0 00") + hex("90 04 00 03 00 00"));
  slow.send(ack(0x50, 1));
  EXPECT_GOT(slow, ack(0x62, 1));
  slow.send(ack(0x70, 1));
  EXPECT_GOT(slow, publish({.topic = "t", .payload = "3", .qos = 2, .id = 3}));
  slow.send(ack(0x50, 3, 0x80));
  EXPECT_GOT(slow, publish({.topic = "t", .payload = "4", .qos = 1, .id = 4}));
}

TEST_CASE("a publisher that exceeds the broker's Receive Maximum is disconnected") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.limits.receive_maximum = 2;
  BrokerFixture broker(options);
  Peer peer(broker);
  peer.connect({.id = "p"});
  for (unsigned i = 1; i <= 3; ++i) peer.send(publish({.topic = "t", .qos = 2, .id = i}));
  CHECK(peer.got().ends_with("e0 01 93"));
  CHECK(peer.closed());
}

TEST_CASE("no packet is larger than the client's Maximum Packet Size: a message is dropped as if it was delivered") {
  // shows 5.0: MQTT-3.1.2-24 MQTT-3.1.2-25
  Fixture f;
  Peer small(f);
  small.connect({.id = "small", .properties = hex("27 00 00 00 20")}).subscribe("#", 1);
  f.sender.send(publish({.topic = "t", .payload = std::string(100, 'x'), .qos = 1, .id = 1}));
  f.sender.send(publish({.topic = "t", .payload = std::string(100, 'x')}));
  f.sender.send(publish({.topic = "t", .payload = "fits", .qos = 1, .id = 2}));
  EXPECT_GOT(f.sender, ack(0x40, 1) + ack(0x40, 2));
  EXPECT_GOT(small, publish({.topic = "t", .payload = "fits", .qos = 1, .id = 1}));
  CHECK(f.core.counters().messages_dropped() == 2);
  CHECK(f.count_events("message_dropped small t") == 2);
  // Room exactly for it: 32 bytes
  f.sender.send(publish({.topic = "t", .payload = std::string(26, 'x')}));
  EXPECT_GOT(small, publish({.topic = "t", .payload = std::string(26, 'x')}));
}

TEST_CASE("acknowledgements that answer nothing do no harm, and those of the wrong kind close the connection") {
  Fixture f;
  f.watcher.send(ack(0x50, 77));
  EXPECT_GOT(f.watcher, ack(0x62, 77, 0x92));
  f.sender.send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}));
  static_cast<void>(f.watcher.got());
  f.watcher.send(ack(0x40, 1));
  EXPECT_GOT(f.watcher, hex("E0 01 82"));
}

TEST_CASE("large messages arrive whole, whatever pieces they come in") {
  Fixture f;
  std::string payload;
  for (int i = 0; i < 300'000; ++i) payload.push_back(static_cast<char>(i * 7 % 251));
  const Octets whole = publish({.topic = "big", .payload = payload});
  f.sender.send(whole.substr(0, 1));
  f.sender.send(whole.substr(1, 100));
  f.sender.send(whole.substr(101, 150'000));
  f.sender.send(whole.substr(150'101));
  EXPECT_GOT(f.watcher, whole);
}

TEST_CASE("a refusal says why where the client wants to know and takes packets of that size") {
  // shows 5.0: MQTT-3.1.2-29 MQTT-3.4.2-2 MQTT-3.4.2-3 MQTT-3.5.2-2 MQTT-3.5.2-3 MQTT-3.9.2-1 MQTT-3.9.2-2
  // MQTT-3.2.2-19 MQTT-3.2.2-20 MQTT-3.6.2-2 MQTT-3.6.2-3 MQTT-3.7.2-2 MQTT-3.7.2-3 MQTT-3.11.2-1 MQTT-3.11.2-2
  // MQTT-3.14.2-3 MQTT-3.14.2-4 MQTT-3.15.2-2 MQTT-3.15.2-3
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_topic_levels = 1;
  BrokerFixture broker(options);
  const Octets name_text = hex("1F") + text("the Topic Name is longer or has more levels than this broker allows");
  const Octets filter_text = hex("1F") + text("the Topic Filter is longer or has more levels than this broker allows");
  const Octets requests = publish({.topic = "a/b", .qos = 1, .id = 1}) + publish({.topic = "a/b", .qos = 2, .id = 2}) +
                          ack(0x62, 9) + subscribe(3, {{"a/b", 0}, {"a", 0}}) + unsubscribe(4, {"b"}) +
                          publish({.topic = "", .properties = hex("23 00 00")});
  const Octets without = ack(0x40, 1, 0x90) + ack(0x50, 2, 0x90) + ack(0x70, 9, 0x92) + hex("90 05 00 03 00 8F 00") +
                         hex("B0 04 00 04 00 11") + hex("E0 01 94");
  Peer wants(broker);
  wants.connect({.id = "a"}).send(requests);
  EXPECT_GOT(wants, packet(0x40, hex("00 01 90") + properties(name_text)) +
                        packet(0x50, hex("00 02 90") + properties(name_text)) + ack(0x70, 9, 0x92) +
                        packet(0x90, hex("00 03") + properties(filter_text) + hex("8F 00")) + hex("B0 04 00 04 00 11") +
                        hex("E0 01 94"));
  Peer declines(broker);
  declines.connect({.id = "b", .properties = hex("17 00")}).send(requests);
  EXPECT_GOT(declines, without);
  Peer small(broker);
  small.connect({.id = "c", .properties = hex("27 00 00 00 20")}).send(requests);
  EXPECT_GOT(small, without);
  Peer small_connack(broker);
  small_connack.send(connect({.id = "d", .properties = hex("27 00 00 00 20") + hex("15") + text("magic")}));
  EXPECT_GOT(small_connack, hex("20 03 00 8C 00"));
}
