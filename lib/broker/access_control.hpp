// Who may connect, publish and subscribe. Without one a broker lets everybody do everything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "codec/packet.hpp"
#include "codec/reason_code.hpp"
#include "net/tls_facts.hpp"

namespace mqtk {

// One run of enhanced authentication (5.0 section 4.12) with one client.
class Authentication {
 public:
  virtual ~Authentication() = default;

  struct Step {
    ReasonCode result = ReasonCode::success;  // success, continue_authentication, or why it failed
    std::string data = {};                    // Authentication Data for the client; empty: none is sent
    std::string user_name = {};               // with success: who the client is
    std::optional<Duration> valid_for = {};   // with success: how long; nothing: for ever
    std::string detail = {};                  // without: why, for the log and not for the client
  };
  // `data` is the client's Authentication Data. Called again after success when the client re-authenticates.
  [[nodiscard]] virtual Step step(std::string_view data, WallTime now) = 0;
};

struct ConnectRequest {
  const Connect& connect;  // with the Client Identifier that the client sent
  std::string_view peer_address;
  const TlsFacts* tls = nullptr;  // null without TLS
  WallTime now{};
};

struct ClientIdentity {
  std::string_view client_identifier;
  std::string_view user_name;  // as AccessControl::connect found it; empty: none
};

class AccessControl {
 public:
  virtual ~AccessControl() = default;

  struct Verdict {
    ReasonCode reason_code = ReasonCode::success;  // or that of the CONNACK
    std::string user_name = {};                    // who the client is
    std::optional<Duration> valid_for = {};        // how long; nothing: for ever
    std::string detail = {};                       // why it is refused, for the log and not for the client
  };
  // Where the CONNECT names an Authentication Method, that has the last word on who the client is.
  [[nodiscard]] virtual Verdict connect(const ConnectRequest& request) {
    return {.user_name = std::string(request.connect.user_name.value_or(std::string_view{}))};
  }
  // Null if the Authentication Method is not supported.
  [[nodiscard]] virtual std::unique_ptr<Authentication> authentication(std::string_view /*method*/) { return nullptr; }

  [[nodiscard]] virtual bool may_publish(const ClientIdentity& /*client*/, std::string_view /*topic_name*/) {
    return true;
  }
  [[nodiscard]] virtual bool may_subscribe(const ClientIdentity& /*client*/, std::string_view /*filter*/) {
    return true;
  }
};

}  // namespace mqtk
