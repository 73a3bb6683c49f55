#include "load/clock_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace mqtk {
namespace {

// Sums and differences of two such times do not overflow.
constexpr std::int64_t most_nanoseconds = std::int64_t{100} * 366 * 24 * 3600 * 1'000'000'000;
constexpr std::int64_t drift_divisor = 10'000;  // 100 ppm

// Exactly as many numbers as there is room for, none of them too large.
bool read_numbers(std::string_view text, std::span<std::int64_t> numbers) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) {
      if (at == end || *at != ' ') return false;
      ++at;
    }
    const auto [after, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{}) return false;
    at = after;
  }
  return at == end && std::ranges::all_of(numbers, [](std::int64_t number) {
           return number >= -most_nanoseconds && number <= most_nanoseconds;
         });
}

ClockReading reading(std::int64_t steady, std::int64_t wall) {
  return {.steady = TimePoint{Duration{steady}}, .wall = WallTime{Duration{wall}}};
}

std::int64_t count(TimePoint time) { return time.time_since_epoch().count(); }
std::int64_t count(WallTime time) { return time.time_since_epoch().count(); }

bool is_part(std::int64_t number) { return number >= 0 && number < 1'000'000; }

}  // namespace

void ClockComparison::add(const ClockReading& asked, const ClockReading& there, const ClockReading& came) {
  const Duration round_trip = came.steady - asked.steady;
  if (round_trip < Duration{0}) return;
  const Duration half = round_trip / 2;
  latest_[samples_++ % most_samples] = {.difference = {.steady = there.steady - (asked.steady + half),
                                                       .wall = there.wall - (asked.wall + half),
                                                       .uncertainty = round_trip - half},
                                        .taken = came.steady};
}

std::optional<ClockDifference> ClockComparison::best(TimePoint now) const {
  std::optional<ClockDifference> best;
  for (std::size_t i = 0; i < std::min<std::uint64_t>(samples_, most_samples); ++i) {
    ClockDifference aged = latest_[i].difference;
    aged.uncertainty += std::max<Duration>(now - latest_[i].taken, Duration{0}) / drift_divisor;
    if (!best || aged.uncertainty < best->uncertainty) best = aged;
  }
  return best;
}

std::string to_text(const ClockQuestion& question) {
  return fmt::format("{} {} {}", question.part, count(question.asked.steady), count(question.asked.wall));
}

std::string to_text(const ClockAnswer& answer) {
  return fmt::format("{} {} {} {}", count(answer.asked.steady), count(answer.asked.wall), count(answer.there.steady),
                     count(answer.there.wall));
}

std::string to_text(const ClockNotice& notice) {
  std::string text = fmt::format("{} {}", notice.part, notice.clock);
  if (notice.first_part) {
    const ClockDifference& difference = *notice.first_part;
    text +=
        fmt::format(" {} {} {}", difference.steady.count(), difference.wall.count(), difference.uncertainty.count());
  }
  return text;
}

std::optional<ClockQuestion> parse_clock_question(std::string_view text) {
  std::array<std::int64_t, 3> numbers{};
  if (!read_numbers(text, numbers) || !is_part(numbers[0])) return std::nullopt;
  return ClockQuestion{.part = static_cast<std::uint32_t>(numbers[0]), .asked = reading(numbers[1], numbers[2])};
}

std::optional<ClockAnswer> parse_clock_answer(std::string_view text) {
  std::array<std::int64_t, 4> numbers{};
  if (!read_numbers(text, numbers)) return std::nullopt;
  return ClockAnswer{.asked = reading(numbers[0], numbers[1]), .there = reading(numbers[2], numbers[3])};
}

std::optional<ClockNotice> parse_clock_notice(std::string_view text) {
  std::array<std::int64_t, 5> numbers{};
  const bool knows = read_numbers(text, numbers);
  if (!knows && !read_numbers(text, std::span{numbers}.first(2))) return std::nullopt;
  if (!is_part(numbers[0]) || numbers[1] < 0 || (knows && numbers[4] < 0)) return std::nullopt;
  ClockNotice notice{.part = static_cast<std::uint32_t>(numbers[0]),
                     .clock = static_cast<std::uint64_t>(numbers[1]),
                     .first_part = {}};
  if (knows) {
    notice.first_part = ClockDifference{
        .steady = Duration{numbers[2]}, .wall = Duration{numbers[3]}, .uncertainty = Duration{numbers[4]}};
  }
  return notice;
}

SenderClock compare_clocks(const ClockNotice& own, const ClockNotice& other) {
  if (own.clock == other.clock) return {.known = true, .is_ours = true};
  if (!own.first_part || !other.first_part) return {};
  return {.known = true,
          .is_ours = false,
          .ahead = own.first_part->steady - other.first_part->steady,
          .uncertainty = own.first_part->uncertainty + other.first_part->uncertainty};
}

}  // namespace mqtk
