#include "cli/byte_size.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace mqtk::cli {
namespace {

struct Unit {
  std::string_view letters;
  double factor;
};
constexpr std::array<Unit, 8> units{{{"", 1},
                                     {"k", 1e3},
                                     {"K", 1e3},
                                     {"M", 1e6},
                                     {"G", 1e9},
                                     {"Ki", 1024},
                                     {"Mi", 1024.0 * 1024},
                                     {"Gi", 1024.0 * 1024 * 1024}}};
constexpr std::string_view refusal = "not a size such as 500k, 64MiB or 2G";

}  // namespace

std::optional<std::uint64_t> parse_byte_size(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.ends_with('B')) text.remove_suffix(1);
  for (const Unit& unit : units) {
    if (text != unit.letters) continue;
    const double bytes = value * unit.factor;
    constexpr double largest = 1152921504606846976.0;
    if (!(bytes >= 1 && bytes <= largest)) return std::nullopt;
    return static_cast<std::uint64_t>(bytes);
  }
  return std::nullopt;
}

Setter store_byte_size(std::optional<std::uint64_t>& target) {
  return [&target](std::string_view text) -> Accepted {
    target = parse_byte_size(text);
    if (!target) return std::unexpected(std::string{refusal});
    return {};
  };
}

Setter store_byte_size(std::size_t& target) {
  return [&target](std::string_view text) -> Accepted {
    const auto size = parse_byte_size(text);
    if (!size) return std::unexpected(std::string{refusal});
    target = *size;
    return {};
  };
}

std::string byte_size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> names{"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < names.size()) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : 1, names[unit]);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

}  // namespace mqtk::cli
