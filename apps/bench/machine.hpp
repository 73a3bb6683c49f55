// What a result says about the machine and about this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "load/load_result.hpp"

namespace mqtk::bench {

// System, processor, number of processors, memory: a JSON object.
[[nodiscard]] std::string this_machine();

// The same for two processes only if the clock that never jumps is the same for both; below 2^60.
[[nodiscard]] std::uint64_t identity_of_clock();

// Of this process; the memory is the peak.
[[nodiscard]] ProcessUse usage_so_far();

// Of any process of this system, from /proc; the memory is what is resident now. Nothing if there is no such process.
[[nodiscard]] std::optional<ProcessUse> usage_of(std::uint32_t process);

// Raises the limit of open files to the most that is allowed. False if `clients` need more than that `limit`.
[[nodiscard]] bool allow_descriptors(std::uint64_t clients, std::uint64_t& limit);

}  // namespace mqtk::bench
