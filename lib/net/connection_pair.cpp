#include "net/connection_pair.hpp"

#include "net/loop.hpp"
#include "net/socket.hpp"
#include "net/tcp_connection.hpp"

namespace mqtk {

std::expected<ConnectionPair, NetError> make_connection_pair(Loop& loop) {
  constexpr auto doing = "opening a connection within this process";
  auto sockets = open_unix_socket_pair();
  if (!sockets) return std::unexpected(NetError{doing, sockets.error()});
  const SocketAddress peer{.family = SocketAddress::Family::local};
  using enum TcpConnection::Watching;
  auto first = TcpConnection::adopt(loop.readiness(), std::move(sockets->first), peer, not_yet);
  if (!first) return std::unexpected(NetError{doing, first.error()});
  auto second = TcpConnection::adopt(loop.readiness(), std::move(sockets->second), peer, not_yet);
  if (!second) return std::unexpected(NetError{doing, second.error()});
  return ConnectionPair{std::move(*first), std::move(*second)};
}

}  // namespace mqtk
