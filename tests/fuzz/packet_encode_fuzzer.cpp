// A line of JSON: nothing crashes, and what comes out is one whole packet of the type that was named.
#include <cstdint>
#include <string_view>

#include "capture/packet_encode.hpp"
#include "codec/codec.hpp"
#include "codec/frame.hpp"
#include "expect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mqtk;
  const auto packet = encode_packet_json(as_text(Bytes{data, size}));
  if (!packet) {
    expect(!packet.error().empty(), "a refusal says why");
    return 0;
  }
  if (!*packet) return 0;
  const Frame frame = find_frame((*packet)->bytes);
  expect(frame.state == Frame::State::complete, "the packet is whole");
  expect(frame.packet_size == (*packet)->bytes.size(), "nothing is behind the packet");
  (void)annotate((*packet)->bytes, {(*packet)->version, (*packet)->sender});
  return 0;
}
