#include "cli/text_pattern.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace mqtk::cli {
namespace {

constexpr std::string_view placeholders = "{n}, {time}, {uuid}, {random:…}, {env:NAME} and {file:NAME}";

bool is_small_letter(char c) { return c >= 'a' && c <= 'z'; }

std::optional<double> read_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  constexpr double largest = 1e15;  // whole numbers up to here are exact
  if (error != std::errc{} || end != text.data() + text.size() || !(std::abs(number) <= largest)) return std::nullopt;
  return number;
}

std::size_t decimals(std::string_view number) {
  const std::size_t point = number.find('.');
  return point == std::string_view::npos ? 0 : number.size() - point - 1;
}

std::string time_text(const std::string& unit, WallTime now) {
  const std::int64_t nanoseconds = now.time_since_epoch().count();
  if (unit == "s") return fmt::format("{}", nanoseconds / 1'000'000'000);
  if (unit == "ms") return fmt::format("{}", nanoseconds / 1'000'000);
  if (unit == "us") return fmt::format("{}", nanoseconds / 1'000);
  if (unit == "ns") return fmt::format("{}", nanoseconds);
  return rfc3339(now);
}

}  // namespace

std::expected<TextPattern, std::string> TextPattern::parse(std::string_view text) {
  TextPattern pattern;
  std::string literal;
  for (std::size_t at = 0; at < text.size();) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    const bool escape = text[at] == '{' && next == '{';
    if (text[at] != '{' || (!escape && !is_small_letter(next))) {
      literal += text[at++];
      continue;
    }
    if (escape) {
      literal += '{';
      at += 2;
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return std::unexpected("a placeholder is not closed with }; {{ is a brace");
    auto part = parse_placeholder(text.substr(at + 1, end - at - 1));
    if (!part) return std::unexpected(part.error());
    at = end + 1;
    if (part->kind == Part::Kind::text) {
      literal += part->text;
      continue;
    }
    if (!literal.empty()) pattern.parts_.push_back({.text = std::exchange(literal, {})});
    pattern.parts_.push_back(std::move(*part));
  }
  if (!literal.empty()) pattern.parts_.push_back({.text = std::move(literal)});
  return pattern;
}

std::expected<TextPattern::Part, std::string> TextPattern::parse_placeholder(std::string_view inside) {
  const std::size_t colon = inside.find(':');
  const std::string_view name = inside.substr(0, colon);
  const std::string_view detail = colon == std::string_view::npos ? std::string_view{} : inside.substr(colon + 1);
  const bool plain = colon == std::string_view::npos;
  if (name == "n" && plain) return Part{.kind = Part::Kind::number, .text = {}};
  if (name == "uuid" && plain) return Part{.kind = Part::Kind::uuid, .text = {}};
  if (name == "time") {
    if (!plain && detail != "s" && detail != "ms" && detail != "us" && detail != "ns") {
      return std::unexpected(fmt::format("{{{}}}: the units of time are s, ms, us and ns", inside));
    }
    return Part{.kind = Part::Kind::time, .text = std::string{detail}};
  }
  if (name == "random") return parse_random(detail);
  if (name == "env" && !detail.empty()) {
    const char* value = std::getenv(std::string{detail}.c_str());
    if (value == nullptr) return std::unexpected(fmt::format("{{{}}}: no such environment variable", inside));
    return Part{.text = value};
  }
  if (name == "file" && !detail.empty()) return parse_file(std::string{detail});
  return std::unexpected(fmt::format("{{{}}} is no placeholder; there are {}", inside, placeholders));
}

// Read for each message; a file that cannot be read now is a mistake that no broker has to hear of.
std::expected<TextPattern::Part, std::string> TextPattern::parse_file(std::string name) {
  if (::access(name.c_str(), R_OK) != 0) {
    return std::unexpected(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
  }
  return Part{.kind = Part::Kind::file, .text = std::move(name)};
}

std::expected<TextPattern::Part, std::string> TextPattern::parse_random(std::string_view range) {
  const std::size_t dots = range.find("..");
  constexpr std::size_t most_decimals = 9;
  constexpr double most_digits = 1'000'000;
  if (dots == std::string_view::npos) {
    const auto count = read_number(range);
    if (count && decimals(range) == 0 && *count >= 1 && *count <= most_digits) {
      return Part{.kind = Part::Kind::random_digits, .text = {}, .most = *count};
    }
  } else {
    const std::string_view low = range.substr(0, dots);
    const std::string_view high = range.substr(dots + 2);
    const auto least = read_number(low);
    const auto most = read_number(high);
    const std::size_t places = std::max(decimals(low), decimals(high));
    if (least && most && *least <= *most && places <= most_decimals) {
      return Part{.kind = Part::Kind::random_number,
                  .text = {},
                  .least = *least,
                  .most = *most,
                  .places = static_cast<std::uint8_t>(places)};
    }
  }
  return std::unexpected(
      fmt::format("{{random:{}}} needs a range such as 1..6 or 18.5..24.0, or a count of hex digits", range));
}

std::expected<std::string, std::string> TextPattern::fill_in(std::uint64_t number, WallTime now) {
  std::string out;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Part::Kind::text: out += part.text; break;
      case Part::Kind::number: out += fmt::format("{}", number); break;
      case Part::Kind::time: out += time_text(part.text, now); break;
      case Part::Kind::uuid: append_uuid(out); break;
      case Part::Kind::random_number:
      case Part::Kind::random_digits: append_random(out, part); break;
      case Part::Kind::file: {
        std::ifstream file(part.text, std::ios::binary);
        std::string contents{std::istreambuf_iterator<char>(file), {}};
        if (!file) return std::unexpected(fmt::format("cannot read {}", part.text));
        if (contents.ends_with('\n')) contents.pop_back();
        out += contents;
      }
    }
  }
  return out;
}

void TextPattern::append_random(std::string& out, const Part& part) {
  if (part.kind == Part::Kind::random_digits) {
    for (double left = part.most; left > 0; --left) out += "0123456789abcdef"[random_() % 16];
    return;
  }
  const double unit = std::pow(10.0, part.places);
  const auto low = std::llround(part.least * unit);
  const auto high = std::llround(part.most * unit);
  const auto chosen = std::uniform_int_distribution<long long>{low, high}(random_);
  out += fmt::format("{:.{}f}", static_cast<double>(chosen) / unit, part.places);
}

void TextPattern::append_uuid(std::string& out) {
  const std::uint64_t high = (random_() & ~0xF000ULL) | 0x4000ULL;                              // version 4
  const std::uint64_t low = (random_() & 0x3FFF'FFFF'FFFF'FFFFULL) | 0x8000'0000'0000'0000ULL;  // variant of RFC 9562
  out += fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU, high & 0xFFFFU,
                     low >> 48U, low & 0xFFFF'FFFF'FFFFULL);
}

}  // namespace mqtk::cli
