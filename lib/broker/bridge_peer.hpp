// The broker that a client which is a bridge mirrors messages to.
//
// Where two brokers bridge to each other, each has two clients that lead to the other: its own bridge and the other's.
// A message that came by one of them must not go back by the other, and one that goes to both would arrive twice. So a
// bridge names the broker behind it in CONNECT, and a broker with bridges names itself in CONNACK: bridge_property.hpp.
#pragma once

#include <cstdint>

#include "codec/packet.hpp"

namespace mqtk {

class BridgePeer {
 public:
  BridgePeer() = default;  // of a client that is no bridge, or of one that names nothing
  [[nodiscard]] static BridgePeer of(const Connect& connect, bool of_this_process);

  explicit operator bool() const { return bits_ != 0; }
  [[nodiscard]] bool leads_to_same(BridgePeer other) const { return bits_ != 0 && number() == other.number(); }
  [[nodiscard]] std::uint32_t number() const { return bits_ >> 2U; }  // of the broker; others may have it, too
  // The same topics mean the same on both sides.
  [[nodiscard]] bool keeps_topics() const { return (bits_ & 1U) != 0; }
  // A bridge of this broker.
  [[nodiscard]] bool is_own() const { return (bits_ & 2U) != 0; }

 private:
  std::uint32_t bits_ = 0;  // a hash of the identity, and the two flags: there is one in every Session
};

}  // namespace mqtk
