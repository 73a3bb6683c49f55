// One description per packet, read four ways. Private to the codec: each describe/*.cpp instantiates its own packets.
#pragma once

#include <type_traits>

#include "codec/field_reader.hpp"
#include "codec/field_writer.hpp"
#include "codec/packet.hpp"

namespace mqtk {

// `Q` is P for readers and const P for writers.
template <class P>
struct Description {
  template <class Io, class Q>
  static void read(Io& io, Q& packet);
};

#define MQTK_DESCRIBED(P)      \
  template <>                  \
  template <class Io, class Q> \
  void Description<P>::read(Io& io, Q& packet)

MQTK_DESCRIBED(Connect);
MQTK_DESCRIBED(Connack);
MQTK_DESCRIBED(Publish);
MQTK_DESCRIBED(Puback);
MQTK_DESCRIBED(Pubrec);
MQTK_DESCRIBED(Pubrel);
MQTK_DESCRIBED(Pubcomp);
MQTK_DESCRIBED(Subscribe);
MQTK_DESCRIBED(Suback);
MQTK_DESCRIBED(Unsubscribe);
MQTK_DESCRIBED(Unsuback);
MQTK_DESCRIBED(Pingreq);
MQTK_DESCRIBED(Pingresp);
MQTK_DESCRIBED(Disconnect);
MQTK_DESCRIBED(Auth);

template <class Io, class Q>
void describe(Io& io, Q& packet) {
  Description<std::remove_const_t<Q>>::read(io, packet);
}

// Flags of the fixed header of a packet that has none of its own: 0010 for PUBREL, SUBSCRIBE and UNSUBSCRIBE, 0000
// for the rest. 3.1 gives these bits to DUP, QoS and RETAIN and has no rule to reject any, save the QoS of the three.
template <class Io>
void fixed_flags(Io& io, unsigned expected, Rule rule) {
  if (io.version() != Version::v3_1) {
    io.reserved_bits(0, 4, expected, rule);
    return;
  }
  io.reserved_bits(3, 1, 0, Rule::none);
  io.reserved_bits(1, 2, expected >> 1U, expected == 0 ? Rule::none : rule);
  io.reserved_bits(0, 1, 0, Rule::none);
}

// Where in the packet the property stands; to be asked right behind the block that holds it.
template <class Io>
std::size_t property_offset(const Io& io, const PropertyBlock& block, PropertyId id) {
  const auto property = block.find(id);
  return io.offset() - block.bytes().size() + (property ? property->offset : 0);
}

// A payload may be declared UTF-8; U+0000 is only forbidden in strings. To be called right behind the payload.
template <class Io>
void advise_utf8(Io& io, const PropertyBlock& properties, Bytes payload) {
  if constexpr (Io::advises) {
    if (io.stopped() || properties.number(PropertyId::payload_format_indicator) != 1) return;
    Bytes left = payload;
    Utf8Check check = check_utf8(left);
    while (check.result == Utf8::has_null) {
      left = left.subspan(check.offset + 1);
      check = check_utf8(left);
    }
    if (check.result == Utf8::valid) return;
    left = left.subspan(check.offset);
    io.advise(Rule::payload_not_utf8, io.offset() - left.size(), left.size());
  }
}

#define MQTK_DESCRIBES(P)                                                \
  template void Description<P>::read(FieldReader<false>& io, P& packet); \
  template void Description<P>::read(FieldReader<true>& io, P& packet);  \
  template void Description<P>::read(FieldSizer& io, const P& packet);   \
  template void Description<P>::read(FieldWriter& io, const P& packet)

}  // namespace mqtk
