// What is said to a proxy before it connects us: HTTP CONNECT (RFC 9110) and SOCKS5 (RFC 1928, 1929), without socket.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "net/proxy_options.hpp"
#include "net/websocket_handshake.hpp"

namespace mqtk {

class ProxyHandshake {
 public:
  // `host` is a name or an address as text, IPv6 without brackets.
  ProxyHandshake(const ProxyOptions& options, std::string host, std::uint16_t port);

  // What to send next; taken once.
  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }

  // Takes bytes of the proxy's answer from the front of `bytes`. True when the way to the broker is open: what is left
  // in `bytes` then comes from there.
  [[nodiscard]] std::expected<bool, HandshakeFailure> take(std::string& bytes);

 private:
  using Step = std::expected<bool, HandshakeFailure>;

  [[nodiscard]] Step take_http(std::string& bytes);
  [[nodiscard]] Step take_method(std::string& bytes);
  [[nodiscard]] Step take_login(std::string& bytes);
  [[nodiscard]] Step take_reply(std::string& bytes);
  void ask_for_connection();

  enum class State : std::uint8_t { http, method, login, reply } state_;
  ProxyOptions options_;
  std::string host_;
  std::uint16_t port_;
  std::string output_;
};

}  // namespace mqtk
