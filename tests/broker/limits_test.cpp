// Clients that want too much: the broker stays bounded, says what it does about it, and serves the others.
#include <memory>
#include <vector>

#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

BrokerOptions small_limits() {
  BrokerOptions options = BrokerFixture::plain_options();
  options.output_high_water_bytes = 10'000;
  options.max_output_bytes = 30'000;
  options.max_queued_messages = 100;
  options.max_queued_bytes = 1'000'000;
  return options;
}

struct Fixture : BrokerFixture {
  explicit Fixture(const BrokerOptions& options) : BrokerFixture(options) {
    sender.connect({.id = "sender"});
    slow.connect({.id = "slow"});
    other.connect({.id = "other"}).subscribe("other", 1);
  }
  void expect_others_served() {
    Peer witness(*this);
    witness.connect({.id = "witness"}).send(publish({.topic = "other", .payload = "x"}));
    EXPECT_GOT(other, publish({.topic = "other", .payload = "x"}));
  }
  Peer sender{*this};
  Peer slow{*this};
  Peer other{*this};
};

const std::string kilobyte(1000, 'x');

}  // namespace

TEST_CASE("the publishers of a client that takes nothing wait, those of QoS 0 only for a moment") {
  Fixture f(small_limits());
  f.slow.subscribe("t", 0);
  f.slow.wire().room = 0;
  for (int i = 0; i < 10; ++i) f.sender.send(publish({.topic = "t", .payload = kilobyte}));
  CHECK(f.sender.wire().paused);
  CHECK(f.count_events("publishers_slowed slow") == 1);
  f.expect_others_served();
  f.advance(std::chrono::milliseconds{700});
  CHECK_FALSE(f.sender.wire().paused);
  for (int i = 0; i < 100; ++i) f.sender.send(publish({.topic = "t", .payload = kilobyte}));
  CHECK_FALSE(f.sender.wire().paused);
  CHECK(f.core.counters().messages_dropped() == 100);
  CHECK(f.count_events("message_dropped slow t") == 100);
  f.expect_others_served();
  CHECK_FALSE(f.slow.closed());
}

TEST_CASE("a publisher goes on as soon as its receiver has caught up, and nothing is lost") {
  Fixture f(small_limits());
  f.slow.subscribe("t", 1);
  f.slow.wire().room = 0;
  Octets expected;
  for (unsigned i = 1; i <= 200; ++i) {
    f.sender.send(publish({.topic = "t", .payload = kilobyte, .qos = 1, .id = i}));
    expected += publish({.topic = "t", .payload = kilobyte, .qos = 1, .id = i});
  }
  CHECK(f.sender.wire().paused);
  f.advance(std::chrono::seconds{5});
  CHECK(f.sender.wire().paused);
  f.slow.wire().room = SIZE_MAX;
  const bool all_came = f.slow.got() == shown(expected);
  CHECK(all_came);
  CHECK_FALSE(f.sender.wire().paused);
  CHECK(f.core.counters().messages_dropped() == 0);
}

TEST_CASE("waiting for a receiver does not count as a publisher's silence") {
  Fixture f(small_limits());
  Peer publisher(f);
  publisher.connect({.id = "p", .keep_alive = 2});
  f.slow.subscribe("t", 1);
  f.slow.wire().room = 0;
  for (unsigned i = 1; i <= 100; ++i) publisher.send(publish({.topic = "t", .payload = kilobyte, .qos = 1, .id = i}));
  REQUIRE(publisher.wire().paused);
  f.advance(std::chrono::seconds{8});
  CHECK_FALSE(publisher.closed());
  f.slow.wire().room = SIZE_MAX;
  f.settle();
  CHECK_FALSE(publisher.closed());
}

TEST_CASE("a client that takes nothing for too long loses its place when its queue is full") {
  Fixture f(small_limits());
  f.slow.subscribe("t", 1);
  f.slow.wire().room = 0;
  for (unsigned i = 1; i <= 200; ++i) f.sender.send(publish({.topic = "t", .payload = kilobyte, .qos = 1, .id = i}));
  CHECK_FALSE(f.slow.closed());
  f.advance(std::chrono::seconds{11});
  CHECK(f.slow.closed());
  CHECK(f.count_events("closed_by_broker slow") == 1);
  CHECK_FALSE(f.sender.wire().paused);
  f.expect_others_served();
}

