#include "session/limits.hpp"

namespace mqtk {

Limits Limits::from(PropertyBlock properties) {
  Limits limits;
  for (const Property& property : properties) {
    const bool yes = property.number != 0;
    switch (property.id) {
      case PropertyId::maximum_packet_size: limits.maximum_packet_size = property.number; break;
      case PropertyId::receive_maximum: limits.receive_maximum = static_cast<std::uint16_t>(property.number); break;
      case PropertyId::topic_alias_maximum:
        limits.topic_alias_maximum = static_cast<std::uint16_t>(property.number);
        break;
      case PropertyId::maximum_qos: limits.maximum_qos = static_cast<QoS>(property.number); break;
      case PropertyId::retain_available: limits.retain_available = yes; break;
      case PropertyId::wildcard_subscription_available: limits.wildcard_subscription_available = yes; break;
      case PropertyId::subscription_identifier_available: limits.subscription_identifier_available = yes; break;
      case PropertyId::shared_subscription_available: limits.shared_subscription_available = yes; break;
      default: break;
    }
  }
  return limits;
}

void Limits::write(PropertyWriter& properties) const {
  const Limits absent;
  if (maximum_packet_size < absent.maximum_packet_size) {
    properties.add(PropertyId::maximum_packet_size, maximum_packet_size);
  }
  if (receive_maximum != absent.receive_maximum) properties.add(PropertyId::receive_maximum, receive_maximum);
  if (topic_alias_maximum != 0) properties.add(PropertyId::topic_alias_maximum, topic_alias_maximum);
  if (maximum_qos != absent.maximum_qos) {
    properties.add(PropertyId::maximum_qos, static_cast<std::uint32_t>(maximum_qos));  // [MQTT-3.2.2-9]
  }
  if (!retain_available) properties.add(PropertyId::retain_available, 0);
  if (!wildcard_subscription_available) properties.add(PropertyId::wildcard_subscription_available, 0);
  if (!subscription_identifier_available) properties.add(PropertyId::subscription_identifier_available, 0);
  if (!shared_subscription_available) properties.add(PropertyId::shared_subscription_available, 0);
}

}  // namespace mqtk
