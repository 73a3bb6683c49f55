#include "capture/hex_literal.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "capture/hex_plain.hpp"

namespace mqtk {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Hex digits and what may stand between them: the string is hex, not text.
bool is_hex_text(std::string_view text) {
  const auto pairs = std::ranges::count_if(text, [](char c) { return hex_digit(c) >= 0; });
  return pairs >= 4 && std::ranges::all_of(text, [](char c) {
           return hex_digit(c) >= 0 || is_blank(c) || c == ':' || c == '-' || c == ',';
         });
}

}  // namespace

std::optional<HexError> HexLiteral::feed(std::string_view text, std::vector<std::uint8_t>& out) {
  static_cast<void>(out);
  if (text_.size() + text.size() > max_text_bytes) {
    return error(text_.size(), "the text is longer than 16 MiB");
  }
  text_ += text;
  return std::nullopt;
}

std::optional<HexError> HexLiteral::finish(std::vector<std::uint8_t>& out) {
  return kind_ == Kind::base64 ? read_base64(out) : read_literal(out);
}

HexError HexLiteral::error(std::size_t at, std::string message) const {
  HexError failed;
  at = std::min(at, text_.size());
  const auto before = std::string_view{text_}.substr(0, at);
  failed.line = 1 + static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
  failed.column = at - (before.rfind('\n') + 1) + 1;
  failed.message = std::move(message);
  return failed;
}

std::optional<HexError> HexLiteral::read_base64(std::vector<std::uint8_t>& out) const {
  std::string digits;
  for (std::size_t at = 0; at < text_.size(); ++at) {
    const char c = text_[at];
    if (is_blank(c)) continue;
    if (!is_letter(c) && !is_digit(c) && std::string_view{"+/-="}.find(c) == std::string_view::npos) {
      return error(at, describe_character(c) + " is not a base64 character");
    }
    digits += c;
  }
  const auto bytes = from_base64(digits);
  if (!bytes) return error(text_.size(), "this is no base64: its length or its padding is wrong");
  out.insert(out.end(), bytes->begin(), bytes->end());
  return std::nullopt;
}

// What stands before the literal, a declaration say, is passed over.
std::optional<HexError> HexLiteral::read_literal(std::vector<std::uint8_t>& out) const {
  const std::string_view text = text_;
  if (const std::size_t buffer = text.find("<Buffer"); buffer != std::string_view::npos) {
    const std::size_t end = text.find('>', buffer);
    if (end == std::string_view::npos) return error(text.size(), "the > of <Buffer …> is missing");
    // Node.js shows fifty bytes and then "... 20 more bytes".
    if (const std::size_t cut = text.find(" ...", buffer); cut < end) {
      return error(cut + 1, "the Buffer was cut when it was printed");
    }
    return read_hex_inside(buffer + 7, end, out);
  }
  if (const std::size_t erlang = text.find("<<"); erlang != std::string_view::npos)
    return read_numbers(erlang + 2, out);
  const std::size_t brace = text.find('{');
  const std::size_t quote = text.find_first_of("'\"");
  const std::size_t bracket = text.find('[');
  // What JSON.stringify makes of a Buffer: {"type":"Buffer","data":[16,15]}
  if (const std::size_t data = text.find("\"data\""); brace < data && data != std::string_view::npos) {
    const std::size_t numbers = text.find('[', data);
    if (numbers != std::string_view::npos) return read_numbers(numbers + 1, out);
  }
  if (brace != std::string_view::npos && brace < quote) return read_numbers(brace + 1, out);
  if (bracket != std::string_view::npos && bracket < quote) {
    // The brackets of `char packet[] = …` hold a size or nothing.
    std::size_t inside = text.find_first_not_of(" \t\r\n0123456789", bracket + 1);
    const bool is_declaration = inside != std::string_view::npos && text[inside] == ']' &&
                                text.find_first_of("={", inside) != std::string_view::npos;
    if (!is_declaration) return read_numbers(bracket + 1, out);
    if (brace != std::string_view::npos && brace < quote) return read_numbers(brace + 1, out);
  }
  if (quote != std::string_view::npos) return read_strings(quote, out);
  return error(0, "this is no literal that is known");
}

std::optional<HexError> HexLiteral::read_hex_inside(std::size_t from, std::size_t end,
                                                    std::vector<std::uint8_t>& out) const {
  PlainHex hex;
  const std::string_view inside = std::string_view{text_}.substr(from, end - from);
  auto failed = hex.feed(inside, out);
  if (!failed) failed = hex.finish(out);
  if (!failed) return std::nullopt;
  // Lines and columns count from the start of the whole text.
  const HexError start = error(from, "");
  if (failed->line == 1) failed->column += start.column - 1;
  failed->line += start.line - 1;
  return failed;
}

std::optional<HexError> HexLiteral::read_strings(std::size_t from, std::vector<std::uint8_t>& out) const {
  std::size_t at = from;
  bool is_hex = false;
  while (at < text_.size()) {
    const char c = text_[at];
    if (c == '\'' || c == '"') {
      const std::size_t end = text_.find(c, at + 1);
      is_hex = end != std::string::npos && is_hex_text(std::string_view{text_}.substr(at + 1, end - at - 1));
      if (auto failed = read_string(at, out)) return failed;
    } else if (c == ';' || (c == ',' && is_hex)) {
      break;  // what follows a string of hex is how to read it
    } else if (is_blank(c) || is_letter(c) || std::string_view{"+,.()\\"}.find(c) != std::string_view::npos) {
      ++at;
    } else {
      return error(at, describe_character(c) + " between strings");
    }
  }
  return std::nullopt;
}

