// Bytes to Control Packets and back: four readings of one description per packet.
#pragma once

#include <cstdint>
#include <expected>

#include "base/bytes.hpp"
#include "base/send_queue.hpp"
#include "codec/annotation.hpp"
#include "codec/frame.hpp"
#include "codec/packet.hpp"
#include "codec/rule.hpp"

namespace mqtk {

// What a decoder has to know of a packet besides its bytes.
struct CodecContext {
  Version version = Version::v5;  // ignored for CONNECT, which carries its own
  Role sender = Role::unknown;    // with unknown, rules that depend on the direction are not checked
};

// Decodes one whole packet (fixed header included; `bytes` is exactly as long as its frame says). Allocates nothing;
// `packet` holds views of `bytes`. On a fault `packet` is not to be used, except a CONNECT whose `version` is set
// when the fault came behind it. Advice is not a fault here.
[[nodiscard]] Fault decode(Bytes bytes, CodecContext context, Packet& packet);

// The same reading with a note of every field. Goes on after a fault as far as that makes sense. `decoded` is false
// when the packet could not be read to its end; `packet` then has the fields read so far.
struct Annotated : AnnotatedPacket {
  Packet packet;
  bool decoded = false;
};
[[nodiscard]] Annotated annotate(Bytes bytes, CodecContext context);

// Size of the encoded packet in bytes, fixed header included, or the rule that the packet would break: mqtk does not
// send what it would refuse.
template <class P>
[[nodiscard]] std::expected<std::uint32_t, Fault> encoded_size(const P& packet, CodecContext context);

// Appends the packet to `out`. Returns its size, or a fault, and then nothing is appended.
template <class P>
std::expected<std::uint32_t, Fault> encode(const P& packet, CodecContext context, SendQueue& out);

// Writes the packet to exactly encoded_size() bytes at `to`, unchecked: for callers that have checked.
template <class P>
void write(const P& packet, CodecContext context, std::uint8_t* to);

}  // namespace mqtk
