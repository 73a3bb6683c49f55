// What a broker keeps on a disk: written by one broker, brought back by another.
#include <random>
#include <set>

#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::as_bytes;
using mqtk::BrokerFixture;
using mqtk::Bytes;
using mqtk::Peer;

namespace {

const Octets one_hour = hex("11 00 00 0E 10");  // Session Expiry Interval
const Octets connack_new = hex("20 03 00 00 00");
const Octets connack_present = hex("20 03 01 00 00");
const Octets magic("mqtk state 1\n\0\0\0", 16);

// A disk: what is on it outlives the brokers.
class Disk final : public mqtk::StateStorage {
 public:
  std::error_code append(Bytes bytes) override {
    if (full || used() + bytes.size() > room) return std::make_error_code(std::errc::no_space_on_device);
    log += mqtk::as_text(bytes);
    return {};
  }
  std::error_code begin_snapshot() override {
    next_.clear();
    return {};
  }
  std::error_code append_to_snapshot(Bytes bytes) override {
    if (full_for_snapshots) return std::make_error_code(std::errc::no_space_on_device);
    next_ += mqtk::as_text(bytes);
    return {};
  }
  void finish_snapshot() override { finishing_ = true; }
  std::expected<bool, std::error_code> snapshot_finished(Wait wait) override {
    if (!finishing_ || (slow && wait == Wait::no)) return false;
    finishing_ = false;
    log = std::exchange(next_, {});
    ++snapshots;
    return true;
  }
  bool abandon_snapshot() override {
    next_.clear();
    finishing_ = false;
    return !old_is_gone;
  }
  std::expected<std::string, std::error_code> set_aside() override {
    damaged = log;
    return "damaged";
  }

  Octets log;
  Octets damaged;
  [[nodiscard]] std::size_t used() const { return log.size() + next_.size(); }

  int snapshots = 0;
  std::size_t room = SIZE_MAX;
  bool full = false;
  bool full_for_snapshots = false;
  bool old_is_gone = false;  // a snapshot has taken its place when it fails
  bool slow = false;         // a snapshot does not get there for now

 private:
  Octets next_;
  bool finishing_ = false;
};

// A broker that begins with what is on the disk, at this time of the people's clock.
struct KeepingBroker : BrokerFixture {
  explicit KeepingBroker(Disk& disk, std::chrono::seconds at = {}, const mqtk::BrokerOptions& options = plain_options())
      : BrokerFixture(options) {
    const Octets log = disk.log;
    kept = core.keep_state(disk, as_bytes(log), mqtk::WallTime{std::chrono::hours{400'000} + at});
  }
  mqtk::BrokerCore::KeptState kept;
};

void publish_as_other(BrokerFixture& broker, const Publish& message) {
  Peer other(broker);
  other.connect({.id = "other"}).send(publish(message));
  static_cast<void>(other.got());
}

Connect again(const std::string& id) { return {.id = id, .clean = false, .properties = one_hour}; }

}  // namespace

TEST_CASE("a Session, its subscription and the messages that wait for it survive the broker") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer away(broker);
    away.connect(again("a")).subscribe("t/#", 2);
    away.vanish();
    publish_as_other(broker, {.topic = "t/1", .payload = "one", .qos = 1, .id = 9});
    publish_as_other(broker,
                     {.topic = "t/2", .payload = "two", .qos = 2, .id = 9, .properties = user_property("n", "v")});
    publish_as_other(broker, {.topic = "t/3", .payload = "not kept", .qos = 0});
  }
  KeepingBroker broker(disk, std::chrono::seconds{60});
  CHECK(broker.kept.sessions == 1);
  CHECK(broker.kept.queued == 2);
  CHECK(broker.kept.cut_bytes == 0);
  Peer back(broker);
  back.send(connect(again("a")));
  EXPECT_GOT(back,
             connack_present + publish({.topic = "t/1", .payload = "one", .qos = 1, .id = 1}) +
                 publish({.topic = "t/2", .payload = "two", .qos = 2, .id = 2, .properties = user_property("n", "v")}));
  publish_as_other(broker, {.topic = "t/4", .payload = "subscribed", .qos = 0});
  EXPECT_GOT(back, publish({.topic = "t/4", .payload = "subscribed"}));
}

TEST_CASE("a message that was sent and not acknowledged is sent again with its Packet Identifier") {
  // shows 5.0: MQTT-4.4.0-1 MQTT-3.3.1-1
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer client(broker);
    client.connect(again("a")).subscribe("t", 1);
    publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 9});
    publish_as_other(broker, {.topic = "t", .payload = "2", .qos = 1, .id = 9});
    publish_as_other(broker, {.topic = "t", .payload = "3", .qos = 1, .id = 9});
    client.send(ack(0x40, 2));
  }
  KeepingBroker broker(disk);
  Peer back(broker);
  back.send(connect(again("a")));
  EXPECT_GOT(back, connack_present + publish({.topic = "t", .payload = "1", .qos = 1, .id = 1, .dup = true}) +
                       publish({.topic = "t", .payload = "3", .qos = 1, .id = 3, .dup = true}));
}

