#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "bench/report.hpp"

namespace mqtk::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

// From here on a late generator shows in the figures.
constexpr Duration tolerable_lateness = std::chrono::milliseconds{5};

std::string count_of(std::uint32_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string pace_text(const Scenario& scenario) {
  switch (scenario.pacing) {
    case Pacing::unlimited: return "as fast as taken";
    case Pacing::closed_loop: return fmt::format("closed loop of {}", scenario.in_flight);
    case Pacing::open_loop: break;
  }
  return fmt::format("{:.{}f}/s{}", scenario.rate, scenario.rate < 100 ? 2 : 0,
                     scenario.arrivals == Arrivals::poisson ? " (Poisson)" : "");
}

void add_heading(Out out, const Options& options) {
  const Scenario& scenario = options.scenario;
  std::string what;
  if (scenario.publishers > 0) what += count_of(scenario.publishers, "publisher");
  if (scenario.subscribers > 0) what += (what.empty() ? "" : ", ") + count_of(scenario.subscribers, "subscriber");
  if (scenario.idle_clients > 0) what += count_of(scenario.idle_clients, "client");
  if (scenario.publishers + scenario.subscribers > 0) what += fmt::format(", QoS {}", static_cast<int>(scenario.qos));
  if (scenario.publishers > 0) what += fmt::format(", {} B, {}", scenario.payload_bytes, pace_text(scenario));
  fmt::format_to(out, "bench {}: {}\n", kind_name(options.kind), what);
  fmt::format_to(out, "broker {}{}\n", short_text(scenario.endpoint),
                 options.embedded_broker ? ", started for this run" : "");
}

void add_traffic(Out out, const Report& report) {
  const LoadResult& result = *report.result;
  const Scenario& scenario = report.options->scenario;
  const LoadCounts& counts = result.counts;
  fmt::format_to(out, "connected {} of {}", counts.connected, scenario.clients());
  if (scenario.subscribers > 0) fmt::format_to(out, ", subscribed {} of {}", counts.subscribed, scenario.subscribers);
  *out++ = '\n';
  if (scenario.publishers + scenario.subscribers == 0) return;
  fmt::format_to(out, "\n{:<14}{:>14}{:>14}{:>14}\n", "messages", "all", "measured", "per second");
  const auto line = [&](std::string_view name, std::uint64_t all, std::uint64_t measured, double rate) {
    fmt::format_to(out, "{:<14}{:>14}{:>14}{:>14.1f}\n", name, all, measured, rate);
  };
  if (scenario.publishers > 0) line("sent", counts.traffic.sent, result.measured.sent, result.sent_rate());
  if (scenario.publishers > 0 && scenario.qos != QoS::at_most_once) {
    line("acknowledged", counts.traffic.acknowledged, result.measured.acknowledged, result.acknowledged_rate());
  }
  if (scenario.subscribers > 0) {
    line("received", counts.traffic.received, result.measured.received, result.received_rate());
    fmt::format_to(out, "lost {}, duplicated {}, out of order {}", counts.lost, counts.duplicated, counts.out_of_order);
    if (counts.undecided > 0) fmt::format_to(out, ", late or duplicated {}", counts.undecided);
    if (counts.foreign > 0) fmt::format_to(out, ", foreign {}", counts.foreign);
    *out++ = '\n';
  }
  if (counts.unacknowledged > 0) fmt::format_to(out, "unacknowledged {}\n", counts.unacknowledged);
  if (counts.unrouted > 0) fmt::format_to(out, "without any subscriber {}\n", counts.unrouted);
}

void add_latencies(Out out, const Report& report) {
  constexpr std::array<std::pair<Latency, std::string_view>, latency_kinds> lines = {
      {{Latency::end_to_end, "end to end"},
       {Latency::end_to_end_service, "  from the send"},
       {Latency::publish, "acknowledged"},
       {Latency::publish_service, "  from the send"},
       {Latency::connect, "connected"},
       {Latency::tcp, "  TCP"},
       {Latency::connack, "  CONNACK"},
       {Latency::suback, "subscribed"},
       {Latency::lateness, "sent too late by"}}};
  fmt::format_to(out, "\n{:<18}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "latency", "p50", "p90", "p99", "p99.9", "max",
                 "mean");
  for (const auto& [kind, name] : lines) {
    const Histogram& histogram = report.result->latency(kind);
    if (histogram.count() == 0) continue;
    fmt::format_to(out, "{:<18}", name);
    for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
      fmt::format_to(out, "{:>10}", short_duration(std::min(histogram.percentile(percent), histogram.max())));
    }
    fmt::format_to(out, "{:>10}{:>10}\n", short_duration(histogram.max()), short_duration(histogram.mean()));
  }
}

}  // namespace

std::string summary(const Report& report) {
  std::string text;
  Out out{text};
  const LoadResult& result = *report.result;
  const Duration late = result.latency(Latency::lateness).percentile(99);
  if (late > tolerable_lateness) {
    fmt::format_to(out,
                   "This load test was itself late, 1 % of the messages by {} and more: the\n"
                   "latencies below are also its own. Lower the rate or free the machine.\n\n",
                   short_duration(late));
  }
  add_heading(out, *report.options);
  if (result.ended_early) text += "ended early\n";
  add_traffic(out, report);
  add_latencies(out, report);
  const auto seconds = std::chrono::duration<double>(report.usage.processor_time).count();
  fmt::format_to(out, "\nthis process used {:.2f} s of processor time and {:.1f} MiB\n", seconds,
                 static_cast<double>(report.usage.peak_memory_bytes) / (1024 * 1024));
  for (const LoadError& error : result.errors.all()) {
    fmt::format_to(out, "{} x {}: {}", error.count, load_error_name(error.kind), error.text);
    if (error.reason != ReasonCode::success) fmt::format_to(out, " (0x{:02X})", static_cast<unsigned>(error.reason));
    text += '\n';
  }
  for (const CheckedThreshold& threshold : report.thresholds) {
    fmt::format_to(out, "{} {} ({})\n", threshold.verdict.holds ? "holds:" : "FAILS:", threshold.text,
                   threshold.verdict.measured);
  }
  return text;
}

std::string progress_line(const LoadInterval& interval, const Options& options) {
  std::string line;
  Out out{line};
  const double seconds = std::chrono::duration<double>(interval.length).count();
  const auto rate = [&](std::uint64_t count) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; };
  fmt::format_to(out, "{:>4.0f} s", std::chrono::duration<double>(interval.begin + interval.length).count());
  const Scenario& scenario = options.scenario;
  if (scenario.publishers > 0) fmt::format_to(out, "  sent {:.0f}/s", rate(interval.traffic.sent));
  if (scenario.publishers > 0 && scenario.qos != QoS::at_most_once) {
    fmt::format_to(out, "  acknowledged {:.0f}/s", rate(interval.traffic.acknowledged));
  }
  if (scenario.subscribers > 0) fmt::format_to(out, "  received {:.0f}/s", rate(interval.traffic.received));
  if (interval.max > Duration{0}) {
    fmt::format_to(out, "  p50 {}  p99 {}", short_duration(interval.p50), short_duration(interval.p99));
  }
  if (interval.errors > 0) fmt::format_to(out, "  errors {}", interval.errors);
  return line;
}

}  // namespace mqtk::bench
