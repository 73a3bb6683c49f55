// CBOR (RFC 8949) as text.
#pragma once

#include <expected>
#include <string>

#include "base/bytes.hpp"
#include "payload/value_text.hpp"

namespace mqtk {

// One data item that fills `payload`. JSON has text as keys only: other keys become their diagnostic notation in
// quotes. Big integers keep all digits in either notation. Nesting beyond 100 levels is a fault.
[[nodiscard]] std::expected<std::string, PayloadFault> cbor_text(Bytes payload, Notation notation);

}  // namespace mqtk
