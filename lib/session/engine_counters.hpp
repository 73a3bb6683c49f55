// Control Packets of any type, counted over all engines that share the counters.
#pragma once

#include <cstdint>

namespace mqtk {

struct EngineCounters {
  std::uint64_t packets_received = 0;
  std::uint64_t packets_sent = 0;
};

}  // namespace mqtk
