#include "load/load_result.hpp"

#include <doctest/doctest.h>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

LoadInterval interval(Duration begin, std::uint64_t sent, Duration latency) {
  LoadInterval made;
  made.begin = begin;
  made.length = 1s;
  made.traffic.sent = sent;
  made.sent_bytes = 16 * sent;
  Histogram histogram;
  histogram.record(latency, sent);
  made.latencies.push_back({Latency::publish, histogram.packed()});
  return made;
}

LoadResult part(std::uint64_t sent, Duration sending_time) {
  LoadResult result;
  result.counts.traffic.sent = result.measured.sent = sent;
  result.counts.lost = 1;
  result.sending_time = sending_time;
  result.latency(Latency::publish).record(2ms, sent);
  result.errors.add(LoadErrorKind::publish_refused, ReasonCode::quota_exceeded, "Quota exceeded", sent);
  result.series.push_back(interval(0s, sent, 2ms));
  return result;
}

}  // namespace

TEST_CASE("a packed histogram is the histogram again, extremes and all") {
  Histogram histogram;
  histogram.record(1us);
  histogram.record(12'345'678ns, 3);
  histogram.record(59min);
  const Histogram again{histogram.packed()};
  CHECK(again.count() == 5);
  CHECK(again.min() == 1us);
  CHECK(again.max() == 59min);
  CHECK(again.percentile(50) == histogram.percentile(50));
  CHECK(histogram.packed().buckets.size() == 3);
}

TEST_CASE("a cleared histogram counts from nothing") {
  Histogram histogram;
  histogram.record(5ms, 7);
  histogram.record(8s);
  histogram.clear();
  CHECK(histogram.packed().buckets.empty());
  histogram.record(1ms);
  CHECK(histogram.count() == 1);
  CHECK(histogram.max() == 1ms);
}

TEST_CASE("extremes are restored in the buckets of the extreme samples only") {
  Histogram measured;
  measured.record(10'000'001ns);
  measured.record(90'000'001ns);
  auto read = Histogram::decode(measured.encode());
  REQUIRE(read);
  read->restore_extremes(10'000'001ns, 90'000'001ns);
  CHECK(read->min() == 10'000'001ns);
  CHECK(read->max() == 90'000'001ns);
  read->restore_extremes(1us, 1h);
  CHECK(read->min() == 10'000'001ns);
  CHECK(read->max() == 90'000'001ns);
}

TEST_CASE("parts that ran at the same time: counts and rates add up, seconds fall together") {
  LoadResult all = part(100, 10s);
  all.add_parallel(part(300, 10s), 20ms);
  CHECK(all.counts.traffic.sent == 400);
  CHECK(all.counts.lost == 2);
  CHECK(all.sent_rate() == doctest::Approx(40));
  CHECK(all.latency(Latency::publish).count() == 400);
  REQUIRE(all.errors.all().size() == 1);
  CHECK(all.errors.all()[0].count == 400);
  REQUIRE(all.series.size() == 1);
  CHECK(all.series[0].traffic.sent == 400);
  CHECK(all.series[0].sent_bytes == 6400);
  CHECK(all.series[0].latency(Latency::publish).count() == 400);
}

TEST_CASE("a part that began seconds later keeps its place in the series") {
  LoadResult all = part(100, 10s);
  all.add_parallel(part(300, 10s), 3s);
  all.add_parallel(part(7, 10s), 2900ms);
  REQUIRE(all.series.size() == 2);
  CHECK(all.series[0].traffic.sent == 100);
  CHECK(all.series[1].begin == 3s);
  CHECK(all.series[1].traffic.sent == 307);
}

TEST_CASE("a repeated run: counts and times add up, the series goes on") {
  LoadResult all = part(100, 10s);
  all.add_following(part(300, 10s));
  CHECK(all.sent_rate() == doctest::Approx(20));
  REQUIRE(all.series.size() == 2);
  CHECK(all.series[1].begin == 1s);
  CHECK(all.series[1].traffic.sent == 300);
}

TEST_CASE("latencies of an interval are found by their kind") {
  LoadInterval first = interval(0s, 2, 1ms);
  LoadInterval second = interval(0s, 3, 5ms);
  second.latencies[0].kind = Latency::connect;
  first.add(second);
  CHECK(first.latency(Latency::connect).count() == 3);
  CHECK(first.latency(Latency::publish).count() == 2);
  CHECK(first.latency(Latency::end_to_end).count() == 0);
}

TEST_CASE("latency between clocks is left out where they are not known to a tenth of its median") {
  const auto measured = [](std::uint64_t corrected, Duration uncertainty) {
    LoadResult result;
    for (const Latency kind : {Latency::publish, Latency::end_to_end, Latency::end_to_end_service}) {
      result.latency(kind).record(20ms, 10);
    }
    LoadInterval interval;
    interval.latencies = {{Latency::publish, result.latency(Latency::publish).packed()},
                          {Latency::end_to_end, result.latency(Latency::end_to_end).packed()}};
    result.series.push_back(interval);
    result.one_way.corrected = corrected;
    result.one_way.uncertainty = uncertainty;
    result.leave_out_uncertain();
    return result;
  };
  CHECK(measured(5, 1900us).latency(Latency::end_to_end).count() == 10);
  CHECK(measured(0, 3ms).latency(Latency::end_to_end).count() == 10);
  const LoadResult uncertain = measured(5, 2100us);
  CHECK(uncertain.one_way.is_left_out);
  CHECK(uncertain.latency(Latency::end_to_end).count() == 0);
  CHECK(uncertain.latency(Latency::end_to_end_service).count() == 0);
  CHECK(uncertain.latency(Latency::publish).count() == 10);
  REQUIRE(uncertain.series[0].latencies.size() == 1);
  CHECK(uncertain.series[0].latencies[0].kind == Latency::publish);
}
