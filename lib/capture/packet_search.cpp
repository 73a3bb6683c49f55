#include "capture/packet_search.hpp"

#include <algorithm>

#include "base/byte_order.hpp"
#include "base/utf8.hpp"
#include "codec/codec.hpp"

namespace mqtk {
namespace {

// Further packets that must follow before the first is believed, unless the bytes end there.
constexpr int chain_length = 2;

// Nobody would wait for the end of a longer packet to find out that it is none.
constexpr std::size_t believed_bytes = 64U * 1024;

bool may_be_v5(SearchContext context) { return !context.version || *context.version == Version::v5; }
bool may_be_older(SearchContext context) { return !context.version || *context.version != Version::v5; }

bool flags_fit(PacketType type, unsigned flags) {
  switch (type) {
    case PacketType::publish: {
      const unsigned qos = (flags >> 1U) & 3U;
      return qos < 3 && (qos > 0 || (flags & 8U) == 0);
    }
    case PacketType::pubrel:
    case PacketType::subscribe:
    case PacketType::unsubscribe: return flags == 2;
    default: return flags == 0;
  }
}

// `length` is the Remaining Length.
bool length_fits(PacketType type, std::size_t length, SearchContext context) {
  switch (type) {
    case PacketType::connect: return length >= 12;
    case PacketType::connack: return length == 2 ? may_be_older(context) : length >= 3 && may_be_v5(context);
    case PacketType::publish: return length >= 2;
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: return length == 2 || (length >= 3 && may_be_v5(context));
    case PacketType::subscribe: return length >= 6;
    case PacketType::suback: return length >= 3;
    case PacketType::unsubscribe: return length >= 5;
    case PacketType::unsuback: return length == 2 ? may_be_older(context) : length >= 4 && may_be_v5(context);
    case PacketType::pingreq:
    case PacketType::pingresp: return length == 0;
    case PacketType::disconnect: return length == 0 || may_be_v5(context);
    case PacketType::auth: return may_be_v5(context) && length != 1;
    default: return false;
  }
}

bool decodes(Bytes packet, SearchContext context) {
  Packet decoded;
  if (context.version) return !decode(packet, {*context.version, Role::unknown}, decoded);
  return !decode(packet, {Version::v5, Role::unknown}, decoded) ||
         !decode(packet, {Version::v3_1_1, Role::unknown}, decoded);
}

// What is there of a PUBLISH must begin with a Topic Name.
bool may_be_publish(Bytes part, const Frame& frame) {
  Bytes rest = part.subspan(frame.header_size);
  if (rest.size() < 2) return true;
  const std::size_t length = load_big_endian<std::uint16_t>(rest.data());
  if (length + 2 + frame.header_size > frame.packet_size) return false;
  rest = rest.subspan(2, std::min(rest.size() - 2, length));
  const Utf8Check check = check_utf8(rest);
  // A character may be cut in two at the end.
  return check.result == Utf8::valid ||
         (check.result == Utf8::ill_formed && rest.size() < length && check.offset + 3 >= rest.size());
}

}  // namespace

Plausible header_may_start(Bytes ahead, SearchContext context) {
  if (ahead.empty()) return Plausible::open;
  const auto type = static_cast<PacketType>(ahead[0] >> 4U);
  if (!flags_fit(type, ahead[0] & 0x0FU) || packet_type_name(type) == "RESERVED") return Plausible::no;
  const Frame frame = find_frame(ahead);
  if (frame.state == Frame::State::fault) return Plausible::no;
  if (frame.state == Frame::State::need_header) return Plausible::open;
  if (!frame.shortest_form) return Plausible::no;
  if (!length_fits(type, frame.packet_size - frame.header_size, context)) return Plausible::no;
  if (type == PacketType::publish && frame.state != Frame::State::complete && !may_be_publish(ahead, frame)) {
    return Plausible::no;
  }
  return Plausible::yes;
}

Plausible packet_may_start(Bytes ahead, SearchContext context) {
  bool strong = false;  // more than a PINGREQ or the like, which any two bytes may look like
  for (int count = 0; count <= chain_length; ++count) {
    if (ahead.empty()) return strong || context.ended ? Plausible::yes : Plausible::open;
    const Plausible header = header_may_start(ahead, context);
    if (header == Plausible::no) return Plausible::no;
    const Frame frame = find_frame(ahead);
    if (frame.state != Frame::State::complete) {
      if (count > 0 && strong) return Plausible::yes;
      const bool worth_waiting = !context.ended && frame.packet_size <= believed_bytes;
      return worth_waiting ? Plausible::open : Plausible::no;
    }
    if (!decodes(ahead.first(frame.packet_size), context)) return Plausible::no;
    strong = strong || frame.packet_size > 2;
    ahead = ahead.subspan(frame.packet_size);
  }
  return Plausible::yes;
}

}  // namespace mqtk
