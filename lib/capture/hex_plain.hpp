// Plain hex text to bytes: the part of HexInput for text that is no dump.
//
// A byte is two digits. Only a token with a prefix of its own (0x5, \x5) may have a single digit, because there nothing
// else can be meant. Separators: white space, ':', '-', ',' and ';'. '#' starts a comment that ends with the line.
// XX*N is the byte XX, N times.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/hex_error.hpp"

namespace mqtk {

class PlainHex {
 public:
  // All repeated bytes together: a few characters of input cannot ask for gigabytes.
  static constexpr std::uint64_t max_repeated_bytes = 64U * 1024 * 1024;

  [[nodiscard]] std::optional<HexError> feed(std::string_view text, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> finish(std::vector<std::uint8_t>& out);

 private:
  enum class Token : std::uint8_t {
    none,
    digits,     // 100e0004
    prefixed,   // 0x…
    backslash,  // '\', 'x' must follow
    escape,     // \x…
    repeat,     // *N behind a byte
    comment,
  };

  [[nodiscard]] std::optional<HexError> take(char c, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> take_digit(int digit, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> begin_repeat();
  [[nodiscard]] std::optional<HexError> end_repeat(std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> take_x(std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> end_token(std::vector<std::uint8_t>& out);
  void begin(Token token);
  [[nodiscard]] HexError error(std::uint64_t position, std::string_view message) const;

  Token token_ = Token::none;
  std::uint8_t high_ = 0;     // the first digit of a pair that is not complete
  std::uint64_t digits_ = 0;  // of this token
  std::uint8_t last_ = 0;     // byte of this token, for a repeat
  std::uint64_t count_ = 0;   // of a repeat
  std::uint64_t repeated_bytes_ = 0;
  std::uint64_t position_ = 0;  // of the next character in the text
  std::uint64_t line_ = 1;
  std::uint64_t line_start_ = 0;  // position of the line's first character
};

}  // namespace mqtk
