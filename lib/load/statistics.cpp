#include "load/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace mqtk {
namespace {

// The regularized incomplete beta function by its continued fraction (Lentz's method), for x below (a+1)/(a+b+2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr int most_terms = 500;
  double c = 1;
  double d = 1 / std::max(1 - (a + b) * x / (a + 1), tiny);
  double result = d;
  for (int m = 1; m <= most_terms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    for (const double term : {even, odd}) {
      d = 1 + term * d;
      d = 1 / (std::abs(d) < tiny ? tiny : d);
      c = 1 + term / c;
      c = std::abs(c) < tiny ? tiny : c;
      result *= d * c;
    }
    if (std::abs(d * c - 1) < 1e-12) break;
  }
  return result;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double tail_of_student(double t, double degrees) {
  return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

}  // namespace

SampleSummary summarize(std::span<const double> values) {
  SampleSummary summary;
  const auto count = static_cast<double>(values.size());
  if (values.empty()) return summary;
  for (const double value : values) summary.mean += value / count;
  double squares = 0;
  double neighbours = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double off = values[i] - summary.mean;
    squares += off * off;
    if (i > 0) neighbours += off * (values[i - 1] - summary.mean);
  }
  summary.variance = values.size() > 1 ? squares / (count - 1) : 0;
  // Neighbours that balance each other out are no reason to be surer than independent values would be.
  const double likeness = squares > 0 ? std::clamp(neighbours / squares, 0.0, 0.99) : 0;
  summary.effective_count = count * (1 - likeness) / (1 + likeness);
  return summary;
}

std::optional<ConfidenceInterval> difference(const SampleSummary& a, const SampleSummary& b) {
  if (a.effective_count < 2 || b.effective_count < 2) return std::nullopt;
  const double of_a = a.variance / a.effective_count;
  const double of_b = b.variance / b.effective_count;
  const double middle = b.mean - a.mean;
  if (of_a + of_b <= 0) return ConfidenceInterval{middle, middle};
  const double degrees =
      (of_a + of_b) * (of_a + of_b) / (of_a * of_a / (a.effective_count - 1) + of_b * of_b / (b.effective_count - 1));
  const double half = student_t(0.025, std::max(degrees, 1.0)) * std::sqrt(of_a + of_b);
  return ConfidenceInterval{middle - half, middle + half};
}

double student_t(double tail, double degrees) {
  double low = 0;
  double high = 1;
  while (tail_of_student(high, degrees) > tail && high < 1e9) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (tail_of_student(middle, degrees) > tail ? low : high) = middle;
  }
  return high;
}

}  // namespace mqtk
