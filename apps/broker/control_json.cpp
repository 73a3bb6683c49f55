#include "broker/control_json.hpp"

#include <fmt/format.h>

#include "base/append_format.hpp"
#include "base/json_text.hpp"
#include "codec/reason_code.hpp"
#include "codec/rule.hpp"

namespace mqtk::broker_program {
namespace {

// Writes one object, member by member.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  Object& text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
    return *this;
  }
  Object& text_if_any(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  Object& number(std::string_view name, std::uint64_t value) {
    key(name);
    append_format(out_, "{}", value);
    return *this;
  }
  Object& truth(std::string_view name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
    return *this;
  }

 private:
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_format(out_, "\"{}\":", name);
  }
  std::string& out_;
  bool first_ = true;
};

PacketType packet_of(BrokerEvent::Type type) {
  switch (type) {
    case BrokerEvent::Type::connected:
    case BrokerEvent::Type::refused: return PacketType::connack;
    case BrokerEvent::Type::subscribed: return PacketType::suback;
    case BrokerEvent::Type::unsubscribed: return PacketType::unsuback;
    default: return PacketType::disconnect;
  }
}

bool has_reason_code(BrokerEvent::Type type) {
  using Type = BrokerEvent::Type;
  return type == Type::refused || type == Type::disconnected || type == Type::closed_by_broker ||
         type == Type::subscribed || type == Type::unsubscribed;
}

}  // namespace

void append_json(std::string& out, const SessionFacts& session) {
  Object object{out};
  object.text("client_identifier", session.client_identifier).truth("connected", session.connected);
  if (session.connected) {
    object.text("peer_address", session.peer_address)
        .text("protocol_version", version_text(session.version))
        .number("keep_alive", session.keep_alive_seconds);
  }
  object.number("session_expiry_interval", session.session_expiry_seconds)
      .truth("will", session.will)
      .number("subscriptions", session.subscriptions)
      .number("in_flight", session.in_flight)
      .number("queued", session.queued)
      .number("queued_bytes", session.queued_bytes)
      .number("unsent_bytes", session.unsent_bytes)
      .number("dropped", session.dropped);
}

void append_json(std::string& out, const SubscriptionFacts& subscription) {
  Object object{out};
  object.text("client_identifier", subscription.client_identifier)
      .text("topic_filter", subscription.topic_filter)
      .number("qos", static_cast<std::uint64_t>(subscription.qos))
      .truth("no_local", subscription.no_local)
      .truth("retain_as_published", subscription.retain_as_published);
  if (subscription.identifier != 0) object.number("subscription_identifier", subscription.identifier);
}

void append_json(std::string& out, const BrokerCounters& counters) {
  Object object{out};
  object.number("connections_opened", counters.connections_opened)
      .number("connects_received", counters.connects_received)
      .number("connects_refused", counters.connects_refused)
      .number("clients_connected", counters.clients_connected)
      .number("clients_maximum", counters.clients_maximum)
      .number("sessions_expired", counters.sessions_expired)
      .number("packets_received", counters.packets.packets_received)
      .number("packets_sent", counters.packets.packets_sent)
      .number("bytes_received", counters.bytes_received)
      .number("bytes_sent", counters.bytes_sent);
  for (std::size_t qos = 0; qos < 3; ++qos) {
    object.number(fmt::format("messages_received_qos{}", qos), counters.messages_received[qos])
        .number(fmt::format("messages_sent_qos{}", qos), counters.messages_sent[qos]);
  }
  for (std::size_t reason = 0; reason < drop_reason_count; ++reason) {
    object.number(fmt::format("dropped_{}", drop_reason_name(static_cast<DropReason>(reason))), counters.drops[reason]);
  }
  object.number("messages_not_retained", counters.messages_not_retained)
      .number("publishers_slowed", counters.publishers_slowed);
}

void append_json(std::string& out, const BridgeFacts& bridge) {
  Object object{out};
  object.text("name", bridge.name)
      .text("url", bridge.url)
      .truth("connected", bridge.connected)
      .number("connects", bridge.counters.connects)
      .number("received", bridge.counters.received)
      .number("sent", bridge.counters.sent)
      .number("dropped", bridge.counters.dropped)
      .number("echoes", bridge.counters.echoes)
      .number("unmatched", bridge.counters.unmatched)
      .text_if_any("failure", bridge.failure);
}

void append_json(std::string& out, const FaultRules::Entry& fault) {
  Object object{out};
  object.number("number", fault.number)
      .text("rule", fault.rule.text)
      .number("met", fault.met)
      .number("injected", fault.injected);
}

void append_json(std::string& out, const BrokerEvent& event, WallTime time) {
  Object object{out};
  object.text("time", rfc3339(time))
      .text("event", event_name(event.type))
      .text_if_any("client_identifier", event.client_identifier)
      .text_if_any("peer_address", event.peer_address)
      .text_if_any("topic", event.topic);
  if (has_reason_code(event.type)) {
    object.number("reason_code", static_cast<std::uint64_t>(event.reason_code))
        .text("reason_name", reason_name(event.reason_code, packet_of(event.type)));
  }
  if (event.type == BrokerEvent::Type::connected) object.text("protocol_version", version_text(event.version));
  if (event.type == BrokerEvent::Type::message_dropped) {
    object.text("drop_reason", drop_reason_name(event.drop_reason)).number("count", event.count);
  }
  if (event.fault) {
    object.text("rule", rule_info(event.fault.rule).text)
        .text_if_any("statement", statement(event.fault.rule, event.version));
  }
  object.text_if_any("detail", event.detail);
}

}  // namespace mqtk::broker_program
