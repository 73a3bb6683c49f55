// Dumps to bytes, those of xxd, hexdump, od, hexyl, tcpdump and Wireshark: the part of HexInput that reads lines with
// an offset in front.
//
// The offsets are held against the bytes, so a line lost in copying is found. An offset of 0 starts a new dump, whose
// bytes follow those of the one before; starts() tells where.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/hex_error.hpp"

namespace mqtk {

class HexDump {
 public:
  enum class Kind : std::uint8_t {
    xxd,        // 00000000: 100e 0004  ....; the offset may be decimal. Also bits, and swapped groups
    hexdump,    // 00000000  10 0e 00 04  |....|
    words,      // 0000000 0e10 0400: little-endian numbers of two bytes or more; of od as well, and then maybe octal
    od,         // 000000 10 0e 00 04; the offset may be octal or decimal as well, and the bytes octal
    wireshark,  // 0000  10 0e 00 04   ....; lines without an offset are passed over
    tcpdump,    // 0x0000:  100e 0004  ....; likewise
    hexyl,      // the same between box lines
    unreadable,
  };

  // A `*` line of hexdump stands for any number of rows. All of them together may add this many bytes, so that a few
  // characters of input cannot ask for gigabytes.
  static constexpr std::uint64_t max_repeated_bytes = 64U * 1024 * 1024;
  static constexpr std::size_t max_line_bytes = 4096;

  explicit HexDump(Kind kind);

  [[nodiscard]] std::optional<HexError> feed(std::string_view text, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> finish(std::vector<std::uint8_t>& out);

  // Where dumps began, counted in bytes from the first of all.
  [[nodiscard]] const std::vector<std::uint64_t>& starts() const { return starts_; }

 private:
  struct Line;
  [[nodiscard]] bool passes_over(std::string_view text) const;
  enum class Base : std::uint8_t { hexadecimal, octal, decimal };
  enum class Digits : std::uint8_t { hexadecimal, octal, bits };
  using Offsets = std::array<std::optional<std::uint64_t>, 3>;  // by Base; none where a digit does not fit
  [[nodiscard]] bool read_offset(Line& line, std::uint64_t& offset);
  [[nodiscard]] std::uint64_t in_base(const Offsets& read, std::size_t digits);
  void learn_digits(const Line& line);
  [[nodiscard]] std::string digit_name() const;
  [[nodiscard]] std::optional<HexError> take_group(Line& line);
  [[nodiscard]] std::optional<HexError> take_number(Line& line, unsigned digit_bits, std::size_t digits,
                                                    std::size_t bytes);
  [[nodiscard]] std::optional<HexError> take_pair(Line& line);
  [[nodiscard]] std::optional<HexError> take_words(Line& line);
  [[nodiscard]] std::optional<HexError> take_pairs(Line& line);
  [[nodiscard]] bool ends_words(std::uint64_t offset) const;
  void release_word(std::vector<std::uint8_t>& out);
  void hand_out_row(std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> take_line(std::string_view text, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> take_offset(Line& line, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> take_row(Line& line);
  [[nodiscard]] std::optional<HexError> repeat_row(std::uint64_t until, std::vector<std::uint8_t>& out);
  [[nodiscard]] HexError error(std::size_t at, std::string message) const;

  Kind kind_;
  std::string partial_;  // a line whose end has not come
  std::uint64_t line_ = 1;
  std::optional<std::uint64_t> next_;  // the offset that is due; none before the first line
  std::array<bool, 3> bases_;          // by Base: those in which all offsets so far fit
  bool digits_known_ = false;
  Digits digits_ = Digits::hexadecimal;
  bool swapped_ = false;                          // the bytes of a group stand in the order of a little-endian number
  std::size_t text_at_ = std::string_view::npos;  // of Kind::xxd where in a line the characters begin
  std::size_t word_bytes_ = 2;                    // of Kind::words
  std::vector<std::uint8_t> word_;  // of Kind::words the last one, until the next offset tells that it is whole
  std::vector<std::uint8_t> row_;   // the last row, for `*`
  bool repeating_ = false;
  std::uint64_t repeated_bytes_ = 0;
  std::uint64_t total_ = 0;  // bytes handed out, and word_
  std::vector<std::uint64_t> starts_;
};

}  // namespace mqtk
