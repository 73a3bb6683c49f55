#include "load/load_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "load/json_object.hpp"

namespace mqtk {
namespace {

// From here on a late generator shows in the figures.
constexpr Duration tolerable_lateness = std::chrono::milliseconds{5};
// Of a thread's time: what is above leaves nothing to go faster with.
constexpr double saturated = 0.95;

double processor_share(const LoadInterval& interval, std::uint32_t threads) {
  const double length = std::chrono::duration<double>(interval.length).count();
  return length > 0 ? std::chrono::duration<double>(interval.generator.processor_time).count() / length / threads : 0;
}

// What a part was, for the merged result.
std::string part_facts(const LoadReport& report) {
  std::string out;
  {
    JsonObject object{out};
    object.text("title", report.title);
    object.text("broker", report.broker);
    if (report.shards > 1) object.text("shard", fmt::format("{}/{}", report.shard, report.shards));
    object.key("machine") += report.machine;
    object.text("started_at", rfc3339(report.started_at));
    object.text("ended_at", rfc3339(report.ended_at));
    object.number("processor_time_ns", report.generator.processor_time);
    object.number("peak_memory_bytes", report.generator.memory_bytes);
    if (report.clock) {
      object.number("clock_behind_part_1_ns", report.clock->first_part.wall);
      object.number("clock_uncertainty_ns", report.clock->first_part.uncertainty);
    }
  }
  return out;
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

LoadReport merge(std::vector<LoadReport> parts) {
  LoadCounts of_shards;
  for (const LoadReport& part : parts) {
    if (part.shards > 1) of_shards += part.result.counts;
  }
  LoadReport all = std::move(parts.front());
  std::vector<std::string> facts = all.parts;
  if (facts.empty()) facts.push_back(part_facts(all));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    LoadReport& part = parts[i];
    // Seconds of one wall clock fall together; hosts whose clocks differ by more should have been lined up.
    all.result.add_parallel(
        part.result, part.started_at + part.result.connecting_time - (all.started_at + all.result.connecting_time));
    if (part.parts.empty()) part.parts.push_back(part_facts(part));
    facts.insert(facts.end(), part.parts.begin(), part.parts.end());
    if (part.title != all.title && all.title.size() < 200) all.title += "; " + part.title;
    if (part.broker != all.broker && all.broker.size() < 200) all.broker += "; " + part.broker;
    all.generator.processor_time += part.generator.processor_time;
    all.generator.memory_bytes += part.generator.memory_bytes;
    all.threads += part.threads;
    all.started_at = std::min(all.started_at, part.started_at);
    all.ended_at = std::max(all.ended_at, part.ended_at);
    all.run_failed = all.run_failed || part.run_failed;
    const auto differs = [](const auto& clock) {
      return clock ? std::chrono::abs(clock->first_part.wall) : Duration{-1};
    };
    if (differs(part.clock) > differs(all.clock)) all.clock = part.clock;
    for (const std::string& condition : part.deferred) {
      if (std::ranges::find(all.deferred, condition) == all.deferred.end()) all.deferred.push_back(condition);
    }
  }
  all.result.counts.lost += of_shards.expected - std::min(of_shards.expected, of_shards.arrived);
  all.shard = all.shards = 1;
  all.parts = std::move(facts);
  all.thresholds.clear();
  all.repeats.clear();
  return all;
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
