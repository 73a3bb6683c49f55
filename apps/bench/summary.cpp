#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/append_format.hpp"
#include "bench/report.hpp"

namespace mqtk::bench {
namespace {

constexpr std::size_t columns = 80;

std::string folded(std::string_view text) {
  std::string lines;
  while (text.size() > columns) {
    const std::size_t space = text.rfind(' ', columns);
    const std::size_t end = space == std::string_view::npos ? columns : space;
    lines += std::string{text.substr(0, end)} + '\n';
    text.remove_prefix(space == std::string_view::npos ? end : end + 1);
  }
  return lines + std::string{text};
}

void add_traffic(std::string& out, const Report& report) {
  const LoadResult& result = report.result;
  const LoadCounts& counts = result.counts;
  append_format(out, "connected {} of {}", counts.connected, counts.clients);
  if (counts.subscriptions > 0) append_format(out, ", subscribed {} of {}", counts.subscribed, counts.subscriptions);
  if (counts.reconnected > 0) append_format(out, ", connected again {} times", counts.reconnected);
  out += '\n';
  if (counts.traffic.sent == 0 && counts.subscriptions == 0) return;
  append_format(out, "\n{:<14}{:>14}{:>14}{:>14}\n", "messages", "all", "measured", "per second");
  const auto line = [&](std::string_view name, std::uint64_t all, std::uint64_t measured, double rate) {
    append_format(out, "{:<14}{:>14}{:>14}{:>14.1f}\n", name, all, measured, rate);
  };
  if (counts.traffic.sent > 0) line("sent", counts.traffic.sent, result.measured.sent, result.sent_rate());
  if (counts.traffic.acknowledged + counts.unacknowledged > 0) {
    line("acknowledged", counts.traffic.acknowledged, result.measured.acknowledged, result.acknowledged_rate());
  }
  if (counts.subscriptions > 0) {
    line("received", counts.traffic.received, result.measured.received, result.received_rate());
    const bool is_part = report.shards > 1 && counts.expected + counts.arrived > 0;
    append_format(out, "lost {}, duplicated {}, out of order {}",
                  is_part                          ? "(told by merge)"
                  : !missing_parts(report).empty() ? "(not known)"
                                                   : fmt::format("{}", counts.lost),
                  counts.duplicated, counts.out_of_order);
    if (counts.undecided > 0) append_format(out, ", late or duplicated {}", counts.undecided);
    if (counts.foreign > 0) append_format(out, ", foreign {}", counts.foreign);
    out += '\n';
  }
  if (counts.retained > 0) append_format(out, "retained messages received {}\n", counts.retained);
  if (counts.unacknowledged > 0) append_format(out, "unacknowledged {}\n", counts.unacknowledged);
  if (counts.unrouted > 0) append_format(out, "without any subscriber {}\n", counts.unrouted);
}

void add_latencies(std::string& out, const Report& report) {
  constexpr std::array<std::pair<Latency, std::string_view>, latency_kinds> lines = {
      {{Latency::end_to_end, "end to end"},
       {Latency::end_to_end_service, "  from the send"},
       {Latency::round_trip, "answered"},
       {Latency::round_trip_service, "  from the send"},
       {Latency::publish, "acknowledged"},
       {Latency::publish_service, "  from the send"},
       {Latency::connect, "connected"},
       {Latency::tcp, "  TCP"},
       {Latency::tls, "  TLS"},
       {Latency::connack, "  CONNACK"},
       {Latency::suback, "subscribed"},
       {Latency::lateness, "sent too late by"}}};
  const auto was_measured = [&](const auto& line) { return report.result.latency(line.first).count() > 0; };
  if (std::ranges::none_of(lines, was_measured)) return;
  append_format(out, "\n{:<18}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "latency", "p50", "p90", "p99", "p99.9", "max",
                "mean");
  for (const auto& [kind, name] : lines) {
    const Histogram& histogram = report.result.latency(kind);
    if (histogram.count() == 0) continue;
    append_format(out, "{:<18}", name);
    for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
      append_format(out, "{:>10}", short_duration(histogram.percentile_to_max(percent)));
    }
    append_format(out, "{:>10}{:>10}\n", short_duration(histogram.max()), short_duration(histogram.mean()));
  }
}

void add_processes(std::string& out, const Report& report) {
  const auto line = [&](std::string_view name, Duration time, std::uint64_t memory) {
    append_format(out, "{:<14}{:>14.2f} s{:>12.1f} MiB\n", name, to_seconds(time),
                  static_cast<double>(memory) / (1024 * 1024));
  };
  append_format(out, "\n{:<14}{:>16}{:>16}\n", "process", "processor time", "most memory");
  line("this one", report.generator.processor_time, report.generator.memory_bytes);
  ProcessUse broker;
  for (const LoadInterval& interval : report.result.series) {
    broker.processor_time += interval.broker.processor_time;
    broker.memory_bytes = std::max(broker.memory_bytes, interval.broker.memory_bytes);
  }
  if (broker.memory_bytes > 0) line("the broker", broker.processor_time, broker.memory_bytes);
}

void add_repeats(std::string& out, const Report& report) {
  if (report.repeats.size() < 2) return;
  append_format(out, "\n{:<6}{:>12}{:>16}{:>12}{:>10}{:>10}{:>8}\n", "run", "sent/s", "acknowledged/s", "received/s",
                "p50", "p99", "lost");
  for (std::size_t i = 0; i < report.repeats.size(); ++i) {
    const RepeatFigures& run = report.repeats[i];
    append_format(out, "{:<6}{:>12.1f}{:>16.1f}{:>12.1f}{:>10}{:>10}{:>8}\n", i + 1, run.sent_rate,
                  run.acknowledged_rate, run.received_rate, short_duration(run.p50), short_duration(run.p99), run.lost);
  }
}

}  // namespace

