// What a broker counts: the source of the $SYS topics and of everything else that tells how it does.
#pragma once

#include <cstdint>
#include <numeric>

#include "broker/drop_reason.hpp"
#include "session/engine_counters.hpp"

namespace mqtk {

struct BrokerCounters {
  EngineCounters packets;
  std::uint64_t connections_opened = 0;
  std::uint64_t connects_received = 0;
  std::uint64_t connects_refused = 0;
  std::uint64_t clients_connected = 0;  // at the moment
  std::uint64_t clients_maximum = 0;    // most at the same time
  std::uint64_t sessions_expired = 0;
  std::uint64_t messages_received[3] = {};  // PUBLISH, by QoS
  std::uint64_t messages_sent[3] = {};
  std::uint64_t payload_bytes_received = 0;
  std::uint64_t payload_bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t drops[drop_reason_count] = {};  // by DropReason, once for each receiver that misses a message
  std::uint64_t messages_not_retained = 0;
  std::uint64_t publishers_slowed = 0;  // times that publishers began to wait for a receiver

  [[nodiscard]] std::uint64_t messages_dropped() const {
    return std::accumulate(std::begin(drops), std::end(drops), std::uint64_t{0});
  }
  [[nodiscard]] std::uint64_t all_messages_received() const {
    return messages_received[0] + messages_received[1] + messages_received[2];
  }
  [[nodiscard]] std::uint64_t all_messages_sent() const {
    return messages_sent[0] + messages_sent[1] + messages_sent[2];
  }
};

}  // namespace mqtk
