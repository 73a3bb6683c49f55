// One captured frame down to its TCP or UDP payload: link layer, IPv4, IPv6.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.hpp"

namespace mqtk {

// LINKTYPE_ numbers that are understood.
namespace link_type {
inline constexpr std::uint32_t null = 0;
inline constexpr std::uint32_t ethernet = 1;
inline constexpr std::uint32_t raw_ip_old = 12;
inline constexpr std::uint32_t raw_ip_bsd = 14;
inline constexpr std::uint32_t raw_ip = 101;
inline constexpr std::uint32_t loop = 108;
inline constexpr std::uint32_t linux_cooked = 113;
inline constexpr std::uint32_t ipv4 = 228;
inline constexpr std::uint32_t ipv6 = 229;
inline constexpr std::uint32_t exported_pdu = 252;
inline constexpr std::uint32_t linux_cooked_2 = 276;
}  // namespace link_type

// Address and port of one end. IPv4 addresses fill the first four bytes.
struct SocketEnd {
  std::array<std::uint8_t, 16> address{};
  std::uint8_t family = 0;  // 4, 6, or 0 where the frame does not tell
  std::uint16_t port = 0;

  friend auto operator<=>(const SocketEnd&, const SocketEnd&) = default;
  // For each segment twice: two words are compared sooner than 16 bytes.
  friend bool operator==(const SocketEnd& a, const SocketEnd& b) {
    std::array<std::uint64_t, 2> words[2];
    std::memcpy(words[0].data(), a.address.data(), sizeof a.address);
    std::memcpy(words[1].data(), b.address.data(), sizeof b.address);
    return words[0][0] == words[1][0] && words[0][1] == words[1][1] && a.port == b.port && a.family == b.family;
  }
  // "192.0.2.1:1883", "[2001:db8::1]:1883"
  [[nodiscard]] std::string text() const;
};

struct Segment {
  enum class Kind : std::uint8_t {
    none,      // nothing that could hold MQTT
    tcp,       //
    udp,       //
    bare,      // exported by a dissector: payload without TCP header, in order
    fragment,  // part of a fragmented IP packet; `payload` is that of IP
    damaged,   // the headers do not fit into the frame
  };
  Kind kind = Kind::none;
  SocketEnd source;
  SocketEnd destination;
  std::uint32_t sequence = 0;  // TCP only, as the following are
  std::uint32_t acknowledgement = 0;
  bool has_acknowledgement = false;
  bool syn = false;
  bool fin = false;
  bool reset = false;
  Bytes payload;
  std::uint32_t cut_bytes = 0;        // at the end of the payload, left out by the capture
  std::uint32_t fragment_id = 0;      // of fragments only, as the following are
  std::uint32_t fragment_offset = 0;  // in bytes
  bool more_fragments = false;
  std::uint8_t protocol = 0;  // as IP numbers them
};

// Views of `frame`.
[[nodiscard]] Segment read_segment(std::uint32_t link_type, Bytes frame);
// TCP or UDP: `packet` is what there is of the `bytes` behind the IP header. Ends keep their addresses.
void read_ip_payload(Segment& segment, std::uint8_t protocol, Bytes packet, std::size_t bytes);
// From the IP header on.
[[nodiscard]] Segment read_ip_segment(Bytes packet);

}  // namespace mqtk
