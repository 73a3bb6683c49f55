#include "codec/reason_code.hpp"

#include <array>

namespace mqtk {
namespace {

// The bit of one packet type in the sets below.
constexpr std::uint16_t in(PacketType packet) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(packet));
}

constexpr std::uint16_t connack = in(PacketType::connack);
constexpr std::uint16_t puback = in(PacketType::puback);
constexpr std::uint16_t pubrec = in(PacketType::pubrec);
constexpr std::uint16_t pubrel = in(PacketType::pubrel);
constexpr std::uint16_t pubcomp = in(PacketType::pubcomp);
constexpr std::uint16_t suback = in(PacketType::suback);
constexpr std::uint16_t unsuback = in(PacketType::unsuback);
constexpr std::uint16_t disconnect = in(PacketType::disconnect);
constexpr std::uint16_t auth = in(PacketType::auth);

struct Row {
  ReasonCode code;
  std::string_view name;
  std::uint16_t packets;      // that may hold the code
  std::uint16_t server_only;  // of these, the ones where only a server may send it
  std::uint16_t client_only;
};

constexpr Row table[] = {
    {ReasonCode::success, "Success",
     connack | puback | pubrec | pubrel | pubcomp | suback | unsuback | disconnect | auth, auth, 0},
    {ReasonCode::granted_qos_1, "Granted QoS 1", suback, 0, 0},
    {ReasonCode::granted_qos_2, "Granted QoS 2", suback, 0, 0},
    {ReasonCode::disconnect_with_will_message, "Disconnect with Will Message", disconnect, 0, disconnect},
    {ReasonCode::no_matching_subscribers, "No matching subscribers", puback | pubrec, 0, 0},
    {ReasonCode::no_subscription_existed, "No subscription existed", unsuback, 0, 0},
    {ReasonCode::continue_authentication, "Continue authentication", auth, 0, 0},
    {ReasonCode::re_authenticate, "Re-authenticate", auth, 0, auth},
    {ReasonCode::unspecified_error, "Unspecified error", connack | puback | pubrec | suback | unsuback | disconnect, 0,
     0},
    {ReasonCode::malformed_packet, "Malformed Packet", connack | disconnect, 0, 0},
    {ReasonCode::protocol_error, "Protocol Error", connack | disconnect, 0, 0},
    {ReasonCode::implementation_specific_error, "Implementation specific error",
     connack | puback | pubrec | suback | unsuback | disconnect, 0, 0},
    {ReasonCode::unsupported_protocol_version, "Unsupported Protocol Version", connack, 0, 0},
    {ReasonCode::client_identifier_not_valid, "Client Identifier not valid", connack, 0, 0},
    {ReasonCode::bad_user_name_or_password, "Bad User Name or Password", connack, 0, 0},
    {ReasonCode::not_authorized, "Not authorized", connack | puback | pubrec | suback | unsuback | disconnect,
     disconnect, 0},
    {ReasonCode::server_unavailable, "Server unavailable", connack, 0, 0},
    {ReasonCode::server_busy, "Server busy", connack | disconnect, disconnect, 0},
    {ReasonCode::banned, "Banned", connack, 0, 0},
    {ReasonCode::server_shutting_down, "Server shutting down", disconnect, disconnect, 0},
    {ReasonCode::bad_authentication_method, "Bad authentication method", connack | disconnect, disconnect, 0},
    {ReasonCode::keep_alive_timeout, "Keep Alive timeout", disconnect, disconnect, 0},
    {ReasonCode::session_taken_over, "Session taken over", disconnect, disconnect, 0},
    {ReasonCode::topic_filter_invalid, "Topic Filter invalid", suback | unsuback | disconnect, disconnect, 0},
    {ReasonCode::topic_name_invalid, "Topic Name invalid", connack | puback | pubrec | disconnect, 0, 0},
    {ReasonCode::packet_identifier_in_use, "Packet Identifier in use", puback | pubrec | suback | unsuback, 0, 0},
    {ReasonCode::packet_identifier_not_found, "Packet Identifier not found", pubrel | pubcomp, 0, 0},
    {ReasonCode::receive_maximum_exceeded, "Receive Maximum exceeded", disconnect, 0, 0},
    {ReasonCode::topic_alias_invalid, "Topic Alias invalid", disconnect, 0, 0},
    {ReasonCode::packet_too_large, "Packet too large", connack | disconnect, 0, 0},
    {ReasonCode::message_rate_too_high, "Message rate too high", disconnect, 0, 0},
    {ReasonCode::quota_exceeded, "Quota exceeded", connack | puback | pubrec | suback | disconnect, 0, 0},
    {ReasonCode::administrative_action, "Administrative action", disconnect, 0, 0},
    {ReasonCode::payload_format_invalid, "Payload format invalid", connack | puback | pubrec | disconnect, 0, 0},
    {ReasonCode::retain_not_supported, "Retain not supported", connack | disconnect, disconnect, 0},
    {ReasonCode::qos_not_supported, "QoS not supported", connack | disconnect, disconnect, 0},
    {ReasonCode::use_another_server, "Use another server", connack | disconnect, disconnect, 0},
    {ReasonCode::server_moved, "Server moved", connack | disconnect, disconnect, 0},
    {ReasonCode::shared_subscriptions_not_supported, "Shared Subscriptions not supported", suback | disconnect,
     disconnect, 0},
    {ReasonCode::connection_rate_exceeded, "Connection rate exceeded", connack | disconnect, disconnect, 0},
    {ReasonCode::maximum_connect_time, "Maximum connect time", disconnect, disconnect, 0},
    {ReasonCode::subscription_identifiers_not_supported, "Subscription Identifiers not supported", suback | disconnect,
     disconnect, 0},
    {ReasonCode::wildcard_subscriptions_not_supported, "Wildcard Subscriptions not supported", suback | disconnect,
     disconnect, 0},
};

