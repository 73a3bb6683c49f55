// Reason String and User Properties: told for information only, and the first to go when a packet has no room for them.
#pragma once

#include "codec/property.hpp"

namespace mqtk {

enum class Diagnostics : std::uint8_t { user_properties, all };

// `properties` without those; the result lies in `buffer`, whose former content may be what `properties` views.
[[nodiscard]] PropertyBlock without_diagnostics(PropertyBlock properties, Diagnostics left_out, PropertyWriter& buffer);

}  // namespace mqtk
