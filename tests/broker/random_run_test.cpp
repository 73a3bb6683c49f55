// An hour of virtual time with clients that publish, vanish and come back at random, without and with every fault that
// the broker can inject: what must hold holds all the time.
//
// MQTK_RANDOM_RUN_HOURS and MQTK_RANDOM_RUN_SEED make it longer, or another one.
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "base/heap_size.hpp"
#include "broker/broker_fixture.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

namespace {

constexpr std::chrono::seconds patience{10};  // without an answer, until a client comes anew

// What strikes whom. Clients publish one message at a time and repeat it, so that what gets lost on its way to the
// broker comes again in order; towards a client that checks the order no PUBLISH may be lost from the middle of a
// stream. Those that are named noise are there for what breaks everything.
constexpr std::string_view random_faults[] = {
    "close client=c* probability=0.002",
    "cut client=c* probability=0.002",
    "disconnect=0x8b client=c* packet=publish probability=0.002",
    "take-over client=c* probability=0.001",
    "refuse=0x88 client=c* probability=0.05",
    "delay=3s client=c* probability=0.01",
    "stall=20s client=c* probability=0.002",
    "throttle=20 client=c* probability=0.001",
    "withhold client=c* probability=0.01",
    "receive-maximum=3 client=c* probability=0.2",
    "drop client=c* packet=publish direction=to-broker probability=0.01",
    "drop client=c* packet=pubrel probability=0.01",
    "drop client=c* packet=pubcomp probability=0.01",
    "duplicate client=c* packet=publish probability=0.02",
    "duplicate client=c* packet=pubrel probability=0.02",
    "drop client=noise* probability=0.02",
    "corrupt client=noise* probability=0.02",
    "answer=0x97 client=noise* probability=0.05",
    "forget client=noise* probability=0.005",
    "stall client=noise* probability=0.005",
};

// A client with a Session that is kept. Publishes one message at a time and repeats it until it is acknowledged; takes
// what comes and acknowledges it.
class RandomClient {
 public:
  // Of one that is `robust` nothing is expected but that it lives with what comes.
  enum class Nature { exact, robust };
  RandomClient(BrokerFixture& broker, std::string id, Nature nature = Nature::exact)
      : broker_(broker), id_(std::move(id)), nature_(nature) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] bool here() const { return wire_ != nullptr; }
  [[nodiscard]] bool accepted() const { return accepted_; }
  [[nodiscard]] bool idle() const { return accepted_ && !unfinished_ && unanswered_filter_.empty(); }

  void come(const std::optional<wire::Will>& will = {}) {
    wire_ = broker_.new_wire();
    accepted_ = false;
    ask(wire::connect(
        {.id = id_, .clean = false, .properties = wire::hex("11 00 01 51 80"), .will = will}));  // one day
  }
  // Without a word.
  void vanish() {
    wire_->client_gone = true;
    leave();
    broker_.settle();
  }
  void say_goodbye(const wire::Octets& properties = {}) {
    send(wire::packet(0xE0, properties.empty() ? "" : wire::u8(0) + wire::properties(properties)));
    leave();
  }

  void publish(const wire::Publish& message) {
    unfinished_ = message;
    released_ = false;
    ask(wire::publish(message));
  }
  void subscribe(const std::string& filter) {
    unanswered_filter_ = filter;
    ask(wire::subscribe(1000, {{filter, 2}}));
  }

  void take() {
    while (here()) {
      const Frame frame = find_frame(as_bytes(wire_->to_client));
      if (frame.state == Frame::State::fault) return give_up("the stream is damaged");
      if (frame.state != Frame::State::complete) break;
      const std::string packet = wire_->to_client.substr(0, frame.packet_size);
      wire_->to_client.erase(0, frame.packet_size);
      take(packet);
    }
    if (here() && wire_->closed) return leave();
    const bool waits = !accepted_ || unfinished_ || !unanswered_filter_.empty();
    if (here() && waits && broker_.now() - asked_at_ > patience) vanish();
  }

  // Payloads in the order in which they came first, by topic; and how often each came.
  std::map<std::string, std::vector<std::string>> received;
  std::map<std::string, int> times;