const Row* find(ReasonCode code) {
  for (const Row& row : table) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view reason_name(ReasonCode code, PacketType packet) {
  if (code == ReasonCode::success && packet == PacketType::suback) return "Granted QoS 0";
  if (code == ReasonCode::success && packet == PacketType::disconnect) return "Normal disconnection";
  const Row* row = find(code);
  return row == nullptr ? "unknown" : row->name;
}

bool reason_code_allowed(ReasonCode code, PacketType packet, Role sender) {
  const Row* row = find(code);
  if (row == nullptr || (row->packets & in(packet)) == 0) return false;
  if (sender == Role::client && (row->server_only & in(packet)) != 0) return false;
  return sender != Role::server || (row->client_only & in(packet)) == 0;
}

bool return_code_allowed(std::uint8_t code, PacketType packet, Version version) {
  if (packet == PacketType::connack) return code <= 5;
  return code <= 2 || (code == 0x80 && version == Version::v3_1_1);
}

std::uint8_t connack_return_code(ReasonCode code) {
  switch (code) {
    case ReasonCode::success: return 0;
    case ReasonCode::unsupported_protocol_version: return 1;
    case ReasonCode::client_identifier_not_valid: return 2;
    case ReasonCode::server_unavailable:
    case ReasonCode::server_busy:
    case ReasonCode::quota_exceeded:
    case ReasonCode::connection_rate_exceeded:
    case ReasonCode::use_another_server:
    case ReasonCode::server_moved: return 3;
    case ReasonCode::bad_user_name_or_password:
    case ReasonCode::bad_authentication_method: return 4;
    case ReasonCode::not_authorized:
    case ReasonCode::banned: return 5;
    default: return 255;
  }
}

std::string_view connack_return_code_name(std::uint8_t code) {
  static constexpr std::array<std::string_view, 6> names = {
      "accepted",
      "refused: unacceptable protocol version",
      "refused: identifier rejected",
      "refused: server unavailable",
      "refused: bad user name or password",
      "refused: not authorized",
  };
  return code < names.size() ? names[code] : "reserved";
}

std::string_view code_meaning(ReasonCode code, PacketType packet, Version version) {
  if (version == Version::v5) return reason_name(code, packet);
  const auto number = static_cast<std::uint8_t>(code);
  if (packet == PacketType::connack) return connack_return_code_name(number);
  return number <= 2 ? reason_name(code, packet) : number == 0x80 ? "failure" : "reserved";
}

}  // namespace mqtk
