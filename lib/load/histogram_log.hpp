// The interval log that HdrHistogram's tools read (format version 1.3): one line for each second and kind of latency,
// tagged with latency_name(). Values are nanoseconds, the largest of each line is also given in milliseconds.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "load/load_result.hpp"

namespace mqtk {

// `started_at` is when the first connection was begun. What was recorded while connecting is a line of its own, from
// then until the run's start; the sum of all lines of a kind is the result's histogram.
[[nodiscard]] std::string histogram_log(const LoadResult& result, WallTime started_at, std::string_view tool);

}  // namespace mqtk
