#include "broker/refusal_text.hpp"

namespace mqtk {
namespace {

std::string_view quota_text(PacketType packet) {
  switch (packet) {
    case PacketType::connack: return "as many clients or Sessions are there as this broker allows";
    case PacketType::suback: return "more subscriptions, in all or in one SUBSCRIBE, than this broker allows a client";
    case PacketType::disconnect: return "too many messages wait for the client";
    default: return "as many messages are retained as this broker allows";
  }
}

}  // namespace

std::string_view refusal_text(ReasonCode reason_code, PacketType packet) {
  switch (reason_code) {
    case ReasonCode::quota_exceeded: return quota_text(packet);
    case ReasonCode::topic_filter_invalid:
      return "the Topic Filter is longer or has more levels than this broker allows";
    case ReasonCode::topic_name_invalid: return "the Topic Name is longer or has more levels than this broker allows";
    case ReasonCode::bad_authentication_method: return "this broker does not know the Authentication Method";
    default: return {};
  }
}

PropertyWriter refusal_properties(ReasonCode reason_code, PacketType packet) {
  PropertyWriter properties;
  const std::string_view text = refusal_text(reason_code, packet);
  if (!text.empty()) properties.add(PropertyId::reason_string, text);
  return properties;
}

}  // namespace mqtk
