// The HTTP request and answer that open a WebSocket (RFC 6455 section 4, MQTT 5.0 section 6), without socket.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/net_error.hpp"

namespace mqtk {

struct WebSocketOpening {
  std::string host;  // for the Host field, with the port where it is not the scheme's
  std::string path = "/mqtt";
  std::vector<std::pair<std::string, std::string>> headers = {};  // further fields of the request
};

struct HandshakeFailure {
  std::error_code code;
  std::string detail = {};
};

// 16 random bytes as Base64.
[[nodiscard]] std::string websocket_key(const std::array<std::uint8_t, 16>& random);

[[nodiscard]] std::string websocket_request(const WebSocketOpening& opening, std::string_view key);

// Nothing, or what is wrong with the server's answer to the request with this key.
[[nodiscard]] std::expected<void, HandshakeFailure> check_websocket_answer(std::string_view head, std::string_view key);

struct WebSocketAnswer {
  bool accepted = false;
  std::string text;  // the whole answer to send
};

// A server's answer to a request for this path; an empty one accepts every path.
[[nodiscard]] WebSocketAnswer answer_websocket_request(std::string_view head, std::string_view path);

}  // namespace mqtk