TEST_CASE("a QoS 2 message that the client has received is only released after a restart") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer client(broker);
    client.connect(again("a")).subscribe("t", 2);
    publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 2, .id = 9});
    client.send(ack(0x50, 1));
    EXPECT_GOT(client, publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}) + ack(0x62, 1));
  }
  KeepingBroker broker(disk);
  Peer back(broker);
  back.send(connect(again("a")));
  EXPECT_GOT(back, connack_present + ack(0x62, 1));
  back.send(ack(0x70, 1));
  KeepingBroker third(disk);
  CHECK(third.kept.queued == 0);
}

TEST_CASE("a QoS 2 message that the broker has taken over is not delivered again when it is repeated after a restart") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer away(broker);
    away.connect(again("away")).subscribe("t", 2);
    away.vanish();
    Peer publisher(broker);
    publisher.connect(again("p")).send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 7}));
    EXPECT_GOT(publisher, ack(0x50, 7));
  }
  KeepingBroker broker(disk);
  Peer publisher(broker);
  publisher.connect(again("p")).send(publish({.topic = "t", .payload = "1", .qos = 2, .id = 7, .dup = true}));
  EXPECT_GOT(publisher, ack(0x50, 7));
  publisher.send(ack(0x62, 7));
  EXPECT_GOT(publisher, ack(0x70, 7));
  publisher.send(publish({.topic = "t", .payload = "2", .qos = 2, .id = 7}));
  Peer away(broker);
  away.send(connect(again("away")));
  EXPECT_GOT(away, connack_present + publish({.topic = "t", .payload = "1", .qos = 2, .id = 1}) +
                       publish({.topic = "t", .payload = "2", .qos = 2, .id = 2}));
}

TEST_CASE("retained messages survive, deleted and expired ones do not come back") {
  Disk disk;
  const Octets ten_minutes = hex("02 00 00 02 58");  // Message Expiry Interval
  {
    KeepingBroker broker(disk);
    publish_as_other(broker, {.topic = "a", .payload = "kept", .retain = true});
    publish_as_other(broker, {.topic = "b", .payload = "deleted", .retain = true});
    publish_as_other(broker, {.topic = "b", .payload = "", .retain = true});
    publish_as_other(broker, {.topic = "c", .payload = "short", .retain = true, .properties = ten_minutes});
    publish_as_other(broker, {.topic = "d", .payload = "old", .retain = true});
    publish_as_other(broker, {.topic = "d", .payload = "new", .retain = true});
  }
  {
    KeepingBroker broker(disk, std::chrono::minutes{4});
    CHECK(broker.kept.retained == 3);
    Peer client(broker);
    client.connect({.id = "x"}).send(subscribe(1, {{"#", 0}}));
    EXPECT_GOT(client,
               hex("90 04 00 01 00 00") + publish({.topic = "a", .payload = "kept", .retain = true}) +
                   publish({.topic = "c", .payload = "short", .retain = true, .properties = hex("02 00 00 01 68")}) +
                   publish({.topic = "d", .payload = "new", .retain = true}));
  }
  KeepingBroker broker(disk, std::chrono::minutes{11});
  CHECK(broker.kept.retained == 2);
}

TEST_CASE("a Session ends while the broker is away, and its Will is published") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer away(broker);
    away.connect({.id = "a", .properties = one_hour}).subscribe("t", 1);
    away.vanish();
    Peer watcher(broker);
    watcher.connect({.id = "watcher", .properties = hex("11 FF FF FF FF")}).subscribe("will", 1);
    Peer here(broker);
    here.connect({.id = "b", .properties = one_hour, .will = Will{.topic = "will", .payload = "gone", .qos = 1}});
  }
  KeepingBroker broker(disk, std::chrono::hours{2});
  CHECK(broker.count_events("session_ended a") == 1);
  CHECK(broker.count_events("will_published b") == 1);
  Peer watcher(broker);
  watcher.send(connect({.id = "watcher", .clean = false, .properties = hex("11 FF FF FF FF")}));
  EXPECT_GOT(watcher, connack_present + publish({.topic = "will", .payload = "gone", .qos = 1, .id = 1}));
}

