// RFC 3339 without a string: what rfc3339() gives, for those who write a time for every packet.
#pragma once

#include <array>

#include "base/time.hpp"

namespace mqtk {

using Rfc3339Text = std::array<char, 30>;

[[nodiscard]] Rfc3339Text rfc3339_text(WallTime time);

}  // namespace mqtk
