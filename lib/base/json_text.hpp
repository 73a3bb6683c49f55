// Writing JSON text by hand (RFC 8259): strings, and bytes that may or may not be text.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace mqtk {

// Appends `utf8` as a JSON string, quotes included. Escapes only what must be: the quote, the backslash and the
// control characters below U+0020. `utf8` must be well formed: the caller has checked it.
void append_json_string(std::string& out, std::string_view utf8);

// Appends `"key":"…"` when `value` is valid UTF-8 without U+0000, else `"key_base64":"…"`. Nothing is ever lost or
// replaced. `key` is plain: no character in it needs an escape.
void append_json_text_or_base64(std::string& out, std::string_view key, Bytes value);

}  // namespace mqtk
