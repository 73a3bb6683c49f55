#include "load/load_report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mqtk {
namespace {

// From here on a late generator shows in the figures.
constexpr Duration tolerable_lateness = std::chrono::milliseconds{5};
// Of a thread's time: what is above leaves nothing to go faster with.
constexpr double saturated = 0.95;

double processor_share(const LoadInterval& interval, std::uint32_t threads) {
  const double length = to_seconds(interval.length);
  return length > 0 ? to_seconds(interval.generator.processor_time) / length / threads : 0;
}

}  // namespace

RepeatFigures RepeatFigures::of(const LoadResult& result) {
  const Histogram& latency = result.latency(result.main_latency);
  return {.sent_rate = result.sent_rate(),
          .acknowledged_rate = result.acknowledged_rate(),
          .received_rate = result.received_rate(),
          .lost = result.counts.lost,
          .errors = result.errors.count(),
          .mean = latency.mean(),
          .p50 = latency.percentile(50),
          .p99 = latency.percentile(99),
          .p999 = latency.percentile(99.9)};
}

std::string generator_notice(const LoadReport& report) {
  const Duration late = report.result.latency(Latency::lateness).percentile(99);
  if (late > tolerable_lateness) {
    return fmt::format(
        "The load test itself was the limit: it sent 1 % of the messages {} and more too late. "
        "The latencies are also its own; lower the rate or free the machine.",
        short_duration(late));
  }
  // The first and the last second are not full ones.
  const std::vector<LoadInterval>& series = report.result.series;
  const auto busy = std::ranges::count_if(
      series, [&](const LoadInterval& each) { return processor_share(each, report.threads) > saturated; });
  if (series.size() >= 2 && busy * 2 > std::ssize(series)) {
    return fmt::format(
        "The load test itself was the limit: it used all the time of its {}. The rate is not the broker's; "
        "use more threads or machines.",
        report.threads == 1 ? "thread" : fmt::format("{} threads", report.threads));
  }
  return {};
}

}  // namespace mqtk