 private:
  void send(const wire::Octets& octets) {
    wire_->to_broker += octets;
    broker_.settle();
  }
  void ask(const wire::Octets& octets) {
    asked_at_ = broker_.now();
    send(octets);
  }
  void leave() {
    wire_.reset();
    accepted_ = false;
  }
  void give_up(const char* problem) {
    INFO(id_);
    INFO(problem);
    CHECK(nature_ == Nature::robust);
    vanish();
  }
  void repeat() {
    if (released_) return ask(wire::ack(0x62, unfinished_->id));
    wire::Publish again = *unfinished_;
    again.dup = true;
    ask(wire::publish(again));
  }

  void take(const std::string& octets) {
    Packet packet;
    if (decode(as_bytes(octets), {Version::v5, Role::server}, packet)) return give_up("a packet is damaged");
    if (const auto* connack = std::get_if<Connack>(&packet)) return take(*connack);
    if (const auto* publish = std::get_if<Publish>(&packet)) return take(*publish);
    if (std::holds_alternative<Suback>(packet)) unanswered_filter_.clear();
    if (std::holds_alternative<Disconnect>(packet)) leave();
    if (const auto* pubrel = std::get_if<Pubrel>(&packet)) {
      half_taken_.erase(pubrel->packet_identifier);
      send(wire::ack(0x70, pubrel->packet_identifier));
    }
    if (const auto* puback = std::get_if<Puback>(&packet); puback != nullptr && is_mine(*puback)) unfinished_.reset();
    if (const auto* pubcomp = std::get_if<Pubcomp>(&packet); pubcomp != nullptr && is_mine(*pubcomp) && released_) {
      unfinished_.reset();
    }
    if (const auto* pubrec = std::get_if<Pubrec>(&packet); pubrec != nullptr && is_mine(*pubrec)) {
      if (pubrec->reason_code != ReasonCode::success) return unfinished_.reset();
      released_ = true;
      ask(wire::ack(0x62, pubrec->packet_identifier));
    }
  }
  void take(const Connack& connack) {
    if (connack.reason_code != ReasonCode::success) return leave();
    accepted_ = true;
    if (!unanswered_filter_.empty()) subscribe(std::string{unanswered_filter_});
    if (unfinished_) repeat();
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
  [[nodiscard]] bool is_mine(const auto& acknowledgement) const {
    return unfinished_ && unfinished_->id == acknowledgement.packet_identifier;
  }

  BrokerFixture& broker_;
  std::string id_;
  Nature nature_;
  std::shared_ptr<Wire> wire_;
  bool accepted_ = false;
  TimePoint asked_at_{};
  std::string unanswered_filter_;
  std::optional<wire::Publish> unfinished_;
  bool released_ = false;  // PUBREC came for it
  std::set<unsigned> half_taken_;
};

// Who did what, to be compared with what the broker made of it.
class Run {
 public:
  enum class With { nothing, faults };
  Run(BrokerFixture& broker, unsigned seed, With with) : broker_(broker), random_(seed), watcher_(broker, "watcher") {
    broker_.faults = with == With::faults ? std::make_shared<FaultRules>() : nullptr;
    for (int i = 0; i < 6; ++i) clients_.emplace_back(broker, "c" + std::to_string(i));
    for (int i = 0; i < 4; ++i) wills_.push_back({RandomClient{broker, "w" + std::to_string(i)}});
    for (int i = 0; i < 4; ++i) {
      noise_.emplace_back(broker, "noise" + std::to_string(i), RandomClient::Nature::robust);
    }
    watcher_.come();
    watcher_.take();
    watcher_.subscribe("will/#");
    for (RandomClient& client : clients_) {
      client.come();
      client.take();
    }
    for (RandomClient& client : receivers()) client.subscribe("t/#");
    if (with == With::nothing) return;
    broker_.faults->set_seed(seed);
    for (const std::string_view rule : random_faults) broker_.faults->add(parse_fault_rule(rule).value());
  }

  void pass(Duration time) {
    const TimePoint end = broker_.now() + time;
    while (broker_.now() < end) {
      step(clients_[below(6)]);
      for (WillClient& each : wills_) step(each);
      if (broker_.faults != nullptr) make_noise(noise_[below(4)]);
      for (RandomClient& client : clients_) {
        if (below(4) != 0) client.take();
      }
      advance(std::chrono::milliseconds{below(1000)});
    }
    settle_all();
  }

