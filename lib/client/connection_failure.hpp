// Why a client is not, or no longer, connected: everything that a program needs for one line with cause and remedy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "codec/packet.hpp"
#include "codec/rule.hpp"
#include "net/net_error.hpp"

namespace mqtk {

struct ConnectionFailure {
  enum class Kind : std::uint8_t {
    could_not_connect,        // `network`: name lookup, TCP, TLS …
    connect_not_valid,        // `fault`: the CONNECT that was asked for breaks a rule, nothing was sent
    no_answer,                // the connection opened, but no CONNACK came in time
    closed_before_connack,    // `network`; what a 3.1.1 broker may do with a CONNECT of 5.0
    request_not_valid,        // `fault`: a SUBSCRIBE or UNSUBSCRIBE that this broker takes none of, not sent
    refused,                  // CONNACK: `reason` or, before 5.0, `reason` as the return code 1 to 5
    disconnected,             // DISCONNECT of the broker: `reason`
    lost,                     // `network`: an accepted connection ended
    protocol_broken,          // `fault`: what the broker sent breaks a rule
    acknowledgement_overdue,  // acknowledge_timeout ran out
    no_pingresp,              // the broker did not answer PINGREQ
    no_credentials,           // `reason_string`: why the password could not be read anew
    authentication_failed,    // `reason_string`: why enhanced authentication ended on this side
  };
  Kind kind = Kind::could_not_connect;
  Version version = Version::v5;  // that was spoken
  bool was_connected = false;     // the broker had accepted a connection before
  NetError network;
  ReasonCode reason = ReasonCode::success;
  Fault fault;
  std::string reason_string;     // of CONNACK or DISCONNECT, may be empty
  std::string server_reference;  // likewise
};

// Copies what programs need out of the properties of CONNACK or DISCONNECT.
void take_reason(PropertyBlock properties, ConnectionFailure& failure);

// Whether the same attempt may succeed later. False where the broker has said something final: wrong password, banned,
// the Session was taken over by another client [0x8E], a packet of ours that it does not accept.
[[nodiscard]] bool worth_retrying(const ConnectionFailure& failure);

}  // namespace mqtk