std::string summary(const Report& report) {
  std::string text;
  const LoadResult& result = report.result;
  if (const std::string notice = generator_notice(report); !notice.empty()) text += folded(notice) + "\n\n";
  text += folded("bench " + report.title) + '\n' + folded("broker " + report.broker) + '\n';
  if (result.ended_early) text += "ended early\n";
  add_traffic(text, report);
  add_latencies(text, report);
  for (const std::string& remark : remarks(report)) text += folded(remark) + '\n';
  add_repeats(text, report);
  add_processes(text, report);
  for (const LoadError& error : result.errors.all()) {
    std::string line = fmt::format("{} x {}: {}", error.count, load_error_name(error.kind), error.text);
    if (error.reason != ReasonCode::success) line += fmt::format(" (0x{:02X})", static_cast<unsigned>(error.reason));
    text += folded(line) + '\n';
  }
  for (const CheckedThreshold& threshold : report.thresholds) {
    text += folded(fmt::format("{} {} ({})", threshold.verdict.holds ? "holds:" : "FAILS:", threshold.text,
                               threshold.verdict.measured)) +
            '\n';
  }
  return text;
}

std::string progress_line(const LoadInterval& interval, Latency main_latency) {
  std::string line;
  const double seconds = to_seconds(interval.length);
  const auto rate = [&](std::string_view name, std::uint64_t count) {
    if (count > 0) append_format(line, "  {} {:.0f}/s", name, seconds > 0 ? static_cast<double>(count) / seconds : 0);
  };
  append_format(line, "{:>4.0f} s", to_seconds(interval.begin + interval.length));
  rate("sent", interval.traffic.sent);
  rate("acknowledged", interval.traffic.acknowledged);
  rate("received", interval.traffic.received);
  const Histogram latency = interval.latency(main_latency);
  if (latency.count() > 0) {
    append_format(line, "  p50 {}  p99 {}", short_duration(latency.percentile(50)),
                  short_duration(latency.percentile(99)));
  }
  if (interval.errors > 0) append_format(line, "  errors {}", interval.errors);
  return line;
}

}  // namespace mqtk::bench
