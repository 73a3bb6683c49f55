// Two engines over a network that delays, splits and cuts, in virtual time: what the QoS levels promise must hold.
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

using Random = std::mt19937;

int below(Random& random, int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); }

// One direction of a connection: bytes arrive in order, in pieces, some time later.
class Wire {
 public:
  void send(std::vector<std::uint8_t> bytes, TimePoint now, Random& random) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t count = std::min(bytes.size() - at, static_cast<std::size_t>(below(random, 40) + 1));
      latest_ = std::max(latest_, now + std::chrono::milliseconds{below(random, 300)});
      pieces_.push_back(
          {latest_,
           {bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(at + count)}});
      at += count;
    }
  }
  [[nodiscard]] TimePoint next() const { return pieces_.empty() ? TimePoint::max() : pieces_.front().at; }
  std::vector<std::uint8_t> take() {
    std::vector<std::uint8_t> bytes = std::move(pieces_.front().bytes);
    pieces_.pop_front();
    return bytes;
  }
  void cut() {
    pieces_.clear();
    latest_ = {};
  }

 private:
  struct Piece {
    TimePoint at;
    std::vector<std::uint8_t> bytes;
  };
  std::deque<Piece> pieces_;
  TimePoint latest_{};
};

// One of the two: what it has to publish, and what it got.
struct Side {
  std::unique_ptr<Engine> engine;
  std::deque<int> to_publish;
  std::set<int> unfinished;
  std::vector<int> received;
  std::vector<PacketIdentifier> to_acknowledge;
  Wire outgoing;
};

class Network {
 public:
  Network(unsigned seed, Version version, QoS qos, int messages) : random_(seed), version_(version), qos_(qos) {
    options_.limits.receive_maximum = static_cast<std::uint16_t>(1 + below(random_, 10));
    options_.maximum_in_flight = static_cast<std::uint16_t>(1 + below(random_, 10));
    for (int i = 0; i < messages; ++i) {
      client_.to_publish.push_back(i);
      server_.to_publish.push_back(i);
    }
    connect();
  }

