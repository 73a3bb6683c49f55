// How a connection ends: by a fault of the peer, by DISCONNECT from either side.
#include "session/engine.hpp"
#include "session/engine_output.hpp"

namespace mqtk {
namespace {

// Silence is not answered, and a peer that has not been answered itself gets nothing but CONNACK.
bool peer_is_silent(Rule rule) {
  return rule == Rule::connect_timeout || rule == Rule::connack_timeout || rule == Rule::pingresp_timeout;
}

// The Reason Code of the rule, if this packet may carry it.
ReasonCode reason_for(Rule rule, PacketType packet, Role sender) {
  const RuleInfo& info = rule_info(rule);
  const bool doubtful = packet == PacketType::disconnect && info.reason_code == ReasonCode::bad_authentication_method;
  if (!doubtful && reason_code_allowed(info.reason_code, packet, sender)) return info.reason_code;
  return info.rule_class == RuleClass::malformed_packet ? ReasonCode::malformed_packet : ReasonCode::protocol_error;
}

}  // namespace

bool Engine::fail(Fault fault) {
  if (phase_ == Phase::failed || phase_ == Phase::closed) return false;
  fault_ = fault;
  if (version_ == Version::v5 && !peer_is_silent(fault.rule)) {
    if (phase_ == Phase::open || phase_ == Phase::await_connack) {
      Disconnect disconnect;
      disconnect.reason_code = reason_for(fault.rule, PacketType::disconnect, role_);
      static_cast<void>(send(disconnect));  // one that is too large for the peer is left out
    } else if (phase_ == Phase::authenticating) {
      Connack connack;
      connack.reason_code = reason_for(fault.rule, PacketType::connack, role_);
      static_cast<void>(send(connack));
    }
  }
  phase_ = Phase::failed;
  keep_alive_.stop();
  return false;
}

void Engine::close() {
  phase_ = Phase::closed;
  keep_alive_.stop();
}

bool Engine::on_disconnect(Event& event) {
  const auto& disconnect = event.as<Disconnect>();
  if (role_ == Role::server && session_expiry_is_zero_ &&
      disconnect.properties.number(PropertyId::session_expiry_interval).value_or(0) != 0) {
    return fail({Rule::session_expiry_raised, 0});
  }
  close();
  return report(event, Event::Type::disconnect, disconnect.reason_code) == Step::event;
}

Engine::Done Engine::disconnect(ReasonCode reason_code, PropertyBlock properties) {
  if (phase_ == Phase::failed || phase_ == Phase::closed) return std::unexpected(Fault{Rule::not_connected, 0});
  if (role_ == Role::client && session_expiry_is_zero_ &&
      properties.number(PropertyId::session_expiry_interval).value_or(0) != 0) {
    return std::unexpected(Fault{Rule::session_expiry_raised, 0});
  }
  // A server's DISCONNECT comes only after its CONNACK [MQTT-3.14.0-1].
  const bool connected = phase_ == Phase::open || (role_ == Role::client && phase_ == Phase::await_connack);
  const bool has_packet = version_ == Version::v5 || (role_ == Role::client && reason_code == ReasonCode::success);
  if (connected && has_packet) {
    Disconnect disconnect;
    disconnect.reason_code = reason_code;
    disconnect.properties = properties;
    if (const Done done = send_trimmed(disconnect); !done) return done;
  }
  close();
  return {};
}

}  // namespace mqtk
