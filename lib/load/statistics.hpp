// What a row of measured values says about its mean, and two rows about the difference of theirs.
#pragma once

#include <optional>
#include <span>

namespace mqtk {

struct SampleSummary {
  double mean = 0;
  double variance = 0;  // of one value
  // Values that follow each other are alike, the more so in a row of seconds: this many independent ones say as much.
  double effective_count = 0;
};

[[nodiscard]] SampleSummary summarize(std::span<const double> values);

struct ConfidenceInterval {
  double low = 0;
  double high = 0;
};

// Of the mean behind `b` less the mean behind `a`, with 95 % confidence (Welch's). Nothing where fewer than two values
// that count stand on either side.
[[nodiscard]] std::optional<ConfidenceInterval> difference(const SampleSummary& a, const SampleSummary& b);

// The value that Student's t with `degrees` (1 and more) of freedom exceeds with probability `tail` (below 0.5).
[[nodiscard]] double student_t(double tail, double degrees);

}  // namespace mqtk
