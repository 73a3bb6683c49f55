// Base64 with padding (RFC 4648 section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {

[[nodiscard]] std::string to_base64(Bytes bytes);

// Standard and URL-safe alphabet, padding optional, no white space; nothing on any other text.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

}  // namespace mqtk
