// The User Property by which bridges and brokers with bridges tell each other which broker they belong to.
#pragma once

#include <string_view>

namespace mqtk {

// In CONNECT: the broker behind this client, as "IDENTITY", or "IDENTITY moved" where Topic Names begin differently on
// the two sides. In the CONNACK that answers it: the broker itself.
inline constexpr std::string_view bridge_property = "mqtk-bridge";
inline constexpr std::string_view bridge_moves_topics = " moved";

}  // namespace mqtk
