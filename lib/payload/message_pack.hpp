// MessagePack as text.
#pragma once

#include <expected>
#include <string>

#include "base/bytes.hpp"
#include "payload/value_text.hpp"

namespace mqtk {

// One value that fills `payload`. In diagnostic notation binary is h'00ff' and an extension is ext(5, h'00ff'); in JSON
// both are base64. Timestamps (extension -1) are RFC 3339. Strings that are not UTF-8, which old writers used for
// binary, are shown as binary. Nesting beyond 100 levels is a fault.
[[nodiscard]] std::expected<std::string, PayloadFault> message_pack_text(Bytes payload, Notation notation);

}  // namespace mqtk
