#include "capture/hex_plain.hpp"

#include <algorithm>
#include <array>

#include "base/hex.hpp"

namespace mqtk {
namespace {

// Digit values, and one value for each other kind of character: one look-up a character is what keeps long input fast.
enum Character : std::uint8_t { separator = 16, newline, hash, backslash_character, letter_x, star, other };

constexpr std::array<std::uint8_t, 256> make_kinds() {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = 0; c < kinds.size(); ++c) {
    const int digit = hex_digit(static_cast<char>(c));
    kinds[c] = digit >= 0 ? static_cast<std::uint8_t>(digit) : std::uint8_t{other};
  }
  for (const char c : {' ', '\t', '\r', '\v', '\f', ':', '-', ',', ';'}) {
    kinds[static_cast<std::uint8_t>(c)] = separator;
  }
  kinds['\n'] = newline;
  kinds['#'] = hash;
  kinds['\\'] = backslash_character;
  kinds['*'] = star;
  kinds['x'] = kinds['X'] = letter_x;
  return kinds;
}

constexpr std::array<std::uint8_t, 256> kinds = make_kinds();

std::uint8_t kind_of(char c) { return kinds[static_cast<std::uint8_t>(c)]; }

}  // namespace

std::string HexError::text() const {
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message;
}

std::string describe_character(char c) {
  if (c >= ' ' && c <= '~') return std::string{"'"} + c + "'";
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<std::uint8_t>(c);
  return std::string{"byte 0x"} + digits[byte >> 4U] + digits[byte & 0x0FU];
}

std::optional<HexError> PlainHex::feed(std::string_view text, std::vector<std::uint8_t>& out) {
  std::size_t at = 0;
  while (at < text.size()) {
    // Whole pairs of digits: nearly all of a long input.
    if ((token_ == Token::digits || token_ == Token::none) && digits_ % 2 == 0) {
      const std::size_t from = at;
      while (at + 1 < text.size()) {
        const std::uint8_t high = kind_of(text[at]);
        const std::uint8_t low = kind_of(text[at + 1]);
        if (high > 15 || low > 15) break;
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
        at += 2;
      }
      if (at > from) {
        last_ = out.back();
        token_ = Token::digits;
        digits_ += at - from;
        position_ += at - from;
        continue;
      }
    }
    if (auto failed = take(text[at], out)) return failed;
    ++at;
    ++position_;
  }
  return std::nullopt;
}

std::optional<HexError> PlainHex::finish(std::vector<std::uint8_t>& out) { return end_token(out); }

std::optional<HexError> PlainHex::take(char c, std::vector<std::uint8_t>& out) {
  const std::uint8_t kind = kind_of(c);
  if (token_ == Token::comment && kind != newline) return std::nullopt;
  if (token_ == Token::backslash && kind != letter_x) return error(position_ - 1, "a backslash without x");
  switch (kind) {
    case newline:
    case separator:
    case hash:
    case backslash_character:
      if (auto failed = end_token(out)) return failed;
      begin(kind == hash ? Token::comment : kind == backslash_character ? Token::backslash : Token::none);
      if (kind == newline) {
        ++line_;
        line_start_ = position_ + 1;
      }
      return std::nullopt;
    case letter_x: return take_x(out);
    case star: return begin_repeat();
    case other: return error(position_, describe_character(c) + " is not a hex digit");
    default: return take_digit(kind, out);
  }
}

std::optional<HexError> PlainHex::take_digit(int digit, std::vector<std::uint8_t>& out) {
  if (token_ == Token::none) begin(Token::digits);
  if (token_ == Token::repeat) {
    if (digit > 9) return error(position_, "behind * stands a decimal number");
    count_ = std::min(count_ * 10 + static_cast<std::uint64_t>(digit), max_repeated_bytes + 1);
    ++digits_;
    return std::nullopt;
  }
  if (token_ == Token::escape && digits_ == 2) {
    return error(position_, "\\x takes two digits; what follows it looks like text");
  }
  ++digits_;
  if (digits_ % 2 == 1) {
    high_ = static_cast<std::uint8_t>(digit);
  } else {
    last_ = static_cast<std::uint8_t>(high_ * 16 + digit);
    out.push_back(last_);
  }
  return std::nullopt;
}

// The x of \x, of 0x, and of an 0x that follows other bytes without a separator (0x100x0e).
std::optional<HexError> PlainHex::take_x(std::vector<std::uint8_t>& out) {
  if (token_ == Token::backslash) {
    begin(Token::escape);
    return std::nullopt;
  }
  const bool after_zero = digits_ % 2 == 1 && high_ == 0;
  if (after_zero && ((token_ == Token::digits && digits_ == 1) || (token_ == Token::prefixed && digits_ > 1))) {
    --digits_;
    if (token_ == Token::prefixed) {
      if (auto failed = end_token(out)) return failed;
    }
    begin(Token::prefixed);
    return std::nullopt;
  }
  return error(position_, "an x without 0 or \\ before it");
}

std::optional<HexError> PlainHex::end_token(std::vector<std::uint8_t>& out) {
  const Token token = token_;
  const std::uint64_t digits = digits_;
  begin(Token::none);
  if (token == Token::backslash) return error(position_ - 1, "a backslash without x");
  if (token == Token::repeat) return digits == 0 ? error(position_ - 1, "* without a number") : end_repeat(out);
  const bool has_prefix = token == Token::prefixed || token == Token::escape;
  if (has_prefix && digits == 0) {
    return error(position_ - 1, token == Token::escape ? "\\x without digits" : "0x without digits");
  }
  if (digits % 2 == 0) return std::nullopt;
  if (has_prefix && digits == 1) {
    out.push_back(high_);
    return std::nullopt;
  }
  if (digits == 1) return error(position_ - 1, "one hex digit alone; a byte has two");
  return error(position_ - 1, std::to_string(digits) + " hex digits in a row, an odd number: half a byte is missing");
}

std::optional<HexError> PlainHex::begin_repeat() {
  const bool behind_byte = digits_ >= 2 && digits_ % 2 == 0 && token_ != Token::repeat;
  if (!behind_byte) return error(position_, "* repeats the byte before it, but there is none");
  begin(Token::repeat);
  count_ = 0;
  return std::nullopt;
}

// The byte itself has been taken.
std::optional<HexError> PlainHex::end_repeat(std::vector<std::uint8_t>& out) {
  if (count_ == 0) return error(position_ - 1, "a byte cannot be repeated 0 times");
  repeated_bytes_ += count_ - 1;
  if (count_ > max_repeated_bytes || repeated_bytes_ > max_repeated_bytes) {
    return error(position_ - 1, "* stands for more than 64 MiB");
  }
  out.insert(out.end(), count_ - 1, last_);
  return std::nullopt;
}

void PlainHex::begin(Token token) {
  token_ = token;
  digits_ = 0;
}

HexError PlainHex::error(std::uint64_t position, std::string_view message) const {
  // A token that ended with its line is reported behind the newline; its last character is still on this line.
  return {line_, position - line_start_ + 1, std::string{message}};
}

}  // namespace mqtk
