// Hex digits to bytes and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {

// Value of one hex digit, -1 if it is none.
[[nodiscard]] constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Two lower-case digits a byte, `separator` between bytes.
[[nodiscard]] std::string to_hex(Bytes bytes, std::string_view separator = "");

// Pairs of digits, white space between pairs allowed; nothing on any other character or an odd count.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text);

}  // namespace mqtk
