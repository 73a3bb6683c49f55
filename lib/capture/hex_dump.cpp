#include "capture/hex_dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/hex.hpp"

namespace mqtk {
namespace {

// The same drawn with '|' and '+', where nothing tells the line between the two halves of a row from the others.
std::string strip_ascii_boxes(std::string_view text) {
  std::string out;
  std::size_t columns = 0;
  for (const char c : text) {
    if (c == '+') return {};
    if (c == '|' && ++columns == 4) break;
    out += c == '|' ? ' ' : c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out.find('*') == std::string::npos ? out : "*";
}

// A line of hexyl without its box lines: offset, bytes. Of the columns the third and fourth are characters.
std::string strip_boxes(std::string_view text) {
  if (text.starts_with('|') || text.starts_with('+')) return strip_ascii_boxes(text);
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

HexDump::HexDump(Kind kind)
    : kind_(kind),
      bases_{true, kind == Kind::od || kind == Kind::words,
             kind == Kind::od || kind == Kind::words || kind == Kind::xxd},
      swapped_(kind == Kind::words) {}

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
    if (failed) {
      release_word(out);
      return failed;
    }
    ++line_;
    text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::optional<HexError> HexDump::finish(std::vector<std::uint8_t>& out) {
  auto failed = take_line(partial_, out);
  release_word(out);
  if (failed) return failed;
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
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (kind_ != Kind::tcpdump && text.substr(line.at) == "*") {
    if (row_.empty()) return error(line.at, "* repeats the row before it, but there is none");
    repeating_ = true;
    release_word(out);
    return std::nullopt;
  }
  if (kind_ == Kind::unreadable) {
    return error(line.at,
                 "a dump of numbers that are neither hex nor octal; od -tx1 and hexdump -C write bytes in hex");
  }
  if (passes_over(text.substr(line.at))) return std::nullopt;
  if (auto failed = take_offset(line, out)) return failed;
  if (auto failed = take_row(line)) return failed;
  hand_out_row(out);
  return std::nullopt;
}

void HexDump::hand_out_row(std::vector<std::uint8_t>& out) {
  const std::size_t kept = kind_ == Kind::words ? std::min(word_bytes_, row_.size()) : 0;
  const auto end = row_.end() - static_cast<std::ptrdiff_t>(kept);
  out.insert(out.end(), row_.begin(), end);
  word_.assign(end, row_.end());
  total_ += row_.size();
  next_ = next_.value_or(0) + row_.size();
}

void HexDump::release_word(std::vector<std::uint8_t>& out) {
  out.insert(out.end(), word_.begin(), word_.end());
  word_.clear();
}

// Between the dumps of packets stand lines about them.
bool HexDump::passes_over(std::string_view text) const {
  if (kind_ == Kind::tcpdump) return !text.starts_with("0x");
  if (kind_ != Kind::wireshark) return false;
  std::size_t digits = 0;
  while (digits < text.size() && hex_digit(text[digits]) >= 0) ++digits;
  // What tshark -V tells of bits has one space: "0000 01.. = Differentiated Services Codepoint".
  const std::string_view rest = text.substr(digits);
  const bool ends = rest.empty() || rest == " " || rest.starts_with("  ") || rest.starts_with('\t');
  return digits < 4 || digits > 8 || !ends;
}

// Programs count in the base that they were asked for. Which one shows in the lines as they come; behind a `*`, where
// every base may fit, those that fitted before count. Where nothing has shown it yet: od counts in seven digits of
// octal and six hexadecimal ones, all others in hexadecimal.
std::uint64_t HexDump::in_base(const Offsets& read, std::size_t digits) {
  constexpr std::array<Base, 3> usual{Base::hexadecimal, Base::octal, Base::decimal};
  constexpr std::array<Base, 3> of_od{Base::octal, Base::hexadecimal, Base::decimal};
  const auto& order = kind_ == Kind::od && digits == 7 ? of_od : usual;
  const auto value = [&](Base base) { return read[static_cast<std::size_t>(base)]; };
  const auto fits = [&](Base base) {
    const std::uint64_t offset = value(base).value_or(0);
    if (!bases_[static_cast<std::size_t>(base)] || !value(base) || !next_) return false;
    if (repeating_) return offset > *next_ && (offset - *next_) % row_.size() == 0;
    return offset == *next_ || ends_words(offset);
  };
  const auto found = std::ranges::find_if(order, fits);
  if (found == order.end()) return value(Base::hexadecimal).value_or(0);
  if (!repeating_ && *next_ != 0) {
    for (const Base base : order) bases_[static_cast<std::size_t>(base)] = fits(base);
  }
  return *value(*found);
}

bool HexDump::read_offset(Line& line, std::uint64_t& offset) {
  if (kind_ == Kind::tcpdump) line.at += 2;
  const std::size_t from = line.at;
  Offsets read{0, 0, 0};
  while (hex_digit(line.peek()) >= 0 && line.at - from < 16) {
    const auto digit = static_cast<std::uint64_t>(hex_digit(line.peek()));
    for (std::size_t i = 0; i < read.size(); ++i) {
      constexpr std::array<std::uint64_t, 3> factors{16, 8, 10};
      if (digit >= factors[i]) read[i].reset();
      if (read[i]) read[i] = *read[i] * factors[i] + digit;
    }
    ++line.at;
  }
  offset = in_base(read, line.at - from);
  const bool of_od = kind_ == Kind::od || kind_ == Kind::words;
  const std::size_t least = kind_ == Kind::wireshark || kind_ == Kind::tcpdump ? 4 : of_od ? 6 : 7;
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
  if (ends_words(offset)) {
    const std::size_t missing = *next_ - offset;
    word_.resize(word_.size() - missing);
    total_ -= missing;
    next_ = offset;
  }
  release_word(out);
  if (!next_ || offset == 0) {
    next_ = offset;
    starts_.push_back(total_);
  } else if (offset != *next_) {
    return error(from, fmt::format("offset {:08x} where {:08x} is due: lines are missing or changed", offset, *next_));
  }
  return std::nullopt;
}

// Where the number of bytes is no multiple of a word's, the last word has some that are not there, which only the last
// offset tells.
bool HexDump::ends_words(std::uint64_t offset) const {
  return next_ && offset < *next_ && *next_ - offset < word_.size();
}

std::optional<HexError> HexDump::take_row(Line& line) {
  row_.clear();
  if (!digits_known_) learn_digits(line);
  if (kind_ == Kind::xxd && swapped_) line.text = line.text.substr(0, text_at_);
  return kind_ == Kind::xxd || kind_ == Kind::words || kind_ == Kind::tcpdump ? take_words(line) : take_pairs(line);
}

namespace {

struct Groups {
  std::size_t count = 0;
  std::size_t width = 0;  // of the first
  bool all_bits = true;
  std::vector<std::uint8_t> swapped;  // bytes of hex groups, each group from its end
  std::vector<std::uint8_t> straight;
  std::string_view text;  // the characters behind
};

// A swapped group that is not full stands to the right, with more blanks before it, and the characters come after it.
bool comes_short_group(std::string_view row, std::size_t at, std::size_t width) {
  const std::size_t from = std::min(row.find_first_not_of(' ', at), row.size());
  const std::size_t end = std::min(row.find(' ', from), row.size());
  const bool is_hex = from < end && from_hex(row.substr(from, end - from)).has_value();
  return is_hex && end == at + width && row.substr(end).starts_with("  ");
}

Groups groups_of(std::string_view row) {
  Groups groups;
  std::size_t at = std::min(row.find_first_not_of(" \t"), row.size());
  while (at < row.size()) {
    const std::size_t end = std::min(row.find(' ', at), row.size());
    const std::string_view word = row.substr(at, end - at);
    if (groups.count++ == 0) groups.width = word.size();
    groups.all_bits = groups.all_bits && word.size() == 8 && word.find_first_not_of("01") == std::string_view::npos;
    if (const auto bytes = from_hex(word)) {
      groups.straight.insert(groups.straight.end(), bytes->begin(), bytes->end());
      groups.swapped.insert(groups.swapped.end(), bytes->rbegin(), bytes->rend());
    }
    at = end + 1;
    if (at >= row.size()) break;
    if (row[at] == ' ' && !comes_short_group(row, at, groups.width)) break;
    at = row.find_first_not_of(' ', at);
  }
  const std::size_t text = std::min(row.find_first_not_of(' ', std::min(at, row.size())), row.size());
  groups.text = row.substr(text);
  return groups;
}

bool shows(std::string_view text, const std::vector<std::uint8_t>& bytes) {
  return std::ranges::equal(text, bytes, [](char c, std::uint8_t byte) {
    return c == (byte >= ' ' && byte <= '~' ? static_cast<char>(byte) : '.');
  });
}

}  // namespace

// By the first row, in what digits the bytes stand. What 8 binary digits of xxd mean shows in the number of characters
// behind them: one for each group, or four. Which byte of a group is the first shows in the characters themselves, and
// where a group is not full, because only swapped ones stand to the right.
void HexDump::learn_digits(const Line& line) {
  const std::string_view row = line.text.substr(std::min(line.at, line.text.size()));
  const Groups groups = groups_of(row);
  if (groups.count == 0) return;
  digits_known_ = true;
  if (kind_ == Kind::xxd) {
    const bool has_text = !groups.text.empty();
    if (groups.all_bits && has_text && groups.text.size() <= groups.count) digits_ = Digits::bits;
    const bool text_is_swapped = has_text && shows(groups.text, groups.swapped) && !shows(groups.text, groups.straight);
    swapped_ = digits_ == Digits::hexadecimal && (text_is_swapped || row.starts_with("  "));
    if (has_text) text_at_ = static_cast<std::size_t>(groups.text.data() - line.text.data());
  } else if (kind_ == Kind::words) {
    if (groups.width == 6) digits_ = Digits::octal;
    word_bytes_ = groups.width == 8 || groups.width == 16 ? groups.width / 2 : 2;
  } else if (kind_ == Kind::od && groups.width == 3) {
    digits_ = Digits::octal;
  }
}

// What follows an offset up to a blank: one byte or several.
std::optional<HexError> HexDump::take_group(Line& line) {
  if (digits_ == Digits::octal) return kind_ == Kind::words ? take_number(line, 3, 6, 2) : take_number(line, 3, 3, 1);
  if (digits_ == Digits::bits) return take_number(line, 1, 8, 1);
  while (hex_digit(line.peek()) >= 0) {
    const int high = hex_digit(line.peek());
    const int low = hex_digit(line.peek(1));
    if (low < 0) return error(line.at, "one hex digit alone; a byte has two");
    row_.push_back(static_cast<std::uint8_t>(high * 16 + low));
    line.at += 2;
  }
  return std::nullopt;
}

std::optional<HexError> HexDump::take_number(Line& line, unsigned digit_bits, std::size_t digits, std::size_t bytes) {
  const std::size_t from = line.at;
  std::uint32_t value = 0;
  for (; line.at < from + digits; ++line.at) {
    const char c = line.peek();
    if (c < '0' || c >= '0' + (1 << digit_bits)) {
      return error(line.at, line.ended() || c == ' ' ? fmt::format("this dump has {} digits in a group", digits)
                                                     : describe_character(c) + " is not " + digit_name());
    }
    value = (value << digit_bits) | static_cast<std::uint32_t>(c - '0');
  }
  if (value >> (8 * bytes) != 0) return error(from, "a number that is too large");
  if (bytes == 2) row_.push_back(static_cast<std::uint8_t>(value >> 8U));
  row_.push_back(static_cast<std::uint8_t>(value));
  return std::nullopt;
}

std::string HexDump::digit_name() const {
  return digits_ == Digits::octal ? "an octal digit" : digits_ == Digits::bits ? "a binary digit" : "a hex digit";
}

// Groups of digits with one space between; two spaces end them. What follows is the same bytes as characters, which may
// look like hex and is not read.
std::optional<HexError> HexDump::take_words(Line& line) {
  bool first = true;
  while (!line.ended()) {
    const std::size_t gap = line.skip_blanks();
    const bool has_text = !swapped_ && !(first && kind_ == Kind::tcpdump);
    if (line.ended() || (gap > 1 && has_text)) break;
    if (gap == 0) return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    first = false;
    const std::size_t group = row_.size();
    if (auto failed = take_group(line)) return failed;
    if (!line.ended() && line.peek() != ' ' && line.peek() != '\t') {
      return error(line.at, describe_character(line.peek()) + " is not " + digit_name());
    }
    if (kind_ == Kind::words && row_.size() != group + word_bytes_) {
      return error(line.at, fmt::format("this dump has {} digits in a group", word_bytes_ * 2));
    }
    if (swapped_) std::reverse(row_.begin() + static_cast<std::ptrdiff_t>(group), row_.end());
  }
  return std::nullopt;
}

// Pairs, one or two spaces between. '|', '>' or a wider gap ends them, and so does the width of a row.
std::optional<HexError> HexDump::take_pairs(Line& line) {
  constexpr std::size_t widest_row = 16;
  const bool has_text = kind_ != Kind::od;
  while (!line.ended() && !(has_text && row_.size() == widest_row)) {
    const std::size_t gap = line.skip_blanks();
    if (line.ended() || line.peek() == '|' || (line.peek() == '>' && kind_ == Kind::od)) break;
    // In the middle of a row of hexyl, which without borders looks like hexdump -C otherwise.
    const bool is_middle =
        (kind_ == Kind::hexdump || kind_ == Kind::hexyl) && gap == 3 && row_.size() == widest_row / 2;
    if (gap > 2 && !row_.empty() && kind_ != Kind::od && !is_middle) break;
    if (gap == 0) return error(line.at, describe_character(line.peek()) + " is not a hex digit");
    if (auto failed = digits_ == Digits::hexadecimal ? take_pair(line) : take_group(line)) return failed;
    if (!line.ended() && line.peek() != ' ' && line.peek() != '\t') {
      return error(line.at, describe_character(line.peek()) + " is not " + digit_name());
    }
  }
  return std::nullopt;
}

std::optional<HexError> HexDump::take_pair(Line& line) {
  const int high = hex_digit(line.peek());
  const int low = hex_digit(line.peek(1));
  if (high < 0) return error(line.at, describe_character(line.peek()) + " is not a hex digit");
  if (low < 0) return error(line.at, "one hex digit alone; a byte has two");
  row_.push_back(static_cast<std::uint8_t>(high * 16 + low));
  line.at += 2;
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
