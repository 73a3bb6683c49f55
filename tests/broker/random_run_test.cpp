// An hour of virtual time with clients that publish, vanish and come back at random: what must hold holds all the time.
#include <map>
#include <random>
#include <set>

#include "broker/broker_fixture.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

namespace {

constexpr std::chrono::seconds will_delay{5};

// A client with a Session that is kept. Publishes one message at a time and repeats it until it is acknowledged; takes
// what comes and acknowledges it.
class RandomClient {
 public:
  RandomClient(BrokerFixture& broker, std::string id) : broker_(broker), id_(std::move(id)) {}

  [[nodiscard]] bool here() const { return wire_ != nullptr; }
  [[nodiscard]] bool idle() const { return !unfinished_; }

  void come(bool clean, bool delayed_will) {
    wire_ = broker_.new_wire();
    ++connections_;
    wire::Connect connect{.id = id_, .clean = clean, .properties = wire::hex("11 00 01 51 80")};  // one day
    connect.will = wire::Will{.topic = "will/" + id_, .payload = will_payload(), .qos = 2};
    if (delayed_will) connect.will->properties = wire::hex("18 00 00 00 05");
    send(wire::connect(connect));
    if (unfinished_) repeat();
  }
  // Returns the payload of the Will.
  std::string vanish() {
    wire_->client_gone = true;
    wire_.reset();
    broker_.settle();
    return will_payload();
  }
  void say_goodbye(const wire::Octets& properties = {}) {
    send(wire::packet(0xE0, properties.empty() ? "" : wire::u8(0) + wire::properties(properties)));
    wire_.reset();
  }

  void publish(const wire::Publish& message) {
    if (message.qos > 0) unfinished_ = message;
    send(wire::publish(message));
  }
  void subscribe(const std::string& filter) { send(wire::subscribe(1000, {{filter, 2}})); }

  // Takes what came, unless the client is slow today.
  void take() {
    while (here()) {
      const Bytes bytes = as_bytes(wire_->to_client);
      const Frame frame = find_frame(bytes);
      if (frame.state != Frame::State::complete) return;
      const std::string packet = wire_->to_client.substr(0, frame.packet_size);
      wire_->to_client.erase(0, frame.packet_size);
      take(packet);
    }
  }

  // Payloads in the order in which they came first, by topic; and how often each came.
  std::map<std::string, std::vector<std::string>> received;
  std::map<std::string, int> times;

 private:
  void send(const wire::Octets& octets) {
    wire_->to_broker += octets;
    broker_.settle();
  }
  [[nodiscard]] std::string will_payload() const { return id_ + ' ' + std::to_string(connections_); }
  void repeat() {
    if (released_) return send(wire::ack(0x62, unfinished_->id));
    wire::Publish again = *unfinished_;
    again.dup = true;
    send(wire::publish(again));
  }
  void take(const std::string& octets) {
    Packet packet;
    REQUIRE(!decode(as_bytes(octets), {Version::v5, Role::server}, packet));
    const auto type = static_cast<unsigned>(static_cast<unsigned char>(octets[0])) >> 4U;
    const auto id_of = [&](std::size_t at) {
      return static_cast<unsigned>(static_cast<unsigned char>(octets[at])) << 8U |
             static_cast<unsigned char>(octets[at + 1]);
    };
    if (const auto* publish = std::get_if<Publish>(&packet)) return take(*publish);
    if (type == 4 && unfinished_ && unfinished_->id == id_of(2)) unfinished_.reset();
    if (type == 5 && unfinished_ && unfinished_->id == id_of(2)) {
      released_ = true;
      send(wire::ack(0x62, id_of(2)));
    }
    if (type == 6) {
      half_taken_.erase(id_of(2));
      send(wire::ack(0x70, id_of(2)));
    }
    if (type == 7) {
      unfinished_.reset();
      released_ = false;
    }
  }
  void take(const Publish& publish) {
    const unsigned id = publish.packet_identifier;
    const bool repeated = publish.qos == QoS::exactly_once && !half_taken_.insert(id).second;
    if (!repeated) {
      const std::string payload{as_text(publish.payload)};
      if (++times[payload] == 1) received[std::string{publish.topic_name}].push_back(payload);
    }
    if (publish.qos == QoS::at_least_once) send(wire::ack(0x40, id));
    if (publish.qos == QoS::exactly_once) send(wire::ack(0x50, id));
  }

  BrokerFixture& broker_;
  std::string id_;
  std::shared_ptr<Wire> wire_;
  int connections_ = 0;
  std::optional<wire::Publish> unfinished_;
  bool released_ = false;  // PUBREC came for it
  std::set<unsigned> half_taken_;
};

// Who did what, to be compared with what the broker made of it.
class Run {
 public:
  explicit Run(unsigned seed) : random_(seed) {
    for (int i = 0; i < 6; ++i) clients_.emplace_back(broker, "c" + std::to_string(i));
    for (std::size_t i = 0; i < clients_.size(); ++i) come(i);
    for (std::size_t i = 0; i < receivers; ++i) {
      clients_[i].subscribe("t/#");
      clients_[i].subscribe("will/#");
    }
  }

