// The log of the kept state is written anew, in slices, while everything goes on, and may fail.
#include <random>
#include <set>

#include "broker/state_fixture.hpp"

using namespace mqtk::wire;
using mqtk::again;
using mqtk::BrokerFixture;
using mqtk::Disk;
using mqtk::KeepingBroker;
using mqtk::Peer;

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
