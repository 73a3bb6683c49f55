// UTF-8 as MQTT wants it: well formed, no surrogates, no U+0000.
#pragma once

#include <cstddef>

#include "base/bytes.hpp"

namespace mqtk {

enum class Utf8 : std::uint8_t { valid, ill_formed, has_null };

struct Utf8Check {
  Utf8 result;
  std::size_t offset;  // of the first offending byte; the length when valid
};

// Overlong forms, surrogates (U+D800 to U+DFFF) and values above U+10FFFF are ill formed. Non-characters and
// control characters other than U+0000 pass: the specification only advises against them. U+FEFF passes.
[[nodiscard]] Utf8Check check_utf8(Bytes text);

[[nodiscard]] inline bool is_mqtt_text(Bytes text) { return check_utf8(text).result == Utf8::valid; }

}  // namespace mqtk
