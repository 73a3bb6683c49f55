#include "capture/hex_dump.hpp"

#include <fmt/format.h>

#include "base/hex.hpp"

namespace mqtk {

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
  Line line{text};
  line.skip_blanks();
  if (line.ended() || line.peek() == '#') return std::nullopt;
  if (kind_ == Kind::hexdump && text.substr(line.at) == "*") {
    if (row_.empty()) return error(line.at, "* repeats the row before it, but there is none");
    repeating_ = true;
    return std::nullopt;
  }
  if (auto failed = take_offset(line, out)) return failed;
  if (auto failed = take_row(line)) return failed;
  out.insert(out.end(), row_.begin(), row_.end());
  next_ = next_.value_or(0) + row_.size();
  return std::nullopt;
}

std::optional<HexError> HexDump::take_offset(Line& line, std::vector<std::uint8_t>& out) {
  const std::size_t from = line.at;
  std::uint64_t offset = 0;
  while (hex_digit(line.peek()) >= 0 && line.at - from < 16) {
    offset = offset * 16 + static_cast<std::uint64_t>(hex_digit(line.peek()));
    ++line.at;
  }
  const bool has_colon = kind_ == Kind::hexdump || line.peek() == ':';
  if (line.at - from < 7 || !has_colon) {
    return error(from, "a line of this dump starts with an offset of eight digits");
  }
  if (kind_ == Kind::xxd) ++line.at;
  if (repeating_) {
    if (auto failed = repeat_row(offset, out)) return failed;
  } else if (!next_ || offset == 0) {
    next_ = offset;
  } else if (offset != *next_) {
    return error(from, fmt::format("offset {:08x} where {:08x} is due: lines are missing or changed", offset, *next_));
  }
  return std::nullopt;
}

// xxd writes groups of digits with one space between; two spaces end them. hexdump -C writes pairs, one or two spaces
// between; '|' ends them. What follows is the same bytes as characters, which may look like hex and is not read.
std::optional<HexError> HexDump::take_row(Line& line) {
  row_.clear();
  const std::size_t widest_gap = kind_ == Kind::xxd ? 1 : 2;
  while (!line.ended()) {
    const std::size_t gap = line.skip_blanks();
    if (line.ended() || line.peek() == '|' || gap > widest_gap) break;
    if (gap == 0) {
      return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    }
    while (hex_digit(line.peek()) >= 0) {
      const int high = hex_digit(line.peek());
      const int low = hex_digit(line.peek(1));
      if (low < 0) return error(line.at, "one hex digit alone; a byte has two");
      row_.push_back(static_cast<std::uint8_t>(high * 16 + low));
      line.at += 2;
      if (kind_ == Kind::hexdump) break;
    }
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
  next_ = until;
  return std::nullopt;
}

HexError HexDump::error(std::size_t at, std::string message) const { return {line_, at + 1, std::move(message)}; }

}  // namespace mqtk
