#include "capture/shared_signature.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace mqtk {
namespace {

constexpr std::string_view mark = "sig=";
// A signature of 256 bits takes 43 characters at least; what is much shorter is none.
constexpr std::size_t shortest = 20;

// Characters of base64, of its URL-safe kind, and of percent encoding.
bool is_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '%' || c == '+' ||
         c == '/' || c == '=' || c == '-' || c == '_';
}

}  // namespace

bool hide_signatures(Bytes bytes, std::vector<std::uint8_t>& copy) {
  const std::string_view text = as_text(bytes);
  bool found = false;
  std::size_t at = 0;
  while (at < text.size()) {
    // Every message is searched, and '=' is rare in them.
    const void* next = std::memchr(text.data() + at, mark.back(), text.size() - at);
    if (next == nullptr) break;
    const auto from = static_cast<std::size_t>(static_cast<const char*>(next) - text.data()) + 1;
    if (!text.substr(0, from).ends_with(mark)) {
      at = from;
      continue;
    }
    const bool is_word = from == mark.size() || !is_part(text[from - mark.size() - 1]);
    const std::string_view rest = text.substr(from);
    const auto length = static_cast<std::size_t>(std::distance(rest.begin(), std::ranges::find_if_not(rest, is_part)));
    at = from + length;
    if (!is_word || length < shortest) continue;
    if (!found) copy.assign(bytes.begin(), bytes.end());
    found = true;
    std::fill_n(copy.begin() + static_cast<std::ptrdiff_t>(from), length, std::uint8_t{'*'});
  }
  return found;
}

}  // namespace mqtk
