#include "capture/pcapng_writer.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::string taken(PcapngWriter& writer) {
  const std::string text = to_hex(writer.output());
  writer.output().clear();
  return text;
}

}  // namespace

TEST_CASE("a pcapng file opens with its section and one interface of raw IP with nanoseconds") {
  PcapngWriter writer{"mqtk"};
  CHECK(taken(writer) ==
        "0a0d0d0a"
        "28000000"
        "4d3c2b1a"
        "01000000"
        "ffffffffffffffff"
        "0400"
        "0400"
        "6d71746b"
        "00000000"
        "28000000"
        "01000000"
        "20000000"
        "65000000"
        "00000000"
        "0900"
        "0100"
        "09000000"
        "00000000"
        "20000000");
}

TEST_CASE("a stream becomes a TCP connection to port 1883 with its handshake, data and close") {
  PcapngWriter writer{"mqtk"};
  writer.output().clear();
  const WallTime time{std::chrono::nanoseconds{0x0102030405060708}};
  const std::uint8_t pingreq[] = {0xC0, 0x00};
  writer.append(1, Role::client, pingreq, time);
  const std::string block =
      "0600000048000000"
      "00000000"
      "0403020108070605"
      "28000000"
      "28000000";
  const std::string text = taken(writer);
  // SYN: 10.0.0.1:49152 to 10.0.0.2:1883, sequence number 0; both checksums as RFC 1071 computes them.
  CHECK(text.substr(0, 144) == block +
                                   "450000280001000040"
                                   "0666cd"
                                   "0a000001"
                                   "0a000002"
                                   "c000075b"
                                   "00000000"
                                   "00000000"
                                   "5002ffff"
                                   "d4840000"
                                   "48000000");
  // The data: sequence number 1, acknowledges the server's SYN.
  CHECK(text.substr(3 * 144) ==
        "060000004c000000"
        "00000000"
        "0403020108070605"
        "2a000000"
        "2a000000"
        "4500002a0004000040"
        "0666c8"
        "0a000001"
        "0a000002"
        "c000075b"
        "00000001"
        "00000001"
        "5018ffff"
        "146a0000"
        "c000"
        "0000"
        "4c000000");
  writer.close(1, Role::client, time);
  CHECK(taken(writer).size() == std::size_t{3} * 144);
}

TEST_CASE("a Control Packet larger than an IP packet becomes several segments") {
  PcapngWriter writer{"mqtk"};
  writer.open(7, {.client_port = 5000}, {});
  writer.output().clear();
  const std::vector<std::uint8_t> large(100'000, 0x61);
  writer.append(7, Role::server, large, {});
  // Three of 32,768 bytes and the rest, each with 40 bytes of headers in a block of 32.
  CHECK(writer.output().size() == 4 * (32 + 40) + 100'000);
}

TEST_CASE("a connection that was reset ends with one RST of the side that did it") {
  PcapngWriter writer{"mqtk"};
  writer.open(1, {}, WallTime{});
  writer.output().clear();
  writer.reset(1, Role::server, WallTime{});
  // 10.0.0.2:1883 to 10.0.0.1:49152, sequence number 1, acknowledges 1.
  CHECK(taken(writer).substr(56) ==
        "45000028000400004006"
        "66ca"
        "0a000002"
        "0a000001"
        "075bc000"
        "00000001"
        "00000001"
        "5014ffff"
        "d470"
        "0000"
        "48000000");
}