  void check() {
    for (const auto& [topic, payload] : retained_) {
      const ApplicationMessage* kept = broker_.core.state().retained.find(topic);
      REQUIRE(kept != nullptr);
      CHECK(as_text(kept->payload()) == payload);
    }
    for (RandomClient& client : receivers()) {
      for (const auto& [topic, payloads] : sent_) CHECK(client.received[topic] == payloads);
      for (const auto& [payload, qos] : qos_) {
        CHECK(client.times[payload] >= 1);
        if (qos == 2) CHECK(client.times[payload] == 1);
      }
    }
    CHECK(watcher_.times == due_wills_);
  }

  // All leave for good: of themselves, or by the one fault that leaves nobody.
  void end() {
    if (broker_.faults != nullptr) {
      broker_.faults->add(parse_fault_rule("restart client=last packet=connect").value());
      RandomClient{broker_, "last"}.come();
    } else {
      const auto ends_session = wire::hex("11 00 00 00 00");
      for (RandomClient& client : clients_) client.say_goodbye(ends_session);
      for (WillClient& each : wills_) each.client.say_goodbye(ends_session);
      for (const auto& [topic, payload] : retained_) {
        watcher_.publish({.topic = topic, .qos = 1, .id = 1, .retain = true});
        watcher_.take();
      }
      watcher_.say_goodbye(ends_session);
    }
    broker_.advance(std::chrono::seconds{10});
  }

  [[nodiscard]] std::size_t messages() const { return qos_.size(); }
  [[nodiscard]] std::size_t wills() const { return due_wills_.size(); }

 private:
  struct WillClient {
    RandomClient client;
    unsigned connections = 0;
    std::chrono::seconds delay{};
    TimePoint back_at{};

    [[nodiscard]] std::string payload() const { return client.id() + ' ' + std::to_string(connections); }
  };

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  [[nodiscard]] std::span<RandomClient> receivers() { return std::span{clients_}.first(3); }

  // Stops just before each time at which a Will is due, and then: it must not have come, and then it must.
  void advance(Duration duration) {
    const TimePoint end = broker_.now() + duration;
    while (!pending_wills_.empty() && pending_wills_.begin()->first <= end) {
      const auto [due, payload] = *pending_wills_.begin();
      constexpr Duration moment = std::chrono::milliseconds{1};
      pending_wills_.erase(pending_wills_.begin());
      if (due - broker_.now() > moment) broker_.advance(due - moment - broker_.now());
      watcher_.take();
      if (due > broker_.now()) CHECK(watcher_.times.count(payload) == 0);
      broker_.advance(due - broker_.now());
      watcher_.take();
      CHECK(watcher_.times[payload] == 1);
    }
    broker_.advance(end - broker_.now());
    watcher_.take();
  }

  void step(RandomClient& client) {
    if (!client.here()) return client.come();
    const unsigned choice = below(40);
    if (choice == 0) {
      client.vanish();
    } else if (choice == 1) {
      client.say_goodbye();
    } else if (client.idle()) {
      publish(client);
    }
  }

  void publish(RandomClient& client) {
    const std::string payload = std::to_string(++count_);
    // A topic for each publisher: that is whose order counts.
    const std::string end = client.id() + '/' + std::to_string(below(3));
    const unsigned qos = 1 + below(2);
    const bool retain = below(5) == 0;
    if (retain) {
      retained_["r/" + end] = payload;
    } else {
      sent_["t/" + end].push_back(payload);
      qos_[payload] = qos;
    }
    client.publish({.topic = (retain ? "r/" : "t/") + end,
                    .payload = payload,
                    .qos = qos,
                    .id = 1 + count_ % 60'000,
                    .retain = retain});
  }

  // Comes with a Will that may be delayed, and leaves in good order, or not; then it may be back before the Will is
  // due.
  void step(WillClient& each) {
    if (each.client.here()) {
      each.client.take();
      if (below(40) == 0) return each.client.say_goodbye();
      if (below(40) != 0) return;
      const bool back_in_time = each.delay.count() > 0 && below(3) == 0;
      each.back_at = broker_.now() + (back_in_time ? each.delay / 2 : each.delay + std::chrono::seconds{2});
      if (!back_in_time) {
        pending_wills_.emplace(broker_.now() + each.delay, each.payload());
        due_wills_[each.payload()] = 1;
      }
      return each.client.vanish();
    }
    if (broker_.now() >= each.back_at) come(each);
  }
  void come(WillClient& each) {
    ++each.connections;
    each.delay = std::chrono::seconds{below(4) * 10};
    each.client.come(
        wire::Will{.topic = "will/" + each.client.id(),
                   .payload = each.payload(),
                   .qos = 2,
                   .properties = wire::u8(0x18) + wire::u32(static_cast<std::uint32_t>(each.delay.count()))});
  }

