// The trials of find-max for people: a table, and latency over rate as bars.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/append_format.hpp"
#include "bench/report.hpp"

namespace mqtk::bench {
namespace {

constexpr std::size_t bar_columns = 48;

std::vector<const SearchTrial*> by_rate(const std::vector<SearchTrial>& trials) {
  std::vector<const SearchTrial*> sorted;
  for (const SearchTrial& trial : trials) sorted.push_back(&trial);
  // Those of one rate stay in their order, which is that of their places.
  std::ranges::sort(sorted, [](const SearchTrial* a, const SearchTrial* b) {
    return a->rate != b->rate ? a->rate < b->rate : a < b;
  });
  return sorted;
}

}  // namespace

std::string trial_line(const SearchTrial& trial) {
  return fmt::format("{:>11.0f}{:>12.0f}{:>12.0f}{:>10}{:>10}{:>8}  {}", trial.rate, trial.figures.sent_rate,
                     trial.figures.received_rate, short_duration(trial.figures.p50), short_duration(trial.figures.p99),
                     trial.figures.lost, trial.holds ? "holds" : "fails");
}

std::string trial_heading() {
  return fmt::format("{:>11}{:>12}{:>12}{:>10}{:>10}{:>8}  {}\n", "rate", "sent/s", "received/s", "p50", "p99", "lost",
                     "verdict");
}

std::string trial_table(const std::vector<SearchTrial>& trials) {
  std::string text = trial_heading();
  for (const SearchTrial* trial : by_rate(trials)) text += trial_line(*trial) + '\n';
  return text;
}

std::string trial_plot(const std::vector<SearchTrial>& trials) {
  double least = 1e18;
  double most = 0;
  for (const SearchTrial& trial : trials) {
    const auto value = static_cast<double>(trial.figures.p99.count());
    if (value <= 0) continue;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  if (most <= 0) return {};
  const double span = std::max(std::log10(most / least), 0.1);
  std::string text = "p99 latency on a logarithmic scale; # holds, x fails\n";
  for (const SearchTrial* trial : by_rate(trials)) {
    const auto value = static_cast<double>(trial->figures.p99.count());
    const double part = value > 0 ? std::log10(value / least) / span : 0;
    const auto length = 1 + static_cast<std::size_t>(part * (bar_columns - 1));
    append_format(text, "{:>11.0f} {:<{}} {}\n", trial->rate, std::string(length, trial->holds ? '#' : 'x'),
                  bar_columns, value > 0 ? short_duration(trial->figures.p99) : "-");
  }
  return text;
}

}  // namespace mqtk::bench
