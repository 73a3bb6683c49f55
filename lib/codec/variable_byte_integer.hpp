// Variable Byte Integers: 7 bits in each byte, the lowest first, and a bit that says whether more follow.
#pragma once

#include <cstdint>

namespace mqtk {

// Bytes, 1 to 4; of what is more than max_variable_byte_integer 4.
[[nodiscard]] constexpr std::uint32_t variable_byte_integer_size(std::uint64_t value) {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

// `value` is at most max_variable_byte_integer. Returns the place behind it.
inline std::uint8_t* write_variable_byte_integer(std::uint8_t* to, std::uint32_t value) {
  for (; value > 0x7F; value >>= 7U) *to++ = static_cast<std::uint8_t>(value | 0x80U);
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

}  // namespace mqtk
