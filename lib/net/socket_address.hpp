// An IPv4 or IPv6 address with a port, in 24 bytes; or that a peer is on a Unix socket. Private to lib/net.
#pragma once

#include <array>
#include <cstdint>
#include <string>

struct sockaddr;
struct sockaddr_storage;

namespace mqtk {

struct SocketAddress {
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four
  std::uint32_t scope = 0;               // IPv6 link-local: the interface
  std::uint16_t port = 0;
  enum class Family : std::uint8_t { ipv4, ipv6, local } family = Family::ipv4;

  // `system` holds an AF_INET, AF_INET6 or AF_UNIX address; anything else gives 0.0.0.0:0.
  [[nodiscard]] static SocketAddress from_system(const sockaddr_storage& system);
  // Returns the length in use.
  unsigned to_system(sockaddr_storage& system) const;
  [[nodiscard]] int system_family() const;

  [[nodiscard]] std::string host_text() const;  // "::1"
  [[nodiscard]] std::string text() const;       // "[::1]:1883", "local"

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

}  // namespace mqtk
