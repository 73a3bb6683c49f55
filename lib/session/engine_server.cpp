// What only a server does: answering CONNECT, SUBSCRIBE and UNSUBSCRIBE.
#include <algorithm>
#include <vector>

#include "session/engine.hpp"
#include "session/engine_handshake.hpp"
#include "session/engine_output.hpp"

namespace mqtk {
namespace {

// The Protocol Version as it stands in a CONNECT that no decoder knows; 0 if it is not there.
unsigned protocol_version_of(Bytes connect) {
  const std::size_t at = find_frame(connect).header_size;
  if (connect.size() < at + 2) return 0;
  const std::size_t version_at = at + 2U + connect[at] * 256U + connect[at + 1];
  return version_at < connect.size() ? connect[version_at] : 0;
}

}  // namespace

// A CONNECT that cannot be read, or is against the rules, is answered before it fails. 5.0 answers with the rule's
// Reason Code; before, only a Protocol Version and a Client Identifier have return codes [MQTT-3.1.4-1].
void Engine::refuse_faulty_connect(const Event& event, Fault fault) {
  if (fault.rule == Rule::protocol_name_wrong) return;  // whoever that is, it does not speak MQTT
  const auto* connect = std::get_if<Connect>(&event.packet);
  const bool unknown_version = fault.rule == Rule::protocol_version_unsupported || connect == nullptr;
  version_ = unknown_version ? Version::v3_1_1 : connect->version;
  if (fault.rule == Rule::protocol_version_unsupported && (protocol_version_of(event.raw) & 0x7FU) > 5) {
    version_ = Version::v5;
  }
  Connack connack;
  connack.reason_code = rule_info(fault.rule).reason_code;
  if (version_ != Version::v5) {
    const bool has_code = fault.rule == Rule::protocol_version_unsupported ||
                          fault.rule == Rule::client_identifier_rejected ||
                          fault.rule == Rule::client_identifier_too_long;
    if (!has_code) return;
    connack.reason_code = static_cast<ReasonCode>(connack_return_code(connack.reason_code));
  } else if (!reason_code_allowed(connack.reason_code, PacketType::connack, Role::server)) {
    connack.reason_code = ReasonCode::protocol_error;
  }
  static_cast<void>(send(connack));
}

bool Engine::on_connect(Event& event) {
  const auto& connect = event.as<Connect>();
  version_ = connect.version;
  peer_ = Limits::from(connect.properties);
  problem_information_ = connect.properties.number(PropertyId::request_problem_information).value_or(1) != 0;
  session_expiry_is_zero_ = connect.properties.number(PropertyId::session_expiry_interval).value_or(0) == 0;
  handshake_ = std::make_unique<Handshake>();
  handshake_->authentication_method = connect.properties.text(PropertyId::authentication_method).value_or("");
  handshake_->method_known = connect.properties.find(PropertyId::authentication_method).has_value();
  handshake_->keep_alive = connect.keep_alive;
  handshake_->clean_start = connect.clean_start;
  handshake_->client_identifier_empty = connect.client_identifier.empty();
  handshake_->response_information =
      connect.properties.number(PropertyId::request_response_information).value_or(0) != 0;
  // Before 5.0 nothing can be announced.
  if (version_ != Version::v5) own_.receive_maximum = Limits{}.receive_maximum;
  if (const Rule rule = check_will(connect); rule != Rule::none) {
    refuse_faulty_connect(event, {rule, 0});
    return fail({rule, 0});
  }
  phase_ = Phase::answer_connect;
  keep_alive_.stop();
  return report(event, Event::Type::connect) == Step::event;
}

Rule Engine::check_will(const Connect& connect) const {
  if (!connect.will) return Rule::none;
  if (connect.will->qos > own_.maximum_qos) return Rule::maximum_qos_exceeded;            // [MQTT-3.2.2-12]
  if (connect.will->retain && !own_.retain_available) return Rule::retain_not_available;  // [MQTT-3.2.2-13]
  return Rule::none;
}

Engine::Done Engine::accept(SessionState& session, const Acceptance& acceptance, TimePoint now) {
  if (phase_ != Phase::answer_connect) return std::unexpected(Fault{Rule::not_connected, 0});
  now_ = now;
  if (acceptance.session_present && handshake_->clean_start) {
    return std::unexpected(Fault{Rule::session_present_after_clean_start, 0});
  }
  Connack connack;
  connack.session_present = acceptance.session_present;
  PropertyWriter properties;
  std::uint32_t keep_alive = handshake_->keep_alive;
  if (version_ == Version::v5) {
    if (handshake_->client_identifier_empty && !acceptance.properties.find(PropertyId::assigned_client_identifier)) {
      return std::unexpected(Fault{Rule::client_identifier_not_assigned, 0});
    }
    options_->limits.write(properties);
    if (handshake_->method_known) {
      properties.add(PropertyId::authentication_method, handshake_->authentication_method);
    }
    for (const Property& property : acceptance.properties) {
      if (property.id == PropertyId::response_information && !handshake_->response_information) continue;
      if (property.id == PropertyId::server_keep_alive) keep_alive = property.number;
      properties.add(property);
    }
    connack.properties = properties.block();
  }
  if (const Done done = send_trimmed(connack); !done) return done;
  if (!acceptance.session_present) session.clear();
  begin_open(session, static_cast<std::uint16_t>(keep_alive));
  return {};
}

void Engine::begin_open(SessionState& session, std::uint16_t keep_alive) {
  if (!handshake_->method_known) {
    handshake_.reset();
  } else {
    handshake_->authenticates = false;
  }
  phase_ = Phase::open;
  session_ = &session;
  keep_alive_.begin(role_, keep_alive, now_);
  // Quotas begin anew with each connection [MQTT-4.9.0-1].
  const std::uint16_t in_flight = std::max<std::uint16_t>(options_->maximum_in_flight, 1);
  send_quota_.begin(std::min(peer_.receive_maximum, in_flight));
  sent_exactly_once_ = false;
  receive_quota_.begin(own_.receive_maximum);
  resume();
}

void Engine::refuse(ReasonCode reason_code, PropertyBlock properties) {
  if (phase_ != Phase::answer_connect) return;
  Connack connack;
  connack.reason_code = reason_code;
  connack.properties = properties;
  if (version_ != Version::v5) {
    const std::uint8_t return_code = connack_return_code(reason_code);
    connack.reason_code = static_cast<ReasonCode>(return_code);
    connack.properties = {};
    if (return_code != 255) static_cast<void>(send(connack));
  } else {
    static_cast<void>(send_trimmed(connack));
  }
  close();  // [MQTT-3.2.2-7]
}

bool Engine::in_use(PacketIdentifier id) const {
  return acknowledgements_.contains(id) || session_->receiver.seen(id) != ReceiverFlow::Seen::never;
}

bool Engine::on_subscribe(Event& event) {
  const auto& subscribe = event.as<Subscribe>();
  if (in_use(subscribe.packet_identifier)) {
    if (version_ != Version::v5) return fail({Rule::packet_identifier_in_use, 2});
    const std::vector<std::uint8_t> codes(subscribe.subscriptions.count(),
                                          static_cast<std::uint8_t>(ReasonCode::packet_identifier_in_use));
    static_cast<void>(suback(subscribe.packet_identifier, codes));
    return false;
  }
  // Before 5.0 nothing was announced: the application answers filter by filter.
  const Rule rule = version_ == Version::v5 ? check_subscribe(subscribe, own_) : Rule::none;
  if (rule != Rule::none) return fail({rule, 0});
  const PacketIdentifier id = subscribe.packet_identifier;
  report(event, Event::Type::subscribe);
  event.packet_identifier = id;
  return true;
}

bool Engine::on_unsubscribe(Event& event) {
  const auto& unsubscribe = event.as<Unsubscribe>();
  if (in_use(unsubscribe.packet_identifier)) {
    if (version_ != Version::v5) return fail({Rule::packet_identifier_in_use, 2});
    const std::vector<std::uint8_t> codes(unsubscribe.topic_filters.count(),
                                          static_cast<std::uint8_t>(ReasonCode::packet_identifier_in_use));
    static_cast<void>(unsuback(unsubscribe.packet_identifier, codes));
    return false;
  }
  const PacketIdentifier id = unsubscribe.packet_identifier;
  report(event, Event::Type::unsubscribe);
  event.packet_identifier = id;
  return true;
}

Engine::Done Engine::suback(PacketIdentifier id, Bytes reason_codes, PropertyBlock properties) {
  if (role_ != Role::server || phase_ != Phase::open) return std::unexpected(Fault{Rule::not_connected, 0});
  Suback suback{id, properties, reason_codes};
  std::vector<std::uint8_t> return_codes;
  if (version_ != Version::v5 &&
      std::any_of(reason_codes.begin(), reason_codes.end(), [](std::uint8_t code) { return code > 0x80; })) {
    // 3.1.1 knows one failure.
    for (const std::uint8_t code : reason_codes) return_codes.push_back(std::min<std::uint8_t>(code, 0x80));
    suback.reason_codes = return_codes;
  }
  return send_trimmed(suback);
}

Engine::Done Engine::unsuback(PacketIdentifier id, Bytes reason_codes, PropertyBlock properties) {
  if (role_ != Role::server || phase_ != Phase::open) return std::unexpected(Fault{Rule::not_connected, 0});
  return send_trimmed(Unsuback{id, properties, version_ == Version::v5 ? reason_codes : Bytes{}});
}

}  // namespace mqtk
