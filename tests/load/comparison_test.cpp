#include "load/comparison.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

using Finding = ComparedFigure::Finding;

// Seconds whose rates vary by 1 % around `rate` without a trend, and whose latencies are `latency`.
LoadReport report(std::uint64_t rate, Duration latency, std::size_t seconds = 20) {
  constexpr std::array<int, 5> off = {0, 7, -9, 4, -2};
  LoadReport made;
  made.result.main_latency = Latency::end_to_end;
  for (std::size_t i = 0; i < seconds; ++i) {
    LoadInterval interval;
    interval.begin = 1s * static_cast<int>(i);
    interval.length = 1s;
    interval.traffic.received =
        static_cast<std::uint64_t>(static_cast<int>(rate) + off[i % off.size()] * static_cast<int>(rate) / 1000);
    Histogram histogram;
    histogram.record(latency + off[i % off.size()] * latency / 100, interval.traffic.received);
    interval.latencies.push_back({Latency::end_to_end, histogram.packed()});
    made.result.latency(Latency::end_to_end).add(histogram);
    made.result.measured.received += interval.traffic.received;
    made.result.series.push_back(std::move(interval));
  }
  return made;
}

ComparedFigure figure(const LoadReport& before, const LoadReport& after, std::string_view name) {
  const Comparison comparison = compare(before, after);
  const auto found = std::ranges::find(comparison.figures, name, &ComparedFigure::name);
  REQUIRE_MESSAGE(found != comparison.figures.end(), name);
  return *found;
}

}  // namespace

TEST_CASE("equal runs: no difference is shown") {
  const LoadReport run = report(1000, 5ms);
  for (const ComparedFigure& each : compare(run, report(1000, 5ms)).figures) {
    CAPTURE(each.name);
    CHECK(each.finding == Finding::none_shown);
  }
}

TEST_CASE("a lower rate is worse, a lower latency is better, each with an interval around the difference") {
  const ComparedFigure rate = figure(report(1000, 5ms), report(900, 4ms), "received per second");
  CHECK(rate.finding == Finding::worse);
  CHECK(rate.change() == doctest::Approx(-0.1).epsilon(0.02));
  REQUIRE(rate.difference);
  CHECK(rate.difference->low < -100);
  CHECK(rate.difference->high < -90);
  CHECK(figure(report(1000, 5ms), report(900, 4ms), "p99 latency").finding == Finding::better);
}

TEST_CASE("a single second is too few to tell") {
  CHECK(figure(report(1000, 5ms, 1), report(900, 5ms, 1), "received per second").finding == Finding::too_few);
}

TEST_CASE("repeated runs are compared by run, since seconds of one run say nothing about the next") {
  LoadReport before = report(1000, 5ms);
  LoadReport after = report(900, 5ms);
  for (const double rate : {1000.0, 700.0, 1300.0}) {
    before.repeats.push_back({.received_rate = rate});
    after.repeats.push_back({.received_rate = rate - 100});
  }
  CHECK(compare(before, after).basis == "repeats 3 and 3");
  CHECK(figure(before, after, "received per second").finding == Finding::none_shown);
}

TEST_CASE("more losses than chance explains are worse, a few are not") {
  LoadReport before = report(1000, 5ms);
  LoadReport after = report(1000, 5ms);
  before.result.counts.lost = 4;
  after.result.counts.lost = 7;
  CHECK(figure(before, after, "lost").finding == Finding::none_shown);
  after.result.counts.lost = 40;
  CHECK(figure(before, after, "lost").finding == Finding::worse);
}

TEST_CASE("a latency that no second of the series has is that of the whole, and too little to tell") {
  LoadReport before = report(1000, 5ms);
  LoadReport after = report(1000, 5ms);
  before.result.main_latency = after.result.main_latency = Latency::connect;
  before.result.latency(Latency::connect).record(2ms);
  after.result.latency(Latency::connect).record(3ms);
  const ComparedFigure median = figure(before, after, "median latency");
  CHECK(median.before == doctest::Approx(2e6).epsilon(0.001));
  CHECK(median.after == doctest::Approx(3e6).epsilon(0.001));
  CHECK(median.finding == Finding::too_few);
}
