// The lines of -d.
#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "codec/codec.hpp"
#include "mosquitto/conversation.hpp"

namespace mqtk::mosquitto {
namespace {

std::string publish_text(const Publish& publish, std::uint64_t number) {
  return fmt::format("PUBLISH (d{}, q{}, r{}, m{}, '{}', ... ({} bytes))", publish.dup ? 1 : 0,
                     static_cast<unsigned>(publish.qos), publish.retain ? 1 : 0, number,
                     publish.topic_name.empty() ? "(null)" : publish.topic_name, publish.payload.size());
}

}  // namespace

DebugLines::DebugLines(const Arguments& arguments)
    : version_(arguments.version),
      id_(arguments.id          ? *arguments.id
          : arguments.id_prefix ? *arguments.id_prefix + std::to_string(::getpid())
                                : "(null)") {}

void DebugLines::packet_sent(Bytes head, Bytes tail) {
  std::vector<std::uint8_t> packet(head.begin(), head.end());
  packet.insert(packet.end(), tail.begin(), tail.end());
  print(packet, Role::client);
}

void DebugLines::line(std::string_view text) {
  const std::string whole = fmt::format("Client {} {}\n", id_, text);
  (void)!::write(STDOUT_FILENO, whole.data(), whole.size());
}

void DebugLines::print(Bytes bytes, Role sender) {
  Packet packet;
  constexpr std::uint8_t disconnect = 0xE0;
  if (ending_ && bytes[0] != disconnect) return;
  if (decode(bytes, {.version = version_, .sender = sender}, packet)) return;
  if (sender == Role::client) {
    print_sent(packet);
  } else {
    print_received(packet);
  }
}

void DebugLines::print_received(const Packet& packet) {
  if (const auto* connack = std::get_if<Connack>(&packet)) {
    if (const auto assigned = connack->properties.text(PropertyId::assigned_client_identifier)) id_ = *assigned;
    line(fmt::format("received CONNACK ({})", static_cast<unsigned>(connack->reason_code)));
  } else if (const auto* publish = std::get_if<Publish>(&packet)) {
    line("received " + publish_text(*publish, publish->packet_identifier));
  } else if (const auto* puback = std::get_if<Puback>(&packet)) {
    line(fmt::format("received PUBACK (Mid: {}, RC:{})", puback->packet_identifier,
                     static_cast<unsigned>(puback->reason_code)));
  } else if (const auto* pubrec = std::get_if<Pubrec>(&packet)) {
    line(fmt::format("received PUBREC (Mid: {})", pubrec->packet_identifier));
  } else if (const auto* pubrel = std::get_if<Pubrel>(&packet)) {
    line(fmt::format("received PUBREL (Mid: {})", pubrel->packet_identifier));
  } else if (const auto* pubcomp = std::get_if<Pubcomp>(&packet)) {
    line(fmt::format("received PUBCOMP (Mid: {}, RC:{})", pubcomp->packet_identifier,
                     static_cast<unsigned>(pubcomp->reason_code)));
  } else if (std::holds_alternative<Suback>(packet)) {
    line("received SUBACK");
  } else if (std::holds_alternative<Unsuback>(packet)) {
    line("received UNSUBACK");
  } else if (std::holds_alternative<Pingresp>(packet)) {
    line("received PINGRESP");
  } else if (const auto* disconnect = std::get_if<Disconnect>(&packet)) {
    line(fmt::format("received DISCONNECT ({})", static_cast<unsigned>(disconnect->reason_code)));
  }
}

void DebugLines::print_sent(const Packet& packet) {
  const bool is_numbered = std::holds_alternative<Publish>(packet) || std::holds_alternative<Subscribe>(packet) ||
                           std::holds_alternative<Unsubscribe>(packet);
  if (is_numbered) ++requests_;
  if (std::holds_alternative<Connect>(packet)) {
    line("sending CONNECT");
  } else if (const auto* publish = std::get_if<Publish>(&packet)) {
    line("sending " +
         publish_text(*publish, publish->qos == QoS::at_most_once ? requests_ : publish->packet_identifier));
  } else if (const auto* puback = std::get_if<Puback>(&packet)) {
    line(fmt::format("sending PUBACK (m{}, rc{})", puback->packet_identifier,
                     static_cast<unsigned>(puback->reason_code)));
  } else if (const auto* pubrec = std::get_if<Pubrec>(&packet)) {
    line(fmt::format("sending PUBREC (m{}, rc{})", pubrec->packet_identifier,
                     static_cast<unsigned>(pubrec->reason_code)));
  } else if (const auto* pubrel = std::get_if<Pubrel>(&packet)) {
    line(fmt::format("sending PUBREL (m{})", pubrel->packet_identifier));
  } else if (const auto* pubcomp = std::get_if<Pubcomp>(&packet)) {
    line(fmt::format("sending PUBCOMP (m{})", pubcomp->packet_identifier));
  } else if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
    for (const Subscription& one : subscribe->subscriptions) {
      const unsigned options = (one.retain_as_published ? 8U : 0U) | static_cast<unsigned>(one.retain_handling) << 4U;
      line(fmt::format("sending SUBSCRIBE (Mid: {}, Topic: {}, QoS: {}, Options: 0x{:02x})",
                       subscribe->packet_identifier, one.topic_filter, static_cast<unsigned>(one.qos), options));
    }
  } else if (const auto* unsubscribe = std::get_if<Unsubscribe>(&packet)) {
    for (const std::string_view filter : unsubscribe->topic_filters) {
      line(fmt::format("sending UNSUBSCRIBE (Mid: {}, Topic: {})", unsubscribe->packet_identifier, filter));
    }
  } else if (std::holds_alternative<Pingreq>(packet)) {
    line("sending PINGREQ");
  } else if (std::holds_alternative<Disconnect>(packet)) {
    line("sending DISCONNECT");
  }
}

}  // namespace mqtk::mosquitto
