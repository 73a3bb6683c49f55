// Seeded hash of topics, filters and Client Identifiers.
//
// Strangers choose these texts, so an unseeded hash would let them fill one bucket of a table.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace mqtk {

class TextHash {
 public:
  using is_transparent = void;

  explicit TextHash(std::uint64_t seed = 0) : seed_(seed ^ 0x9E37'79B9'7F4A'7C15U) {}

  [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept {
    std::uint64_t hash = seed_ ^ text.size();
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; at += 8, left -= 8) hash = mix(hash ^ word(at, 8), 0xA076'1D64'78BD'642FU);
    return mix(hash ^ word(at, left), 0xE703'7ED1'A0B4'28DBU);
  }

  // Both halves of a product: every input bit reaches every output bit.
  [[nodiscard]] static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }

 private:
  static std::uint64_t word(const char* at, std::size_t count) noexcept {
    std::uint64_t value = 0;
    if (count > 0) std::memcpy(&value, at, count);
    return value;
  }

  std::uint64_t seed_;
};

}  // namespace mqtk
