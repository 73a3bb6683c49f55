// What one side of a connection accepts from the other, as CONNECT or CONNACK announces it.
#pragma once

#include <cstdint>

#include "codec/packet.hpp"
#include "codec/types.hpp"

namespace mqtk {

// The defaults are those of the specification for absent properties, and hold for 3.1.1 and 3.1, except that a
// Maximum Packet Size of max_packet_size stands for no limit.
struct Limits {
  std::uint32_t maximum_packet_size = max_packet_size;
  std::uint16_t receive_maximum = 65'535;
  std::uint16_t topic_alias_maximum = 0;
  // Only a server limits these.
  QoS maximum_qos = QoS::exactly_once;
  bool retain_available : 1 = true;  // bits: a broker keeps two Limits for each of its connections
  bool wildcard_subscription_available : 1 = true;
  bool subscription_identifier_available : 1 = true;
  bool shared_subscription_available : 1 = true;

  // From the properties of a CONNECT or CONNACK.
  [[nodiscard]] static Limits from(PropertyBlock properties);
  // Adds the properties that differ from the specification's defaults.
  void write(PropertyWriter& properties) const;
};

}  // namespace mqtk
