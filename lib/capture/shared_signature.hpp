// Signatures of shared access, as Azure and others put them into user names, passwords, topics and URLs:
// "SharedAccessSignature sr=...&sig=...&se=...", "https://...?sv=...&sig=...". Who reads one can use it until it
// expires.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {

// False if there is none. Else `copy` holds the bytes with '*' for each byte of a signature, so that nothing moves.
[[nodiscard]] bool hide_signatures(Bytes bytes, std::vector<std::uint8_t>& copy);

}  // namespace mqtk
