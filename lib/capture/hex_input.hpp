// Bytes from hex text as people paste it: plain hex in the usual spellings, and dumps of xxd and hexdump -C.
//
// Text comes in pieces of any size and nothing is kept but a line, so input of any length needs little memory. What a
// mistake would make ambiguous (half a byte, a missing dump line) is an error with line and column, never a guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "capture/hex_dump.hpp"
#include "capture/hex_error.hpp"
#include "capture/hex_plain.hpp"

namespace mqtk {

enum class HexForm : std::uint8_t {
  automatic,  // found by the first line that is neither empty nor a comment
  plain,      // digits, separators, 0x, \x
  xxd,        // 00000000: 100e 0004 4d51 5454  ....MQTT
  hexdump,    // 00000000  10 0e 00 04 4d 51 54 54  |....MQTT|
};

// "plain hex", "xxd dump", "hexdump -C dump"
[[nodiscard]] std::string_view hex_form_name(HexForm form);

class HexInput {
 public:
  explicit HexInput(HexForm form = HexForm::automatic);

  // Appends the bytes that `text` holds to `out`. After an error the input is over: call neither function again.
  [[nodiscard]] std::optional<HexError> feed(std::string_view text, std::vector<std::uint8_t>& out);
  // The text has ended. Complains about half a byte or half a line.
  [[nodiscard]] std::optional<HexError> finish(std::vector<std::uint8_t>& out);

  // `automatic` until enough text has come to tell.
  [[nodiscard]] HexForm form() const { return form_; }

 private:
  [[nodiscard]] std::optional<HexError> decode(std::string_view text, std::vector<std::uint8_t>& out);
  void start(HexForm form);

  HexForm form_;
  std::string head_;  // text that does not tell its form yet
  std::variant<PlainHex, HexDump> decoder_;
};

struct HexText {
  std::vector<std::uint8_t> bytes;  // up to the error, if there is one
  HexForm form = HexForm::automatic;
  std::optional<HexError> error;
};

// The whole text at once.
[[nodiscard]] HexText read_hex(std::string_view text, HexForm form = HexForm::automatic);

}  // namespace mqtk
