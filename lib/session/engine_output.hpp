// Appending packets to an Engine's output: the templates that its .cpp files share.
#pragma once

#include <type_traits>

#include "session/diagnostics.hpp"
#include "session/engine.hpp"

namespace mqtk {

template <class P>
Engine::Done Engine::send(const P& packet) {
  const std::expected<std::uint32_t, Fault> size = encoded_size(packet, {version_, role_});
  if (!size) return std::unexpected(size.error());
  // Nothing larger than the peer takes [MQTT-3.1.2-24] [MQTT-3.2.2-15].
  if (*size > peer_.maximum_packet_size) return std::unexpected(Fault{Rule::packet_too_large, 0});
  std::uint8_t* to = output_.append(*size);
  write(packet, {version_, role_}, to);
  note_sent({to, *size}, {});
  return {};
}

template <class P>
Engine::Done Engine::send_trimmed(P packet) {
  if (packet.properties.empty()) return send(packet);
  PropertyWriter kept;
  if (version_ != Version::v5) packet.properties = {};
  // Request Problem Information 0 leaves diagnostics to PUBLISH, CONNACK and DISCONNECT [MQTT-3.1.2-29].
  constexpr bool always = std::is_same_v<P, Connack> || std::is_same_v<P, Disconnect>;
  if (!always && role_ == Role::server && !problem_information_) {
    packet.properties = without_diagnostics(packet.properties, Diagnostics::all, kept);
  }
  for (const Diagnostics left_out : {Diagnostics::user_properties, Diagnostics::all}) {
    const std::expected<std::uint32_t, Fault> size = encoded_size(packet, {version_, role_});
    if (!size || *size <= peer_.maximum_packet_size) break;
    packet.properties = without_diagnostics(packet.properties, left_out, kept);
  }
  return send(packet);
}

}  // namespace mqtk
