#include "capture/tcp_segment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/append_format.hpp"
#include "base/byte_order.hpp"

namespace mqtk {
namespace {

constexpr std::uint16_t ether_ipv4 = 0x0800;
constexpr std::uint16_t ether_ipv6 = 0x86DD;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;

std::uint16_t u16(Bytes bytes, std::size_t at) { return load_big_endian<std::uint16_t>(bytes.data() + at); }
std::uint32_t u32(Bytes bytes, std::size_t at) { return load_big_endian<std::uint32_t>(bytes.data() + at); }

void damage(Segment& segment) { segment.kind = Segment::Kind::damaged; }

// Segments are filled in place: each frame has one, and copying them shows.
void read_ip(Segment& segment, Bytes packet);

// `type` is an EtherType; VLAN tags (802.1Q, 802.1ad, and the older 0x9100) stand before the one that counts.
void behind_ether_type(Segment& segment, std::uint16_t type, Bytes rest) {
  while (type == 0x8100 || type == 0x88A8 || type == 0x9100) {
    if (rest.size() < 4) return damage(segment);
    type = u16(rest, 2);
    rest = rest.subspan(4);
  }
  if (type == 0x8864) {  // PPPoE: six bytes, then the PPP protocol
    if (rest.size() < 8) return damage(segment);
    const std::uint16_t protocol = u16(rest, 6);
    if (protocol == 0x0021 || protocol == 0x0057) read_ip(segment, rest.subspan(8));
  } else if (type == ether_ipv4 || type == ether_ipv6) {
    read_ip(segment, rest);
  }
}

// The address family of a loopback header is a number of the system that wrote it, in that system's byte order.
void behind_loopback_header(Segment& segment, Bytes frame) {
  if (frame.size() < 4) return damage(segment);
  const std::uint32_t big = u32(frame, 0);
  const auto little = load_little_endian<std::uint32_t>(frame.data());
  const std::uint32_t family = std::min(big, little);
  const bool is_ip = family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
  if (is_ip) read_ip(segment, frame.subspan(4));
}

void read_tcp(Segment& segment, Bytes packet, std::size_t payload_bytes) {
  if (packet.size() < 20) {
    segment.kind = Segment::Kind::damaged;
    return;
  }
  const std::size_t header = static_cast<std::size_t>(packet[12] >> 4U) * 4;
  if (header < 20 || header > packet.size() || header > payload_bytes) {
    segment.kind = Segment::Kind::damaged;
    return;
  }
  segment.kind = Segment::Kind::tcp;
  segment.source.port = u16(packet, 0);
  segment.destination.port = u16(packet, 2);
  segment.sequence = u32(packet, 4);
  segment.acknowledgement = u32(packet, 8);
  const std::uint8_t flags = packet[13];
  segment.fin = (flags & 0x01U) != 0;
  segment.syn = (flags & 0x02U) != 0;
  segment.reset = (flags & 0x04U) != 0;
  segment.has_acknowledgement = (flags & 0x10U) != 0;
  segment.payload = packet.subspan(header, std::min(packet.size(), payload_bytes) - header);
  segment.cut_bytes = static_cast<std::uint32_t>(payload_bytes - header - segment.payload.size());
}

void read_udp(Segment& segment, Bytes packet, std::size_t payload_bytes) {
  if (packet.size() < 8) {
    segment.kind = Segment::Kind::damaged;
    return;
  }
  segment.kind = Segment::Kind::udp;
  segment.source.port = u16(packet, 0);
  segment.destination.port = u16(packet, 2);
  const std::size_t length = std::clamp<std::size_t>(u16(packet, 4), 8, std::max<std::size_t>(payload_bytes, 8));
  segment.payload = packet.subspan(8, std::min(packet.size(), length) - 8);
  segment.cut_bytes = static_cast<std::uint32_t>(length - 8 - segment.payload.size());
}

// `bytes` is the length that the IP header tells, `part` what there is of it. `offset` as IP has it.
void read_fragment(Segment& segment, std::uint8_t protocol, std::uint32_t id, unsigned offset, Bytes part,
                   std::size_t bytes) {
  segment.kind = Segment::Kind::fragment;
  segment.protocol = protocol;
  segment.fragment_id = id;
  segment.fragment_offset = offset;
  segment.payload = part;
  segment.cut_bytes = static_cast<std::uint32_t>(bytes - part.size());
}

void read_ipv4(Segment& segment, Bytes packet) {
  if (packet.size() < 20) return damage(segment);
  const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0FU) * 4;
  std::size_t total = u16(packet, 2);
  if (total == 0) total = packet.size();  // left to the network card by segmentation offload
  if (header < 20 || header > packet.size() || total < header) return damage(segment);
  segment.source.family = segment.destination.family = 4;
  std::copy_n(packet.begin() + 12, 4, segment.source.address.begin());
  std::copy_n(packet.begin() + 16, 4, segment.destination.address.begin());
  const unsigned flags = u16(packet, 6);
  const std::uint16_t id = u16(packet, 4);
  // Short frames are padded, so the frame may be longer than the packet.
  packet = packet.first(std::min(packet.size(), total));
  if ((flags & 0x3FFFU) != 0) {
    read_fragment(segment, packet[9], id, (flags & 0x1FFFU) * 8, packet.subspan(header), total - header);
    segment.more_fragments = (flags & 0x2000U) != 0;
  } else {
    read_ip_payload(segment, packet[9], packet.subspan(header), total - header);
  }
}

// Skips the extension headers, up to a fragment's, which `fragment` shows; false if they do not fit.
bool skip_extensions(std::uint8_t& next, Bytes& rest, std::size_t& left, Bytes& fragment) {
  while (fragment.empty() && (next == 0 || next == 43 || next == 44 || next == 60)) {
    if (rest.size() < 8) return false;
    if (next == 44 && (u16(rest, 2) & 0xFFF9U) != 0) fragment = rest.first(8);
    const std::size_t size = next == 44 ? 8 : (std::size_t{rest[1]} + 1) * 8;
    next = rest[0];
    if (size > rest.size() || size > left) return false;
    rest = rest.subspan(size);
    left -= size;
  }
  return true;
}

void read_ipv6(Segment& segment, Bytes packet) {
  if (packet.size() < 40) return damage(segment);
  segment.source.family = segment.destination.family = 6;
  std::copy_n(packet.begin() + 8, 16, segment.source.address.begin());
  std::copy_n(packet.begin() + 24, 16, segment.destination.address.begin());
  std::size_t left = u16(packet, 4);
  std::uint8_t next = packet[6];
  Bytes rest = packet.subspan(40);
  if (left == 0) left = rest.size();
  rest = rest.first(std::min(rest.size(), left));
  Bytes fragment;
  if (!skip_extensions(next, rest, left, fragment)) return damage(segment);
  if (!fragment.empty()) {
    read_fragment(segment, next, u32(fragment, 4), u16(fragment, 2) & 0xFFF8U, rest, left);
    segment.more_fragments = (u16(fragment, 2) & 1U) != 0;
  } else {
    read_ip_payload(segment, next, rest, left);
  }
}

void take_address(SocketEnd& end, Bytes value, std::uint8_t family) {
  const std::size_t size = family == 4 ? 4 : 16;
  if (value.size() < size) return;
  end.family = family;
  std::copy_n(value.begin(), size, end.address.begin());
}

// Tags with their lengths, then what the dissector was given. MQTT of any transport comes out in order.
void read_exported(Segment& segment, Bytes frame) {
  std::string_view dissector;
  while (true) {
    if (frame.size() < 4) return damage(segment);
    const std::uint16_t tag = u16(frame, 0);
    const std::size_t size = u16(frame, 2);
    frame = frame.subspan(4);
    if (tag == 0) break;
    if (size > frame.size()) return damage(segment);
    const Bytes value = frame.first(size);
    frame = frame.subspan(size);
    switch (tag) {
      case 12: dissector = as_text(value); break;
      case 20: take_address(segment.source, value, 4); break;
      case 21: take_address(segment.destination, value, 4); break;
      case 22: take_address(segment.source, value, 6); break;
      case 23: take_address(segment.destination, value, 6); break;
      case 25:
        if (size == 4) segment.source.port = static_cast<std::uint16_t>(u32(value, 0));
        break;
      case 26:
        if (size == 4) segment.destination.port = static_cast<std::uint16_t>(u32(value, 0));
        break;
      default: break;
    }
  }
  while (dissector.ends_with('\0')) dissector.remove_suffix(1);  // names are padded
  if (dissector == "ip" || dissector == "ipv6") {
    segment = {};
    return read_ip(segment, frame);
  }
  segment.kind = dissector == "mqttsn" ? Segment::Kind::udp : Segment::Kind::bare;
  if (!dissector.empty() && dissector != "mqtt" && dissector != "mqttsn") segment.kind = Segment::Kind::none;
  segment.payload = frame;
}

void read_ip(Segment& segment, Bytes packet) {
  const unsigned version = packet.empty() ? 0 : packet[0] >> 4U;
  if (version == 4) {
    read_ipv4(segment, packet);
  } else if (version == 6) {
    read_ipv6(segment, packet);
  } else {
    damage(segment);
  }
}

void read_frame(Segment& segment, std::uint32_t link_type, Bytes frame) {
  const auto behind_header = [&](std::size_t header, std::size_t type_at) {
    if (frame.size() < header) return damage(segment);
    behind_ether_type(segment, u16(frame, type_at), frame.subspan(header));
  };
  switch (link_type) {
    case link_type::ethernet: return behind_header(14, 12);
    case link_type::linux_cooked: return behind_header(16, 14);
    case link_type::linux_cooked_2: return behind_header(20, 0);
    case link_type::null:
    case link_type::loop: return behind_loopback_header(segment, frame);
    case link_type::raw_ip_old:
    case link_type::raw_ip_bsd:
    case link_type::raw_ip:
    case link_type::ipv4:
    case link_type::ipv6: return read_ip(segment, frame);
    case link_type::exported_pdu: return read_exported(segment, frame);
    default: return;
  }
}

void append_ipv6(std::string& out, const std::array<std::uint8_t, 16>& address) {
  // The longest run of zero groups, two at least, becomes "::" (RFC 5952).
  const auto group = [&](std::size_t i) { return load_big_endian<std::uint16_t>(address.data() + 2 * i); };
  std::size_t best = 8;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && group(end) == 0) ++end;
    if (end - i > best_length) {
      best = i;
      best_length = end - i;
    }
    i = end + 1;
  }
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':') && !out.ends_with('[')) out += ':';
    append_format(out, "{:x}", group(i));
  }
}

}  // namespace

std::string SocketEnd::text() const {
  std::string out;
  if (family == 4) {
    out = fmt::format("{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
  } else if (family == 6) {
    out = "[";
    append_ipv6(out, address);
    out += ']';
  } else {
    out = "?";
  }
  return out + ":" + std::to_string(port);
}

void read_ip_payload(Segment& segment, std::uint8_t protocol, Bytes packet, std::size_t bytes) {
  if (protocol == protocol_tcp) read_tcp(segment, packet, bytes);
  if (protocol == protocol_udp) read_udp(segment, packet, bytes);
}

Segment read_ip_segment(Bytes packet) {
  Segment segment;
  read_ip(segment, packet);
  return segment;
}

Segment read_segment(std::uint32_t link_type, Bytes frame) {
  Segment segment;
  read_frame(segment, link_type, frame);
  return segment;
}

}  // namespace mqtk
