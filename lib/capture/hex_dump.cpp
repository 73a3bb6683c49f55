#include "capture/hex_dump.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/hex.hpp"

namespace mqtk {
namespace {

// A line of hexyl without its box lines: offset, bytes. Of the columns the third and fourth are characters.
std::string strip_boxes(std::string_view text) {
  constexpr std::string_view bar = "\xE2\x94\x82";      // │
  constexpr std::string_view dashed = "\xE2\x94\x8A";   // ┊
  constexpr std::string_view corners = "\xE2\x94\x8C";  // ┌; └ and ├ begin with the same two bytes
  std::string out;
  std::size_t columns = 0;
  while (!text.empty()) {
    const bool is_bar = text.starts_with(bar);
    const bool is_dashed = text.starts_with(dashed);
    if (is_bar && ++columns == 3) break;
    if (is_bar || is_dashed) {
      if (is_bar) out += ' ';
      text.remove_prefix(bar.size());
    } else if (text.starts_with(corners.substr(0, 2))) {
      return {};
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  while (out.ends_with(' ')) out.pop_back();
  if (const std::size_t star = out.find('*'); star != std::string::npos) return "*";
  return out;
}

}  // namespace

// A line being read from left to right.
struct HexDump::Line {
  std::string_view text;
  std::size_t at = 0;

  [[nodiscard]] bool ended() const { return at >= text.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }
  std::size_t skip_blanks() {
    const std::size_t from = at;
    while (peek() == ' ' || peek() == '\t') ++at;
    return at - from;
  }
};

std::optional<HexError> HexDump::feed(std::string_view text, std::vector<std::uint8_t>& out) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view piece = text.substr(0, end);
    if (partial_.size() + piece.size() > max_line_bytes) {
      return error(max_line_bytes, "the line is too long for a dump");
    }
    if (end == std::string_view::npos) {
      partial_ += piece;
      return std::nullopt;
    }
    std::optional<HexError> failed;
    if (partial_.empty()) {
      failed = take_line(piece, out);
    } else {
      partial_ += piece;
      failed = take_line(partial_, out);
      partial_.clear();
    }
    if (failed) return failed;
    ++line_;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<HexError> HexDump::finish(std::vector<std::uint8_t>& out) {
  if (auto failed = take_line(partial_, out)) return failed;
  if (repeating_) return error(0, "the dump ends with *, so it does not tell how often the row repeats");
  return std::nullopt;
}

std::optional<HexError> HexDump::take_line(std::string_view text, std::vector<std::uint8_t>& out) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  std::string without_boxes;
  if (kind_ == Kind::hexyl) {
    without_boxes = strip_boxes(text);
    text = without_boxes;
  }
  Line line{text};
  line.skip_blanks();
  if (line.ended() || line.peek() == '#') return std::nullopt;
  const bool has_repeats = kind_ != Kind::xxd && kind_ != Kind::tcpdump;
  if (has_repeats && text.substr(line.at) == "*") {
    if (row_.empty()) return error(line.at, "* repeats the row before it, but there is none");
    repeating_ = true;
    return std::nullopt;
  }
  if (passes_over(text.substr(line.at))) return std::nullopt;
  if (auto failed = take_offset(line, out)) return failed;
  if (auto failed = take_row(line)) return failed;
  out.insert(out.end(), row_.begin(), row_.end());
  total_ += row_.size();
  next_ = next_.value_or(0) + row_.size();
  return std::nullopt;
}

// Between the dumps of packets stand lines about them.
bool HexDump::passes_over(std::string_view text) const {
  if (kind_ == Kind::tcpdump) return !text.starts_with("0x");
  if (kind_ != Kind::wireshark) return false;
  std::size_t digits = 0;
  while (digits < text.size() && hex_digit(text[digits]) >= 0) ++digits;
  const bool ends = digits == text.size() || text[digits] == ' ' || text[digits] == '\t';
  return digits < 4 || digits > 8 || !ends;
}

bool HexDump::read_offset(Line& line, std::uint64_t& offset) const {
  if (kind_ == Kind::tcpdump) line.at += 2;
  const std::size_t from = line.at;
  std::uint64_t octal = 0;
  std::uint64_t decimal = 0;
  bool is_octal = true;
  bool is_decimal = true;
  while (hex_digit(line.peek()) >= 0 && line.at - from < 16) {
    const auto digit = static_cast<std::uint64_t>(hex_digit(line.peek()));
    offset = offset * 16 + digit;
    octal = octal * 8 + digit;
    decimal = decimal * 10 + digit;
    is_octal = is_octal && digit < 8;
    is_decimal = is_decimal && digit < 10;
    ++line.at;
  }
  // od counts in the base it was asked for, octal unless told otherwise; the one that fits is meant.
  if (kind_ == Kind::od && next_ && offset != *next_) {
    if (is_octal && octal == *next_) offset = octal;
    if (is_decimal && decimal == *next_) offset = decimal;
  }
  const std::size_t least = kind_ == Kind::wireshark || kind_ == Kind::tcpdump ? 4 : kind_ == Kind::od ? 6 : 7;
  const bool needs_colon = kind_ == Kind::xxd || kind_ == Kind::tcpdump;
  if (line.at - from < least || (needs_colon && line.peek() != ':')) return false;
  if (needs_colon) ++line.at;
  return true;
}

std::optional<HexError> HexDump::take_offset(Line& line, std::vector<std::uint8_t>& out) {
  const std::size_t from = line.at;
  std::uint64_t offset = 0;
  if (!read_offset(line, offset)) return error(from, "a line of this dump starts with an offset of eight digits");
  if (repeating_) return repeat_row(offset, out);
  if (!next_ || offset == 0) {
    next_ = offset;
    starts_.push_back(total_);
  } else if (kind_ == Kind::words && offset + 1 == *next_) {
    return end_words(offset, out);
  } else if (offset != *next_) {
    return error(from, fmt::format("offset {:08x} where {:08x} is due: lines are missing or changed", offset, *next_));
  }
  return std::nullopt;
}

// Of an odd number of bytes the last word has one that is not there, which only the last offset tells.
std::optional<HexError> HexDump::end_words(std::uint64_t end, std::vector<std::uint8_t>& out) {
  if (!out.empty()) out.pop_back();
  --total_;
  next_ = end;
  return std::nullopt;
}

std::optional<HexError> HexDump::take_row(Line& line) {
  row_.clear();
  return kind_ == Kind::xxd || kind_ == Kind::words || kind_ == Kind::tcpdump ? take_words(line) : take_pairs(line);
}

// Groups of digits with one space between; two spaces end them. What follows is the same bytes as characters, which may
// look like hex and is not read.
std::optional<HexError> HexDump::take_words(Line& line) {
  bool first = true;
  while (!line.ended()) {
    const std::size_t gap = line.skip_blanks();
    if (line.ended() || (gap > 1 && !(first && kind_ == Kind::tcpdump))) break;
    if (gap == 0) return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    first = false;
    const std::size_t word = row_.size();
    while (hex_digit(line.peek()) >= 0) {
      const int high = hex_digit(line.peek());
      const int low = hex_digit(line.peek(1));
      if (low < 0) return error(line.at, "one hex digit alone; a byte has two");
      row_.push_back(static_cast<std::uint8_t>(high * 16 + low));
      line.at += 2;
    }
    if (!line.ended() && line.peek() != ' ' && line.peek() != '\t') {
      return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    }
    if (kind_ == Kind::words) {
      if (row_.size() != word + 2) return error(line.at, "this dump has four digits in a group");
      std::swap(row_[word], row_[word + 1]);
    }
  }
  return std::nullopt;
}

// Pairs, one or two spaces between. '|' or a wider gap ends them, and so does the width of a row.
std::optional<HexError> HexDump::take_pairs(Line& line) {
  constexpr std::size_t widest_row = 16;
  const bool has_text = kind_ == Kind::wireshark || kind_ == Kind::hexyl;
  while (!line.ended() && !(has_text && row_.size() == widest_row)) {
    const std::size_t gap = line.skip_blanks();
    if (line.ended() || line.peek() == '|' || (gap > 2 && !row_.empty() && kind_ != Kind::od)) break;
    if (gap == 0) return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    const int high = hex_digit(line.peek());
    const int low = hex_digit(line.peek(1));
    if (high < 0) return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    if (low < 0) return error(line.at, "one hex digit alone; a byte has two");
    row_.push_back(static_cast<std::uint8_t>(high * 16 + low));
    line.at += 2;
    if (!line.ended() && line.peek() != ' ' && line.peek() != '\t') {
      return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    }
  }
  return std::nullopt;
}

std::optional<HexError> HexDump::repeat_row(std::uint64_t until, std::vector<std::uint8_t>& out) {
  repeating_ = false;
  const std::uint64_t from = next_.value_or(0);
  if (until <= from || (until - from) % row_.size() != 0) {
    return error(0, fmt::format("the rows that * stands for cannot end at offset {:08x}", until));
  }
  repeated_bytes_ += until - from;
  if (until - from > max_repeated_bytes || repeated_bytes_ > max_repeated_bytes) {
    return error(0, fmt::format("* stands for more than {} MiB", max_repeated_bytes / 1024 / 1024));
  }
  for (std::uint64_t added = 0; added < until - from; added += row_.size()) {
    out.insert(out.end(), row_.begin(), row_.end());
  }
  total_ += until - from;
  next_ = until;
  return std::nullopt;
}

HexError HexDump::error(std::size_t at, std::string message) const { return {line_, at + 1, std::move(message)}; }

}  // namespace mqtk
