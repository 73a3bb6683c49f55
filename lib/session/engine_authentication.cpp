// Enhanced authentication (5.0 section 4.12): AUTH before CONNACK, and again on an open connection.
#include "session/engine.hpp"
#include "session/engine_handshake.hpp"
#include "session/engine_output.hpp"

namespace mqtk {

bool Engine::on_auth(Event& event) {
  const auto& auth = event.as<Auth>();
  if (handshake_ == nullptr || !handshake_->method_known) return fail({Rule::auth_not_agreed, 0});
  if (auth.properties.text(PropertyId::authentication_method) != handshake_->authentication_method) {
    return fail({Rule::authentication_method_changed, 0});
  }
  if (diagnostics_unrequested(auth.properties)) return fail({Rule::problem_information_unrequested, 0});
  if (!expects(auth.reason_code)) return fail({Rule::auth_reason_code, 2});
  if (phase_ == Phase::authenticating) {
    phase_ = Phase::answer_connect;
    keep_alive_.stop();
  }
  if (role_ == Role::server || phase_ == Phase::await_connack) {
    handshake_->authenticates = true;
  } else if (auth.reason_code == ReasonCode::success) {
    handshake_->authenticates = false;
  }
  return report(event, Event::Type::auth, auth.reason_code) == Step::event;
}

// Whether this AUTH fits into the exchange.
bool Engine::expects(ReasonCode reason_code) const {
  switch (reason_code) {
    case ReasonCode::continue_authentication: return phase_ != Phase::open || handshake_->authenticates;
    case ReasonCode::re_authenticate: return role_ == Role::server && phase_ == Phase::open;
    default: return role_ == Role::client && phase_ == Phase::open && handshake_->authenticates;
  }
}

// Whether this side may send such an AUTH now.
bool Engine::in_turn(ReasonCode reason_code) const {
  switch (phase_) {
    // CONNACK and not AUTH says that all is well.
    case Phase::answer_connect: return reason_code == ReasonCode::continue_authentication;
    case Phase::await_connack: return reason_code == ReasonCode::continue_authentication && handshake_->authenticates;
    // Here the client begins [MQTT-4.12.1-1].
    default: return (reason_code == ReasonCode::re_authenticate) != handshake_->authenticates;
  }
}

Engine::Done Engine::auth(ReasonCode reason_code, PropertyBlock properties, TimePoint now) {
  now_ = now;
  const bool may_send = phase_ == Phase::open || phase_ == Phase::answer_connect || phase_ == Phase::await_connack;
  if (!may_send) return std::unexpected(Fault{Rule::not_connected, 0});
  if (handshake_ == nullptr || !handshake_->method_known) return std::unexpected(Fault{Rule::auth_not_agreed, 0});
  if (!in_turn(reason_code)) return std::unexpected(Fault{Rule::auth_reason_code, 0});
  PropertyWriter all;
  all.add(PropertyId::authentication_method, handshake_->authentication_method);  // [MQTT-4.12.0-5]
  for (const Property& property : properties) all.add(property);
  Auth auth;
  auth.reason_code = reason_code;
  auth.properties = all.block();
  if (const Done done = send_trimmed(auth); !done) return done;
  if (phase_ == Phase::answer_connect) {
    phase_ = Phase::authenticating;
    keep_alive_.begin_handshake(now, options_->connect_timeout);
  } else {
    handshake_->authenticates = phase_ == Phase::open && reason_code != ReasonCode::success;
  }
  return {};
}

}  // namespace mqtk
