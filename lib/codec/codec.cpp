#include "codec/codec.hpp"

#include "codec/describe/describe.hpp"

namespace mqtk {
namespace {

// Which side may send a packet; PUBLISH and its acknowledgements go both ways.
bool may_send(Role sender, PacketType type, Version version) {
  switch (type) {
    case PacketType::connect:
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::pingreq: return sender == Role::client;
    case PacketType::connack:
    case PacketType::suback:
    case PacketType::unsuback:
    case PacketType::pingresp: return sender == Role::server;
    case PacketType::disconnect: return sender == Role::client || version == Version::v5;
    default: return true;
  }
}

bool is_reserved(PacketType type, Version version) {
  return type < PacketType::connect || (type == PacketType::auth && version != Version::v5);
}

// Calls `read` with the alternative of `packet` that belongs to the type.
template <class Read>
void dispatch(PacketType type, Packet& packet, Read read) {
  switch (type) {
    case PacketType::connect: return read(packet.emplace<Connect>());
    case PacketType::connack: return read(packet.emplace<Connack>());
    case PacketType::publish: return read(packet.emplace<Publish>());
    case PacketType::puback: return read(packet.emplace<Puback>());
    case PacketType::pubrec: return read(packet.emplace<Pubrec>());
    case PacketType::pubrel: return read(packet.emplace<Pubrel>());
    case PacketType::pubcomp: return read(packet.emplace<Pubcomp>());
    case PacketType::subscribe: return read(packet.emplace<Subscribe>());
    case PacketType::suback: return read(packet.emplace<Suback>());
    case PacketType::unsubscribe: return read(packet.emplace<Unsubscribe>());
    case PacketType::unsuback: return read(packet.emplace<Unsuback>());
    case PacketType::pingreq: return read(packet.emplace<Pingreq>());
    case PacketType::pingresp: return read(packet.emplace<Pingresp>());
    case PacketType::disconnect: return read(packet.emplace<Disconnect>());
    case PacketType::auth: return read(packet.emplace<Auth>());
  }
}

// CONNECT carries its own version; what stands before it (the fixed header) is judged by the version that the name
// and the byte behind it will show.
Version connect_version(Bytes bytes, Version otherwise) {
  const Frame frame = find_frame(bytes);
  const std::size_t at = frame.header_size;
  if (frame.header_size == 0 || bytes.size() < at + 7) return otherwise;
  if (bytes[at + 1] == 6 && bytes.size() > at + 8 && (bytes[at + 8] & 0x7FU) == 3) return Version::v3_1;
  const unsigned number = bytes[at + 6] & 0x7FU;
  return number == 4 || number == 5 ? static_cast<Version>(number) : otherwise;
}

template <bool noted>
Fault read_packet(Bytes bytes, CodecContext context, Packet& packet, AnnotatedPacket* notes, bool* whole) {
  const auto type = static_cast<PacketType>(bytes[0] >> 4U);
  if (type == PacketType::connect) context.version = connect_version(bytes, context.version);
  FieldReader<noted> io{bytes, context, notes};
  if (is_reserved(type, context.version)) {
    io.stop(Rule::packet_type_reserved, 0);
    io.finish(Rule::packet_too_long);
  } else {
    const bool right_way = context.sender == Role::unknown || may_send(context.sender, type, context.version);
    if (!right_way) io.fail(Rule::wrong_direction, 0);
    if (right_way || noted) dispatch(type, packet, [&](auto& p) { describe(io, p); });
  }
  if (whole != nullptr) *whole = !io.stopped();
  return io.fault();
}

}  // namespace

Fault decode(Bytes bytes, CodecContext context, Packet& packet) {
  return read_packet<false>(bytes, context, packet, nullptr, nullptr);
}

Annotated annotate(Bytes bytes, CodecContext context) {
  Annotated result;
  read_packet<true>(bytes, context, result.packet, &result, &result.decoded);
  return result;
}

template <class P>
std::expected<std::uint32_t, Fault> encoded_size(const P& packet, CodecContext context) {
  if constexpr (std::is_same_v<P, Connect>) context.version = packet.version;
  FieldSizer io{context};
  describe(io, packet);
  if (io.fault()) return std::unexpected(io.fault());
  return 1 + variable_byte_integer_size(io.size()) + io.size();
}

template <class P>
void write(const P& packet, CodecContext context, std::uint8_t* to) {
  if constexpr (std::is_same_v<P, Connect>) context.version = packet.version;
  FieldSizer sizer{context};
  describe(sizer, packet);
  FieldWriter io{context, sizer.size(), to};
  describe(io, packet);
}

template <class P>
std::expected<std::uint32_t, Fault> encode(const P& packet, CodecContext context, SendQueue& out) {
  if constexpr (std::is_same_v<P, Connect>) context.version = packet.version;
  FieldSizer sizer{context};
  describe(sizer, packet);
  if (sizer.fault()) return std::unexpected(sizer.fault());
  const std::uint32_t size = 1 + variable_byte_integer_size(sizer.size()) + sizer.size();
  FieldWriter io{context, sizer.size(), out.append(size)};
  describe(io, packet);
  return size;
}

#define MQTK_ENCODES(P)                                                                             \
  template std::expected<std::uint32_t, Fault> encoded_size(const P& packet, CodecContext context); \
  template void write(const P& packet, CodecContext context, std::uint8_t* to);                     \
  template std::expected<std::uint32_t, Fault> encode(const P& packet, CodecContext context, SendQueue& out)

MQTK_ENCODES(Connect);
MQTK_ENCODES(Connack);
MQTK_ENCODES(Publish);
MQTK_ENCODES(Puback);
MQTK_ENCODES(Pubrec);
MQTK_ENCODES(Pubrel);
MQTK_ENCODES(Pubcomp);
MQTK_ENCODES(Subscribe);
MQTK_ENCODES(Suback);
MQTK_ENCODES(Unsubscribe);
MQTK_ENCODES(Unsuback);
MQTK_ENCODES(Pingreq);
MQTK_ENCODES(Pingresp);
MQTK_ENCODES(Disconnect);
MQTK_ENCODES(Auth);

}  // namespace mqtk
