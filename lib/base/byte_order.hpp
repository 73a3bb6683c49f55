// Unsigned integers from bytes in either order. The caller has checked that the bytes are there.
#pragma once

#include <concepts>
#include <cstddef>

#include "base/bytes.hpp"

namespace mqtk {

template <std::unsigned_integral T>
[[nodiscard]] constexpr T load_big_endian(const std::uint8_t* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((std::uint64_t{value} << 8U) | from[i]);
  return value;
}

template <std::unsigned_integral T>
[[nodiscard]] constexpr T load_little_endian(const std::uint8_t* from) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) value = static_cast<T>((std::uint64_t{value} << 8U) | from[i]);
  return value;
}

}  // namespace mqtk