TEST_CASE("a client that does not acknowledge slows its publishers at half of its queue") {
  Fixture f(small_limits());
  Peer silent(f);
  silent.connect({.id = "silent", .properties = hex("21 00 01")}).subscribe("t", 1);
  for (unsigned i = 1; i <= 70; ++i) f.sender.send(publish({.topic = "t", .payload = "x", .qos = 1, .id = i}));
  CHECK(f.sender.wire().paused);
  static_cast<void>(f.sender.got());
  for (unsigned i = 1; i <= 60; ++i) silent.send(ack(0x40, i));
  CHECK_FALSE(f.sender.wire().paused);
  CHECK(f.core.counters().messages_sent[1] == 61);
}

TEST_CASE("clients that publish to each other without acknowledging do not stand still for ever") {
  Fixture f(small_limits());
  Peer one(f);
  one.connect({.id = "one", .properties = hex("21 00 01")}).subscribe("to/one", 1);
  Peer two(f);
  two.connect({.id = "two", .properties = hex("21 00 01")}).subscribe("to/two", 1);
  for (unsigned i = 1; i <= 60; ++i) {
    one.send(publish({.topic = "to/two", .qos = 1, .id = i}));
    two.send(publish({.topic = "to/one", .qos = 1, .id = i}));
  }
  // At most one of them waits, so that the acknowledgements of the other are read.
  CHECK_FALSE((one.wire().paused && two.wire().paused));
  static_cast<void>(one.got());
  static_cast<void>(two.got());
  for (unsigned i = 1; i <= 60; ++i) {
    one.send(ack(0x40, i));
    two.send(ack(0x40, i));
  }
  CHECK_FALSE(one.wire().paused);
  CHECK_FALSE(two.wire().paused);
  CHECK_FALSE(one.closed());
  CHECK_FALSE(two.closed());
}

TEST_CASE("the queue of a client that is away has a limit; what is dropped is counted and told") {
  Fixture f(small_limits());
  Peer away(f);
  away.connect({.id = "away", .properties = hex("11 00 00 0E 10")}).subscribe("t", 1);
  away.vanish();
  for (unsigned i = 1; i <= 150; ++i) f.sender.send(publish({.topic = "t", .payload = "x", .qos = 1, .id = i}));
  CHECK(f.core.counters().messages_dropped() == 50);
  CHECK(f.count_events("message_dropped away t") == 50);
  CHECK_FALSE(f.sender.wire().paused);
  BrokerOptions few_bytes = small_limits();
  few_bytes.max_queued_bytes = 10'000;
  Fixture g(few_bytes);
  Peer gone(g);
  gone.connect({.id = "away", .properties = hex("11 00 00 0E 10")}).subscribe("t", 1);
  gone.vanish();
  for (unsigned i = 1; i <= 20; ++i) g.sender.send(publish({.topic = "t", .payload = kilobyte, .qos = 1, .id = i}));
  CHECK(g.core.counters().messages_dropped() >= 10);
  CHECK(g.core.counters().messages_dropped() <= 12);
}

TEST_CASE("subscriptions beyond the limit of a client are refused with Quota exceeded") {
  BrokerFixture broker;
  Peer peer(broker);
  peer.connect({.id = "a", .properties = hex("17 00")});  // Request Problem Information 0
  for (unsigned i = 0; i < 20'000; i += 100) {
    Octets rest = u16(1) + u8(0);
    for (unsigned j = i; j < i + 100; ++j) rest += text("devices/" + std::to_string(j) + "/+") + u8(1);
    peer.send(packet(0x82, rest));
  }
  const std::string answers = peer.got();
  CHECK(answers.find("97") == std::string::npos);
  peer.send(subscribe(7, {{"one/more", 0}, {"devices/5/+", 1}}));
  EXPECT_GOT(peer, hex("90 05 00 07 00 97 01"));
  Peer four(broker);
  four.connect({.id = "b", .version = 4}).send(subscribe(1, {{"devices/5/+", 0}}, old));
  EXPECT_GOT(four, hex("90 03 00 01 00"));
  Peer sender(broker);
  sender.connect({.id = "s"}).send(publish({.topic = "devices/5/x", .payload = "y"}));
  EXPECT_GOT(four, publish({.topic = "devices/5/x", .payload = "y", .properties = old}));
  peer.vanish();
  CHECK(broker.core.state().subscriptions.size() == 1);
}

