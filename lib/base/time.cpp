#include "base/time.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/time_text.hpp"

namespace mqtk {
namespace {

using Seconds = std::chrono::seconds;

// Takes exactly `count` digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Seconds> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return Seconds{0};
  const bool negative = !text.empty() && text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const Seconds offset{*hours * 3600 + *minutes * 60};
  return negative ? -offset : offset;
}

Duration take_fraction(std::string_view& text, bool& valid) {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  valid = !text.empty() && text.front() >= '0' && text.front() <= '9';
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    nanoseconds += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return Duration{nanoseconds};
}

void put_two(Rfc3339Text& text, std::size_t at, std::uint32_t number) {
  text[at] = static_cast<char>('0' + number / 10);
  text[at + 1] = static_cast<char>('0' + number % 10);
}

}  // namespace

std::string rfc3339(WallTime time) {
  std::string text;
  append_rfc3339(text, time);
  return text;
}

void append_rfc3339(std::string& out, WallTime time) {
  const Rfc3339Text text = rfc3339_text(time);
  out.append(text.data(), text.size());
}

namespace {

// Of a whole second, without its fraction.
Rfc3339Text text_of_second(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto seconds = static_cast<std::uint32_t>((time - day).count());
  const auto year = static_cast<std::uint32_t>(static_cast<int>(date.year()));
  Rfc3339Text text{"0000-00-00T00:00:00.000000000"};
  text[29] = 'Z';
  put_two(text, 0, year / 100);
  put_two(text, 2, year % 100);
  put_two(text, 5, static_cast<unsigned>(date.month()));
  put_two(text, 8, static_cast<unsigned>(date.day()));
  put_two(text, 11, seconds / 3600);
  put_two(text, 14, seconds / 60 % 60);
  put_two(text, 17, seconds % 60);
  return text;
}

struct LastSecond {
  std::int64_t second = std::numeric_limits<std::int64_t>::min();
  Rfc3339Text text{};
};

}  // namespace

// Traces print a time for every packet, mostly within the same second: all but the fraction is kept. Digit by digit,
// because formatting it took a third of their time.
Rfc3339Text rfc3339_text(WallTime time) {
  constinit thread_local LastSecond last;
  const auto whole = std::chrono::floor<Seconds>(time);
  if (const std::int64_t second = whole.time_since_epoch().count(); second != last.second) {
    last = {second, text_of_second(whole)};
  }
  Rfc3339Text text = last.text;
  const auto nanoseconds = static_cast<std::uint32_t>((time - whole).count());
  text[20] = static_cast<char>('0' + nanoseconds / 100'000'000);
  put_two(text, 21, nanoseconds / 1'000'000 % 100);
  put_two(text, 23, nanoseconds / 10'000 % 100);
  put_two(text, 25, nanoseconds / 100 % 100);
  put_two(text, 27, nanoseconds % 100);
  return text;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || *year < 1678 || *year > 2261 || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;
  Duration fraction{0};
  if (take(text, '.')) {
    bool valid = false;
    fraction = take_fraction(text, valid);
    if (!valid) return std::nullopt;
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} + Seconds{*second} -
         *offset + fraction;
}

std::optional<Duration> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  double seconds = 0;
  if (unit.empty() || unit == "s")
    seconds = 1;
  else if (unit == "ns")
    seconds = 1e-9;
  else if (unit == "us")
    seconds = 1e-6;
  else if (unit == "ms")
    seconds = 1e-3;
  else if (unit == "m" || unit == "min")
    seconds = 60;
  else if (unit == "h")
    seconds = 3600;
  else if (unit == "d")
    seconds = 86400;
  else
    return std::nullopt;
  const double nanoseconds = std::round(value * seconds * 1e9);
  if (nanoseconds > 9.2e18) return std::nullopt;
  return Duration{static_cast<std::int64_t>(nanoseconds)};
}

}  // namespace mqtk
