// Bytes from the wire as text that is safe to show on a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace mqtk {

// Appends `bytes` between double quotes, or single ones if double quotes are in the text and single ones are not.
// Control characters, U+0080 to U+009F, the characters that turn the direction of writing, and bytes that are not UTF-8
// become \n, \t, \r, \xNN or \u{NNNN}; the quote and the backslash get a backslash. Of more than `max_bytes` bytes only
// so many are shown, then "..." behind the closing quote.
void append_quoted(std::string& out, Bytes bytes, std::size_t max_bytes = static_cast<std::size_t>(-1));

// The quote in which append_quoted() puts text that needs no escapes; nothing where some are needed. Quick: most text
// of messages is of this kind.
[[nodiscard]] std::optional<char> quote_of_plain(Bytes text);

// Well-formed UTF-8 with no control characters but tab and line breaks: what people would call text.
[[nodiscard]] bool is_readable(Bytes bytes);

}  // namespace mqtk
