// Views of bytes, and the two casts between bytes and text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mqtk {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace mqtk
