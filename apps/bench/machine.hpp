// What a result says about the machine and about this process.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace mqtk::bench {

struct Machine {
  std::string system;  // "Linux 6.1.0 x86_64"
  std::string processor;
  std::uint32_t processors = 0;
  std::uint64_t memory_bytes = 0;
};
[[nodiscard]] Machine this_machine();

struct Usage {
  Duration processor_time{0};
  std::uint64_t peak_memory_bytes = 0;
};
[[nodiscard]] Usage usage_so_far();

// Raises the limit of open files to what `clients` need. False if that is not allowed; `limit` says what is.
[[nodiscard]] bool allow_descriptors(std::uint64_t clients, std::uint64_t& limit);

}  // namespace mqtk::bench