TEST_CASE("a Session that ends with its connection leaves nothing on the disk") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer kept(broker);
    kept.connect(again("a")).subscribe("t", 1);
    kept.vanish();
    Peer last(broker);
    last.connect({.id = "a", .clean = false});
    Peer brief(broker);
    brief.connect({.id = "b"}).subscribe("t", 1);
  }
  KeepingBroker broker(disk);
  CHECK(broker.kept.sessions == 0);
  CHECK(disk.log == magic);
}

TEST_CASE("nothing is acknowledged that could not be written, and nobody is served any more") {
  Disk disk;
  KeepingBroker broker(disk);
  Peer away(broker);
  away.connect(again("a")).subscribe("t", 1);
  away.vanish();
  Peer publisher(broker);
  publisher.connect({.id = "p"});
  disk.full = true;
  publisher.send(publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}));
  CHECK(publisher.got().empty());
  CHECK(publisher.closed());
  CHECK(broker.count_events("state_lost") == 1);
  Peer late(broker);
  CHECK(late.closed());
}

namespace {

// A broker whose log is to be written anew when it has grown by 10,000 bytes.
mqtk::BrokerOptions small_log() {
  mqtk::BrokerOptions options = BrokerFixture::plain_options();
  options.state_log_growth_bytes = 10'000;
  return options;
}

// A retained message takes more than 1,000 bytes of the log, each time, but only once of the state.
Octets retained(int number, const Octets& topic = "r") {
  return publish(
      {.topic = topic, .payload = std::to_string(number) + Octets(1000, 'x'), .qos = 1, .id = 1, .retain = true});
}

}  // namespace

TEST_CASE("where the log cannot be written anew the old one goes on, and it is tried again when it has grown") {
  Disk disk;
  {
    KeepingBroker broker(disk, {}, small_log());
    Peer publisher(broker);
    publisher.connect({.id = "p"});
    disk.full_for_snapshots = true;
    for (int i = 1; i <= 25; ++i) {
      publisher.send(retained(i));
      EXPECT_GOT(publisher, ack(0x40, 1, 0x10));
    }
    CHECK(broker.count_events("snapshot_failed") == 2);
    CHECK(disk.snapshots == 1);  // when it started
    disk.full_for_snapshots = false;
    for (int i = 26; i <= 35; ++i) publisher.send(retained(i));
    CHECK(disk.snapshots == 2);
    CHECK(disk.log.size() < 10'000);
    CHECK(broker.count_events("snapshot_failed") == 2);
    CHECK(broker.count_events("state_lost") == 0);
  }
  KeepingBroker broker(disk);
  CHECK(broker.kept.retained == 1);
  CHECK(broker.core.state().retained.find("r")->payload()[0] == '3');
  CHECK(broker.core.state().retained.find("r")->payload()[1] == '5');
}

TEST_CASE("a log for which there is no room beside the new one gets the room of that") {
  Disk disk;
  KeepingBroker broker(disk, {}, small_log());
  Peer publisher(broker);
  publisher.connect({.id = "p"});
  for (int i = 0; i < 600; ++i) publisher.send(retained(i, "r/" + std::to_string(i)));
  while (disk.used() == disk.log.size()) {
    publisher.wire().to_broker += retained(0);
    broker.one_turn();
  }
  publisher.wire().to_client.clear();
  disk.room = disk.used();
  publisher.wire().to_broker += retained(1);
  broker.one_turn();
  CHECK(publisher.wire().to_client == ack(0x40, 1, 0x10));
  CHECK(disk.used() == disk.log.size());
  CHECK(broker.count_events("snapshot_failed") == 1);
  CHECK(broker.count_events("state_lost") == 0);
}

TEST_CASE("where the new log fails when it has taken the place of the old one, the state is lost") {
  Disk disk;
  KeepingBroker broker(disk, {}, small_log());
  Peer publisher(broker);
  publisher.connect({.id = "p"});
  disk.full_for_snapshots = disk.old_is_gone = true;
  for (int i = 0; i < 15 && !publisher.closed(); ++i) publisher.send(retained(i));
  CHECK(publisher.closed());
  CHECK(broker.count_events("snapshot_failed") == 0);
  CHECK(broker.count_events("state_lost") == 1);
}

TEST_CASE("a log that is cut anywhere is read up to its last whole frame") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    for (const char* topic : {"a", "b", "c"})
      publish_as_other(broker, {.topic = topic, .payload = "x", .retain = true});
  }
  const Octets whole = disk.log;
  std::uint64_t before = 0;
  for (std::size_t size = magic.size(); size <= whole.size(); ++size) {
    Disk cut;
    cut.log = whole.substr(0, size);
    KeepingBroker broker(cut);
    CHECK(broker.kept.retained >= before);
    before = broker.kept.retained;
    if (broker.kept.cut_bytes > 0) CHECK(cut.damaged == whole.substr(0, size));
    Disk again = cut;
    KeepingBroker second(again);
    CHECK(second.kept.cut_bytes == 0);
    CHECK(second.kept.retained == before);
  }
  CHECK(before == 3);
}

