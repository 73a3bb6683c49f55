#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

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

struct UnixAddress {
  sockaddr_un system{};
  socklen_t length = 0;
};

std::expected<UnixAddress, std::error_code> unix_address(const std::string& path) {
  UnixAddress address;
  address.system.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.system.sun_path) {
    return std::unexpected(make_error_code(std::errc::filename_too_long));
  }
  std::memcpy(address.system.sun_path, path.data(), path.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (path.starts_with('@')) {
    address.system.sun_path[0] = '\0';
  } else {
    ++address.length;
  }
  return address;
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

std::error_code make_non_blocking(const FileDescriptor& socket) {
  const int flags = ::fcntl(socket.number(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.number(), F_SETFL, flags | O_NONBLOCK) != 0) return last_error();
  return {};
}

std::expected<Endpoint, std::error_code> endpoint_of_listening(const FileDescriptor& socket) {
  int listens = 0;
  socklen_t length = sizeof listens;
  if (::getsockopt(socket.number(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0) {
    return std::unexpected(last_error());
  }
  if (listens == 0) return std::unexpected(std::make_error_code(std::errc::invalid_argument));
  sockaddr_storage system{};
  length = sizeof system;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&system), &length) != 0) {
    return std::unexpected(last_error());
  }
  if (system.ss_family == AF_UNIX) {
    sockaddr_un local{};
    std::memcpy(&local, &system, sizeof local);
    std::string path{local.sun_path, ::strnlen(local.sun_path, sizeof local.sun_path)};
    if (path.empty() && length > sizeof local.sun_family) {
      path.assign(local.sun_path, length - offsetof(sockaddr_un, sun_path));
      path.front() = '@';  // Linux's abstract namespace
    }
    return Endpoint{.transport = Transport::unix_socket, .port = 0, .path = std::move(path)};
  }
  if (system.ss_family != AF_INET && system.ss_family != AF_INET6) {
    return std::unexpected(std::make_error_code(std::errc::address_family_not_supported));
  }
  const SocketAddress address = SocketAddress::from_system(system);
  return Endpoint{.host = address.host_text(), .port = address.port};
}

std::expected<FileDescriptor, std::error_code> open_unix_socket() {
  int type = SOCK_STREAM;
#ifdef __linux__
  type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
#endif
  FileDescriptor socket(::socket(AF_UNIX, type, 0));
  if (!socket.is_open()) return std::unexpected(last_error());
  set_flags(socket.number());
  return socket;
}

std::expected<std::pair<FileDescriptor, FileDescriptor>, std::error_code> open_unix_socket_pair() {
  int type = SOCK_STREAM;
#ifdef __linux__
  type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
#endif
  int numbers[2];
  if (::socketpair(AF_UNIX, type, 0, numbers) != 0) return std::unexpected(last_error());
  for (const int number : numbers) set_flags(number);
  return std::pair{FileDescriptor{numbers[0]}, FileDescriptor{numbers[1]}};
}

std::error_code start_connecting(const FileDescriptor& socket, const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return address.error();
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address->system), address->length) == 0) return {};
  if (errno == EINPROGRESS || errno == EINTR) return {};
  return last_error();
}

std::error_code bind_socket(const FileDescriptor& socket, const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return address.error();
  const auto* system = reinterpret_cast<const sockaddr*>(&address->system);
  if (::bind(socket.number(), system, address->length) == 0) return {};
  if (errno != EADDRINUSE || path.starts_with('@')) return last_error();
  const auto probe = open_unix_socket();
  if (!probe) return probe.error();
  struct stat status{};
  const bool is_socket = ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
  const bool served = ::connect(probe->number(), system, address->length) == 0 || errno != ECONNREFUSED;
  if (!is_socket || served) return make_error_code(std::errc::address_in_use);
  ::unlink(path.c_str());
  if (::bind(socket.number(), system, address->length) == 0) return {};
  return last_error();
}

}  // namespace mqtk
