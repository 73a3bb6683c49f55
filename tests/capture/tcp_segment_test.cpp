#include "capture/tcp_segment.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

// 192.0.2.1:49152 to 192.0.2.2:1883, sequence 1, acknowledgement 2, PSH and ACK, payload c000.
constexpr std::string_view tcp = "c000 075b 00000001 00000002 50 18 ffff 0000 0000";
constexpr std::string_view ipv4 = "45 00 002a 0000 4000 40 06 0000 c0000201 c0000202";

std::string describe(std::uint32_t link, std::string hex) {
  std::erase(hex, ' ');
  const std::vector<std::uint8_t> frame = from_hex(hex).value();
  const Segment segment = read_segment(link, frame);
  switch (segment.kind) {
    case Segment::Kind::none: return "none";
    case Segment::Kind::damaged: return "damaged";
    case Segment::Kind::fragment: return "fragment";
    case Segment::Kind::tcp: break;
    case Segment::Kind::udp: return "udp " + segment.destination.text() + " " + to_hex(segment.payload);
    case Segment::Kind::bare: return "bare " + segment.destination.text() + " " + to_hex(segment.payload);
  }
  return segment.source.text() + " " + segment.destination.text() + " " + std::to_string(segment.sequence) + " " +
         to_hex(segment.payload) + " cut " + std::to_string(segment.cut_bytes);
}

std::string operator+(std::string_view a, std::string_view b) { return std::string{a}.append(b); }

}  // namespace

TEST_CASE("TCP in IPv4 is found below each link layer") {
  const std::string expected = "192.0.2.1:49152 192.0.2.2:1883 1 c000 cut 0";
  const std::string packet = ipv4 + tcp + std::string_view{"c000"};
  CHECK(describe(101, packet) == expected);
  CHECK(describe(1, "020000000001 020000000002 0800" + packet) == expected);
  CHECK(describe(1, "020000000001 020000000002 8100 0005 0800" + packet) == expected);
  CHECK(describe(1, "020000000001 020000000002 88a8 0005 8100 0006 0800" + packet) == expected);
  CHECK(describe(113, "0000 0304 0006 000000000000 0000 0800" + packet) == expected);
  CHECK(describe(276, "0800 0000 00000001 0304 00 06 0000000000000000" + packet) == expected);
  CHECK(describe(0, "02000000" + packet) == expected);
  CHECK(describe(108, "00000002" + packet) == expected);
}

TEST_CASE("the padding of a short Ethernet frame is no payload") {
  CHECK(describe(1, "020000000001 020000000002 0800" + (ipv4 + tcp) + "c000 000000000000") ==
        "192.0.2.1:49152 192.0.2.2:1883 1 c000 cut 0");
}

TEST_CASE("TCP in IPv6 is found, behind extension headers, too") {
  const std::string addresses = "20010db8000000000000000000000001 fe800000000000000000000000000abc";
  const std::string expected = "[2001:db8::1]:49152 [fe80::abc]:1883 1 c000 cut 0";
  CHECK(describe(101, "60000000 0016 06 40" + addresses + tcp + std::string_view{"c000"}) == expected);
  CHECK(describe(101, "60000000 001e 00 40" + addresses + "06 00 000000000000" + tcp + std::string_view{"c000"}) ==
        expected);
}

TEST_CASE("what the capture cut off is counted") {
  CHECK(describe(101, ipv4 + tcp + std::string_view{"c0"}) == "192.0.2.1:49152 192.0.2.2:1883 1 c0 cut 1");
}

TEST_CASE("UDP, fragments, other protocols and damage are told apart") {
  CHECK(describe(101, "45 00 001e 0000 4000 40 11 0000 c0000201 c0000202 c000 075c 000a 0000 0216") ==
        "udp 192.0.2.2:1884 0216");
  CHECK(describe(101, "45 00 002a 0000 2000 40 06 0000 c0000201 c0000202" + std::string{tcp}) == "fragment");
  CHECK(describe(101, "45 00 0014 0000 4000 40 01 0000 c0000201 c0000202") == "none");
  CHECK(describe(1, "020000000001 020000000002 0806 0001") == "none");
  CHECK(describe(101, "45 00 0014 0000 4000 40 06 0000") == "damaged");
  CHECK(describe(101, "4f 00 002a 0000 4000 40 06 0000 c0000201 c0000202" + std::string{tcp}) == "damaged");
  CHECK(describe(101, "") == "damaged");
  CHECK(describe(147, "c000") == "none");
}

TEST_CASE("a packet that Wireshark exported is payload with addresses") {
  // dissector "mqtt", source and destination address, ports 49152 and 1883
  const std::string tags =
      "000c 0004 6d717474 0014 0004 c0000201 0015 0004 c0000202 0019 0004 0000c000 001a 0004 0000075b 0000 0000";
  CHECK(describe(252, tags + "c000") == "bare 192.0.2.2:1883 c000");
  CHECK(describe(252, "000c 0004 68747470 0000 0000 c000") == "none");
  CHECK(describe(252, "000c 0004 6d71") == "damaged");
}
