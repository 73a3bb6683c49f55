// Who may connect, publish and subscribe. Without one a broker lets everybody do everything.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/packet.hpp"
#include "codec/reason_code.hpp"

namespace mqtk {

// One run of enhanced authentication (5.0 section 4.12) with one client.
class Authentication {
 public:
  virtual ~Authentication() = default;

  struct Step {
    ReasonCode result = ReasonCode::success;  // success, continue_authentication, or why it failed
    std::string data;                         // Authentication Data for the client; empty: none is sent
  };
  // `data` is the client's Authentication Data. Called again after success when the client re-authenticates.
  [[nodiscard]] virtual Step step(std::string_view data) = 0;
};

class AccessControl {
 public:
  virtual ~AccessControl() = default;

  // Success, or the Reason Code of the CONNACK. `connect` has the Client Identifier that the client sent.
  [[nodiscard]] virtual ReasonCode connect(const Connect& /*connect*/, std::string_view /*peer_address*/) {
    return ReasonCode::success;
  }
  // Null if the Authentication Method is not supported.
  [[nodiscard]] virtual std::unique_ptr<Authentication> authentication(std::string_view /*method*/) { return nullptr; }

  [[nodiscard]] virtual bool may_publish(std::string_view /*client_identifier*/, std::string_view /*topic_name*/) {
    return true;
  }
  [[nodiscard]] virtual bool may_subscribe(std::string_view /*client_identifier*/, std::string_view /*filter*/) {
    return true;
  }
};

}  // namespace mqtk