  void run() {
    for (int i = 0; !finished(); ++i) {
      REQUIRE(i < 200'000);
      if (cuts_ < 30 && below(random_, 60) == 0) cut();
      publish(client_);
      publish(server_);
      acknowledge(client_);
      acknowledge(server_);
      flush(client_);
      flush(server_);
      step();
    }
    // The last acknowledgements may still be on their way; the messages are through.
    CHECK(client_session_.state.sender.unfinished() == 0);
    CHECK(server_session_.sender.unfinished() == 0);
    CHECK_FALSE(client_.engine->fault());
    CHECK_FALSE(server_.engine->fault());
  }

  [[nodiscard]] const std::vector<int>& at_server() const { return server_.received; }
  [[nodiscard]] const std::vector<int>& at_client() const { return client_.received; }
  [[nodiscard]] int cuts() const { return cuts_; }

 private:
  bool finished() const {
    return client_.to_publish.empty() && server_.to_publish.empty() && client_.unfinished.empty() &&
           server_.unfinished.empty();
  }

  void connect() {
    client_.engine = std::make_unique<Engine>(Role::client, scratch_, options_, now_);
    server_.engine = std::make_unique<Engine>(Role::server, scratch_, options_, now_);
    Connect connect;
    connect.version = version_;
    connect.client_identifier = "c";
    connect.clean_start = false;
    connect.keep_alive = 30;
    PropertyWriter properties;
    properties.add(PropertyId::session_expiry_interval, never_expires);
    properties.add(PropertyId::receive_maximum, 3);
    if (version_ == Version::v5) connect.properties = properties.block();
    client_session_.exists = true;
    REQUIRE(client_.engine->connect(connect, client_session_, now_));
  }

  void cut() {
    ++cuts_;
    client_.outgoing.cut();
    server_.outgoing.cut();
    client_session_.connection_closed(now_);
    now_ += std::chrono::seconds{below(random_, 5)};
    connect();
  }

  void publish(Side& side) {
    while (!side.to_publish.empty() && side.engine->send_window() > 0 && below(random_, 3) != 0) {
      const int number = side.to_publish.front();
      const Delivery delivery = delivery_to("t", qos_, static_cast<Tag>(number), std::to_string(number));
      REQUIRE(side.engine->publish(delivery, now_));
      side.to_publish.pop_front();
      side.unfinished.insert(number);
    }
  }

  // In any order, some time later; QoS 1 messages of a cut connection have no answer any more.
  void acknowledge(Side& side) {
    while (!side.to_acknowledge.empty() && below(random_, 3) != 0) {
      const std::size_t at = static_cast<std::size_t>(below(random_, static_cast<int>(side.to_acknowledge.size())));
      const PacketIdentifier id = side.to_acknowledge[at];
      if (!side.engine->open()) return;
      static_cast<void>(side.engine->acknowledge(id));
      side.to_acknowledge.erase(side.to_acknowledge.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }

  void flush(Side& side) {
    const std::vector<std::uint8_t> bytes = drain(side.engine->output());
    if (!bytes.empty()) side.outgoing.send(bytes, now_, random_);
  }

  void step() {
    const TimePoint next = std::min(client_.outgoing.next(), server_.outgoing.next());
    if (next == TimePoint::max()) {
      now_ += 10ms;
      return;
    }
    now_ = std::max(now_, next);
    if (client_.outgoing.next() <= now_) receive(server_, client_.outgoing.take());
    if (server_.outgoing.next() <= now_) receive(client_, server_.outgoing.take());
  }

  void receive(Side& side, const std::vector<std::uint8_t>& bytes) {
    feed(*side.engine, bytes, now_, [&](const Event& event) {
      if (event.type == Event::Type::connect) {
        REQUIRE(side.engine->accept(server_session_, {cuts_ > 0 && version_ != Version::v3_1, {}}, now_));
      } else if (event.type == Event::Type::publish) {
        side.received.push_back(std::stoi(std::string{as_text(event.as<Publish>().payload)}));
        // QoS 1 of an earlier connection would be a double answer; the engine knows which waits.
        side.to_acknowledge.push_back(event.packet_identifier);
      } else if (event.type == Event::Type::publish_done) {
        CHECK(side.unfinished.erase(static_cast<int>(event.tag)) == 1);
      }
    });
  }

  Random random_;
  Version version_;
  QoS qos_;
  EngineOptions options_;
  ReceiveScratch scratch_{512};
  ClientSession client_session_;
  SessionState server_session_;
  Side client_;
  Side server_;
  TimePoint now_{std::chrono::hours{1}};
  int cuts_ = 0;
};

std::vector<int> numbers(int count) {
  std::vector<int> all(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = i;
  return all;
}

// The numbers in the order in which each came first.
std::vector<int> first_arrivals(const std::vector<int>& received) {
  std::set<int> known;
  std::vector<int> firsts;
  for (const int number : received) {
    if (known.insert(number).second) firsts.push_back(number);
  }
  return firsts;
}

}  // namespace

TEST_CASE("QoS 1 arrives at least once and in order whatever is cut [MQTT-4.6.0-1] [MQTT-4.6.0-6]") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Network network{seed, seed % 2 == 0 ? Version::v5 : Version::v3_1_1, QoS::at_least_once, 60};
    network.run();
    CHECK(first_arrivals(network.at_server()) == numbers(60));
    CHECK(first_arrivals(network.at_client()) == numbers(60));
  }
}

TEST_CASE("QoS 2 arrives exactly once and in order whatever is cut [MQTT-4.3.3-10] [MQTT-4.3.3-6]") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    Network network{seed, seed % 2 == 0 ? Version::v5 : Version::v3_1_1, QoS::exactly_once, 60};
    network.run();
    CHECK(network.at_server() == numbers(60));
    CHECK(network.at_client() == numbers(60));
  }
}
