// Two clocks: TimePoint never jumps and drives the protocol; WallTime is what people read.
//
// Nothing outside lib/net reads a clock. Time is an argument.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mqtk {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

[[nodiscard]] constexpr double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// RFC 3339 in UTC with nine decimals: 2026-11-20T23:56:54.123456789Z
[[nodiscard]] std::string rfc3339(WallTime time);
void append_rfc3339(std::string& out, WallTime time);

// Reads RFC 3339 with any number of decimals (beyond nine they are cut) and any offset; nothing on bad text.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

// "500ms", "1.5s", "2m", "3h", "1d", "250us"; a bare number is seconds. Nothing on bad text or beyond 292 years.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

}  // namespace mqtk