  void make_noise(RandomClient& client) {
    static constexpr const char* filters[] = {"noise/#", "noise/+", "t/#", "$share/g/noise/#"};
    client.take();
    if (!client.here()) return client.come();
    if (!client.accepted() || below(3) != 0) return;
    if (below(3) == 0) return client.subscribe(filters[below(4)]);
    if (!client.idle()) return;
    client.publish({.topic = "noise/" + std::to_string(below(5)),
                    .payload = std::string(below(2000), 'x'),
                    .qos = 1 + below(2),
                    .id = 1,
                    .retain = below(5) == 0});
  }

  // No more faults: everybody comes back and takes what is left.
  void settle_all() {
    if (broker_.faults != nullptr) broker_.faults->clear();
    for (RandomClient& client : clients_) {
      if (client.here()) client.vanish();
    }
    for (int second = 0; second < 60; ++second) {
      for (WillClient& each : wills_) {
        if (!each.client.here() && broker_.now() >= each.back_at) come(each);
      }
      advance(std::chrono::seconds{1});
    }
    for (int round = 0; round < 20; ++round) {
      for (RandomClient& client : clients_) {
        if (!client.here()) client.come();
        client.take();
      }
      advance(std::chrono::seconds{1});
    }
  }

  BrokerFixture& broker_;
  std::mt19937 random_;
  RandomClient watcher_;  // meets no faults and sees every Will
  std::vector<RandomClient> clients_;
  std::vector<RandomClient> noise_;
  std::vector<WillClient> wills_;
  unsigned count_ = 0;
  std::map<std::string, std::vector<std::string>> sent_;
  std::map<std::string, unsigned> qos_;
  std::map<std::string, std::string> retained_;
  std::map<std::string, int> due_wills_;
  std::multimap<TimePoint, std::string> pending_wills_;
};

}  // namespace

namespace {

// From the environment, for runs by hand.
unsigned number_from(const char* variable, unsigned otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

// What the C library holds back of freed memory counts as used. Has it hold back as much as it ever does, so that two
// counts can be compared.
void fill_caches_of_the_heap() {
  std::vector<std::vector<char>> blocks;
  for (std::size_t size = 1; size <= 1100; size += 8) {
    for (int i = 0; i < 16; ++i) blocks.emplace_back(size);
  }
}

// Bytes on the heap when all clients of such a run are gone.
std::size_t heap_after(BrokerFixture& broker, Run::With with, unsigned seed, Duration time) {
  {
    Run run{broker, seed, with};
    run.pass(time);
    run.check();
    run.end();
    CHECK(run.messages() > 0);
  }
  const BrokerState& state = broker.core.state();
  CHECK(broker.core.connections() == 0);
  CHECK(state.sessions.size() == 0);
  CHECK(state.subscriptions.size() == 0);
  CHECK(state.retained.size() == 0);
  CHECK(state.retained.message_bytes() == 0);
  broker.faults = nullptr;
  std::vector<std::string>{}.swap(broker.events);
  broker.settle();
  fill_caches_of_the_heap();
  return heap_bytes();
}

void check_run(Run::With with) {
  const unsigned seed = number_from("MQTK_RANDOM_RUN_SEED", 1);
  CAPTURE(seed);
  BrokerFixture broker;
  const std::size_t start = heap_after(broker, with, seed + 1, std::chrono::minutes{1});
  const std::size_t end = heap_after(broker, with, seed, std::chrono::hours{number_from("MQTK_RANDOM_RUN_HOURS", 1)});
  CHECK(end < start + 32 * 1024);
  if (with == Run::With::nothing) CHECK(broker.core.counters().messages_dropped() == 0);
}

}  // namespace

TEST_CASE("an hour of clients that vanish and come back: nothing is lost, doubled or out of order, and all is freed") {
  check_run(Run::With::nothing);
}

TEST_CASE("the same hour with every fault that the broker can inject") { check_run(Run::With::faults); }
