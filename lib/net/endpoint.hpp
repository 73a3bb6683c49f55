// Where to connect or listen, as people write it: mqtt://user:password@host:1883/path?name=value, or
// host:port.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mqtk {

enum class Transport : std::uint8_t { tcp, tls, websocket, websocket_over_tls, unix_socket };

[[nodiscard]] constexpr bool speaks_tls(Transport transport) {
  return transport == Transport::tls || transport == Transport::websocket_over_tls;
}
[[nodiscard]] constexpr bool speaks_websocket(Transport transport) {
  return transport == Transport::websocket || transport == Transport::websocket_over_tls;
}

struct Endpoint {
  Transport transport = Transport::tcp;
  std::string host = {};  // a name or an address, IPv6 without brackets; "*" when listening: all; empty for unix_socket
  std::uint16_t port = 1883;  // 0 when listening: any free one
  std::optional<std::string> user_name = {};
  std::optional<std::string> password = {};
  // With its leading '/', or empty. Unix sockets: the file, or "@name" in Linux's abstract namespace. WebSocket: the
  // resource as written, not decoded,
  // "/mqtt" if none was given. Otherwise decoded.
  std::string path = {};
  std::vector<std::pair<std::string, std::string>> query = {};  // decoded, in order, repeats kept

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

[[nodiscard]] std::uint16_t default_port(Transport transport);  // 0 for unix_socket
[[nodiscard]] std::string_view scheme_of(Transport transport);

// Reads mqtt:// (also tcp://), mqtts:// (also ssl://, tls://), ws://, wss://, unix:///file, unix://@name, or a host
// alone or with :port, which mean mqtt://. The error is one line that does not repeat the text, since that may hold a
// password.
[[nodiscard]] std::expected<Endpoint, std::string> parse_endpoint(std::string_view text);

enum class Credentials : std::uint8_t { left_out, masked, shown };

// A URL that parse_endpoint reads as the same Endpoint if its credentials are shown. The port always stands
// in it.
[[nodiscard]] std::string to_text(const Endpoint& endpoint, Credentials credentials = Credentials::left_out);

// What a WebSocket's request names: path and query as written.
[[nodiscard]] std::string resource(const Endpoint& endpoint);

// "host:1883", "[::1]:1883", "/run/mqtt.sock": for messages.
[[nodiscard]] std::string short_text(const Endpoint& endpoint);

}  // namespace mqtk
