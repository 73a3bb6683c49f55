#include "net/socket_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace mqtk {

SocketAddress SocketAddress::from_system(const sockaddr_storage& system) {
  SocketAddress address;
  if (system.ss_family == AF_UNIX) address.family = Family::local;
  if (system.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &system, sizeof in6);
    address.port = ntohs(in6.sin6_port);
    static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (std::memcmp(&in6.sin6_addr, mapped, sizeof mapped) == 0) {
      // An IPv4 peer of a socket that serves both families; people know it as IPv4.
      std::memcpy(address.bytes.data(), in6.sin6_addr.s6_addr + sizeof mapped, 4);
      return address;
    }
    address.family = Family::ipv6;
    address.scope = in6.sin6_scope_id;
    std::memcpy(address.bytes.data(), &in6.sin6_addr, 16);
  } else if (system.ss_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &system, sizeof in);
    address.port = ntohs(in.sin_port);
    std::memcpy(address.bytes.data(), &in.sin_addr, 4);
  }
  return address;
}

unsigned SocketAddress::to_system(sockaddr_storage& system) const {
  system = {};
  if (family == Family::ipv6) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    in6.sin6_scope_id = scope;
    std::memcpy(&in6.sin6_addr, bytes.data(), 16);
    std::memcpy(&system, &in6, sizeof in6);
    return sizeof in6;
  }
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  std::memcpy(&in.sin_addr, bytes.data(), 4);
  std::memcpy(&system, &in, sizeof in);
  return sizeof in;
}

int SocketAddress::system_family() const { return family == Family::ipv6 ? AF_INET6 : AF_INET; }

std::string SocketAddress::host_text() const {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(system_family(), bytes.data(), text, sizeof text);
  return scope == 0 ? text : fmt::format("{}%{}", text, scope);
}

std::string SocketAddress::text() const {
  if (family == Family::local) return "local";
  if (family == Family::ipv6) return fmt::format("[{}]:{}", host_text(), port);
  return fmt::format("{}:{}", host_text(), port);
}

}  // namespace mqtk
