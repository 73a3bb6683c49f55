// The CRC-32 of zlib, PNG and MCAP.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace mqtk {

// Goes on from the CRC of earlier bytes.
[[nodiscard]] std::uint32_t crc32(Bytes bytes, std::uint32_t before = 0);

}  // namespace mqtk