TEST_CASE("a frame with a wrong byte and all behind it are left out") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    for (const char* topic : {"a", "b", "c"})
      publish_as_other(broker, {.topic = topic, .payload = "x", .retain = true});
  }
  disk.log[magic.size() + 20] ^= 1;
  KeepingBroker broker(disk);
  CHECK(broker.kept.retained == 0);
  CHECK(broker.kept.cut_bytes > 50);
  CHECK(broker.kept.damaged_log == "damaged");
}

TEST_CASE("the log of one retained message is the bytes that its format says") {
  Disk disk;
  KeepingBroker broker(disk);
  publish_as_other(broker, {.topic = "a", .payload = "x", .retain = true});
  // message 1, its time as 9 bytes of a number, 7 bytes of PUBLISH; retained: message 1
  const Octets records = disk.log.substr(magic.size() + 8);
  REQUIRE(records.size() == 2 + 9 + 1 + 7 + 2);
  CHECK(records.substr(0, 2) == hex("07 01"));
  CHECK(records.substr(11) == hex("07 31 05 00 01 61 00 78 08 01"));
}

TEST_CASE("the log is written anew when it has grown, and holds the same") {
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer publisher(broker);
    publisher.connect({.id = "p"});
    const std::string large(1'000'000, 'x');
    for (int i = 0; i < 20; ++i) publisher.send(publish({.topic = "t", .payload = large, .retain = true}));
    CHECK(disk.snapshots == 2);
    CHECK(disk.log.size() < 5'000'000);
  }
  KeepingBroker broker(disk);
  CHECK(broker.kept.retained == 1);
}

namespace {

// What is kept, as lines that can be compared.
std::set<std::string> content(const BrokerFixture& broker) {
  std::set<std::string> lines;
  const mqtk::BrokerState& state = const_cast<BrokerFixture&>(broker).core.state();
  state.retained.for_each([&](const mqtk::ApplicationMessage& message) {
    lines.insert("retained " + std::string{message.topic()} + ' ' + shown(Octets{mqtk::as_text(message.payload())}));
  });
  state.sessions.for_each([&](mqtk::Session& session) {
    if (!session.kept) return;
    std::string line = "session " + session.client_identifier;
    for (std::uint32_t i = 0; i < session.sender.span(); ++i) {
      const mqtk::InFlight& entry = session.sender.at(i);
      line += " sent " + std::to_string(session.sender.identifier_at(i)) + ' ';
      if (entry.message) line += mqtk::as_text(entry.message.payload());
    }
    for (std::uint32_t i = 0; i < session.pending.size(); ++i) {
      if (session.pending[i].qos == mqtk::QoS::at_most_once) continue;
      line.append(" queued ").append(mqtk::as_text(session.pending[i].message.payload()));
    }
    session.receiver.for_each([&](mqtk::PacketIdentifier id) { line += " received " + std::to_string(id); });
    lines.insert(line);
    for (const auto* at = session.subscriptions; at != nullptr; at = at->next) {
      lines.insert(session.client_identifier + " subscribes " + mqtk::SubscriptionIndex::filter_text(*at));
    }
  });
  return lines;
}

// The lines that only one of them has.
std::string difference(const BrokerFixture& a, const BrokerFixture& b) {
  const std::set<std::string> first = content(a);
  const std::set<std::string> second = content(b);
  std::string text;
  for (const std::string& line : first) {
    if (!second.contains(line)) text += "- " + line + '\n';
  }
  for (const std::string& line : second) {
    if (!first.contains(line)) text += "+ " + line + '\n';
  }
  return text;
}

// Clients that come, go and change all that is kept, while turns end one at a time.
class Changes {
 public:
  explicit Changes(BrokerFixture& broker) : broker_(broker) {}

