// What only a client does: CONNECT and its answer, SUBSCRIBE and UNSUBSCRIBE and theirs, PINGREQ.
#include <algorithm>

#include "codec/topic.hpp"
#include "session/engine.hpp"
#include "session/engine_handshake.hpp"
#include "session/engine_output.hpp"

namespace mqtk {

Engine::Done Engine::connect(const Connect& connect, ClientSession& session, TimePoint now) {
  if (role_ != Role::client || phase_ != Phase::idle) return std::unexpected(Fault{Rule::not_connected, 0});
  now_ = now;
  version_ = connect.version;
  const bool is_v5 = version_ == Version::v5;
  const PropertyBlock properties = is_v5 ? connect.properties : PropertyBlock{};
  if (const Done done = send(connect); !done) return done;
  session.before_connect(now);
  if (connect.clean_start) session.end();  // [MQTT-3.1.2-4]

  own_ = Limits::from(properties);
  own_.maximum_packet_size = std::min(own_.maximum_packet_size, options_->limits.maximum_packet_size);
  problem_information_ = properties.number(PropertyId::request_problem_information).value_or(1) != 0;
  handshake_ = std::make_unique<Handshake>();
  handshake_->client_session = &session;
  handshake_->authentication_method = properties.text(PropertyId::authentication_method).value_or("");
  handshake_->method_known = properties.find(PropertyId::authentication_method).has_value();
  handshake_->session_expiry = is_v5 ? properties.number(PropertyId::session_expiry_interval).value_or(0)
                               : connect.clean_start ? 0
                                                     : never_expires;
  session_expiry_is_zero_ = handshake_->session_expiry == 0;
  // Without a CONNACK nobody knows whether the server got the CONNECT: what it asks for holds.
  session.expiry_interval = handshake_->session_expiry;
  handshake_->keep_alive = connect.keep_alive;
  handshake_->clean_start = connect.clean_start;
  handshake_->client_identifier_empty = connect.client_identifier.empty();
  handshake_->response_information = properties.number(PropertyId::request_response_information).value_or(0) != 0;
  phase_ = Phase::await_connack;
  keep_alive_.begin_handshake(now, options_->connect_timeout);
  return {};
}

Rule Engine::check_connack(const Connack& connack) const {
  const Handshake& asked = *handshake_;
  const PropertyBlock properties = connack.properties;
  if (connack.session_present && asked.clean_start) return Rule::session_present_after_clean_start;
  if (version_ != Version::v5) return Rule::none;
  if (connack.session_present && !asked.client_session->exists) return Rule::session_present_unexpected;
  if (!asked.response_information && properties.find(PropertyId::response_information)) {
    return Rule::response_information_unrequested;
  }
  const std::optional<std::string_view> method = properties.text(PropertyId::authentication_method);
  if (!asked.method_known && method) return Rule::auth_not_agreed;
  if (is_failure(connack.reason_code)) return Rule::none;
  if (asked.method_known && method != asked.authentication_method) return Rule::authentication_method_changed;
  if (asked.client_identifier_empty && !properties.find(PropertyId::assigned_client_identifier)) {
    return Rule::client_identifier_not_assigned;
  }
  return Rule::none;
}

bool Engine::on_connack(Event& event) {
  const auto& connack = event.as<Connack>();
  if (const Rule rule = check_connack(connack); rule != Rule::none) return fail({rule, 0});
  if (connack.reason_code != ReasonCode::success) {
    close();
    return report(event, Event::Type::connack, connack.reason_code) == Step::event;
  }
  ClientSession& session = *handshake_->client_session;
  // 3.1 cannot tell: there the server goes on with the Session unless the client asked for a new one.
  const bool goes_on = version_ == Version::v3_1 ? !handshake_->clean_start : connack.session_present;
  if (!goes_on) session.end();  // [MQTT-3.2.2-5]
  session.exists = true;
  session.expiry_interval =
      connack.properties.number(PropertyId::session_expiry_interval).value_or(handshake_->session_expiry);
  peer_ = Limits::from(connack.properties);
  // The server's word on Keep Alive counts [MQTT-3.1.2-21] [MQTT-3.2.2-21].
  const std::uint32_t keep_alive =
      connack.properties.number(PropertyId::server_keep_alive).value_or(handshake_->keep_alive);
  begin_open(session.state, static_cast<std::uint16_t>(keep_alive));
  return report(event, Event::Type::connack) == Step::event;
}

Rule Engine::check_subscribe(const Subscribe& subscribe, const Limits& server) const {
  if (!server.subscription_identifier_available && subscribe.properties.find(PropertyId::subscription_identifier)) {
    return Rule::subscription_identifier_not_available;
  }
  if (server.wildcard_subscription_available && server.shared_subscription_available) return Rule::none;
  for (const Subscription& subscription : subscribe.subscriptions) {
    const TopicFilter filter = TopicFilter::checked(subscription.topic_filter, version_);
    if (!server.wildcard_subscription_available && filter.has_wildcard()) return Rule::wildcard_not_available;
    if (!server.shared_subscription_available && filter.is_shared()) return Rule::shared_not_available;
  }
  return Rule::none;
}

template <class P>
Engine::Sent Engine::request(P packet, InFlight::State state, std::size_t filters, Tag tag) {
  if (role_ != Role::client || phase_ != Phase::open) return std::unexpected(Fault{Rule::not_connected, 0});
  SenderFlow& flow = session_->sender;
  packet.packet_identifier = flow.next_identifier();
  if (packet.packet_identifier == 0) return std::unexpected(Fault{Rule::receive_maximum_exceeded, 0});
  if (version_ != Version::v5) packet.properties = {};
  if (const Done done = send(packet); !done) return std::unexpected(done.error());
  InFlight entry;
  entry.tag = tag;
  entry.filters = static_cast<std::uint16_t>(filters);
  entry.state = state;
  return flow.start(std::move(entry));
}

Engine::Sent Engine::subscribe(const Subscribe& subscribe, Tag tag, TimePoint now) {
  now_ = now;
  const Rule rule = check_subscribe(subscribe, peer_);
  if (rule != Rule::none) return std::unexpected(Fault{rule, 0});
  return request(subscribe, InFlight::State::subscribe_sent, subscribe.subscriptions.count(), tag);
}

Engine::Sent Engine::unsubscribe(const Unsubscribe& unsubscribe, Tag tag, TimePoint now) {
  now_ = now;
  return request(unsubscribe, InFlight::State::unsubscribe_sent, unsubscribe.topic_filters.count(), tag);
}

bool Engine::on_suback(Event& event) {
  const auto& suback = event.as<Suback>();
  return on_answer({suback.packet_identifier, suback.reason_codes.size(), suback.properties},
                   InFlight::State::subscribe_sent, Event::Type::suback, event);
}

bool Engine::on_unsuback(Event& event) {
  const auto& unsuback = event.as<Unsuback>();
  return on_answer({unsuback.packet_identifier, unsuback.reason_codes.size(), unsuback.properties},
                   InFlight::State::unsubscribe_sent, Event::Type::unsuback, event);
}

bool Engine::on_answer(const Answer& answer, InFlight::State due, Event::Type type, Event& event) {
  const InFlight* entry = session_->sender.find(answer.packet_identifier);
  if (entry == nullptr || entry->state != due) return fail({Rule::suback_unexpected, 2});
  if (diagnostics_unrequested(answer.properties)) return fail({Rule::problem_information_unrequested, 0});
  // Before 5.0 UNSUBACK has no codes.
  const bool counted = version_ == Version::v5 || type == Event::Type::suback;
  if (counted && static_cast<std::uint16_t>(answer.codes) != entry->filters) return fail({Rule::suback_count, 0});
  report(event, type);
  event.packet_identifier = answer.packet_identifier;
  event.tag = entry->tag;
  session_->sender.finish(answer.packet_identifier);
  return true;
}

bool Engine::diagnostics_unrequested(PropertyBlock properties) const {
  if (problem_information_ || role_ != Role::client || properties.empty()) return false;
  return properties.find(PropertyId::reason_string) || properties.find(PropertyId::user_property);
}

Engine::Done Engine::ping(TimePoint now) {
  if (role_ != Role::client || phase_ != Phase::open) return std::unexpected(Fault{Rule::not_connected, 0});
  now_ = now;
  const Done done = send(Pingreq{});
  if (done) keep_alive_.pingreq_sent(now, options_->ping_timeout);
  return done;
}

}  // namespace mqtk
