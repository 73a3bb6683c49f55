// Makes Network Connections: looks the name up, tries the addresses, passes the proxy, shakes hands for TLS and
// WebSocket, and gives up at a time limit.
//
// The addresses of a name are tried as RFC 8305 says ("Happy Eyeballs"): the families in turn, a new attempt as soon as
// one fails or has gone unanswered for a quarter of a second, and whichever connects first is taken.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/endpoint.hpp"
#include "net/net_error.hpp"
#include "net/network_connection.hpp"
#include "net/proxy_options.hpp"
#include "net/tls_context.hpp"
#include "net/tls_facts.hpp"

namespace mqtk {

class Loop;

enum class AddressFamily : std::uint8_t { any, ipv4, ipv6 };

// Told how an attempt gets on; every call comes from the Loop.
class ConnectObserver {
 public:
  virtual void on_looked_up(const std::vector<std::string>& /*addresses*/) {}
  virtual void on_connected(const std::string& /*peer_address*/) {}
  virtual void on_proxy_passed() {}
  virtual void on_tls(const TlsFacts& /*facts*/) {}
  virtual void on_websocket() {}

 protected:
  ~ConnectObserver() = default;
};

// What a connection goes through on its way.
struct TransportOptions {
  std::shared_ptr<TlsContext> tls = nullptr;  // null: one of default TlsClientOptions, where TLS is spoken
  std::optional<ProxyOptions> proxy = {};
  std::vector<std::pair<std::string, std::string>> websocket_headers = {};
  // The host is the domain of a service: `_mqtt._tcp` or `_secure-mqtt._tcp` in DNS tells hosts and ports (SRV).
  bool service_lookup = false;
};

struct ConnectorOptions {
  AddressFamily family = AddressFamily::any;
  Duration time_limit = std::chrono::seconds(30);  // for name, addresses and handshakes together
  std::string bind_address = {};                   // local address to connect from, as text; empty: any
  TransportOptions transport = {};
  ConnectObserver* observer = nullptr;  // outlives the attempt
};

// One attempt at a time; does not outlive its Loop. Destroying it cancels.
class Connector {
 public:
  using Done = std::function<void(std::expected<std::unique_ptr<NetworkConnection>, NetError>)>;

  explicit Connector(Loop& loop);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector();

  // Calls `done` once, from the Loop and never from within connect; it may destroy this Connector or connect
  // again. Replaces an attempt that is under way. The connection waits for its start().
  void connect(const Endpoint& endpoint, const ConnectorOptions& options, Done done);
  void cancel();
  [[nodiscard]] bool is_connecting() const { return attempt_ != nullptr; }

 private:
  class Attempt;

  Loop& loop_;
  std::unique_ptr<Attempt> attempt_;
};

}  // namespace mqtk
