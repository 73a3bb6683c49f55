// The small values of the protocol, in the specification's words.
#pragma once

#include <cstdint>
#include <string_view>

namespace mqtk {

// The Protocol Version byte of CONNECT.
enum class Version : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };

// "3.1", "3.1.1", "5.0"
[[nodiscard]] std::string_view version_text(Version version);

enum class PacketType : std::uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};

// "CONNECT" … "AUTH"; "RESERVED" for 0 and other values.
[[nodiscard]] std::string_view packet_type_name(PacketType type);

enum class QoS : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

enum class RetainHandling : std::uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };

// Which side of the Network Connection: the sender of a packet, or what an Engine plays. `unknown` only where a
// decoder is shown bytes without knowing who sent them.
enum class Role : std::uint8_t { client, server, unknown };

[[nodiscard]] constexpr Role peer_of(Role role) {
  return role == Role::client ? Role::server : role == Role::server ? Role::client : Role::unknown;
}

using PacketIdentifier = std::uint16_t;

inline constexpr std::uint32_t max_variable_byte_integer = 268'435'455;
inline constexpr std::uint32_t max_packet_size = max_variable_byte_integer + 5;  // with its fixed header
inline constexpr std::uint32_t never_expires = 0xFFFF'FFFF;                      // Session Expiry Interval

}  // namespace mqtk
