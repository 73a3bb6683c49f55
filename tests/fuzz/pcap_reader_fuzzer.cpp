// A capture file from outside, down to the ordered bytes of its TCP connections.
//
// The first byte of the input chooses the size of the pieces in which the file comes; frames and fault must be those of
// the whole file. What comes out of reassembly must not be more than what went in.
#include <string>

#include "capture/pcap_reader.hpp"
#include "capture/tcp_reassembly.hpp"
#include "fuzz/expect.hpp"

using namespace mqtk;

namespace {

class Counter : public ConnectionListener {
 public:
  void opened(std::uint64_t id, const ConnectionEnds& ends, std::optional<WallTime> time) override {
    static_cast<void>(time);
    expect(id == ++opened_, "connections count from 1");
    expect(!ends.first.text().empty(), "an end has a text");
  }
  void received(std::uint64_t id, Side sender, Bytes bytes, std::optional<WallTime> time) override {
    static_cast<void>(sender);
    static_cast<void>(time);
    expect(id <= opened_, "data of an opened connection");
    received_bytes += bytes.size();
  }
  void missing(std::uint64_t id, Side sender, std::uint64_t bytes, std::optional<WallTime> time) override {
    static_cast<void>(sender);
    static_cast<void>(time);
    expect(id <= opened_ && bytes > 0, "a gap of an opened connection");
  }
  void closed(std::uint64_t id, ConnectionEnd end, const TcpCounts& first, const TcpCounts& second,
              std::optional<WallTime> time) override {
    static_cast<void>(end);
    static_cast<void>(time);
    expect(id <= opened_ && ++closed_ <= opened_, "a connection is closed once");
    static_cast<void>(first);
    static_cast<void>(second);
  }
  std::uint64_t received_bytes = 0;

 private:
  std::uint64_t opened_ = 0;
  std::uint64_t closed_ = 0;
};

std::string read(Bytes file, std::size_t piece) {
  PcapReader reader;
  Counter counter;
  TcpReassembly reassembly{counter};
  std::string frames;
  std::uint64_t payload_bytes = 0;
  const auto drain = [&] {
    while (const auto frame = reader.next()) {
      frames += std::to_string(frame->bytes.size()) + "," + std::to_string(frame->cut_bytes) + ";";
      const Segment segment = read_segment(frame->link_type, frame->bytes);
      expect(segment.payload.size() <= frame->bytes.size(), "the payload is in the frame");
      payload_bytes += segment.payload.size();
      reassembly.take(segment, frame->time);
    }
  };
  for (std::size_t at = 0; at < file.size(); at += piece) {
    const Bytes part = file.subspan(at, std::min(piece, file.size() - at));
    auto& buffer = reader.feed_buffer();
    buffer.insert(buffer.end(), part.begin(), part.end());
    drain();
  }
  reader.finish();
  drain();
  reassembly.finish();
  expect(counter.received_bytes <= payload_bytes, "nothing is handed out twice");
  return frames + reader.fault().value_or("");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes file{data + 1, size - 1};
  expect(read(file, file.size() + 1) == read(file, data[0] + 1U), "pieces read like the whole file");
  return 0;
}