  void one() {
    const std::string id = "c" + std::to_string(below(40));
    const std::string topic = "t/" + std::to_string(below(300));
    switch (below(8)) {
      case 0: say(id, hex("11 00 00 00 00"), {}); break;  // ends with its connection
      case 1: say(id, {}, subscribe(7, {{"t/+", 1 + below(2)}})); break;
      case 2: say(id, {}, subscribe(7, {{"$share/g/" + topic, 1}})); break;
      case 3: say(id, {}, unsubscribe(7, {"t/+"})); break;
      case 4: say(id, {}, publish({.topic = topic, .payload = "2", .qos = 2, .id = 1 + below(60'000)})); break;
      case 5: say(id, {}, publish({.topic = topic, .payload = number(), .qos = 1, .id = 3})); break;
      case 6: say(id, {}, publish({.topic = topic, .payload = number(), .retain = true})); break;
      default: say(id, {}, publish({.topic = topic, .retain = true})); break;
    }
  }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  std::string number() { return std::to_string(++count_); }
  void say(const std::string& id, const Octets& expiry, const Octets& packet) {
    Peer peer(broker_);
    Connect fields = again(id);
    if (!expiry.empty()) fields.properties = expiry;
    // It takes the first message that waits and leaves the others.
    peer.wire().to_broker = connect(fields) + packet + ack(0x40, 1);
    peer.wire().client_gone = below(3) != 0;
    broker_.one_turn();
    if (!peer.wire().client_gone) peer.wire().client_gone = true;
  }

  BrokerFixture& broker_;
  std::mt19937 random_{7};
  unsigned count_ = 0;
};

}  // namespace

TEST_CASE("while the log is written anew, in slices, everything goes on, and whenever it ends the log holds it all") {
  Disk disk;
  mqtk::BrokerOptions options = BrokerFixture::plain_options();
  options.state_log_growth_bytes = 100'000;
  KeepingBroker broker(disk, {}, options);
  Changes changes(broker);
  Peer publisher(broker);
  publisher.connect({.id = "p"});
  for (int i = 0; i < 1500; ++i) {
    publisher.send(publish({.topic = "many/" + std::to_string(i), .payload = Octets(100, 'x'), .retain = true}));
  }
  for (int i = 0; i < 300; ++i) changes.one();
  for (int round = 0; round < 2; ++round) {
    disk.slow = true;
    const int before = disk.snapshots;
    const Octets large(disk.log.size() * 3 + 100'000, 'x');
    publisher.wire().to_broker += publish({.topic = "t", .payload = large, .retain = true});
    publisher.wire().to_broker += publish({.topic = "t", .payload = "x", .retain = true});
    for (int i = 0; i < 60; ++i) {
      changes.one();
      if (i == 40) disk.slow = false;
      if (i % 20 != 0) continue;
      Disk copy = disk;
      KeepingBroker other(copy);
      CHECK(other.kept.cut_bytes == 0);
      CHECK(difference(other, broker) == "");
    }
    broker.settle();
    CHECK(disk.snapshots == before + 1);
    Disk copy = disk;
    KeepingBroker other(copy);
    CHECK(other.kept.cut_bytes == 0);
    CHECK(difference(other, broker) == "");
  }
}

TEST_CASE("a member's unfinished share goes to another member when its Session ends after a restart") {
  // shows 5.0: MQTT-4.8.2-4
  Disk disk;
  {
    KeepingBroker broker(disk);
    Peer first(broker);
    first.connect({.id = "first", .clean = false, .properties = hex("11 00 00 00 64")}).subscribe("$share/g/t", 1);
    first.vanish();
    publish_as_other(broker, {.topic = "t", .payload = "1", .qos = 1, .id = 9});
  }
  KeepingBroker broker(disk);
  Peer second(broker);
  second.connect({.id = "second"}).subscribe("$share/g/t", 1);
  CHECK(second.got().empty());
  broker.advance(std::chrono::seconds{101});
  EXPECT_GOT(second, publish({.topic = "t", .payload = "1", .qos = 1, .id = 1}));
}
