// One packet in one line, for the log.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "broker/broker_listener.hpp"

namespace mqtk::broker_program {

// `head` and `tail` are one packet. "PUBLISH 'a/b', QoS 1, identifier 7, 12 bytes"
[[nodiscard]] std::string packet_text(Bytes head, Bytes tail, Version version, PacketDirection direction);

}  // namespace mqtk::broker_program
