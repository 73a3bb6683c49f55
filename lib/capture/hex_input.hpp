// Bytes from text as people paste it: plain hex in the usual spellings, dumps of the usual programs, literals of
// programming languages, base64.
//
// Text comes in pieces of any size and nothing is kept but a line, so input of any length needs little memory. What a
// mistake would make ambiguous (half a byte, a missing dump line) is an error with line and column, never a guess.
// Colors of a terminal are passed over and not counted in columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "capture/color_filter.hpp"
#include "capture/hex_dump.hpp"
#include "capture/hex_error.hpp"
#include "capture/hex_literal.hpp"
#include "capture/hex_plain.hpp"

namespace mqtk {

enum class HexForm : std::uint8_t {
  automatic,  // found by the first line that is neither empty nor a comment
  plain,      // digits, separators, 0x, \x
  xxd,        // 00000000: 100e 0004 4d51 5454  ....MQTT; with -b bits, with -e the bytes of a group swapped
  hexdump,    // 00000000  10 0e 00 04 4d 51 54 54  |....MQTT|
  words,      // 0000000 0e10 0400 514d 5454, as hexdump prints without options; 0000000 007020 002000, as od does
  od,         // 000000 10 0e 00 04 4d 51 54 54; 0000000 020 016 000 004, as od -b prints
  wireshark,  // 0000  10 0e 00 04 4d 51 54 54   ....MQTT, as tshark -x prints and text2pcap reads
  tcpdump,    // 	0x0000:  4500 003c ....  E..<....
  hexyl,
  other_dump,  // of numbers that are neither hex nor octal: cannot be read, and that is said
  literal,     // {0x10, 0x0e}, "\\x10\\x0e", b'\\x10\\x0e', [16,14], <<16,14>>, <Buffer 10 0e>, bytes.fromhex('100e')
  base64,
};

// "plain hex", "xxd dump", "hexdump -C dump" …
[[nodiscard]] std::string_view hex_form_name(HexForm form);

// By the first line that is neither empty nor a comment.
[[nodiscard]] HexForm detect_hex_form(std::string_view head);

class HexInput {
 public:
  explicit HexInput(HexForm form = HexForm::automatic);

  // Appends the bytes that `text` holds to `out`. After an error the input is over: call neither function again.
  [[nodiscard]] std::optional<HexError> feed(std::string_view text, std::vector<std::uint8_t>& out);
  // The text has ended. Complains about half a byte or half a line.
  [[nodiscard]] std::optional<HexError> finish(std::vector<std::uint8_t>& out);

  // `automatic` until enough text has come to tell.
  [[nodiscard]] HexForm form() const { return form_; }

  // Where in the bytes dumps began, of the forms that may hold one for each captured packet.
  [[nodiscard]] const std::vector<std::uint64_t>& starts() const;

 private:
  [[nodiscard]] std::optional<HexError> take(std::string_view text, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> decode(std::string_view text, std::vector<std::uint8_t>& out);
  void start(HexForm form);

  HexForm form_;
  ColorFilter colors_;
  std::string without_colors_;
  std::string head_;  // text that does not tell its form yet
  std::variant<PlainHex, HexDump, HexLiteral> decoder_;
};

struct HexText {
  std::vector<std::uint8_t> bytes;  // up to the error, if there is one
  HexForm form = HexForm::automatic;
  std::optional<HexError> error;
};

// The whole text at once.
[[nodiscard]] HexText read_hex(std::string_view text, HexForm form = HexForm::automatic);

}  // namespace mqtk
