// Why a WebSocket or a proxy did not come about, or what a WebSocket peer did wrong later.
#pragma once

#include <cstdint>
#include <system_error>

namespace mqtk {

enum class HandshakeFault : std::uint8_t {
  not_http = 1,        // the answer is not HTTP
  http_too_large,      // more header than we read
  not_found,           // WebSocket: status 404, the path is wrong
  login_needed,        // WebSocket: 401 or 403
  http_status,         // any other status than 101; the detail has it
  not_a_websocket,     // 101, but the fields of RFC 6455 are missing or wrong
  wrong_subprotocol,   // the server chose another one than ours, or none
  bad_request,         // server: what came is no WebSocket opening
  closed,              // the peer closed in the middle of the handshake
  frame_not_allowed,   // a frame that RFC 6455 forbids
  text_frame,          // MQTT goes in binary frames
  closed_by_peer,      // a Close frame with a status that means trouble; the detail has it
  proxy_refused,       // the proxy does not connect us; the detail says why
  proxy_login_needed,  // it wants user name and password, or others
  proxy_not_spoken,    // its answer is not the protocol of a proxy of this kind
};

[[nodiscard]] std::error_code make_error_code(HandshakeFault fault);

[[nodiscard]] bool is_handshake_fault(std::error_code code);

}  // namespace mqtk

template <>
struct std::is_error_code_enum<mqtk::HandshakeFault> : std::true_type {};
