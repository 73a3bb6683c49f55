// Two ends of one Network Connection within this process, without listener and port.
#pragma once

#include <expected>
#include <memory>
#include <utility>

#include "net/net_error.hpp"
#include "net/network_connection.hpp"

namespace mqtk {

class Loop;

using ConnectionPair = std::pair<std::unique_ptr<NetworkConnection>, std::unique_ptr<NetworkConnection>>;

// Both ends belong to `loop`. What one writes the other reads, with the back-pressure of a socket.
[[nodiscard]] std::expected<ConnectionPair, NetError> make_connection_pair(Loop& loop);

}  // namespace mqtk
