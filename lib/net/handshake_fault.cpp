#include "net/handshake_fault.hpp"

#include <string>

namespace mqtk {
namespace {

class HandshakeCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "mqtk.handshake"; }
  [[nodiscard]] std::string message(int value) const override { return text(static_cast<HandshakeFault>(value)); }

 private:
  static const char* text(HandshakeFault fault) {
    switch (fault) {
      case HandshakeFault::not_http: return "the answer is not HTTP";
      case HandshakeFault::http_too_large: return "the HTTP header is larger than 16 KiB";
      case HandshakeFault::not_found: return "no WebSocket at this path";
      case HandshakeFault::login_needed: return "the web server does not let us in";
      case HandshakeFault::http_status: return "an HTTP answer instead of a WebSocket";
      case HandshakeFault::not_a_websocket: return "the answer does not open a WebSocket";
      case HandshakeFault::wrong_subprotocol: return "the server does not speak the WebSocket sub-protocol mqtt";
      case HandshakeFault::bad_request: return "the request does not open a WebSocket";
      case HandshakeFault::closed: return "the peer closed the connection during the handshake";
      case HandshakeFault::frame_not_allowed: return "the peer sent a WebSocket frame that is not allowed";
      case HandshakeFault::text_frame: return "the peer sent a WebSocket text frame; MQTT needs binary frames";
      case HandshakeFault::closed_by_peer: return "the peer closed the WebSocket";
      case HandshakeFault::proxy_refused: return "the proxy does not connect us";
      case HandshakeFault::proxy_login_needed: return "the proxy wants another user name or password";
      case HandshakeFault::proxy_not_spoken: return "the answer is not that of such a proxy";
    }
    return "unknown handshake fault";
  }
};

const HandshakeCategory& category() {
  static const HandshakeCategory the_category;
  return the_category;
}

}  // namespace

std::error_code make_error_code(HandshakeFault fault) { return {static_cast<int>(fault), category()}; }

bool is_handshake_fault(std::error_code code) { return code.category() == category(); }

}  // namespace mqtk
