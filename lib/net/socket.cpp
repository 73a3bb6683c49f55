#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/net_error.hpp"

namespace mqtk {
namespace {

std::error_code last_error() { return {errno, std::system_category()}; }

void set_option(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

// What Linux does when it makes the socket.
void set_flags([[maybe_unused]] int fd) {
#ifndef __linux__
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
#ifdef SO_NOSIGPIPE
  set_option(fd, SOL_SOCKET, SO_NOSIGPIPE);
#endif
}

}  // namespace

std::expected<FileDescriptor, std::error_code> open_tcp_socket(const SocketAddress& address) {
  int type = SOCK_STREAM;
#ifdef __linux__
  type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
#endif
  FileDescriptor socket(::socket(address.system_family(), type, 0));
  if (!socket.is_open()) return std::unexpected(last_error());
  set_flags(socket.number());
  set_option(socket.number(), IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

std::error_code bind_socket(const FileDescriptor& socket, const SocketAddress& address) {
  sockaddr_storage system;
  const socklen_t length = address.to_system(system);
  if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&system), length) == 0) return {};
  return last_error();
}

std::error_code start_connecting(const FileDescriptor& socket, const SocketAddress& address) {
  sockaddr_storage system;
  const socklen_t length = address.to_system(system);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&system), length) == 0) return {};
  if (errno == EINPROGRESS || errno == EINTR) return {};
  return last_error();
}

std::error_code pending_error(const FileDescriptor& socket) {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return last_error();
  return {error, std::system_category()};
}

std::expected<std::pair<FileDescriptor, SocketAddress>, std::error_code> accept_from(const FileDescriptor& listening) {
  sockaddr_storage system{};
  socklen_t length = sizeof system;
#ifdef __linux__
  FileDescriptor socket(
      ::accept4(listening.number(), reinterpret_cast<sockaddr*>(&system), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
  FileDescriptor socket(::accept(listening.number(), reinterpret_cast<sockaddr*>(&system), &length));
#endif
  if (!socket.is_open()) return std::unexpected(last_error());
  set_flags(socket.number());
#ifndef __linux__
  // Linux takes it over from the listening socket.
  set_option(socket.number(), IPPROTO_TCP, TCP_NODELAY);
#endif
  return std::pair(std::move(socket), SocketAddress::from_system(system));
}

std::expected<SocketAddress, std::error_code> local_address(const FileDescriptor& socket) {
  sockaddr_storage system{};
  socklen_t length = sizeof system;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&system), &length) != 0) {
    return std::unexpected(last_error());
  }
  return SocketAddress::from_system(system);
}

std::error_code missing_transport(Transport transport) {
  switch (transport) {
    case Transport::tcp: return {};
    case Transport::tls: return NetFault::tls_not_built;
    case Transport::websocket:
    case Transport::websocket_over_tls: return NetFault::websocket_not_built;
    case Transport::unix_socket: return NetFault::unix_socket_not_built;
  }
  return {};
}

}  // namespace mqtk
