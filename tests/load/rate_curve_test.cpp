#include "load/rate_curve.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "load/send_schedule.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

TEST_CASE("at the full rate work takes as long as it is") {
  const RateCurve curve{{{.length = 10s, .from = 1, .to = 1}}};
  CHECK(curve.whole_work() == 10e9L);
  CHECK(curve.when_done(0) == 0);
  CHECK(curve.when_done(2.5e9L) == 2.5e9L);
  CHECK(curve.when_done(10e9L) == 10e9L);
}

TEST_CASE("work beyond the end is never done") {
  const RateCurve curve{{{.length = 1s, .from = 1, .to = 1}}};
  CHECK(std::isinf(curve.when_done(1.001e9L)));
}

TEST_CASE("a ramp from nothing does half the work, a quarter of that in its first half") {
  const RateCurve curve{{{.length = 4s, .from = 0, .to = 1}}};
  CHECK(curve.whole_work() == 2e9L);
  CHECK(curve.when_done(0.5e9L) == doctest::Approx(2e9));
  CHECK(curve.when_done(2e9L) == doctest::Approx(4e9));
}

TEST_CASE("a ramp down ends when its work is done") {
  const RateCurve curve{{{.length = 4s, .from = 1, .to = 0}}};
  CHECK(curve.when_done(1.5e9L) == doctest::Approx(2e9));
  CHECK(curve.when_done(2e9L) == doctest::Approx(4e9));
}

TEST_CASE("pieces follow each other, and one without work is passed over") {
  const RateCurve curve{
      {{.length = 1s, .from = 1, .to = 1}, {.length = 2s, .from = 0, .to = 0}, {.length = 1s, .from = 3, .to = 3}}};
  CHECK(curve.when_done(0.5e9L) == 0.5e9L);
  CHECK(curve.when_done(1.3e9L) == doctest::Approx(3.1e9));
  CHECK(curve.when_done(4e9L) == doctest::Approx(4e9));
}

TEST_CASE("a schedule under a spike asks for as many messages as the spike says") {
  const RateCurve curve{{{.length = 1s, .from = 1, .to = 1}, {.length = 1s, .from = 5, .to = 5}}};
  const TimePoint start{100s};
  SendSchedule schedule({.rate = 100, .curve = &curve}, start);
  int in_first = 0;
  int in_second = 0;
  while (schedule.next() < start + 2s) (schedule.take() < start + 1s ? in_first : in_second) += 1;
  CHECK(in_first == 100);
  CHECK(in_second == 500);
  schedule.take();  // the one due at the very end
  CHECK(schedule.next() == TimePoint::max());
}
