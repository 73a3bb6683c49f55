#include "base/utf8.hpp"

#include <cstring>

namespace mqtk {
namespace {

// Length of the well-formed sequence at the front of `text`, 0 if there is none (Unicode table 3-7).
std::size_t sequence_length(Bytes text) {
  const auto continuation = [&](std::size_t i, std::uint8_t low = 0x80, std::uint8_t high = 0xBF) {
    return i < text.size() && text[i] >= low && text[i] <= high;
  };
  const std::uint8_t lead = text[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continuation(1) ? 2 : 0;
  if (lead < 0xF0) {
    const std::uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const std::uint8_t high = lead == 0xED ? 0x9F : 0xBF;
    return continuation(1, low, high) && continuation(2) ? 3 : 0;
  }
  if (lead > 0xF4) return 0;
  const std::uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
  return continuation(1, low, high) && continuation(2) && continuation(3) ? 4 : 0;
}

// True if all eight bytes are ASCII and none is zero.
bool plain_word(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  constexpr std::uint64_t high_bits = 0x8080808080808080U;
  constexpr std::uint64_t ones = 0x0101010101010101U;
  return ((word | (word - ones)) & high_bits) == 0;
}

}  // namespace

Utf8Check check_utf8(Bytes text) {
  std::size_t at = 0;
  while (at < text.size()) {
    while (at + 8 <= text.size() && plain_word(text.data() + at)) at += 8;
    while (at < text.size() && text[at] < 0x80 && text[at] != 0) ++at;
    if (at == text.size()) break;
    if (text[at] == 0) return {Utf8::has_null, at};
    const std::size_t length = sequence_length(text.subspan(at));
    if (length == 0) return {Utf8::ill_formed, at};
    at += length;
  }
  return {Utf8::valid, at};
}

}  // namespace mqtk
