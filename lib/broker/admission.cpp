#include "broker/admission.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_hash.hpp"
#include "broker/broker_connection.hpp"
#include "broker/refusal_text.hpp"
#include "broker/state_journal.hpp"
#include "session/bridge_property.hpp"

namespace mqtk {

void Admission::on_connect(BrokerConnection& connection, const Connect& connect, Bytes packet, TimePoint now) {
  ++state_.counters.connects_received;
  std::string detail;
  const ReasonCode reason_code = check(connection, connect, detail);
  if (is_failure(reason_code)) return refuse(connection, reason_code, connect.client_identifier, detail);
  const auto method = connect.properties.text(PropertyId::authentication_method);
  if (method) return begin_authentication(connection, connect, packet, *method, now);
  accept(connection, connect, {}, now);
}

ReasonCode Admission::check(BrokerConnection& connection, const Connect& connect, std::string& detail) const {
  const BrokerOptions& options = state_.options;
  if (is_failure(connection.refusal)) return connection.refusal;
  if (connect.client_identifier.empty()) {
    // A made-up identifier that the client does not learn is of no use for a Session that is kept [MQTT-3.1.3-8].
    const bool useless = connect.version != Version::v5 && !connect.clean_start;
    if (useless || connect.version == Version::v3_1) return ReasonCode::client_identifier_not_valid;
  }
  if (connection.of_this_process) return ReasonCode::success;
  const ServiceLimits& service = options.service;
  if (service.only_version && *service.only_version != connect.version) {
    return ReasonCode::unsupported_protocol_version;
  }
  if (!service.takes_user_properties_everywhere && connect.properties.find(PropertyId::user_property)) {
    return ReasonCode::implementation_specific_error;
  }
  if (connect.client_identifier.size() > (connect.version == Version::v5
                                              ? service.max_client_identifier_bytes
                                              : service.max_client_identifier_bytes_before_v5)) {
    return ReasonCode::client_identifier_not_valid;
  }
  const Session* session = state_.sessions.find(connect.client_identifier);
  if (session == nullptr && state_.sessions.size() >= options.max_sessions) return ReasonCode::quota_exceeded;
  const bool takes_over = session != nullptr && session->connection != nullptr;
  if (!takes_over && state_.counters.clients_connected >= options.max_connections) return ReasonCode::quota_exceeded;
  if (state_.access_control == nullptr) return ReasonCode::success;
  const std::string address = connection.peer_address();
  AccessControl::Verdict verdict = state_.access_control->connect(
      {.connect = connect, .peer_address = address, .tls = connection.tls_facts(), .now = state_.host.wall_now()});
  if (!verdict.user_name.empty()) connection.particulars().user_name = std::move(verdict.user_name);
  if (verdict.valid_for) connection.authorize_for(verdict.valid_for);
  detail = std::move(verdict.detail);
  return verdict.reason_code;
}

void Admission::refuse(BrokerConnection& connection, ReasonCode reason_code, std::string_view client_identifier,
                       std::string_view detail) {
  ++state_.counters.connects_refused;
  const std::string address = connection.peer_address();
  state_.listener.on_event({.type = BrokerEvent::Type::refused,
                            .reason_code = reason_code,
                            .version = connection.version(),
                            .client_identifier = client_identifier,
                            .peer_address = address,
                            .detail = detail});
  connection.engine().refuse(reason_code, refusal_properties(reason_code, PacketType::connack).block());
}

void Admission::begin_authentication(BrokerConnection& connection, const Connect& connect, Bytes packet,
                                     std::string_view method, TimePoint now) {
  auto authentication = state_.access_control == nullptr ? nullptr : state_.access_control->authentication(method);
  if (authentication == nullptr) {  // [MQTT-4.12.0-1]
    return refuse(connection, ReasonCode::bad_authentication_method, connect.client_identifier);
  }
  const auto data = connect.properties.text(PropertyId::authentication_data);
  const Authentication::Step step = authentication->step(data.value_or(std::string_view{}), state_.host.wall_now());
  connection.particulars().authentication = std::move(authentication);
  if (is_failure(step.result)) {  // [MQTT-4.12.0-4]
    return refuse(connection, step.result, connect.client_identifier, step.detail);
  }
  if (step.result == ReasonCode::success) {
    note_authenticated(connection, step);
    return accept(connection, connect, step.data, now);
  }
  connection.particulars().unanswered_connect.assign(packet.begin(), packet.end());
  PropertyWriter properties;
  if (!step.data.empty()) properties.add(PropertyId::authentication_data, step.data);
  if (!connection.engine().auth(ReasonCode::continue_authentication, properties.block(), now)) {
    connection.condemn(ReasonCode::packet_too_large);
  }
}

void Admission::on_auth(BrokerConnection& connection, const Auth& auth, TimePoint now) {
  BrokerConnection::Particulars& exchange = connection.particulars();
  const auto data = auth.properties.text(PropertyId::authentication_data);
  const Authentication::Step step =
      exchange.authentication->step(data.value_or(std::string_view{}), state_.host.wall_now());
  const bool connecting = !exchange.unanswered_connect.empty();
  if (is_failure(step.result)) {
    if (connecting) return refuse(connection, step.result, {}, step.detail);
    return connection.condemn(step.result);  // [MQTT-4.12.1-2]
  }
  const bool done = step.result == ReasonCode::success;
  // Who authenticates again stays who he is: what he may do and has was granted to him.
  if (done && !connecting && step.user_name != connection.user_name()) {
    return connection.condemn(ReasonCode::not_authorized);
  }
  if (done) note_authenticated(connection, step);
  if (connecting && done) {
    const std::vector<std::uint8_t> packet = std::move(exchange.unanswered_connect);
    exchange.unanswered_connect.clear();
    Packet connect;
    if (decode(packet, {Version::v5, Role::client}, connect)) return;  // it was decoded before
    return accept(connection, *std::get_if<Connect>(&connect), step.data, now);
  }
  PropertyWriter properties;
  if (!step.data.empty()) properties.add(PropertyId::authentication_data, step.data);
  if (!connection.engine().auth(step.result, properties.block(), now)) {
    connection.condemn(ReasonCode::packet_too_large);
  }
}

void Admission::note_authenticated(BrokerConnection& connection, const Authentication::Step& step) {
  connection.particulars().user_name = step.user_name;
  connection.authorize_for(step.valid_for);
}

void Admission::accept(BrokerConnection& connection, const Connect& connect, std::string_view authentication_data,
                       TimePoint now) {
  const std::string assigned = connect.client_identifier.empty() ? new_client_identifier() : std::string{};
  const std::string_view identifier = assigned.empty() ? connect.client_identifier : std::string_view{assigned};
  // What the client may not publish itself the broker does not publish for it.
  if (connect.will) {
    const ReasonCode verdict = connection.may_publish(identifier, connect.will->topic);
    if (is_failure(verdict))
      return refuse(connection, verdict, identifier, "publishing to its Will Topic is not allowed");
  }
  const auto [session, present] = session_life_.open(identifier, connect.clean_start, now);
  session->expiry_interval = expiry_interval(connect);
  if (connect.will) session->will = WillMessage::make(*connect.will);
  session->connection_opened();
  connection.says_bridge = connect.bridge;
  session->bridge = BridgePeer::of(connect, connection.of_this_process);
  session->connection = &connection;
  connection.attach(*session);
  if (state_.journal != nullptr) keep(*session);
  state_.counters.clients_maximum = std::max(state_.counters.clients_maximum, ++state_.counters.clients_connected);

  PropertyWriter properties;
  if (connect.version == Version::v5) add_properties(connect, *session, properties);
  if (!authentication_data.empty()) properties.add(PropertyId::authentication_data, authentication_data);
  if (!connection.engine().accept(*session, {present, properties.block()}, now)) {
    return connection.condemn(ReasonCode::packet_too_large);  // the client takes no CONNACK of that size
  }
  connection.watch_deadline();
  connection.want_turn_end();
  const std::string address = connection.peer_address();
  state_.listener.on_event({.type = BrokerEvent::Type::connected,
                            .version = connect.version,
                            .client_identifier = session->client_identifier,
                            .peer_address = address,
                            .detail = present ? "session present" : "new session"});
}

// A Session that ends with its connection would not survive the end of the broker either.
void Admission::keep(Session& session) {
  if (session.expiry_interval == 0) state_.journal->session_ended(session);
  session.kept = session.expiry_interval > 0;
  state_.journal->session_opened(session);
}

std::uint32_t Admission::expiry_interval(const Connect& connect) const {
  const std::uint32_t asked = connect.version == Version::v5
                                  ? connect.properties.number(PropertyId::session_expiry_interval).value_or(0)
                              : connect.clean_start ? 0
                                                    : state_.options.service.max_session_expiry_before_v5_seconds;
  return std::min(asked, state_.options.max_session_expiry_seconds);
}

void Admission::add_properties(const Connect& connect, const Session& session, PropertyWriter& properties) const {
  const BrokerOptions& options = state_.options;
  if (connect.client_identifier.empty()) {
    properties.add(PropertyId::assigned_client_identifier, session.client_identifier);  // [MQTT-3.2.2-16]
  }
  const auto asked = connect.properties.number(PropertyId::session_expiry_interval).value_or(0);
  if (asked != session.expiry_interval) properties.add(PropertyId::session_expiry_interval, session.expiry_interval);
  const auto most = options.service.max_keep_alive_seconds;
  if (options.server_keep_alive_seconds) {
    properties.add(PropertyId::server_keep_alive, *options.server_keep_alive_seconds);
  } else if (most && (connect.keep_alive == 0 || connect.keep_alive > *most)) {
    properties.add(PropertyId::server_keep_alive, *most);
  }
  if (session.bridge && !options.bridge_identity.empty()) {
    properties.add_user_property(bridge_property, options.bridge_identity);
  }
  const bool requested = connect.properties.number(PropertyId::request_response_information).value_or(0) == 1;
  if (requested && !options.response_information.empty()) {  // [MQTT-3.1.2-28]
    properties.add(PropertyId::response_information, options.response_information);
  }
}

std::string Admission::new_client_identifier() {
  const TextHash hash{state_.options.seed};
  for (;;) {
    const std::string count = std::to_string(++assigned_);
    std::string identifier = fmt::format("auto-{:016x}", hash(count));
    if (state_.sessions.find(identifier) == nullptr) return identifier;
  }
}

}  // namespace mqtk
