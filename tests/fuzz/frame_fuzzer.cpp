// A stream cut into reads of any size: the same packets are found as in the whole stream.
#include <algorithm>
#include <vector>

#include "base/receive_buffer.hpp"
#include "codec/frame.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

namespace {

constexpr std::size_t scratch_bytes = 64;  // small, so that packets are kept over many reads

struct Found {
  std::vector<std::size_t> sizes;
  bool broken = false;
};

Found packets_of(Bytes stream) {
  Found found;
  for (;;) {
    const Frame frame = find_frame(stream);
    found.broken = frame.state == Frame::State::fault;
    if (frame.state != Frame::State::complete) return found;
    found.sizes.push_back(frame.packet_size);
    stream = stream.subspan(frame.packet_size);
  }
}

// More bytes never change what was known before.
void check_prefixes(Bytes stream) {
  const Frame whole = find_frame(stream);
  for (std::size_t size = 0; size < std::min<std::size_t>(stream.size(), 8); ++size) {
    const std::vector<std::uint8_t> copy(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    const Frame part = find_frame(copy);
    switch (part.state) {
      case Frame::State::need_header: expect(part.packet_size == 0, "no size before the header"); break;
      case Frame::State::fault: expect(whole.fault == part.fault, "a fault stays"); break;
      case Frame::State::complete: expect(part.packet_size <= size, "all of it is there"); [[fallthrough]];
      case Frame::State::need_body:
        expect(part.packet_size == whole.packet_size && part.header_size == whole.header_size, "the size stays");
        expect((part.state == Frame::State::need_body) == (size < part.packet_size), "complete when all is there");
        break;
    }
  }
}

Found packets_in_reads(Bytes stream, std::uint8_t seed) {
  ReceiveScratch scratch(scratch_bytes);
  ReceiveBuffer buffer(scratch);
  Found found;
  std::size_t at = 0;
  unsigned step = seed;
  while (!found.broken && at < stream.size()) {
    step = step * 5 + 1;
    const MutableBytes room = buffer.writable();
    expect(!room.empty(), "there is room");
    const std::size_t count = std::min({room.size(), std::size_t{1} + step % 23, stream.size() - at});
    std::copy_n(stream.data() + at, count, room.data());
    at += count;
    buffer.commit(count);
    std::size_t expected = 0;
    for (;;) {
      const Frame frame = find_frame(buffer.unread());
      found.broken = frame.state == Frame::State::fault;
      expected = frame.packet_size;
      if (frame.state != Frame::State::complete) break;
      found.sizes.push_back(frame.packet_size);
      buffer.consume(frame.packet_size);
    }
    buffer.keep_rest(expected);
    expect(buffer.held() <= 2 * stream.size() + scratch_bytes + 1024, "memory follows what came");
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes stream{data + 1, size - 1};
  check_prefixes(stream);
  const Found whole = packets_of(stream);
  const Found parts = packets_in_reads(stream, data[0]);
  expect(whole.sizes == parts.sizes && whole.broken == parts.broken, "the same packets however they are read");
  return 0;
}
