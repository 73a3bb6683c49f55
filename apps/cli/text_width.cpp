#include "cli/text_width.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mqtk::cli {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// The large blocks of East Asian Width W and F (Unicode Standard Annex 11) and of emoji.
constexpr std::array<Range, 11> wide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0x33FF},
                                         {0x3400, 0x4DBF},
                                         {0x4E00, 0x9FFF},
                                         {0xA000, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x3FFFD}}};
// Marks that join the character before, and joiners.
constexpr std::array<Range, 5> narrow = {
    {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}}};

template <std::size_t size>
bool is_in(const std::array<Range, size>& ranges, std::uint32_t code) {
  return std::ranges::any_of(ranges, [code](Range range) { return code >= range.first && code <= range.last; });
}

// Takes the first character off `text`.
std::uint32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < std::min(length, text.size()); ++i) {
    code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(std::min(length, text.size()));
  return code;
}

unsigned width_of(std::uint32_t code) { return is_in(narrow, code) ? 0 : is_in(wide, code) ? 2 : 1; }

}  // namespace

unsigned text_width(std::string_view utf8) {
  unsigned width = 0;
  while (!utf8.empty()) width += width_of(take_character(utf8));
  return width;
}

std::string cut_to_width(std::string_view utf8, unsigned columns) {
  if (text_width(utf8) <= columns) return std::string{utf8};
  if (columns == 0) return {};
  unsigned width = 0;
  std::string_view rest = utf8;
  while (!rest.empty()) {
    const std::string_view before = rest;
    width += width_of(take_character(rest));
    if (width < columns) continue;
    rest = before;
    break;
  }
  return std::string{utf8.substr(0, utf8.size() - rest.size())} + '~';
}

std::string fit_to_width(std::string_view utf8, unsigned columns) {
  std::string text = cut_to_width(utf8, columns);
  text.append(columns - text_width(text), ' ');
  return text;
}

}  // namespace mqtk::cli
