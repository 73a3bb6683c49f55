#include "broker/bridge_peer.hpp"

#include <string_view>

#include "session/bridge_property.hpp"

namespace mqtk {

BridgePeer BridgePeer::of(const Connect& connect, bool of_this_process) {
  BridgePeer peer;
  for (const Property& property : connect.properties) {
    if (property.id != PropertyId::user_property || property.name != bridge_property) continue;
    std::string_view identity = property.text;
    const bool moved = identity.ends_with(bridge_moves_topics);
    if (moved) identity.remove_suffix(bridge_moves_topics.size());
    std::uint32_t hash = 2'166'136'261U;  // FNV-1a
    for (const char c : identity) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16'777'619U;
    peer.bits_ = (hash | 4U) << 2U | (of_this_process ? 2U : 0U) | (moved ? 0U : 1U);
  }
  return peer;
}

}  // namespace mqtk
