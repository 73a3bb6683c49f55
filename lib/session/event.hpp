// What Engine::next() reports.
#pragma once

#include "codec/packet.hpp"
#include "session/delivery.hpp"

namespace mqtk {

// An event and all its views die at the next call of Engine::next(). Reuse one object.
struct Event {
  enum class Type : std::uint8_t {
    none,
    connect,  // server: answer with accept(), refuse() or auth(); nothing else is read before
    connack,  // client: the answer; reason_code, and session_present in the packet
    publish,  // a new message, its topic resolved from a Topic Alias. QoS 1 and 2: call acknowledge() once taken over
    publish_done,  // a QoS 1 or 2 PUBLISH of this side is finished: tag, packet_identifier, reason_code
    subscribe,     // server: answer with suback()
    suback,        // client: tag
    unsubscribe,   // server: answer with unsuback()
    unsuback,      // client: tag
    auth,          // answer with auth() (server at the end: accept(), refuse() or auth(success) when re-authenticating)
    pingreq,       // server: has been answered
    pingresp,      // client
    disconnect,    // the peer says good-bye; reason_code. `closed` follows
    failed,        // the peer broke a rule or did not answer in time: Engine::fault(). `closed` follows
  };
  Type type = Type::none;
  ReasonCode reason_code = ReasonCode::success;
  PacketIdentifier packet_identifier = 0;
  Tag tag = 0;
  Packet packet;  // as decoded; empty for `failed` and for a publish_done without a packet
  Bytes raw;      // the whole packet as it came

  template <class P>
  [[nodiscard]] const P& as() const {
    return *std::get_if<P>(&packet);
  }
};

}  // namespace mqtk
