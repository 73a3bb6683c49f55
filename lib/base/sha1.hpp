// SHA-1 (FIPS 180-4), for the WebSocket handshake, which asks for it. No protection of anything.
//
// Ours and not OpenSSL's: that is loaded late, and a WebSocket without TLS should neither need it nor wait for it.
#pragma once

#include <array>

#include "base/bytes.hpp"

namespace mqtk {

[[nodiscard]] std::array<std::uint8_t, 20> sha1(Bytes bytes);

}  // namespace mqtk
