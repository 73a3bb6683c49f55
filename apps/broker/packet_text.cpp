#include "broker/packet_text.hpp"

#include <fmt/format.h>

#include <vector>

#include "codec/codec.hpp"

namespace mqtk::broker_program {
namespace {

struct Describe {
  PacketType type;

  std::string operator()(const std::monostate&) const { return "unreadable packet"; }
  std::string operator()(const Connect& connect) const {
    return fmt::format("CONNECT '{}', MQTT {}, Keep Alive {} s{}{}", connect.client_identifier,
                       version_text(connect.version), connect.keep_alive, connect.clean_start ? ", Clean Start" : "",
                       connect.will ? ", Will" : "");
  }
  std::string operator()(const Connack& connack) const {
    return fmt::format("CONNACK 0x{:02x}{}", static_cast<unsigned>(connack.reason_code),
                       connack.session_present ? ", Session Present" : "");
  }
  std::string operator()(const Publish& publish) const {
    std::string text = fmt::format("PUBLISH '{}', QoS {}", publish.topic_name, static_cast<unsigned>(publish.qos));
    if (publish.qos != QoS::at_most_once) text += fmt::format(", identifier {}", publish.packet_identifier);
    if (publish.dup) text += ", DUP";
    if (publish.retain) text += ", RETAIN";
    return text + fmt::format(", {} bytes", publish.payload.size());
  }
  template <PacketType type_>
  std::string operator()(const Acknowledgement<type_>& acknowledgement) const {
    return fmt::format("{} {}, 0x{:02x}", packet_type_name(type_), acknowledgement.packet_identifier,
                       static_cast<unsigned>(acknowledgement.reason_code));
  }
  std::string operator()(const Subscribe& subscribe) const {
    std::string text = fmt::format("SUBSCRIBE {}", subscribe.packet_identifier);
    for (const Subscription& subscription : subscribe.subscriptions) {
      text += fmt::format(", '{}' QoS {}", subscription.topic_filter, static_cast<unsigned>(subscription.qos));
    }
    return text;
  }
  std::string operator()(const Unsubscribe& unsubscribe) const {
    std::string text = fmt::format("UNSUBSCRIBE {}", unsubscribe.packet_identifier);
    for (const std::string_view filter : unsubscribe.topic_filters) text += fmt::format(", '{}'", filter);
    return text;
  }
  std::string operator()(const Suback& suback) const { return codes(suback.packet_identifier, suback.reason_codes); }
  std::string operator()(const Unsuback& unsuback) const {
    return codes(unsuback.packet_identifier, unsuback.reason_codes);
  }
  std::string operator()(const Disconnect& disconnect) const { return code(disconnect.reason_code); }
  std::string operator()(const Auth& auth) const { return code(auth.reason_code); }
  std::string operator()(const Pingreq&) const { return "PINGREQ"; }
  std::string operator()(const Pingresp&) const { return "PINGRESP"; }

  [[nodiscard]] std::string codes(PacketIdentifier id, Bytes reason_codes) const {
    std::string text = fmt::format("{} {}", packet_type_name(type), id);
    for (const std::uint8_t reason_code : reason_codes) text += fmt::format(", 0x{:02x}", reason_code);
    return text;
  }
  [[nodiscard]] std::string code(ReasonCode reason_code) const {
    return fmt::format("{} 0x{:02x} {}", packet_type_name(type), static_cast<unsigned>(reason_code),
                       reason_name(reason_code, type));
  }
};

}  // namespace

std::string packet_text(Bytes head, Bytes tail, Version version, PacketDirection direction) {
  std::vector<std::uint8_t> whole(head.begin(), head.end());
  whole.insert(whole.end(), tail.begin(), tail.end());
  const Role sender = direction == PacketDirection::to_broker ? Role::client : Role::server;
  Packet packet;
  if (decode(whole, {version, sender}, packet)) return fmt::format("unreadable packet of {} bytes", whole.size());
  return std::visit(Describe{packet_type(packet)}, packet);
}

}  // namespace mqtk::broker_program
