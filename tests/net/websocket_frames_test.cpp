#include "net/websocket_frames.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::vector<std::uint8_t> bytes(const std::string& hex) { return *from_hex(hex); }

// What a reader makes of bytes that come in pieces of `piece` bytes.
struct Outcome {
  std::string data;
  std::vector<WebSocketReader::Control> controls;
  std::string fault;
  CloseStatus status = CloseStatus::none;
};

Outcome outcome_of(WebSocketRole role, const std::string& hex, std::size_t piece = 1'000'000) {
  Outcome outcome;
  WebSocketReader reader(role);
  std::vector<std::uint8_t> input = bytes(hex);
  for (std::size_t at = 0; at < input.size(); at += piece) {
    const MutableBytes part = MutableBytes(input).subspan(at, std::min(piece, input.size() - at));
    const auto size = reader.read(part, [&](const auto& control) { outcome.controls.push_back(control); });
    if (!size) {
      outcome.fault = size.error().text;
      outcome.status = size.error().status;
      break;
    }
    outcome.data += as_text(part.first(*size));
  }
  return outcome;
}

Outcome server(const std::string& hex) { return outcome_of(WebSocketRole::server, hex); }
Outcome client(const std::string& hex) { return outcome_of(WebSocketRole::client, hex); }

std::string sent(WebSocketRole role, const std::string& data, std::uint32_t mask) {
  SendQueue output;
  SendQueue queue;
  queue.append(as_bytes(data));
  append_binary_frame(output, queue, 1'000'000, role, mask);
  CHECK(queue.empty());
  std::array<Bytes, 8> parts;
  const std::size_t count = output.gather(parts);
  std::string hex;
  for (std::size_t i = 0; i < count; ++i) hex += to_hex(parts[i]);
  return hex;
}

}  // namespace

TEST_CASE("a binary frame is header and payload, masked from a client") {
  CHECK(sent(WebSocketRole::server, "Hello", 0) == "820548656c6c6f");
  // The mask of RFC 6455 section 5.7 in memory order.
  const std::array<std::uint8_t, 4> mask{0x37, 0xfa, 0x21, 0x3d};
  CHECK(sent(WebSocketRole::client, "Hello", std::bit_cast<std::uint32_t>(mask)) == "828537fa213d7f9f4d5158");
}

TEST_CASE("lengths take one, three or nine bytes") {
  CHECK(sent(WebSocketRole::server, std::string(125, 'a'), 0).starts_with("827d61"));
  CHECK(sent(WebSocketRole::server, std::string(126, 'a'), 0).starts_with("827e007e61"));
  CHECK(sent(WebSocketRole::server, std::string(65535, 'a'), 0).starts_with("827effff61"));
  CHECK(sent(WebSocketRole::server, std::string(65536, 'a'), 0).starts_with("827f000000000001000061"));
}

TEST_CASE("frames are read in whatever pieces they come, and packets need not align with them [MQTT-6.0.0-2]") {
  // "Hel", an empty fragment, a ping with "hi" between the fragments, "lo", then another message "!".
  const std::string frames =
      "0203"
      "48656c"
      "0000"
      "8902"
      "6869"
      "8002"
      "6c6f"
      "8201"
      "21";
  for (std::size_t piece = 1; piece < 20; ++piece) {
    CAPTURE(piece);
    const Outcome outcome = outcome_of(WebSocketRole::client, frames, piece);
    CHECK(outcome.fault == "");
    CHECK(outcome.data == "Hello!");
    REQUIRE(outcome.controls.size() == 1);
    CHECK(outcome.controls[0].kind == WebSocketReader::Control::Kind::ping);
    CHECK(outcome.controls[0].payload == bytes("6869"));
  }
}

TEST_CASE("masked frames are read in whatever pieces they come") {
  std::string frames =
      "82e4"
      "01020304";  // 100 bytes
  for (int i = 0; i < 25; ++i) frames += "01020304";
  frames +=
      "8281"
      "00000000"
      "41";
  for (std::size_t piece = 1; piece < 40; ++piece) {
    CAPTURE(piece);
    const Outcome outcome = outcome_of(WebSocketRole::server, frames, piece);
    CHECK(outcome.data == std::string(100, '\0') + "A");
    CHECK(outcome.fault == "");
  }
}

TEST_CASE("text frames are refused with status 1003 [MQTT-6.0.0-1]") {
  CHECK(client("810141").fault == "a text frame");
  CHECK(client("810141").status == CloseStatus::unsupported_data);
}

TEST_CASE("what RFC 6455 forbids is a protocol error") {
  CHECK(client("c20141").fault == "a reserved bit is set");
  CHECK(client("8281000000"
               "0041")
            .fault == "a server's frame is masked");
  CHECK(server("820141").fault == "a client's frame is not masked");
  CHECK(client("830141").fault == "an unknown kind of frame");
  CHECK(client("8b00").fault == "an unknown kind of frame");
  CHECK(client("800141").fault == "a fragment out of turn");
  CHECK(client("020141"
               "820141")
            .fault == "a fragment out of turn");
  CHECK(client("0900").fault == "a control frame is too long or in fragments");
  CHECK(client("897e007e").fault == "a control frame is too long or in fragments");
  CHECK(client("827e007d").fault == "the length is not in its shortest form");
  CHECK(client("827f000000000000ffff").fault == "the length is not in its shortest form");
  CHECK(client("827f8000000000000000").fault == "the length is too large");
  CHECK(client("880103").fault == "a Close frame with half a status");
  CHECK(client("8803"
               "03e8ff")
            .fault == "the reason of a Close frame is not UTF-8");
  CHECK(client("c20141").status == CloseStatus::protocol_error);
}

TEST_CASE("a Close frame ends the data, and says why") {
  const Outcome outcome = client(
      "820141"
      "8805"
      "03e9"
      "627965"
      "820142");
  CHECK(outcome.data == "A");
  REQUIRE(outcome.controls.size() == 1);
  CHECK(outcome.controls[0].status == CloseStatus::going_away);
  CHECK(outcome.controls[0].reason == "bye");
  REQUIRE(client("8800").controls.size() == 1);
  CHECK(client("8800").controls[0].status == CloseStatus::none);
}

TEST_CASE("a frame is as long as it says, whatever came of it so far, without memory for the rest") {
  const Outcome outcome = client(
      "827f0000ffffffffffff"
      "4142");
  CHECK(outcome.fault == "");
  CHECK(outcome.data == "AB");
}
