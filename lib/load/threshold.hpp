// A condition that a load test must meet: 'p99(latency)<20ms', 'loss==0', 'rate(received)>50000'.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "load/load_result.hpp"

namespace mqtk {

class Threshold {
 public:
  // The error says what is not understood and what would be.
  [[nodiscard]] static std::expected<Threshold, std::string> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  // The latency that it is about, if any; `main_latency` is what "latency" means.
  [[nodiscard]] std::optional<Latency> latency(Latency main_latency) const;

  // It is about what is received of what was sent: loss, duplicates, order.
  [[nodiscard]] bool is_about_delivery() const;

  // It is about errors, so that they do not fail the run by themselves.
  [[nodiscard]] bool is_about_errors() const { return measure_ == Measure::errors; }

  // Only the sum of all parts of a shared load can judge it: what one sent the others may have received.
  [[nodiscard]] bool needs_all_parts() const;

  struct Verdict {
    bool holds = false;
    std::string measured;  // "12.3 ms", "0", or "nothing": a latency that was never measured holds no condition
  };
  [[nodiscard]] Verdict check(const LoadResult& result) const;

 private:
  enum class Measure : std::uint8_t { percentile, mean, maximum, minimum, rate, count, errors };
  enum class Comparison : std::uint8_t { less, at_most, equal, not_equal, at_least, greater };

  std::expected<void, std::string> parse_measure(std::string_view text);
  std::expected<void, std::string> parse_value(std::string_view text);
  [[nodiscard]] bool is_duration() const { return measure_ <= Measure::minimum; }
  [[nodiscard]] double value_in(const LoadResult& result) const;

  std::string text_;
  Measure measure_ = Measure::count;
  Comparison comparison_ = Comparison::less;
  std::string subject_;  // what the measure is of: "latency", "received", "lost"
  double percent_ = 0;
  double value_ = 0;  // nanoseconds for durations
};

// "850 us", "12.3 ms", "1.25 s": three digits.
[[nodiscard]] std::string short_duration(Duration duration);

}  // namespace mqtk
