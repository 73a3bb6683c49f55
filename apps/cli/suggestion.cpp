#include "cli/suggestion.hpp"

#include <algorithm>

namespace mqtk::cli {

namespace {

// Optimal string alignment distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& names) {
  constexpr std::size_t longest_worth_comparing = 64;
  if (typed.empty() || typed.size() > longest_worth_comparing) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t best_distance = typed.size() / 3 + 1;
  for (const std::string& name : names) {
    const std::size_t d = typed.size() >= 3 && name.starts_with(typed) ? 1 : distance(typed, name);
    if (d < best_distance || (d == best_distance && best == nullptr)) {
      best = &name;
      best_distance = d;
    }
  }
  if (best == nullptr || best_distance >= typed.size()) return std::nullopt;
  return *best;
}

}  // namespace mqtk::cli
