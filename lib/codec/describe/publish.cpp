// PUBLISH and its four acknowledgements.
#include "codec/describe/describe.hpp"

namespace mqtk {
namespace {

template <class Io>
Rule zero_identifier(const Io& io) {
  return io.sender() == Role::server ? Rule::server_packet_identifier_zero : Rule::client_packet_identifier_zero;
}

template <class Io, class P>
void describe_publish(Io& io, P& p) {
  io.packet_type(PacketType::publish);
  io.bit("DUP", 3, p.dup);
  const std::uint8_t qos = io.qos("QoS", 1, p.qos, Rule::qos_reserved);
  io.bit("RETAIN", 0, p.retain);
  // 3.1 says nothing of DUP at QoS 0.
  io.require(!p.dup || qos != 0 || io.version() == Version::v3_1, Rule::dup_without_qos, 0);
  io.remaining_length();
  const std::uint32_t topic_offset = io.offset();
  io.topic_name("Topic Name", p.topic_name, Rule::topic_name_not_utf8);
  if (qos != 0) io.packet_identifier("Packet Identifier", p.packet_identifier, zero_identifier(io));
  bool has_alias = false;
  if (io.version() == Version::v5) {
    const PropertySet seen = io.properties("Properties", p.properties, PropertyScope::publish);
    has_alias = has(seen, PropertyId::topic_alias);
    if (io.sender() == Role::client && has(seen, PropertyId::subscription_identifier)) {
      io.fail(Rule::subscription_identifier_from_client,
              property_offset(io, p.properties, PropertyId::subscription_identifier));
    }
  }
  if (!io.stopped()) io.require(has_alias || !p.topic_name.empty(), Rule::topic_name_empty, topic_offset, 2);
  io.rest("Payload", p.payload);
  advise_utf8(io, p.properties, p.payload);
  io.finish(Rule::packet_too_long);
}

struct AcknowledgementForm {
  PropertyScope scope;
  unsigned flags;
  Rule flags_rule;
  Rule reason_rule;
};

constexpr AcknowledgementForm form_of(PacketType type) {
  switch (type) {
    case PacketType::pubrec: return {PropertyScope::pubrec, 0, Rule::flags_reserved, Rule::pubrec_reason_code};
    case PacketType::pubrel: return {PropertyScope::pubrel, 2, Rule::pubrel_flags, Rule::pubrel_reason_code};
    case PacketType::pubcomp: return {PropertyScope::pubcomp, 0, Rule::flags_reserved, Rule::pubcomp_reason_code};
    default: return {PropertyScope::puback, 0, Rule::flags_reserved, Rule::puback_reason_code};
  }
}

template <class Io, class P>
void describe_acknowledgement(Io& io, P& p) {
  constexpr AcknowledgementForm form = form_of(P::type);
  io.packet_type(P::type);
  fixed_flags(io, form.flags, form.flags_rule);
  io.remaining_length();
  io.packet_identifier("Packet Identifier", p.packet_identifier, Rule::acknowledged_identifier_zero);
  // 5.0: the Reason Code may be left out if it is 0x00 and no properties follow, the Property Length if none do.
  if (io.version() == Version::v5 && io.more(p.reason_code != ReasonCode::success || !p.properties.empty())) {
    io.reason_code(p.reason_code, P::type, form.reason_rule);
    if (io.more(!p.properties.empty())) io.properties("Properties", p.properties, form.scope);
  }
  io.finish(Rule::packet_too_long);
}

}  // namespace

MQTK_DESCRIBED(Publish) { describe_publish(io, packet); }
MQTK_DESCRIBED(Puback) { describe_acknowledgement(io, packet); }
MQTK_DESCRIBED(Pubrec) { describe_acknowledgement(io, packet); }
MQTK_DESCRIBED(Pubrel) { describe_acknowledgement(io, packet); }
MQTK_DESCRIBED(Pubcomp) { describe_acknowledgement(io, packet); }

MQTK_DESCRIBES(Publish);
MQTK_DESCRIBES(Puback);
MQTK_DESCRIBES(Pubrec);
MQTK_DESCRIBES(Pubrel);
MQTK_DESCRIBES(Pubcomp);

}  // namespace mqtk