std::optional<HexError> HexLiteral::read_string(std::size_t& at, std::vector<std::uint8_t>& out) const {
  const std::size_t from = at;
  const char quote = text_[at++];
  const std::size_t end = text_.find(quote, at);
  if (end != std::string::npos && is_hex_text(std::string_view{text_}.substr(at, end - at))) {
    const std::size_t start = at;
    at = end + 1;
    return read_hex_inside(start, end, out);
  }
  while (at < text_.size() && text_[at] != quote) {
    if (text_[at] == '\n') break;
    if (text_[at] != '\\') {
      out.push_back(static_cast<std::uint8_t>(text_[at++]));
    } else if (auto failed = read_escape(at, out)) {
      return failed;
    }
  }
  if (at >= text_.size() || text_[at] != quote) return error(from, "the string does not end");
  ++at;
  return std::nullopt;
}

std::optional<HexError> HexLiteral::read_escape(std::size_t& at, std::vector<std::uint8_t>& out) const {
  constexpr std::string_view letters = "abfnrtve0\\'\"?";
  constexpr std::string_view values = "\a\b\f\n\r\t\v\x1b";
  const std::size_t from = at++;
  if (at >= text_.size()) return error(from, "a backslash at the end");
  const char c = text_[at];
  if (c == 'x' || c == 'u') {
    const std::size_t digits = c == 'x' ? 2 : 4;
    int value = 0;
    std::size_t count = 0;
    for (++at; count < digits && at < text_.size() && hex_digit(text_[at]) >= 0; ++at, ++count) {
      value = value * 16 + hex_digit(text_[at]);
    }
    if (count == 0 || value > 255) return error(from, "an escape that is no byte");
    out.push_back(static_cast<std::uint8_t>(value));
    return std::nullopt;
  }
  if (is_octal(c)) {
    int value = 0;
    for (std::size_t count = 0; count < 3 && at < text_.size() && is_octal(text_[at]); ++at, ++count) {
      value = value * 8 + (text_[at] - '0');
    }
    if (value > 255) return error(from, "an escape that is no byte");
    out.push_back(static_cast<std::uint8_t>(value));
    return std::nullopt;
  }
  const std::size_t known = letters.find(c);
  if (known == std::string_view::npos) return error(from, "an escape that is not known");
  out.push_back(static_cast<std::uint8_t>(known < values.size() ? values[known] : c));
  ++at;
  return std::nullopt;
}

std::optional<HexError> HexLiteral::read_numbers(std::size_t from, std::vector<std::uint8_t>& out) const {
  std::size_t at = from;
  while (at < text_.size()) {
    const char c = text_[at];
    if (c == '}' || c == ']' || c == '>') return std::nullopt;
    if (is_blank(c) || c == ',' || c == '+') {
      ++at;
    } else if (c == '(') {  // a cast
      const std::size_t end = text_.find(')', at);
      if (end == std::string::npos) return error(at, "a ) is missing");
      at = end + 1;
    } else if (c == '/' && at + 1 < text_.size() && (text_[at + 1] == '/' || text_[at + 1] == '*')) {
      const bool line = text_[at + 1] == '/';
      const std::size_t end = line ? text_.find('\n', at) : text_.find("*/", at + 2);
      at = end == std::string::npos ? text_.size() : end + (line ? 1 : 2);
    } else if (c == '\'' && at + 2 < text_.size() && text_[at + 1] != '\\' && text_[at + 2] == '\'') {
      out.push_back(static_cast<std::uint8_t>(text_[at + 1]));
      at += 3;
    } else if (c == '"') {  // Erlang mixes strings and numbers
      if (auto failed = read_string(at, out)) return failed;
    } else if (auto failed = read_number(at, out)) {
      return failed;
    }
  }
  return error(at, "the list of bytes does not end");
}

std::optional<HexError> HexLiteral::read_number(std::size_t& at, std::vector<std::uint8_t>& out) const {
  const std::size_t from = at;
  const bool is_negative = text_[at] == '-';
  if (is_negative) ++at;
  const std::string_view rest = std::string_view{text_}.substr(at);
  const bool is_hex = rest.starts_with("0x") || rest.starts_with("0X") || rest.starts_with("16#");
  if (is_hex) at += rest[0] == '0' ? 2 : 3;
  int value = 0;
  std::size_t digits = 0;
  while (at < text_.size() && (is_hex ? hex_digit(text_[at]) >= 0 : is_digit(text_[at]))) {
    value = std::min(value * (is_hex ? 16 : 10) + hex_digit(text_[at]), 1000);
    ++at;
    ++digits;
  }
  if (digits == 0) return error(from, describe_character(text_[from]) + " where a byte must be");
  if (value > (is_negative ? 128 : 255)) return error(from, "a number that is no byte");
  while (at < text_.size() && (text_[at] == 'u' || text_[at] == 'U' || text_[at] == 'L')) ++at;
  out.push_back(static_cast<std::uint8_t>(is_negative ? -value : value));
  return std::nullopt;
}

}  // namespace mqtk
