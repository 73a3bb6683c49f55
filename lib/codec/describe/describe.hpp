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

#define MQTK_DESCRIBES(P)                                                \
  template void Description<P>::read(FieldReader<false>& io, P& packet); \
  template void Description<P>::read(FieldReader<true>& io, P& packet);  \
  template void Description<P>::read(FieldSizer& io, const P& packet);   \
  template void Description<P>::read(FieldWriter& io, const P& packet)

}  // namespace mqtk
