// From a host name to addresses, without blocking the loop. Private to lib/net.
//
// The system's lookup blocks and cannot be stopped, so it runs in a thread of its own that is left behind
// when nobody waits for it any more: a program can end at once although its name server is silent.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "net/connector.hpp"
#include "net/socket_address.hpp"

namespace mqtk {

class Loop;

using Addresses = std::expected<std::vector<SocketAddress>, std::error_code>;  // not empty; their port is 0

// Addresses as text, and names that need no lookup: localhost and .localhost are the loopback addresses,
// .invalid does not exist (RFC 6761). Null when the name has to be looked up.
[[nodiscard]] std::unique_ptr<Addresses> known_addresses(const std::string& host, AddressFamily family);

// Blocks until the system answers; for listeners, which start before anything else runs.
[[nodiscard]] Addresses look_up_blocking(const std::string& host, AddressFamily family);

// One waiting party. Destroying it cancels. All parties of a thread that wait for the same name share one
// lookup.
class NameLookup {
 public:
  // `done` is called from the loop, once; it may destroy this.
  NameLookup(Loop& loop, const std::string& host, AddressFamily family, std::function<void(const Addresses&)> done);
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;
  ~NameLookup();

 private:
  class Shared;

  std::shared_ptr<Shared> shared_;
  std::function<void(const Addresses&)> done_;
};

}  // namespace mqtk
