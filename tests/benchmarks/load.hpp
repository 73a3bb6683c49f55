// Load for a broker from one thread over plain sockets, with bytes of its own: it shares no code with what it measures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mqtk::benchmark {

struct Load {
  int publishers = 1;
  int subscribers = 1;
  bool paired = false;  // publisher i and subscriber i have a topic of their own; otherwise all share one
  int qos = 0;
  std::size_t payload_bytes = 64;
  std::uint64_t messages = 100'000;  // published in all
};

struct LoadResult {
  std::string error;  // empty if all arrived once and in order
  std::uint64_t deliveries = 0;
  double seconds = 0;
};

// Runs the load against 127.0.0.1:port. Undelivered messages are bounded (2,500 in all, and 20 unacknowledged a
// publisher at QoS 1 and 2), so that nothing but a fault of the broker loses one. Gives up after 60 s.
[[nodiscard]] LoadResult run_load(int port, const Load& load);

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
