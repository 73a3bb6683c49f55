#include "base/quoted_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/append_format.hpp"
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
        append_format(out, "\\x{:02x}", byte);
      } else {
        out += static_cast<char>(byte);
      }
  }
}

// Printable ASCII that stands for itself.
bool is_plain(std::uint8_t byte, char quote) {
  return byte >= 0x20 && byte < 0x7F && byte != static_cast<std::uint8_t>(quote) && byte != '\\';
}

bool has(Bytes bytes, char c) { return !bytes.empty() && std::memchr(bytes.data(), c, bytes.size()) != nullptr; }

// Single quotes where they save escapes: most payloads are JSON.
char quote_for(Bytes bytes) { return has(bytes, '"') && !has(bytes, '\'') ? '\'' : '"'; }

constexpr std::uint64_t high_bits = 0x8080808080808080U;
constexpr std::uint64_t each_byte(std::uint8_t value) { return 0x0101010101010101U * value; }

// The high bit of each byte below 0x80 that is less than `limit`, which is 0x80 at most. Others may have it as well
// where a lower byte has it: good for asking whether there is any.
constexpr std::uint64_t less_than(std::uint64_t word, std::uint8_t limit) {
  return (word - each_byte(limit)) & ~word & high_bits;
}
constexpr std::uint64_t equal_to(std::uint64_t word, std::uint8_t value) {
  return less_than(word ^ each_byte(value), 1);
}

// Whether eight bytes are all plain in quotes of this kind.
bool is_plain_word(const std::uint8_t* at, char quote) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  const std::uint64_t special = (word & high_bits) | less_than(word, 0x20) | equal_to(word, 0x7F) |
                                equal_to(word, '\\') | equal_to(word, static_cast<std::uint8_t>(quote));
  return special == 0;
}

using Block = std::uint8_t __attribute__((vector_size(16)));
using Mask = std::int8_t __attribute__((vector_size(16)));  // what comparing blocks gives

bool any(Mask mask) {
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), &mask, sizeof mask);
  return (words[0] | words[1]) != 0;
}

// What occurs in text, found for 16 bytes at a time.
struct Occurrence {
  Mask special{};  // no printable ASCII, or a backslash
  Mask double_quote{};
  Mask single_quote{};

  void look_at(const std::uint8_t* at) {
    Block block;
    std::memcpy(&block, at, sizeof block);
    special |= (block < std::uint8_t{0x20}) | (block > std::uint8_t{0x7E}) | (block == std::uint8_t{'\\'});
    double_quote |= block == std::uint8_t{'"'};
    single_quote |= block == std::uint8_t{'\''};
  }
};

// Whether eight bytes are ASCII without any control character.
bool is_printable_word(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return ((word & high_bits) | less_than(word, 0x20) | equal_to(word, 0x7F)) == 0;
}

}  // namespace

void append_quoted(std::string& out, Bytes bytes, std::size_t max_bytes) {
  const std::size_t end = std::min(bytes.size(), max_bytes);
  const char quote = quote_for(bytes.first(end));
  out += quote;
  std::size_t at = 0;
  while (at < end) {
    const std::size_t plain_from = at;
    while (at + 8 <= end && is_plain_word(bytes.data() + at, quote)) at += 8;
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
      append_format(out, "\\x{:02x}", bytes[at++]);
      continue;
    }
    const std::uint32_t point = code_point(sequence);
    if (is_deceptive(point)) {
      append_format(out, "\\u{{{:04X}}}", point);
    } else {
      out += as_text(sequence);
    }
    at += sequence.size();
  }
  out += quote;
  if (at < bytes.size()) out += "...";
}

std::optional<char> quote_of_plain(Bytes text) {
  Occurrence found;
  if (text.size() < sizeof(Block)) {
    std::array<std::uint8_t, sizeof(Block)> padded;
    padded.fill(' ');
    std::ranges::copy(text, padded.begin());
    found.look_at(padded.data());
  } else {
    for (std::size_t at = 0; at + sizeof(Block) <= text.size(); at += sizeof(Block)) found.look_at(text.data() + at);
    found.look_at(text.data() + text.size() - sizeof(Block));
  }
  if (any(found.special)) return std::nullopt;
  if (!any(found.double_quote)) return '"';
  if (any(found.single_quote)) return std::nullopt;
  return '\'';
}

bool is_readable(Bytes bytes) {
  const auto control = [](std::uint8_t c) { return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F; };
  std::size_t at = 0;
  while (at + 8 <= bytes.size() && is_printable_word(bytes.data() + at)) at += 8;
  const Bytes rest = bytes.subspan(at);
  return std::ranges::none_of(rest, control) && is_mqtt_text(rest);
}

}  // namespace mqtk
