// CONNECT and CONNACK.
#include "codec/describe/describe.hpp"

namespace mqtk {
namespace {

constexpr std::uint8_t bridge_bit = 0x80;

// The name and the version byte. The reader learns the version here.
template <class Io>
void protocol(Io& io, Connect& p) {
  const std::uint32_t name_offset = io.offset();
  const std::string_view name = io.text("Protocol Name");
  if (io.stopped()) return;
  const std::uint32_t version_offset = io.offset();
  std::uint8_t level = 0;
  io.byte("Protocol Version", level);
  if (io.stopped()) return;
  const std::uint8_t number = level & 0x7FU;
  const bool old_name = name == "MQIsdp";
  if (name != "MQTT" && !old_name) {
    io.stop(Rule::protocol_name_wrong, name_offset, name.size() + 2);
    return;
  }
  p.bridge = (level & bridge_bit) != 0;
  const bool known = old_name ? number == 3 : number == 4 || level == 5;
  if (!known) {
    io.stop(Rule::protocol_version_unsupported, version_offset);
    return;
  }
  p.version = static_cast<Version>(number);
  io.set_version(p.version);
}

template <class Io>
void protocol(Io& io, const Connect& p) {
  io.text("Protocol Name", p.version == Version::v3_1 ? "MQIsdp" : "MQTT");
  io.byte("Protocol Version",
          static_cast<std::uint8_t>(static_cast<unsigned>(p.version) | (p.bridge ? bridge_bit : 0U)));
}

struct ConnectFlags {
  bool user_name = false;
  bool password = false;
  bool will_retain = false;
  QoS will_qos = QoS::at_most_once;
  bool will = false;
};

ConnectFlags flags_of(const Connect& p) {
  ConnectFlags flags;
  flags.user_name = p.user_name.has_value();
  flags.password = p.password.has_value();
  flags.will = p.will.has_value();
  if (p.will) {
    flags.will_retain = p.will->retain;
    flags.will_qos = p.will->qos;
  }
  return flags;
}

template <class Io, class P>
ConnectFlags connect_flags(Io& io, P& p) {
  ConnectFlags flags = flags_of(p);
  const std::uint32_t offset = io.offset();
  io.flags_byte("Connect Flags");
  io.bit("User Name Flag", 7, flags.user_name);
  io.bit("Password Flag", 6, flags.password);
  io.bit("Will Retain", 5, flags.will_retain);
  const std::uint8_t qos = io.qos("Will QoS", 3, flags.will_qos, Rule::will_qos_reserved);
  io.bit("Will Flag", 2, flags.will);
  io.bit(io.version() == Version::v5 ? "Clean Start" : "Clean Session", 1, p.clean_start);
  // Many clients of 3.1 set it, and 3.1 does not forbid it.
  io.reserved_bits(0, 1, 0, io.version() == Version::v3_1 ? Rule::none : Rule::connect_flag_reserved);
  io.end_flags();
  if (io.version() != Version::v3_1 && !flags.will) {
    io.require(qos == 0 || qos == 3, Rule::will_qos_without_will, offset);
    io.require(!flags.will_retain, Rule::will_retain_without_will, offset);
  }
  if (io.version() != Version::v5) {
    io.require(flags.user_name || !flags.password, Rule::password_without_user_name, offset);
  }
  return flags;
}

// Topics of a Will obey the rules of a PUBLISH: that is what it becomes.
template <class Io, class P>
void will(Io& io, P& p) {
  if (!io.present(Rule::will_missing)) return;
  io.open("Will");
  if (io.version() == Version::v5) {
    io.properties("Will Properties", p.properties, PropertyScope::will);
    if (!io.present(Rule::will_missing)) return;
  }
  const std::uint32_t offset = io.offset();
  io.topic_name("Will Topic", p.topic, Rule::will_topic_not_utf8);
  if (!io.stopped()) io.require(!p.topic.empty(), Rule::topic_name_empty, offset, 2);
  if (!io.present(Rule::will_missing)) return;
  io.binary("Will Payload", p.payload);
  advise_utf8(io, p.properties, p.payload);
  io.close();
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return count;
}

template <class Io>
void check_client_identifier(Io& io, const Connect& p, std::uint32_t offset) {
  if (io.stopped() || io.version() == Version::v5) return;
  const bool may_be_empty = io.version() == Version::v3_1_1 && p.clean_start;
  io.require(may_be_empty || !p.client_identifier.empty(), Rule::client_identifier_rejected, offset, 2);
  if (io.version() == Version::v3_1) {
    io.require(characters(p.client_identifier) <= 23, Rule::client_identifier_too_long, offset,
               p.client_identifier.size() + 2);
  }
}

template <class Io, class P>
void credentials(Io& io, P& p, const ConnectFlags& flags) {
  // 3.1 accepts a packet that ends before the user name and password that its flags announce.
  const bool tolerant = io.version() == Version::v3_1;
  if (flags.user_name) {
    if (tolerant && !io.more(true)) return;
    if (!io.present(Rule::user_name_missing)) return;
    if constexpr (requires { p.user_name.emplace(); }) p.user_name.emplace();
    io.text("User Name", *p.user_name, {Rule::user_name_not_utf8, Rule::string_has_null});
  }
  if (flags.password) {
    if (tolerant && !io.more(true)) return;
    if (!io.present(Rule::password_missing)) return;
    if constexpr (requires { p.password.emplace(); }) p.password.emplace();
    io.binary("Password", *p.password);
  }
}

template <class Io, class P>
void connect_payload(Io& io, P& p, const ConnectFlags& flags) {
  const std::uint32_t offset = io.offset();
  io.text("Client Identifier", p.client_identifier, {Rule::client_identifier_not_utf8, Rule::string_has_null});
  check_client_identifier(io, p, offset);
  if (flags.will) {
    if constexpr (requires { p.will.emplace(); }) {
      p.will.emplace();
      p.will->qos = flags.will_qos;
      p.will->retain = flags.will_retain;
    }
    will(io, *p.will);
  }
  if (!io.stopped()) credentials(io, p, flags);
}

// Everything behind the version, which decides what follows.
template <class Io, class P>
void connect_body(Io& io, P& p) {
  const ConnectFlags flags = connect_flags(io, p);
  io.two_bytes("Keep Alive", p.keep_alive);
  if (io.version() == Version::v5 && !io.stopped()) {
    const PropertySet seen = io.properties("Properties", p.properties, PropertyScope::connect);
    if (has(seen, PropertyId::authentication_data) && !has(seen, PropertyId::authentication_method)) {
      io.fail(Rule::authentication_data_without_method,
              property_offset(io, p.properties, PropertyId::authentication_data));
    }
  }
  if (io.present(Rule::client_identifier_missing)) connect_payload(io, p, flags);
}

}  // namespace

MQTK_DESCRIBED(Connect) {
  io.packet_type(PacketType::connect);
  fixed_flags(io, 0, Rule::flags_reserved);
  io.remaining_length();
  protocol(io, packet);
  if (!io.stopped()) connect_body(io, packet);
  io.finish(Rule::connect_too_long);
}

MQTK_DESCRIBED(Connack) {
  io.packet_type(PacketType::connack);
  fixed_flags(io, 0, Rule::flags_reserved);
  io.remaining_length();
  const std::uint32_t offset = io.offset();
  if (io.version() == Version::v3_1) {
    io.flags_byte("Reserved");
    io.reserved_bits(0, 8, 0, Rule::none);
  } else {
    io.flags_byte("Connect Acknowledge Flags");
    io.reserved_bits(1, 7, 0, Rule::connack_flags_reserved);
    io.bit("Session Present", 0, packet.session_present);
  }
  io.end_flags();
  io.reason_code(packet.reason_code, PacketType::connack, Rule::connack_reason_code);
  io.require(!packet.session_present || packet.reason_code == ReasonCode::success, Rule::session_present_on_refusal,
             offset);
  if (io.version() == Version::v5) io.properties("Properties", packet.properties, PropertyScope::connack);
  io.finish(Rule::packet_too_long);
}

MQTK_DESCRIBES(Connect);
MQTK_DESCRIBES(Connack);

}  // namespace mqtk
