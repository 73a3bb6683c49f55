#include "load/histogram_log.hpp"

#include <fmt/format.h>

#include <iterator>

namespace mqtk {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void add_line(std::string& log, Latency kind, Duration begin, Duration length, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  fmt::format_to(std::back_inserter(log), "Tag={},{:.3f},{:.3f},{:.3f},{}\n", latency_name(kind), seconds(begin),
                 seconds(length), std::chrono::duration<double, std::milli>(histogram.max()).count(),
                 histogram.encode());
}

}  // namespace

std::string histogram_log(const LoadResult& result, WallTime started_at, std::string_view tool) {
  const double base = seconds(started_at.time_since_epoch());
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
