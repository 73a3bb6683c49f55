// SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK.
#include "codec/describe/describe.hpp"

namespace mqtk {
namespace {

constexpr std::uint8_t all_options = 0xFF;
constexpr std::uint8_t qos_only = 0x03;

// One entry of SUBSCRIBE. The list stays in wire form, so only readers come here.
template <bool noted>
void subscription(FieldReader<noted>& io) {
  Subscription s;
  io.open("Subscription");
  io.topic_filter("Topic Filter", s.topic_filter, Rule::subscribe_filter_not_utf8);
  if (io.stopped()) return;
  const std::uint32_t options = io.offset();
  const bool v5 = io.version() == Version::v5;
  io.flags_byte(v5 ? "Subscription Options" : "Requested QoS");
  if (io.stopped()) return;
  // 3.1 leaves the upper bits open.
  const Rule reserved = io.version() == Version::v3_1 ? Rule::none : Rule::subscription_options_reserved;
  if (v5) {
    io.reserved_bits(6, 2, 0, reserved);
    io.two_bits("Retain Handling", 4, s.retain_handling, Rule::retain_handling_reserved);
    io.bit("Retain As Published", 3, s.retain_as_published);
    io.bit("No Local", 2, s.no_local);
  } else {
    io.reserved_bits(2, 6, 0, reserved);
  }
  io.qos(v5 ? "Maximum QoS" : "QoS", 0, s.qos, Rule::subscription_qos_reserved);
  io.end_flags();
  const bool shared = v5 && s.topic_filter.starts_with("$share/");
  io.require(!shared || !s.no_local, Rule::no_local_on_shared, options);
  io.close();
}

template <bool noted>
void unsubscribed_filter(FieldReader<noted>& io) {
  std::string_view filter;
  io.topic_filter("Topic Filter", filter, Rule::unsubscribe_filter_not_utf8);
}

template <bool noted>
void request(FieldReader<noted>& io, Subscribe& p) {
  const Bytes list = io.list([&] { subscription(io); });
  p.subscriptions = SubscriptionList{list, io.version() == Version::v5 ? all_options : qos_only};
}
template <bool noted>
void request(FieldReader<noted>& io, Unsubscribe& p) {
  p.topic_filters = TopicFilterList{io.list([&] { unsubscribed_filter(io); })};
}
template <class Io>
void request(Io& io, const Subscribe& p) {
  io.checked_list(p.subscriptions.bytes(), [](FieldReader<false>& check) { subscription(check); });
}
template <class Io>
void request(Io& io, const Unsubscribe& p) {
  io.checked_list(p.topic_filters.bytes(), [](FieldReader<false>& check) { unsubscribed_filter(check); });
}

Bytes list_bytes(const Subscribe& p) { return p.subscriptions.bytes(); }
Bytes list_bytes(const Unsubscribe& p) { return p.topic_filters.bytes(); }

template <class Io, class P>
void describe_request(Io& io, P& p) {
  constexpr bool subscribes = std::is_same_v<std::remove_const_t<P>, Subscribe>;
  io.packet_type(subscribes ? PacketType::subscribe : PacketType::unsubscribe);
  fixed_flags(io, 2, subscribes ? Rule::subscribe_flags : Rule::unsubscribe_flags);
  io.remaining_length();
  io.packet_identifier("Packet Identifier", p.packet_identifier, Rule::client_packet_identifier_zero);
  if (io.version() == Version::v5) {
    io.properties("Properties", p.properties, subscribes ? PropertyScope::subscribe : PropertyScope::unsubscribe);
  }
  const std::uint32_t offset = io.offset();
  request(io, p);
  if (!io.stopped()) {
    io.require(!list_bytes(p).empty(), subscribes ? Rule::subscribe_without_filter : Rule::unsubscribe_without_filter,
               offset, 0);
  }
  io.finish(Rule::packet_too_long);
}

template <bool noted, class P>
void answer(FieldReader<noted>& io, P& p, PacketType type, Rule rule) {
  p.reason_codes = io.list([&] {
    ReasonCode code{};
    io.reason_code(code, type, rule);
  });
}
template <class Io, class P>
void answer(Io& io, const P& p, PacketType type, Rule rule) {
  io.checked_list(p.reason_codes, [=](FieldReader<false>& check) {
    ReasonCode code{};
    check.reason_code(code, type, rule);
  });
}

template <class Io, class P>
void describe_answer(Io& io, P& p) {
  constexpr bool subscribes = std::is_same_v<std::remove_const_t<P>, Suback>;
  constexpr PacketType type = subscribes ? PacketType::suback : PacketType::unsuback;
  io.packet_type(type);
  fixed_flags(io, 0, Rule::flags_reserved);
  io.remaining_length();
  io.packet_identifier("Packet Identifier", p.packet_identifier, Rule::acknowledged_identifier_zero);
  const bool v5 = io.version() == Version::v5;
  if (v5) io.properties("Properties", p.properties, subscribes ? PropertyScope::suback : PropertyScope::unsuback);
  if (subscribes || v5) {
    const std::uint32_t offset = io.offset();
    answer(io, p, type, subscribes ? Rule::suback_reason_code : Rule::unsuback_reason_code);
    if (!io.stopped()) {
      io.require(!p.reason_codes.empty(),
                 subscribes ? Rule::suback_without_reason_code : Rule::unsuback_without_reason_code, offset, 0);
    }
  }
  io.finish(Rule::packet_too_long);
}

}  // namespace

MQTK_DESCRIBED(Subscribe) { describe_request(io, packet); }
MQTK_DESCRIBED(Suback) { describe_answer(io, packet); }
MQTK_DESCRIBED(Unsubscribe) { describe_request(io, packet); }
MQTK_DESCRIBED(Unsuback) { describe_answer(io, packet); }

MQTK_DESCRIBES(Subscribe);
MQTK_DESCRIBES(Suback);
MQTK_DESCRIBES(Unsubscribe);
MQTK_DESCRIBES(Unsuback);

}  // namespace mqtk
