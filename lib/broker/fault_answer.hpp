// Packets that an injected fault sends. They are put together byte by byte, since a fault may say what the
// specification forbids.
#pragma once

#include <optional>
#include <string>

#include "codec/packet.hpp"

namespace mqtk {

[[nodiscard]] std::string raw_connack(Version version, std::uint8_t code);

// Nothing before 5.0, where a server has no DISCONNECT.
[[nodiscard]] std::string raw_disconnect(Version version, std::uint8_t code);

// What acknowledges `packet`, a QoS 1 or 2 PUBLISH, a SUBSCRIBE or an UNSUBSCRIBE, with this code for everything in it.
[[nodiscard]] std::string raw_answer(const Packet& packet, Version version, std::uint8_t code);

// `packet`, a CONNACK of 5.0, with this Receive Maximum; nothing for any other packet.
[[nodiscard]] std::optional<std::string> with_receive_maximum(const Packet& packet, Version version,
                                                              std::uint16_t receive_maximum);

}  // namespace mqtk
