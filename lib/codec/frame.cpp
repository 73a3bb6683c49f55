#include "codec/frame.hpp"

namespace mqtk {

Frame find_frame(Bytes stream) {
  Frame frame;
  if (stream.empty()) return frame;
  frame.type = static_cast<PacketType>(stream[0] >> 4U);
  frame.flags = stream[0] & 0x0FU;
  std::uint32_t remaining = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if (i + 1 == stream.size()) return frame;
    const std::uint8_t byte = stream[i + 1];
    remaining |= (byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    frame.header_size = static_cast<std::uint8_t>(i + 2);
    frame.shortest_form = i == 0 || byte != 0;
    frame.packet_size = frame.header_size + remaining;
    frame.state = stream.size() < frame.packet_size ? Frame::State::need_body : Frame::State::complete;
    return frame;
  }
  frame.state = Frame::State::fault;
  frame.fault = {Rule::remaining_length_too_long, 1};
  return frame;
}

}  // namespace mqtk
