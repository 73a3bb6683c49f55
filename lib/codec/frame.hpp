// Finding the packets in a stream of bytes: the fixed header and no more.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "codec/rule.hpp"

namespace mqtk {

struct Frame {
  enum class State : std::uint8_t {
    need_header,  // fewer bytes than a fixed header: packet_size is 0
    need_body,    // the header is there, packet_size is known
    complete,     // the whole packet is there
    fault,        // Remaining Length has five bytes: the stream cannot be read any further
  };
  State state = State::need_header;
  PacketType type{};              // valid from need_body on; may be reserved
  std::uint8_t flags = 0;         // low four bits of the first byte
  std::uint8_t header_size = 0;   // 2 to 5
  bool shortest_form = true;      // of Remaining Length; decode reports it for 5.0 [MQTT-1.5.5-1]
  std::uint32_t packet_size = 0;  // fixed header included
  Fault fault;
};

// Looks at the front of `stream`, which may hold less or more than one packet.
[[nodiscard]] Frame find_frame(Bytes stream);

}  // namespace mqtk
