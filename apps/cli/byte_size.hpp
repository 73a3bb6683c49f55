// Numbers of bytes as people write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/option_table.hpp"

namespace mqtk::cli {

// "500", "64k", "1.5M", "2G" (powers of 1000), "64KiB", "1MiB", "2GiB"; a B may follow the letter. Nothing on other
// text, on 0 and on more than 2^60.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_size(std::string_view text);

[[nodiscard]] Setter store_byte_size(std::optional<std::uint64_t>& target);
[[nodiscard]] Setter store_byte_size(std::size_t& target);

// "512 B", "1.5 MB"
[[nodiscard]] std::string byte_size_text(std::uint64_t bytes);

// "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace mqtk::cli