TEST_CASE("a topic or filter of ten thousand levels is refused, and the connection goes on") {
  BrokerFixture broker;
  Peer peer(broker);
  peer.connect({.id = "a", .properties = hex("17 00")});  // Request Problem Information 0
  std::string deep = "a";
  for (int i = 1; i < 10'000; ++i) deep += "/a";
  peer.send(subscribe(1, {{deep, 0}, {deep + "/#", 0}}));
  EXPECT_GOT(peer, hex("90 05 00 01 00 8F 8F"));
  peer.send(publish({.topic = deep, .qos = 1, .id = 1}));
  EXPECT_GOT(peer, ack(0x40, 1, 0x90));
  peer.send(publish({.topic = deep}));
  CHECK(broker.count_events("message_dropped a a/a") == 2);
  peer.send(hex("C0 00"));
  EXPECT_GOT(peer, hex("D0 00"));
}

TEST_CASE("a packet announced too large is refused at once, one announced and not sent holds no memory") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.limits.maximum_packet_size = 1'000'000;
  BrokerFixture broker(options);
  Peer large(broker);
  large.connect({.id = "a"}).send(hex("30 FF FF FF 7F 00 01 74"));  // 256 MB
  EXPECT_GOT(large, hex("E0 01 95"));
  CHECK(large.closed());
  Peer four(broker);
  four.connect({.id = "b", .version = 4}).send(hex("30 FF FF FF 7F"));
  CHECK(four.closed());
  BrokerFixture generous;
  Peer waits(generous);
  waits.connect({.id = "c"}).send(hex("30 FF FF FF 7F 00 01 74 00") + std::string(1000, 'x'));
  CHECK_FALSE(waits.closed());
  Peer connecting(broker);
  connecting.send(hex("10 FF FF FF 7F 00 04"));
  CHECK(connecting.closed());
}

TEST_CASE("Sessions beyond the limit are refused, those that exist are not") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_sessions = 1;
  BrokerFixture broker(options);
  Peer first(broker);
  first.connect({.id = "a", .properties = hex("11 00 00 0E 10")});
  first.vanish();
  Peer second(broker);
  second.send(connect({.id = "b"}));
  CHECK(second.got().starts_with("20 41 00 97 3e 1f 00 3b "));  // with a Reason String
  Peer third(broker);
  third.send(connect({.id = "a", .clean = false}));
  EXPECT_GOT(third, hex("20 03 01 00 00"));
}

TEST_CASE("a full broker still lets a client take its own connection over, and cuts those who do not even ask") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_connections = 1;
  BrokerFixture broker(options);
  Peer first(broker);
  first.connect({.id = "a"});
  Peer second(broker);
  second.send(connect({.id = "a"}));
  EXPECT_GOT(second, hex("20 03 00 00 00"));
  CHECK(first.closed());
  for (int i = 0; i < 1024; ++i) CHECK_FALSE(broker.new_wire()->closed);
  CHECK(broker.new_wire()->closed);
  broker.advance(std::chrono::seconds{11});
  CHECK(broker.core.connections() == 1);
}

TEST_CASE("the $SYS topics tell what the broker does") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.system_topics_interval = std::chrono::seconds{10};
  BrokerFixture broker(options);
  Peer peer(broker);
  peer.connect({.id = "a"}).subscribe("t", 0);
  peer.send(publish({.topic = "t"}));
  static_cast<void>(peer.got());
  peer.send(subscribe(1, {{"$SYS/broker/uptime", 0}}));
  EXPECT_GOT(peer, hex("90 04 00 01 00 00") +
                       publish({.topic = "$SYS/broker/uptime", .payload = "0 seconds", .retain = true}));
  broker.advance(std::chrono::seconds{10});
  EXPECT_GOT(peer, publish({.topic = "$SYS/broker/uptime", .payload = "10 seconds"}));
  peer.send(subscribe(1, {{"$SYS/broker/clients/connected", 0}, {"$SYS/broker/publish/messages/+", 0}}));
  const std::string counts = peer.got();
  const auto told = [&](const char* topic, const char* value) {
    return counts.find(shown(publish({.topic = topic, .payload = value, .retain = true}))) != std::string::npos;
  };
  CHECK(told("$SYS/broker/clients/connected", "1"));
  CHECK(told("$SYS/broker/publish/messages/received", "1"));
  CHECK(told("$SYS/broker/publish/messages/dropped", "0"));
}

