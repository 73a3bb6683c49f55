// Where hex text went wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mqtk {

struct HexError {
  std::uint64_t line = 1;  // both count from 1; a column is a byte of the line
  std::uint64_t column = 1;
  std::string message;  // "'g' is not a hex digit"

  // "line 3, column 7: 'g' is not a hex digit"
  [[nodiscard]] std::string text() const;
};

// "'g'" for a printable ASCII character, "byte 0xE2" for any other.
[[nodiscard]] std::string describe_character(char c);

}  // namespace mqtk
