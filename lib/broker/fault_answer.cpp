#include "broker/fault_answer.hpp"

#include "codec/codec.hpp"

namespace mqtk {
namespace {

std::string framed(unsigned first_byte, std::string_view body) {
  std::string packet(1, static_cast<char>(first_byte));
  std::size_t length = body.size();
  for (; length > 0x7F; length >>= 7U) packet.push_back(static_cast<char>(length | 0x80U));
  packet.push_back(static_cast<char>(length));
  return packet.append(body);
}

std::string identifier_text(PacketIdentifier id) { return {static_cast<char>(id >> 8U), static_cast<char>(id)}; }

std::string list_answer(unsigned first_byte, PacketIdentifier id, Version version, const std::string& codes) {
  return framed(first_byte, identifier_text(id) + (version == Version::v5 ? std::string(1, '\0') : "") + codes);
}

}  // namespace

std::string raw_connack(Version version, std::uint8_t code) {
  std::string body{'\0', static_cast<char>(code)};
  if (version == Version::v5) body.push_back('\0');
  return framed(0x20, body);
}

std::string raw_disconnect(Version version, std::uint8_t code) {
  return version == Version::v5 ? framed(0xE0, std::string(1, static_cast<char>(code))) : std::string{};
}

std::string raw_answer(const Packet& packet, Version version, std::uint8_t code) {
  if (const auto* publish = std::get_if<Publish>(&packet)) {
    std::string body = identifier_text(publish->packet_identifier);
    if (version == Version::v5) body.push_back(static_cast<char>(code));
    return framed(publish->qos == QoS::exactly_once ? 0x50 : 0x40, body);
  }
  if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
    return list_answer(0x90, subscribe->packet_identifier, version,
                       std::string(subscribe->subscriptions.count(), static_cast<char>(code)));
  }
  if (const auto* unsubscribe = std::get_if<Unsubscribe>(&packet)) {
    const std::size_t count = version == Version::v5 ? unsubscribe->topic_filters.count() : 0;
    return list_answer(0xB0, unsubscribe->packet_identifier, version, std::string(count, static_cast<char>(code)));
  }
  return {};
}

std::optional<std::string> with_receive_maximum(const Packet& packet, Version version, std::uint16_t receive_maximum) {
  const auto* connack = std::get_if<Connack>(&packet);
  if (connack == nullptr || version != Version::v5) return std::nullopt;
  PropertyWriter properties;
  for (const Property& property : connack->properties) {
    if (property.id != PropertyId::receive_maximum) properties.add(property);
  }
  properties.add(PropertyId::receive_maximum, receive_maximum);
  Connack changed = *connack;
  changed.properties = properties.block();
  const CodecContext context{version, Role::server};
  const auto size = encoded_size(changed, context);
  if (!size) return std::nullopt;
  std::string bytes(*size, '\0');
  write(changed, context, reinterpret_cast<std::uint8_t*>(bytes.data()));
  return bytes;
}

}  // namespace mqtk
