// Literals of programming languages and base64 to bytes: the part of HexInput for text that must be read as a whole.
//
//   {0x10, 14, (byte)0x80, -1, 'M'}  [16, 14]  <<16,14>>       C, Go, Java, JSON, Erlang
//   "\x10\x0e" b'\x10\x0e\x00\x04MQTT' "100e0004"              C, Go, Python, JavaScript
//   bytes.fromhex('100e')  <Buffer 10 0e>                      Python, Node.js
// Strings one after another are one, as in C.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/hex_error.hpp"

namespace mqtk {

class HexLiteral {
 public:
  enum class Kind : std::uint8_t { literal, base64 };
  static constexpr std::size_t max_text_bytes = 16U * 1024 * 1024;

  explicit HexLiteral(Kind kind) : kind_(kind) {}

  [[nodiscard]] std::optional<HexError> feed(std::string_view text, std::vector<std::uint8_t>& out);
  [[nodiscard]] std::optional<HexError> finish(std::vector<std::uint8_t>& out);

 private:
  [[nodiscard]] std::optional<HexError> read_base64(std::vector<std::uint8_t>& out) const;
  [[nodiscard]] std::optional<HexError> read_literal(std::vector<std::uint8_t>& out) const;
  [[nodiscard]] std::optional<HexError> read_hex_inside(std::size_t from, std::size_t end,
                                                        std::vector<std::uint8_t>& out) const;
  [[nodiscard]] std::optional<HexError> read_strings(std::size_t from, std::vector<std::uint8_t>& out) const;
  [[nodiscard]] std::optional<HexError> read_string(std::size_t& at, std::vector<std::uint8_t>& out) const;
  [[nodiscard]] std::optional<HexError> read_escape(std::size_t& at, std::vector<std::uint8_t>& out) const;
  [[nodiscard]] std::optional<HexError> read_numbers(std::size_t from, std::vector<std::uint8_t>& out) const;
  [[nodiscard]] std::optional<HexError> read_number(std::size_t& at, std::vector<std::uint8_t>& out) const;
  [[nodiscard]] HexError error(std::size_t at, std::string message) const;

  Kind kind_;
  std::string text_;
};

}  // namespace mqtk
