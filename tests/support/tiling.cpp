#include "support/tiling.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mqtk {
namespace {

constexpr std::uint8_t all_bits = 0xFF;

std::uint8_t bit_mask(const Annotation& annotation) {
  if (annotation.kind != FieldKind::bits) return all_bits;
  const unsigned ones = (1U << annotation.bit_count) - 1U;
  return static_cast<std::uint8_t>(ones << annotation.bit_first);
}

std::string describe(const char* what, const Annotation& annotation) {
  return std::string(what) + " at byte " + std::to_string(annotation.offset) + ": " + std::string(annotation.name);
}

}  // namespace

std::string tiling_fault(std::span<const Annotation> annotations, std::size_t size) {
  std::vector<std::uint8_t> covered(size, 0);
  for (const Annotation& annotation : annotations) {
    const std::size_t end = std::size_t{annotation.offset} + annotation.length;
    if (end > size) return describe("beyond the packet", annotation);
    if (annotation.has_children) continue;
    const std::uint8_t mask = bit_mask(annotation);
    if (mask == 0) return describe("no bits", annotation);
    for (std::size_t at = annotation.offset; at < end; ++at) {
      if ((covered[at] & mask) != 0) return describe("covered twice", annotation);
      covered[at] |= mask;
    }
  }
  const auto gap = std::ranges::find_if(covered, [](std::uint8_t bits) { return bits != all_bits; });
  if (gap == covered.end()) return {};
  return "byte " + std::to_string(gap - covered.begin()) + " is not covered";
}

}  // namespace mqtk
