// The part of a shared load that a process does, and when it begins.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "load/scenario.hpp"

namespace mqtk::bench {

// "2/4"; "auto" and "auto/4" ask the environment. The error says what is missing.
[[nodiscard]] std::expected<LoadSlice, std::string> parse_shard(std::string_view text);

// What the parts of one load have in common, and other loads do not have.
struct RunIdentity {
  std::string name;                // 16 hex digits
  std::uint32_t first_stream = 0;  // of their messages
};
// Of whatever text the parts know alike.
[[nodiscard]] RunIdentity identity_of_run(std::string_view text);

// RFC 3339, or "next-minute" as seen at `now`.
[[nodiscard]] std::optional<WallTime> parse_start(std::string_view text, WallTime now);

}  // namespace mqtk::bench
