// Load for a broker from one thread over plain sockets, with bytes of its own: it shares no code with what it measures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mqtk::benchmark {

struct Load {
  enum class Sessions : std::uint8_t { clean, kept };

  int publishers = 1;
  int subscribers = 1;
  bool paired = false;  // publisher i and subscriber i have a topic of their own; otherwise all share one
  int qos = 0;
  std::size_t payload_bytes = 64;
  std::uint64_t messages = 100'000;  // published in all
  int in_flight = 0;                 // undelivered messages of one publisher; 0: as run_load() says
  double per_second = 0;             // messages in all, evenly spread; 0: as fast as they are delivered
  bool wildcards = false;            // subscribers take turns with '+' and '#'
  int foreign_filters = 0;           // that match nothing, exact, with '+' and with '#', of one more client
  Sessions sessions = Sessions::clean;
};

struct LoadResult {
  std::string error;  // empty if all arrived once and in order
  std::uint64_t deliveries = 0;
  double seconds = 0;
  double median_microseconds = 0;  // from when a message was due, or written where there is no rate, to its delivery
  double p99_microseconds = 0;
};

// Runs the load against 127.0.0.1:port. Undelivered messages are bounded (2,500 in all, and 20 unacknowledged a
// publisher at QoS 1 and 2), so that nothing but a fault of the broker loses one. Gives up after 60 s.
[[nodiscard]] LoadResult run_load(int port, const Load& load);

// Publishes `count` retained messages with topics of their own and returns the bytes of their topics and payloads; 0 if
// that fails.
[[nodiscard]] std::uint64_t retain_messages(int port, int count);

// Whether a CONNECT is answered with CONNACK now.
[[nodiscard]] bool is_served(int port);

// Connections that have sent CONNECT, got CONNACK and say nothing more.
class IdleConnections {
 public:
  IdleConnections() = default;
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;
  ~IdleConnections();

  // Returns how many it got.
  [[nodiscard]] int open(int port, int count);

 private:
  std::vector<int> sockets_;
};

}  // namespace mqtk::benchmark
