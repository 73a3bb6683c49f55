#include "load/threshold.hpp"

#include <doctest/doctest.h>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

LoadResult example() {
  LoadResult result;
  result.main_latency = Latency::end_to_end;
  for (int i = 1; i <= 100; ++i) result.latency(Latency::end_to_end).record(i * 1ms);
  result.counts.lost = 2;
  result.counts.traffic.received = 500;
  result.measured.received = 400;
  result.receiving_time = 2s;
  result.errors.add(LoadErrorKind::publish_refused, ReasonCode::quota_exceeded, "Quota exceeded", 3);
  return result;
}

bool holds(std::string_view text) {
  const auto threshold = Threshold::parse(text);
  REQUIRE_MESSAGE(threshold, text);
  return threshold->check(example()).holds;
}

}  // namespace

TEST_CASE("percentiles, extremes and means are compared with durations") {
  CHECK(holds("p50(latency)<51ms"));
  CHECK_FALSE(holds("p99(latency)<20ms"));
  CHECK(holds("p99(end_to_end) < 100ms"));
  CHECK(holds("max(latency)<=0.1s"));
  CHECK(holds("min(latency)>=1ms"));
  CHECK(holds("mean(latency)>50ms"));
}

TEST_CASE("counts, rates and errors are compared with numbers") {
  CHECK(holds("loss==2"));
  CHECK_FALSE(holds("loss==0"));
  CHECK(holds("loss!=0"));
  CHECK(holds("received>=500"));
  CHECK(holds("rate(received)>=200"));
  CHECK_FALSE(holds("rate(received)>200"));
  CHECK(holds("errors<4"));
}

TEST_CASE("a latency that was never measured holds no condition") {
  const auto threshold = Threshold::parse("p99(suback)<1h");
  REQUIRE(threshold);
  const auto verdict = threshold->check(example());
  CHECK_FALSE(verdict.holds);
  CHECK(verdict.measured == "nothing was measured");
}

TEST_CASE("a duration needs its unit, except for none at all") {
  CHECK(Threshold::parse("p99(latency)<20").error() == "20 of what? Give a unit, such as 20ms");
  CHECK(holds("min(latency)>0"));
}

TEST_CASE("service is the latency from the actual send, of requests, too") {
  LoadResult result;
  result.main_latency = Latency::round_trip;
  result.latency(Latency::round_trip).record(90ms);
  result.latency(Latency::round_trip_service).record(10ms);
  CHECK(Threshold::parse("max(latency)<1s")->check(result).measured == "90.0 ms");
  CHECK(Threshold::parse("max(service)<1s")->check(result).measured == "10.0 ms");
}

TEST_CASE("a verdict says what was measured") {
  CHECK(Threshold::parse("loss==0")->check(example()).measured == "2");
  CHECK(Threshold::parse("rate(received)>1")->check(example()).measured == "200.0");
  CHECK(Threshold::parse("max(latency)<1s")->check(example()).measured == "100 ms");
}

TEST_CASE("only a condition on errors is about errors") {
  CHECK(Threshold::parse("errors<10")->is_about_errors());
  CHECK_FALSE(Threshold::parse("loss==0")->is_about_errors());
}

TEST_CASE("loss, duplicates and order are about delivery, what was sent or received is not") {
  for (const char* text : {"loss==0", "duplicates==0", "out_of_order<5"})
    CHECK(Threshold::parse(text)->is_about_delivery());
  for (const char* text : {"sent>1", "received==0", "errors==0", "rate(received)>1", "p99(latency)<1s"}) {
    CHECK_FALSE(Threshold::parse(text)->is_about_delivery());
  }
}

TEST_CASE("what cannot be understood is refused with a word on what could be") {
  for (const char* text :
       {"", "p99(latency)", "p99(latency)<", "p101(latency)<1s", "p(latency)<1s", "p99(nothing)<1s", "p99(latency<1s",
        "loss=0", "loss==x", "loss==-1", "unheard==0", "rate(lost)>1", "rate()>1", "loss!0", "loss<20ms",
        "p99(latency)<-1s", "loss==nan", "p99(latency)<20", "p99(latency)<0.5"}) {
    const auto threshold = Threshold::parse(text);
    REQUIRE_FALSE_MESSAGE(threshold, text);
    CHECK_FALSE(threshold.error().empty());
  }
}

TEST_CASE("durations are told with three digits") {
  CHECK(short_duration(0ns) == "0.00 us");
  CHECK(short_duration(1'234ns) == "1.23 us");
  CHECK(short_duration(999'600ns) == "1.00 ms");
  CHECK(short_duration(12'340us) == "12.3 ms");
  CHECK(short_duration(100ms) == "100 ms");
  CHECK(short_duration(61s) == "61.0 s");
}

TEST_CASE("errors of one kind, reason and text are counted together, and their texts are bounded") {
  LoadErrors errors;
  errors.add(LoadErrorKind::connection_lost, ReasonCode::success, "reset");
  errors.add(LoadErrorKind::connection_lost, ReasonCode::success, "reset", 2);
  REQUIRE(errors.all().size() == 1);
  CHECK(errors.all()[0].count == 3);
  for (int i = 0; i < 1000; ++i) {
    errors.add(LoadErrorKind::connect_failed, ReasonCode::success, std::to_string(i));
  }
  CHECK(errors.all().size() <= LoadErrors::most_texts + load_error_kinds);
  CHECK(errors.count() == 1003);
  CHECK(errors.count(LoadErrorKind::connect_failed) == 1000);
}
