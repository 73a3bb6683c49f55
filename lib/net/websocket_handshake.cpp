#include "net/websocket_handshake.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.hpp"
#include "base/quoted_text.hpp"
#include "base/sha1.hpp"
#include "net/handshake_fault.hpp"
#include "net/http_head.hpp"

namespace mqtk {
namespace {

constexpr std::string_view subprotocol = "mqtt";
// What MQTT 3.1 clients offer.
constexpr std::string_view old_subprotocol = "mqttv3.1";

std::string accept_value(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return to_base64(sha1(as_bytes(text)));
}

std::string in_quotes(std::string_view text) {
  std::string result;
  append_quoted(result, as_bytes(text), 80);
  return result;
}

WebSocketAnswer refusal(std::string_view status, std::string_view explanation, std::string_view fields = "") {
  return {.accepted = false,
          .text = fmt::format("HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
                              "Connection: close\r\n{}\r\n{}\n",
                              status, explanation.size() + 1, fields, explanation)};
}

}  // namespace

std::string websocket_key(const std::array<std::uint8_t, 16>& random) { return to_base64(random); }

std::string websocket_request(const WebSocketOpening& opening, std::string_view key) {
  std::string text = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n"
      "Sec-WebSocket-Version: 13\r\n",
      opening.path, opening.host, key);
  const auto is_subprotocol = [](const auto& header) {
    return std::ranges::equal(header.first, std::string_view("sec-websocket-protocol"),
                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  };
  if (std::ranges::none_of(opening.headers, is_subprotocol)) {
    text += fmt::format("Sec-WebSocket-Protocol: {}\r\n", subprotocol);  // [MQTT-6.0.0-3]
  }
  for (const auto& [name, value] : opening.headers) text += fmt::format("{}: {}\r\n", name, value);
  return text + "\r\n";
}

std::expected<void, HandshakeFailure> check_websocket_answer(std::string_view text, std::string_view key) {
  const auto refused = [](HandshakeFault fault, std::string detail = {}) {
    return std::unexpected(HandshakeFailure{fault, std::move(detail)});
  };
  const auto head = parse_http_head(text);
  const auto status = head ? http_status(head->start_line) : std::nullopt;
  if (!status) return refused(HandshakeFault::not_http, "it begins with " + in_quotes(text.substr(0, 40)));
  const std::string_view words = std::string_view(head->start_line).substr(9);
  if (*status == 404) return refused(HandshakeFault::not_found, fmt::format("HTTP status {}", words));
  if (*status == 401 || *status == 403)
    return refused(HandshakeFault::login_needed, fmt::format("HTTP status {}", words));
  if (*status != 101) {
    const std::string_view location = head->field("Location");
    return refused(HandshakeFault::http_status,
                   fmt::format("HTTP status {}{}", words, location.empty() ? "" : ", to " + in_quotes(location)));
  }
  if (!head->has_word("Upgrade", "websocket") || !head->has_word("Connection", "upgrade")) {
    return refused(HandshakeFault::not_a_websocket, "the field Upgrade or Connection is missing");
  }
  if (head->field("Sec-WebSocket-Accept") != accept_value(key)) {
    return refused(HandshakeFault::not_a_websocket, "the field Sec-WebSocket-Accept does not answer our key");
  }
  const std::string_view chosen = head->field("Sec-WebSocket-Protocol");
  if (!chosen.starts_with(subprotocol)) {
    return refused(HandshakeFault::wrong_subprotocol,
                   chosen.empty() ? "it chose none" : "it chose " + in_quotes(chosen));
  }
  return {};
}

WebSocketAnswer answer_websocket_request(std::string_view text, std::string_view path) {
  const auto head = parse_http_head(text);
  const std::string_view line = head ? std::string_view(head->start_line) : std::string_view{};
  const std::size_t first_blank = line.find(' ');
  const std::size_t last_blank = line.rfind(' ');
  if (!head || first_blank == last_blank || !line.substr(last_blank + 1).starts_with("HTTP/1.1")) {
    return refusal("400 Bad Request", "This is an MQTT broker that speaks WebSocket (RFC 6455) over HTTP/1.1.");
  }
  if (line.substr(0, first_blank) != "GET") {
    return refusal("405 Method Not Allowed", "A WebSocket is opened with GET.", "Allow: GET\r\n");
  }
  const std::string_view target = line.substr(first_blank + 1, last_blank - first_blank - 1);
  if (!path.empty() && target.substr(0, target.find('?')) != path) {
    return refusal("404 Not Found", fmt::format("This MQTT broker's WebSocket is at {}.", path));
  }
  if (!head->has_word("Upgrade", "websocket") || !head->has_word("Connection", "upgrade")) {
    return refusal("426 Upgrade Required", "This is an MQTT broker's WebSocket: connect with ws:// or wss://.",
                   "Upgrade: websocket\r\n");
  }
  if (head->field("Sec-WebSocket-Version") != "13") {
    return refusal("426 Upgrade Required", "WebSocket version 13 is needed.", "Sec-WebSocket-Version: 13\r\n");
  }
  const std::string_view key = head->field("Sec-WebSocket-Key");
  const auto nonce = from_base64(key);
  if (!nonce || nonce->size() != 16) {
    return refusal("400 Bad Request", "The field Sec-WebSocket-Key does not hold 16 bytes in Base64.");
  }
  std::string_view chosen;
  if (head->has_word("Sec-WebSocket-Protocol", old_subprotocol)) chosen = old_subprotocol;
  if (head->has_word("Sec-WebSocket-Protocol", subprotocol)) chosen = subprotocol;  // [MQTT-6.0.0-4]
  if (chosen.empty()) return refusal("400 Bad Request", "Offer the WebSocket sub-protocol mqtt.");
  return {.accepted = true,
          .text = fmt::format("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {}\r\n\r\n",
                              accept_value(key), chosen)};
}

}  // namespace mqtk
