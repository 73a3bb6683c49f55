// What other parts of a load say of their clocks: read or refused, and never reckoned beyond its numbers.
#include <string_view>

#include "fuzz/expect.hpp"
#include "load/clock_comparison.hpp"

using namespace mqtk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ClockReading now{TimePoint{std::chrono::hours{3}}, WallTime{std::chrono::hours{500'000}}};
  if (const auto question = parse_clock_question(text)) {
    const auto again = parse_clock_question(to_text(*question));
    expect(again && again->asked.steady == question->asked.steady, "a question is read back");
  }
  if (const auto answer = parse_clock_answer(text)) {
    ClockComparison comparison;
    comparison.add(answer->asked, answer->there, now);
    if (const auto best = comparison.best(now.steady))
      expect(best->uncertainty >= Duration{0}, "uncertain by 0 or more");
  }
  if (const auto notice = parse_clock_notice(text)) {
    const SenderClock clock = compare_clocks(*notice, {.part = 1, .clock = 5, .first_part = notice->first_part});
    expect(clock.ahead == Duration{0}, "a clock is not ahead of itself");
    const auto again = parse_clock_notice(to_text(*notice));
    expect(again && again->clock == notice->clock, "a notice is read back");
  }
  return 0;
}
