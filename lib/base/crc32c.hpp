// CRC-32C (Castagnoli): finds bytes that were not written as they should be.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace mqtk {

[[nodiscard]] std::uint32_t crc32c(Bytes bytes);

}  // namespace mqtk
