// PINGREQ, PINGRESP, DISCONNECT and AUTH.
#include "codec/describe/describe.hpp"

namespace mqtk {
namespace {

template <class Io>
void describe_ping(Io& io, PacketType type) {
  io.packet_type(type);
  fixed_flags(io, 0, Rule::flags_reserved);
  io.remaining_length();
  io.finish(Rule::packet_too_long);
}

template <class Io, class P>
void describe_disconnect(Io& io, P& p) {
  io.packet_type(PacketType::disconnect);
  fixed_flags(io, 0, Rule::disconnect_flags);
  io.remaining_length();
  if (io.version() != Version::v5) return;
  if (!io.more(p.reason_code != ReasonCode::success || !p.properties.empty())) return;
  io.reason_code(p.reason_code, PacketType::disconnect, Rule::disconnect_reason_code);
  if (!io.more(!p.properties.empty())) return;
  const PropertySet seen = io.properties("Properties", p.properties, PropertyScope::disconnect);
  if (io.sender() == Role::server && has(seen, PropertyId::session_expiry_interval)) {
    io.fail(Rule::session_expiry_from_server, property_offset(io, p.properties, PropertyId::session_expiry_interval));
  }
}

// The short form without properties is described by the specification, so it passes although it cannot hold the
// Authentication Method that AUTH must have.
template <class Io, class P>
void describe_auth(Io& io, P& p) {
  io.packet_type(PacketType::auth);
  fixed_flags(io, 0, Rule::auth_flags);
  io.remaining_length();
  if (!io.more(p.reason_code != ReasonCode::success || !p.properties.empty())) return;
  io.reason_code(p.reason_code, PacketType::auth, Rule::auth_reason_code);
  const std::uint32_t offset = io.offset();
  const PropertySet seen = io.properties("Properties", p.properties, PropertyScope::auth);
  if (!io.stopped()) {
    io.require(has(seen, PropertyId::authentication_method), Rule::auth_without_method, offset);
  }
}

}  // namespace

MQTK_DESCRIBED(Pingreq) {
  (void)packet;
  describe_ping(io, PacketType::pingreq);
}
MQTK_DESCRIBED(Pingresp) {
  (void)packet;
  describe_ping(io, PacketType::pingresp);
}
MQTK_DESCRIBED(Disconnect) {
  describe_disconnect(io, packet);
  io.finish(Rule::packet_too_long);
}
MQTK_DESCRIBED(Auth) {
  describe_auth(io, packet);
  io.finish(Rule::packet_too_long);
}

MQTK_DESCRIBES(Pingreq);
MQTK_DESCRIBES(Pingresp);
MQTK_DESCRIBES(Disconnect);
MQTK_DESCRIBES(Auth);

}  // namespace mqtk
