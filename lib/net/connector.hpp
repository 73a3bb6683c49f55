// Makes Network Connections: looks the name up, tries each address in turn, gives up at a time limit.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "net/endpoint.hpp"
#include "net/net_error.hpp"
#include "net/network_connection.hpp"

namespace mqtk {

class Loop;

enum class AddressFamily : std::uint8_t { any, ipv4, ipv6 };

struct ConnectorOptions {
  AddressFamily family = AddressFamily::any;
  Duration time_limit = std::chrono::seconds(30);  // for name, addresses and handshakes together
  std::string bind_address = {};                   // local address to connect from, as text; empty: any
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
