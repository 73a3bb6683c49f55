#include <fmt/format.h>

#include "load/load_report.hpp"

namespace mqtk {
namespace {

using Remarks = std::vector<std::string>;

// A SYN that finds the broker's backlog full is lost, and the system sends it again after a second.
void add_lost_handshakes(Remarks& remarks, const LoadReport& report) {
  constexpr Duration sent_again = std::chrono::milliseconds{950};
  std::uint64_t late = 0;
  report.result.latency(Latency::tcp).for_each([&](Duration latency, std::uint64_t count) {
    late += latency >= sent_again ? count : 0;
  });
  if (late == 0) return;
  remarks.push_back(
      fmt::format("{} connections waited a second or more for TCP: their SYN was lost and sent again, as happens where "
                  "more handshakes wait than the broker's backlog holds; lower --pending",
                  late));
}

void add_clock(Remarks& remarks, const LoadReport& report) {
  if (!report.clock) {
    if (report.shards > 1) remarks.emplace_back("the clock here has not been compared with part 1's");
    return;
  }
  if (report.clock->is_same) return;
  const ClockDifference& first = report.clock->first_part;
  remarks.push_back(fmt::format("{} {} {} part 1's, known to {}",
                                report.shards > 1 ? "the clock here is" : "a part's clock is",
                                short_duration(std::chrono::abs(first.wall)),
                                first.wall > Duration{0} ? "behind" : "ahead of", short_duration(first.uncertainty)));
}

void add_one_way(Remarks& remarks, const OneWay& one_way) {
  if (one_way.is_left_out) {
    remarks.push_back(fmt::format(
        "end-to-end latency is left out: it is that of {} messages between clocks whose difference is known "
        "to {} only",
        one_way.corrected, short_duration(one_way.uncertainty)));
  } else if (one_way.corrected > 0) {
    remarks.push_back(fmt::format("the latency of {} messages is between clocks whose difference is known to {}",
                                  one_way.corrected, short_duration(one_way.uncertainty)));
  }
  if (one_way.not_timed > 0) {
    remarks.push_back(
        fmt::format("{} messages are in no latency: nothing is known of the clock of their stamps", one_way.not_timed));
  }
}

}  // namespace

std::vector<std::string> remarks(const LoadReport& report) {
  Remarks all;
  if (const std::string missing = missing_parts(report); !missing.empty()) {
    all.push_back(missing + " missing: the figures are of the others, and what was lost is not known");
  }
  add_lost_handshakes(all, report);
  add_clock(all, report);
  add_one_way(all, report.result.one_way);
  for (const std::string& condition : report.deferred) {
    all.push_back(fmt::format("left to 'bench merge', one part cannot tell: {}", condition));
  }
  return all;
}

}  // namespace mqtk
