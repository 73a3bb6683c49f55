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

void add_traffic(Out out, const Report& report) {
  const LoadResult& result = report.result;
  const LoadCounts& counts = result.counts;
  fmt::format_to(out, "connected {} of {}", counts.connected, counts.clients);
  if (counts.subscriptions > 0) fmt::format_to(out, ", subscribed {} of {}", counts.subscribed, counts.subscriptions);
  if (counts.reconnected > 0) fmt::format_to(out, ", connected again {} times", counts.reconnected);
  *out++ = '\n';
  if (counts.traffic.sent == 0 && counts.subscriptions == 0) return;
  fmt::format_to(out, "\n{:<14}{:>14}{:>14}{:>14}\n", "messages", "all", "measured", "per second");
  const auto line = [&](std::string_view name, std::uint64_t all, std::uint64_t measured, double rate) {
    fmt::format_to(out, "{:<14}{:>14}{:>14}{:>14.1f}\n", name, all, measured, rate);
  };
  if (counts.traffic.sent > 0) line("sent", counts.traffic.sent, result.measured.sent, result.sent_rate());
  if (counts.traffic.acknowledged + counts.unacknowledged > 0) {
    line("acknowledged", counts.traffic.acknowledged, result.measured.acknowledged, result.acknowledged_rate());
  }
  if (counts.subscriptions > 0) {
    line("received", counts.traffic.received, result.measured.received, result.received_rate());
    fmt::format_to(out, "lost {}, duplicated {}, out of order {}", counts.lost, counts.duplicated, counts.out_of_order);
    if (counts.undecided > 0) fmt::format_to(out, ", late or duplicated {}", counts.undecided);
    if (counts.foreign > 0) fmt::format_to(out, ", foreign {}", counts.foreign);
    *out++ = '\n';
  }
  if (counts.retained > 0) fmt::format_to(out, "retained messages received {}\n", counts.retained);
  if (counts.unacknowledged > 0) fmt::format_to(out, "unacknowledged {}\n", counts.unacknowledged);
  if (counts.unrouted > 0) fmt::format_to(out, "without any subscriber {}\n", counts.unrouted);
}

void add_latencies(Out out, const Report& report) {
  constexpr std::array<std::pair<Latency, std::string_view>, latency_kinds> lines = {
      {{Latency::end_to_end, "end to end"},
       {Latency::end_to_end_service, "  from the send"},
       {Latency::round_trip, "answered"},
       {Latency::round_trip_service, "  from the send"},
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
    const Histogram& histogram = report.result.latency(kind);
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
  const LoadResult& result = report.result;
  const Duration late = result.latency(Latency::lateness).percentile(99);
  if (late > tolerable_lateness) {
    fmt::format_to(out,
                   "This load test was itself late, 1 % of the messages by {} and more: the\n"
                   "latencies below are also its own. Lower the rate or free the machine.\n\n",
                   short_duration(late));
  }
  fmt::format_to(out, "bench {}\nbroker {}\n", report.title, report.broker);
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

std::string progress_line(const LoadInterval& interval, Latency main_latency) {
  std::string line;
  Out out{line};
  const double seconds = std::chrono::duration<double>(interval.length).count();
  const auto rate = [&](std::string_view name, std::uint64_t count) {
    if (count > 0) fmt::format_to(out, "  {} {:.0f}/s", name, seconds > 0 ? static_cast<double>(count) / seconds : 0);
  };
  fmt::format_to(out, "{:>4.0f} s", std::chrono::duration<double>(interval.begin + interval.length).count());
  rate("sent", interval.traffic.sent);
  rate("acknowledged", interval.traffic.acknowledged);
  rate("received", interval.traffic.received);
  const Histogram latency = interval.latency(main_latency);
  if (latency.count() > 0) {
    fmt::format_to(out, "  p50 {}  p99 {}", short_duration(latency.percentile(50)),
                   short_duration(latency.percentile(99)));
  }
  if (interval.errors > 0) fmt::format_to(out, "  errors {}", interval.errors);
  return line;
}

}  // namespace mqtk::bench
