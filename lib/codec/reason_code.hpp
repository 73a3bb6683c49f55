// The Reason Codes of MQTT 5.0, and the return codes of 3.1.1 and 3.1.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/types.hpp"

namespace mqtk {

enum class ReasonCode : std::uint8_t {
  success = 0x00,
  granted_qos_1 = 0x01,
  granted_qos_2 = 0x02,
  disconnect_with_will_message = 0x04,
  no_matching_subscribers = 0x10,
  no_subscription_existed = 0x11,
  continue_authentication = 0x18,
  re_authenticate = 0x19,
  unspecified_error = 0x80,
  malformed_packet = 0x81,
  protocol_error = 0x82,
  implementation_specific_error = 0x83,
  unsupported_protocol_version = 0x84,
  client_identifier_not_valid = 0x85,
  bad_user_name_or_password = 0x86,
  not_authorized = 0x87,
  server_unavailable = 0x88,
  server_busy = 0x89,
  banned = 0x8A,
  server_shutting_down = 0x8B,
  bad_authentication_method = 0x8C,
  keep_alive_timeout = 0x8D,
  session_taken_over = 0x8E,
  topic_filter_invalid = 0x8F,
  topic_name_invalid = 0x90,
  packet_identifier_in_use = 0x91,
  packet_identifier_not_found = 0x92,
  receive_maximum_exceeded = 0x93,
  topic_alias_invalid = 0x94,
  packet_too_large = 0x95,
  message_rate_too_high = 0x96,
  quota_exceeded = 0x97,
  administrative_action = 0x98,
  payload_format_invalid = 0x99,
  retain_not_supported = 0x9A,
  qos_not_supported = 0x9B,
  use_another_server = 0x9C,
  server_moved = 0x9D,
  shared_subscriptions_not_supported = 0x9E,
  connection_rate_exceeded = 0x9F,
  maximum_connect_time = 0xA0,
  subscription_identifiers_not_supported = 0xA1,
  wildcard_subscriptions_not_supported = 0xA2,
};

[[nodiscard]] constexpr bool is_failure(ReasonCode code) { return static_cast<std::uint8_t>(code) >= 0x80; }

// The name that the specification gives the code in this packet: 0x00 is "Success" in PUBACK, "Granted QoS 0" in
// SUBACK, "Normal disconnection" in DISCONNECT. "unknown" for a code that 5.0 does not define.
[[nodiscard]] std::string_view reason_name(ReasonCode code, PacketType packet);

// Whether `sender` may put the code into this packet (5.0). 0x8C in DISCONNECT passes: two tables of the
// specification differ there. With Role::unknown the code passes if either side may send it.
[[nodiscard]] bool reason_code_allowed(ReasonCode code, PacketType packet, Role sender);

// CONNACK of 3.1 and 3.1.1: 0 to 5. SUBACK: 0, 1, 2, and 0x80 in 3.1.1.
[[nodiscard]] bool return_code_allowed(std::uint8_t code, PacketType packet, Version version);

// The 3.1.1 CONNACK return code nearest to a 5.0 Reason Code; 0 for success. 255 where none fits: the connection
// is then closed without a CONNACK [MQTT-3.2.2-6].
[[nodiscard]] std::uint8_t connack_return_code(ReasonCode code);

// "accepted", "refused: bad user name or password" …; "reserved" above 5.
[[nodiscard]] std::string_view connack_return_code_name(std::uint8_t code);

// What the code of this packet means in this version: a Reason Code in 5.0, a return code before.
[[nodiscard]] std::string_view code_meaning(ReasonCode code, PacketType packet, Version version);

}  // namespace mqtk
