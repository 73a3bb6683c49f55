#include "base/quoted_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.hpp"

namespace mqtk {
namespace {

std::size_t sequence_length(std::uint8_t lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

// Of a well-formed sequence of two to four bytes.
std::uint32_t code_point(Bytes sequence) {
  std::uint32_t value = sequence[0] & (0xFFU >> (sequence.size() + 1));
  for (std::size_t i = 1; i < sequence.size(); ++i) value = value << 6U | (sequence[i] & 0x3FU);
  return value;
}

// C1 controls can start terminal sequences; marks, embeddings, overrides and isolates can make text read as another;
// line and paragraph separators break lines.
bool is_deceptive(std::uint32_t point) {
  return (point >= 0x80 && point <= 0x9F) || point == 0x061C || point == 0x200E || point == 0x200F ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

void append_ascii(std::string& out, std::uint8_t byte) {
  switch (byte) {
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\\': out += "\\\\"; break;
    default:
      if (byte < 0x20 || byte == 0x7F) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
      } else {
        out += static_cast<char>(byte);
      }
  }
}

// Printable ASCII that stands for itself.
bool is_plain(std::uint8_t byte, char quote) {
  return byte >= 0x20 && byte < 0x7F && byte != static_cast<std::uint8_t>(quote) && byte != '\\';
}

// Single quotes where they save escapes: most payloads are JSON.
char quote_for(Bytes bytes) {
  const bool has_double = std::ranges::find(bytes, std::uint8_t{'"'}) != bytes.end();
  const bool has_single = std::ranges::find(bytes, std::uint8_t{'\''}) != bytes.end();
  return has_double && !has_single ? '\'' : '"';
}

}  // namespace

void append_quoted(std::string& out, Bytes bytes, std::size_t max_bytes) {
  const std::size_t end = std::min(bytes.size(), max_bytes);
  const char quote = quote_for(bytes.first(end));
  out += quote;
  std::size_t at = 0;
  while (at < end) {
    const std::size_t plain_from = at;
    while (at < end && is_plain(bytes[at], quote)) ++at;
    out += as_text(bytes.subspan(plain_from, at - plain_from));
    if (at == end) break;
    if (bytes[at] < 0x80) {
      if (bytes[at] == static_cast<std::uint8_t>(quote)) out += '\\';
      append_ascii(out, bytes[at++]);
      continue;
    }
    const Bytes sequence = bytes.subspan(at, std::min(sequence_length(bytes[at]), bytes.size() - at));
    if (at + sequence.size() > end && end < bytes.size() && is_mqtt_text(sequence)) break;
    if (!is_mqtt_text(sequence)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", bytes[at++]);
      continue;
    }
    const std::uint32_t point = code_point(sequence);
    if (is_deceptive(point)) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:04X}}}", point);
    } else {
      out += as_text(sequence);
    }
    at += sequence.size();
  }
  out += quote;
  if (at < bytes.size()) out += "...";
}

bool is_readable(Bytes bytes) {
  const auto control = [](std::uint8_t c) { return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F; };
  return std::ranges::none_of(bytes, control) && is_mqtt_text(bytes);
}

}  // namespace mqtk