  void pass(std::chrono::hours time) {
    const TimePoint end = broker.now() + time;
    while (broker.now() < end) {
      step(below(6));
      for (RandomClient& client : clients_) {
        if (below(4) != 0) client.take();
      }
      broker.advance(std::chrono::milliseconds{below(2000)});
    }
    // Everybody comes back and takes what is left.
    broker.advance(will_delay * 2);
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = 0; i < clients_.size(); ++i) {
        if (!clients_[i].here()) come(i);
        clients_[i].take();
      }
      broker.advance(std::chrono::seconds{1});
    }
  }

  void check() {
    for (const auto& [topic, payload] : retained_) {
      const ApplicationMessage* kept = broker.core.state().retained.find(topic);
      REQUIRE(kept != nullptr);
      CHECK(as_text(kept->payload()) == payload);
    }
    for (std::size_t i = 0; i < receivers; ++i) {
      RandomClient& client = clients_[i];
      for (const auto& [topic, payloads] : sent_) CHECK(client.received[topic] == payloads);
      for (const auto& [payload, qos] : qos_) {
        CHECK(client.times[payload] >= 1);
        if (qos == 2) CHECK(client.times[payload] == 1);
      }
    }
    for (auto& [topic, payloads] : wills_) CHECK(clients_[0].received[topic] == payloads);
  }

  // All leave for good.
  void end() {
    for (RandomClient& client : clients_) client.say_goodbye(wire::hex("11 00 00 00 00"));
    RandomClient last(broker, "last");
    last.come(true, false);
    for (const auto& [topic, payload] : retained_) last.publish({.topic = topic, .retain = true});
    last.say_goodbye(wire::hex("11 00 00 00 00"));
    broker.advance(std::chrono::seconds{10});
  }

  BrokerFixture broker;
  [[nodiscard]] std::size_t messages() const { return qos_.size(); }

 private:
  static constexpr std::size_t receivers = 3;

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  void come(std::size_t i) {
    const std::string topic = "will/c" + std::to_string(i);
    const bool in_time = pending_will_.contains(i) && broker.now() < pending_will_[i].first;
    if (pending_will_.contains(i) && !in_time) wills_[topic].push_back(pending_will_[i].second);
    pending_will_.erase(i);
    delayed_[i] = below(2) == 0;
    clients_[i].come(false, delayed_[i]);
  }

  void step(std::size_t i) {
    RandomClient& client = clients_[i];
    if (!client.here()) return come(i);
    const unsigned choice = below(20);
    if (choice == 0) {
      const std::string payload = client.vanish();
      pending_will_[i] = {broker.now() + (delayed_[i] ? will_delay : std::chrono::seconds{0}), payload};
    } else if (choice == 1) {
      client.say_goodbye();
    } else if (client.idle()) {
      publish(i, choice);
    }
  }

  void publish(std::size_t i, unsigned choice) {
    const std::string payload = std::to_string(++count_);
    if (choice < 5) {
      const std::string topic = "r/" + std::to_string(below(4));
      retained_[topic] = payload;
      return clients_[i].publish(
          {.topic = topic, .payload = payload, .qos = choice % 3, .id = 1 + count_ % 60'000, .retain = true});
    }
    // A topic for each publisher: that is whose order counts.
    const std::string topic = "t/" + std::to_string(i) + "/" + std::to_string(below(3));
    const unsigned qos = 1 + below(2);
    sent_[topic].push_back(payload);
    qos_[payload] = qos;
    clients_[i].publish({.topic = topic, .payload = payload, .qos = qos, .id = 1 + count_ % 60'000});
  }

  std::mt19937 random_;
  std::vector<RandomClient> clients_;
  unsigned count_ = 0;
  std::map<std::string, std::vector<std::string>> sent_;
  std::map<std::string, unsigned> qos_;
  std::map<std::string, std::string> retained_;
  std::map<std::string, std::vector<std::string>> wills_;
  std::map<std::size_t, std::pair<TimePoint, std::string>> pending_will_;
  std::map<std::size_t, bool> delayed_;
};

}  // namespace

TEST_CASE("an hour of clients that vanish and come back: nothing is lost, doubled or out of order, and all is freed") {
  for (const unsigned seed : {1U, 2U, 3U}) {
    CAPTURE(seed);
    Run run{seed};
    run.pass(std::chrono::hours{1});
    CHECK(run.messages() > 1000);
    run.check();
    run.end();
    BrokerState& state = run.broker.core.state();
    CHECK(run.broker.core.connections() == 0);
    CHECK(state.sessions.size() == 0);
    CHECK(state.subscriptions.size() == 0);
    CHECK(state.retained.size() == 0);
    CHECK(state.retained.message_bytes() == 0);
    CHECK(state.counters.messages_dropped() == 0);
  }
}
