#include "load/send_schedule.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1000s};

}  // namespace

TEST_CASE("fixed arrivals begin at the start and are evenly spaced") {
  SendSchedule schedule({.rate = 4}, start);
  CHECK(schedule.take() == start);
  CHECK(schedule.take() == start + 250ms);
  CHECK(schedule.take() == start + 500ms);
  CHECK(schedule.next() == start + 750ms);
  CHECK(schedule.taken() == 3);
}

TEST_CASE("rounding does not add up: the millionth arrival of 3 a second is where it belongs") {
  SendSchedule schedule({.rate = 3}, start);
  for (int i = 0; i < 1'000'000; ++i) schedule.take();
  CHECK(schedule.next() == start + 333'333'333'333'333ns);
}

TEST_CASE("what is due at a time is counted, and taking it leaves nothing due") {
  SendSchedule schedule({.rate = 1000}, start);
  CHECK(schedule.due(start - 1ns, 100) == 0);
  CHECK(schedule.due(start, 100) == 1);
  CHECK(schedule.due(start + 9'999us, 100) == 10);
  CHECK(schedule.due(start + 10s, 100) == 100);
  for (int i = 0; i < 10; ++i) schedule.take();
  CHECK(schedule.due(start + 9'999us, 100) == 0);
}

TEST_CASE("lateness is that of the first message that is not taken") {
  SendSchedule schedule({.rate = 10}, start);
  CHECK(schedule.lateness(start - 1s) == 0ns);
  CHECK(schedule.lateness(start + 2s) == 2s);
  schedule.take();
  CHECK(schedule.lateness(start + 2s) == 1900ms);
}

TEST_CASE("a delay moves no later arrival: the schedule is absolute") {
  SendSchedule schedule({.rate = 1000}, start);
  const TimePoint late = start + 1s;
  int taken = 0;
  while (schedule.next() <= late) {
    CHECK(schedule.take() == start + taken * 1ms);
    ++taken;
  }
  CHECK(taken == 1001);
  CHECK(schedule.next() == start + 1001ms);
}

TEST_CASE("Poisson arrivals keep the rate, and their gaps vary as an exponential distribution does") {
  SendSchedule schedule({.rate = 1000, .arrivals = Arrivals::poisson, .seed = 7}, start);
  constexpr int count = 100'000;
  double sum = 0;
  double squares = 0;
  TimePoint before = start;
  for (int i = 0; i < count; ++i) {
    const TimePoint at = schedule.take();
    const double gap = std::chrono::duration<double, std::milli>(at - before).count();
    CHECK_UNARY(gap >= 0);
    sum += gap;
    squares += gap * gap;
    before = at;
  }
  const double mean = sum / count;
  const double deviation = std::sqrt(squares / count - mean * mean);
  CHECK(mean == doctest::Approx(1).epsilon(0.02));
  CHECK(deviation == doctest::Approx(1).epsilon(0.02));
}

TEST_CASE("the same seed gives the same Poisson arrivals, another one others") {
  SendSchedule a({.rate = 10, .arrivals = Arrivals::poisson, .seed = 1}, start);
  SendSchedule b({.rate = 10, .arrivals = Arrivals::poisson, .seed = 1}, start);
  SendSchedule c({.rate = 10, .arrivals = Arrivals::poisson, .seed = 2}, start);
  CHECK(a.next() == b.next());
  CHECK(a.next() != c.next());
  CHECK(a.take() > start);
}

TEST_CASE("an arrival beyond the end of time is at the end of time") {
  SendSchedule schedule({.rate = 1e-12}, start);
  schedule.take();
  CHECK(schedule.next() == TimePoint::max());
}
