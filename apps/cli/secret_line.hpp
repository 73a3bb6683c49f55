// Reads one line that is a secret.
#pragma once

#include <expected>
#include <functional>
#include <string>

namespace mqtk::cli {

// Reads up to the end of the first line, no further: what follows may be for somebody else. The line comes without its
// end and is never empty, nor longer than 65,535 bytes; an error reads on from the name of the source: "is empty".
// `ready` is asked before each byte, may wait, and gives up by false.
[[nodiscard]] std::expected<std::string, std::string> read_secret_line(
    int descriptor, const std::function<bool()>& ready = [] { return true; });

}  // namespace mqtk::cli
