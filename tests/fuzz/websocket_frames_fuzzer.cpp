// Frames from a peer: in pieces they give what they give in one, and what we send is read back as it was.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "fuzz/expect.hpp"
#include "net/websocket_frames.hpp"

using namespace mqtk;

namespace {

struct Result {
  std::string data;
  std::size_t controls = 0;
  bool failed = false;
};

// Data that stands before a fault in the same read is lost with it, so only whole results are compared.
Result read_in(std::vector<std::uint8_t> bytes, std::size_t piece, WebSocketRole role) {
  Result result;
  WebSocketReader reader(role);
  for (std::size_t at = 0; at < bytes.size() && !result.failed; at += piece) {
    const MutableBytes part = MutableBytes(bytes).subspan(at, std::min(piece, bytes.size() - at));
    const auto size = reader.read(part, [&](const WebSocketReader::Control& control) {
      ++result.controls;
      expect(control.payload.size() <= 125, "control frames are short");
    });
    result.failed = !size;
    if (!size) break;
    expect(*size <= part.size(), "no more data than came");
    result.data += as_text(part.first(*size));
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto role = (data[0] & 1U) != 0 ? WebSocketRole::server : WebSocketRole::client;
  const std::size_t piece = 1 + data[1] % 64;
  const std::vector<std::uint8_t> bytes(data + 2, data + size);
  const Result whole = read_in(bytes, bytes.size() + 1, role);
  const Result parts = read_in(bytes, piece, role);
  expect(whole.failed == parts.failed, "pieces change nothing about faults");
  if (!whole.failed) {
    expect(whole.data == parts.data, "pieces change nothing about data");
    expect(whole.controls == parts.controls, "pieces change nothing about control frames");
  }

  // What one side sends the other reads.
  SendQueue queue;
  queue.append(bytes);
  SendQueue output;
  const auto sender = role == WebSocketRole::server ? WebSocketRole::client : WebSocketRole::server;
  while (!queue.empty()) append_binary_frame(output, queue, piece * 7, sender, 0x12345678U + data[0]);
  std::vector<std::uint8_t> sent;
  while (!output.empty()) {
    std::array<Bytes, 8> views;
    const std::size_t count = output.gather(views);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) {
      sent.insert(sent.end(), views[i].begin(), views[i].end());
      taken += views[i].size();
    }
    output.consume(taken);
  }
  const Result echoed = read_in(sent, piece, role);
  expect(!echoed.failed, "what is sent can be read");
  expect(as_bytes(echoed.data).size() == bytes.size() && std::ranges::equal(as_bytes(echoed.data), bytes),
         "what is sent is read as it was");
  return 0;
}
