// Why this broker refuses something, where the Reason Code's own name does not tell: for the Reason String.
#pragma once

#include <string_view>

#include "codec/property.hpp"
#include "codec/reason_code.hpp"

namespace mqtk {

// Empty if the name of the Reason Code says it all. `packet` is the one that carries the refusal.
[[nodiscard]] std::string_view refusal_text(ReasonCode reason_code, PacketType packet);

// The Reason String as a property, or nothing. The engine leaves it out where it must.
[[nodiscard]] PropertyWriter refusal_properties(ReasonCode reason_code, PacketType packet);

}  // namespace mqtk
