#include "inspect/found_hex.hpp"

#include "base/hex.hpp"
#include "capture/hex_input.hpp"
#include "capture/packet_search.hpp"

namespace mqtk::inspect {
namespace {

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_separator(char c) { return c == ' ' || c == ':' || c == '-' || c == ',' || c == ';'; }

// The length of the hex word at the front, 0x included; 0 if it is none or has an odd number of digits.
std::size_t hex_word(std::string_view text) {
  const std::size_t prefix = text.starts_with("0x") || text.starts_with("0X") || text.starts_with("\\x") ? 2 : 0;
  std::size_t end = prefix;
  while (end < text.size() && hex_digit(text[end]) >= 0) ++end;
  const bool ends_word = end == text.size() || !is_word_character(text[end]);
  return ends_word && end > prefix && (end - prefix) % 2 == 0 ? end : 0;
}

bool is_packet(const std::string& text) {
  const HexText read = read_hex(text, HexForm::plain);
  // Dates and numbers look like bytes; a whole packet they seldom are.
  return !read.error && header_may_start(read.bytes, {}) == Plausible::yes &&
         find_frame(read.bytes).state == Frame::State::complete;
}

}  // namespace

std::vector<std::string> find_hex(std::string_view line) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while (at < line.size()) {
    const bool starts_word = at == 0 || !is_word_character(line[at - 1]);
    std::size_t length = starts_word ? hex_word(line.substr(at)) : 0;
    if (length == 0) {
      ++at;
      continue;
    }
    const std::size_t from = at;
    std::size_t end = at + length;
    for (std::size_t next = end; length != 0; next = end) {
      while (next < line.size() && is_separator(line[next]) && next - end < 2) ++next;
      length = next == end ? 0 : hex_word(line.substr(next));
      if (length != 0) end = next + length;
    }
    // A number may stand in front of the bytes: leave words out from the left until a packet begins.
    std::string text{line.substr(from, end - from)};
    while (!text.empty() && !is_packet(text)) {
      const std::size_t blank = text.find_first_of(" ,;");
      text.erase(0, blank == std::string::npos ? text.size() : blank + 1);
    }
    if (!text.empty()) found.push_back(std::move(text));
    at = end;
  }
  return found;
}

}  // namespace mqtk::inspect
