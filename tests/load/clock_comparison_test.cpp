#include "load/clock_comparison.hpp"

#include <doctest/doctest.h>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

ClockReading reading(Duration steady, Duration wall) { return {TimePoint{steady}, WallTime{wall}}; }

}  // namespace

TEST_CASE("the other clock is compared with the middle of the round trip, and known to half of it") {
  ClockComparison comparison;
  CHECK_FALSE(comparison.best(TimePoint{1s}));
  comparison.add(reading(1000ms, 50s), reading(7010ms, 49s), reading(1006ms, 50006ms));
  const auto best = comparison.best(TimePoint{1006ms});
  REQUIRE(best);
  CHECK(best->steady == 6007ms);
  CHECK(best->wall == -1003ms);
  CHECK(best->uncertainty == 3ms);
}

TEST_CASE("of several answers that which came soonest counts") {
  ClockComparison comparison;
  comparison.add(reading(0ms, 0s), reading(100ms, 0s), reading(40ms, 0s));
  comparison.add(reading(50ms, 0s), reading(151ms, 0s), reading(52ms, 0s));
  comparison.add(reading(60ms, 0s), reading(190ms, 0s), reading(80ms, 0s));
  const auto best = comparison.best(TimePoint{80ms});
  REQUIRE(best);
  CHECK(best->steady == 100ms);
  CHECK(best->uncertainty == 1ms + 2800ns);  // 28 ms old
}

TEST_CASE("clocks drift: an old answer grows uncertain by 100 microseconds a second, and the 17th replaces the first") {
  ClockComparison comparison;
  comparison.add(reading(0s, 0s), reading(5s, 0s), reading(2us, 0s));
  CHECK(comparison.best(TimePoint{10s + 2us})->uncertainty == 1us + 1ms);
  for (int i = 0; i < 16; ++i) comparison.add(reading(10s, 0s), reading(20s, 0s), reading(10s + 2ms, 0s));
  CHECK(comparison.samples() == 17);
  CHECK(comparison.best(TimePoint{10s + 2ms})->steady == 9999ms);
}

TEST_CASE("an answer from before its question is none") {
  ClockComparison comparison;
  comparison.add(reading(5s, 5s), reading(1s, 1s), reading(4s, 4s));
  CHECK(comparison.samples() == 0);
}

TEST_CASE("what parts tell each other is numbers with spaces between them") {
  CHECK(to_text(ClockQuestion{.part = 2, .asked = reading(30ns, 40ns)}) == "2 30 40");
  CHECK(to_text(ClockAnswer{.asked = reading(1ns, 2ns), .there = reading(3ns, -4ns)}) == "1 2 3 -4");
  CHECK(to_text(ClockNotice{.part = 1, .clock = 77, .first_part = {}}) == "1 77");
  CHECK(to_text(ClockNotice{.part = 1, .clock = 77, .first_part = ClockDifference{-5ns, 6ns, 7ns}}) == "1 77 -5 6 7");

  const auto question = parse_clock_question("2 30 40");
  REQUIRE(question);
  CHECK(question->part == 2);
  CHECK(question->asked.wall == WallTime{40ns});
  const auto answer = parse_clock_answer("1 2 3 -4");
  REQUIRE(answer);
  CHECK(answer->there.steady == TimePoint{3ns});
  CHECK(answer->there.wall == WallTime{-4ns});
  const auto notice = parse_clock_notice("1 77 -5 6 7");
  REQUIRE(notice);
  REQUIRE(notice->first_part);
  CHECK(notice->first_part->steady == -5ns);
  CHECK_FALSE(parse_clock_notice("1 77")->first_part);
}

TEST_CASE("other texts are none of these") {
  for (const char* text : {"", "2 30", "2 30 40 50 60 70", "2  30 40", "2 30 40 ", "x 1 2", "-1 1 2", "1000000 1 2",
                           "1 4000000000000000000 2", "1 2 99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_clock_question(text));
    CHECK_FALSE(parse_clock_answer(text));
  }
  for (const char* text : {"1", "1 -7", "1 7 8", "1 7 8 9 -1", "1 7 8 9 10 11"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_clock_notice(text));
  }
}

TEST_CASE("two parts know each other's clocks through part 1, or because both read the same") {
  const ClockNotice own{.part = 1, .clock = 10, .first_part = ClockDifference{500ms, 0s, 2ms}};
  SenderClock other = compare_clocks(own, {.part = 2, .clock = 20, .first_part = ClockDifference{-100ms, 0s, 3ms}});
  CHECK(other.known);
  CHECK_FALSE(other.is_ours);
  CHECK(other.ahead == 600ms);
  CHECK(other.uncertainty == 5ms);
  CHECK_FALSE(compare_clocks(own, {.part = 2, .clock = 20, .first_part = {}}).known);
  other = compare_clocks({.part = 1, .clock = 10, .first_part = {}}, {.part = 3, .clock = 10, .first_part = {}});
  CHECK(other.known);
  CHECK(other.is_ours);
  CHECK(other.ahead == 0s);
}
