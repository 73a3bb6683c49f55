// Hex in lines of text, logs above all: --find-hex.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mqtk::inspect {

// The parts of a line that are hex and begin with a whole packet: "10 0e 00 04", "0x10,0x0e",
// "100e0004". Words are bounded by what is neither letter nor digit, so that no part of a longer word is taken.
[[nodiscard]] std::vector<std::string> find_hex(std::string_view line);

}  // namespace mqtk::inspect