TEST_CASE("every drop is counted by its reason") {
  BrokerFixture f;
  Peer away(f);
  away.connect({.id = "away", .clean = false, .properties = hex("11 00 00 01 00")}).subscribe("t", 1);
  away.vanish();
  Peer publisher(f);
  publisher.connect({.id = "p"});
  publisher.send(publish({.topic = "t", .qos = 1, .id = 1, .properties = hex("02 00 00 00 01")}));
  publisher.send(publish({.topic = "t", .qos = 1, .id = 2}));
  f.advance(std::chrono::seconds{2});

  SUBCASE("a message whose Message Expiry Interval has run out when the client comes back") {
    Peer back(f);
    back.connect({.id = "away", .clean = false, .properties = hex("11 00 00 01 00")});
    CHECK(f.core.counters().drops[static_cast<std::size_t>(mqtk::DropReason::expired)] == 1);
    CHECK(f.count_events("message_dropped away t") == 1);
  }
  SUBCASE("messages that wait for a client that wants a new Session") {
    Peer back(f);
    back.connect({.id = "away"});
    CHECK(f.core.counters().drops[static_cast<std::size_t>(mqtk::DropReason::session_ended)] == 2);
    CHECK(f.count_events("message_dropped away") == 1);
    CHECK(f.core.counters().messages_dropped() == 2);
  }
}

TEST_CASE("an address may have only so many connections, and a new one when one has gone") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_connections_per_address = 2;
  BrokerFixture f(options);
  Peer one(f);
  one.connect({.id = "one"});
  Peer two(f);
  two.connect({.id = "two"});
  Peer three(f);
  three.send(connect({.id = "three"}));
  CHECK(three.got().contains("00 97"));
  CHECK(three.closed());
  one.vanish();
  Peer four(f);
  four.connect({.id = "four"});
  CHECK_FALSE(two.closed());
}

TEST_CASE("connections of an address far beyond its limit are closed unheard") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_connections_per_address = 1;
  BrokerFixture f(options);
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 17; ++i) peers.push_back(std::make_unique<Peer>(f));
  CHECK_FALSE(peers.back()->closed());
  Peer last(f);
  CHECK(last.closed());
  CHECK(f.count_events("refused") == 1);
}

TEST_CASE("only so many connections are opened in a second") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_connections_per_second = 2;
  BrokerFixture f(options);
  Peer one(f);
  one.connect({.id = "one"});
  Peer two(f);
  two.connect({.id = "two"});
  Peer three(f);
  three.send(connect({.id = "three"}));
  CHECK(three.got().contains("00 9f"));
  CHECK(three.closed());
  Peer old_one(f);
  old_one.send(connect({.id = "old", .version = 4}));
  EXPECT_GOT(old_one, hex("20 02 00 03"));
  f.advance(std::chrono::milliseconds{500});
  Peer four(f);
  four.connect({.id = "four"});
}

TEST_CASE("a client that publishes faster than it may is read more slowly, and nothing is lost") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_publishes_per_second = 10;
  BrokerFixture f(options);
  Peer watcher(f);
  watcher.connect({.id = "watcher"}).subscribe("t");
  Peer sender(f);
  sender.connect({.id = "sender"});
  std::string all;
  for (int i = 0; i < 25; ++i) all += publish({.topic = "t", .payload = "x"});
  sender.send(all);
  const std::string one = publish({.topic = "t", .payload = "x"});
  const auto count = [&] { return (watcher.got().size() + 1) / (3 * one.size()); };
  CHECK(count() == 11);
  CHECK(sender.wire().paused);
  f.advance(std::chrono::seconds{1});
  CHECK(count() == 10);
  f.advance(std::chrono::seconds{1});
  CHECK(count() == 4);
  CHECK_FALSE(sender.wire().paused);
  CHECK_FALSE(sender.closed());
}

TEST_CASE("a client may have only so many subscriptions") {
  BrokerOptions options = BrokerFixture::plain_options();
  options.max_subscriptions_per_client = 2;
  BrokerFixture f(options);
  Peer peer(f);
  peer.connect({.id = "a"});
  peer.send(subscribe(1, {{"a", 0}, {"b", 1}, {"c", 0}}));
  CHECK(peer.got().ends_with("00 01 97"));
  // Those that are there may be changed.
  peer.send(subscribe(4, {{"a", 2}, {"$share/a/b", 0}, {"b", 0}}));
  CHECK(peer.got().ends_with("02 97 00"));
  peer.send(unsubscribe(2, {"a"}));
  static_cast<void>(peer.got());
  peer.send(subscribe(3, {{"c", 2}}));
  EXPECT_GOT(peer, hex("90 04 00 03 00 02"));
}
