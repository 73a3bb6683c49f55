// Source addresses for many connections: each has its own range of ports.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk::bench {

// "127.0.0.1-127.0.0.9", one address, or several of both with commas between; at most 65,536. The text says what is
// wrong.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> parse_address_range(std::string_view text);

}  // namespace mqtk::bench
