#include "load/histogram_log.hpp"

#include <fmt/format.h>

#include "base/append_format.hpp"

namespace mqtk {
namespace {

void add_line(std::string& log, Latency kind, Duration begin, Duration length, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  append_format(log, "Tag={},{:.3f},{:.3f},{:.3f},{}\n", latency_name(kind), to_seconds(begin), to_seconds(length),
                std::chrono::duration<double, std::milli>(histogram.max()).count(), histogram.encode());
}

}  // namespace

std::string histogram_log(const LoadResult& result, WallTime started_at, std::string_view tool) {
  const double base = to_seconds(started_at.time_since_epoch());
  std::string log = fmt::format(
      "#[Logged with {0}]\n#[Histogram log format version 1.3]\n#[BaseTime: {1:.3f} (seconds since epoch)]\n"
      "#[StartTime: {1:.3f} (seconds since epoch), {2}]\n"
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
      tool, base, rfc3339(started_at));
  for (std::size_t i = 0; i < latency_kinds; ++i) {
    const auto kind = static_cast<Latency>(i);
    Histogram rest;
    rest.add(result.latency(kind));
    for (const LoadInterval& interval : result.series) rest.subtract(interval.latency(kind));
    add_line(log, kind, Duration{0}, result.connecting_time, rest);
  }
  for (const LoadInterval& interval : result.series) {
    for (const LoadInterval::Recorded& recorded : interval.latencies) {
      add_line(log, recorded.kind, result.connecting_time + interval.begin, interval.length,
               Histogram{recorded.histogram});
    }
  }
  return log;
}

}  // namespace mqtk
