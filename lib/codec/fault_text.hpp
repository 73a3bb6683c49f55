// A fault as the one line that every program shows for it.
#pragma once

#include <string>

#include "codec/rule.hpp"

namespace mqtk {

// "PUBLISH, byte 0: both QoS bits are set [MQTT-3.3.1-4]; Malformed Packet (0x81)". Before 5.0 there is no Reason Code
// to answer with, except the return codes of CONNACK: "…; Protocol Error, return code 1".
[[nodiscard]] std::string fault_text(Fault fault, PacketType packet, Version version);

}  // namespace mqtk
