#include "capture/pcap_reader.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

// Magic, version 2.4, zone, accuracy, 65,535 bytes at most, Ethernet.
constexpr std::string_view pcap_little = "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000";
constexpr std::string_view pcap_big_nanoseconds = "a1b23c4d 0002 0004 00000000 00000000 0000ffff 00000065";

// Section Header; an interface of raw IP whose times are in nanoseconds (if_tsresol 9).
constexpr std::string_view section = "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000";
constexpr std::string_view interface = "01000000 20000000 6500 0000 00000400 0900 0100 09000000 0000 0000 20000000";

std::vector<std::uint8_t> bytes_of(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  return from_hex(digits).value();
}

struct Result {
  std::string frames;  // "TIME LINK HEX CUT;" each
  std::string fault;
  std::string key_log;
};

Result read(std::string_view hex, std::size_t piece = 1000) {
  const std::vector<std::uint8_t> file = bytes_of(hex);
  PcapReader reader;
  Result result;
  const auto drain = [&] {
    while (const auto frame = reader.next()) {
      result.frames += (frame->time ? rfc3339(*frame->time) : "-") + " " + std::to_string(frame->link_type) + " " +
                       to_hex(frame->bytes) + " " + std::to_string(frame->cut_bytes) + ";";
    }
  };
  for (std::size_t at = 0; at < file.size(); at += piece) {
    auto& buffer = reader.feed_buffer();
    const std::size_t end = std::min(at + piece, file.size());
    buffer.insert(buffer.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
                  file.begin() + static_cast<std::ptrdiff_t>(end));
    drain();
  }
  reader.finish();
  drain();
  result.fault = reader.fault().value_or("");
  result.key_log = reader.take_key_log();
  return result;
}

}  // namespace

TEST_CASE("a pcap file of microseconds in little-endian order is read") {
  const Result result = read(std::string{pcap_little} + "00f15365 40e20100 02000000 05000000 aabb");
  CHECK(result.frames == "2023-11-14T22:13:20.123456000Z 1 aabb 3;");
  CHECK(result.fault.empty());
}

TEST_CASE("a pcap file of nanoseconds in big-endian order is read") {
  CHECK(read(std::string{pcap_big_nanoseconds} + "6553f100 075bcd15 00000001 00000001 cc").frames ==
        "2023-11-14T22:13:20.123456789Z 101 cc 0;");
}

TEST_CASE("a pcapng file is read with the clock of its interface") {
  // 1,700,000,000,123,456,789 ns
  const std::string packet = "06000000 24000000 00000000 fe9c9717 15cd853d 02000000 02000000 aabb0000 24000000";
  CHECK(read(std::string{section} + std::string{interface} + packet).frames ==
        "2023-11-14T22:13:20.123456789Z 101 aabb 0;");
}

TEST_CASE("a Simple Packet Block of pcapng has no time") {
  CHECK(read(std::string{section} + std::string{interface} + "03000000 14000000 02000000 aabb0000 14000000").frames ==
        "- 101 aabb 0;");
}

TEST_CASE("a pcapng file in big-endian order is read") {
  CHECK(read("0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
             "00000001 00000014 0001 0000 00040000 00000014"
             "00000006 00000024 00000000 00000000 000f4240 00000001 00000003 aa000000 00000024")
            .frames == "1970-01-01T00:00:01.000000000Z 1 aa 2;");
}

TEST_CASE("blocks of other kinds are passed over, and TLS keys are kept") {
  const std::string unknown = "ef000000 10000000 01020304 10000000";
  const std::string secrets = "0a000000 18000000 4b534c54 03000000 61620a00 18000000";
  const Result result = read(std::string{section} + unknown + secrets + std::string{interface});
  CHECK(result.key_log == "ab\n");
  CHECK(result.fault.empty());
}

TEST_CASE("a file in pieces of one byte reads like the whole file") {
  const std::string file =
      std::string{pcap_little} + "00f15365 40e20100 02000000 02000000 aabb" + "00f15365 41e20100 01000000 01000000 cc";
  CHECK(read(file, 1).frames == read(file).frames);
}

TEST_CASE("a damaged file says what is wrong and where") {
  CHECK(read("0102030405").fault == "byte 0: this is neither pcap nor pcapng");
  CHECK(read(std::string{pcap_little} + "00f15365 40e20100 ffffff7f 00000000").fault ==
        "byte 24: a frame of 2147483647 bytes; the file is damaged");
  CHECK(read(std::string{pcap_little} + "00f15365 40e20100 04000000 04000000 aabb").fault ==
        "byte 24: the file ends inside a block: 18 of 20 bytes are there");
  CHECK(read(std::string{section} + "01000000 14000000 6500 0000 00000400 15000000").fault ==
        "byte 28: a block of 20 bytes says 21 at its end; the file is damaged");
  CHECK(read(std::string{section} + "03000000 14000000 02000000 aabb0000 14000000").fault ==
        "byte 28: a packet of interface 0, which no block describes");
  CHECK(read("0a0d0d0a 1c000000 4d3c2b1b 0100 0000 ffffffffffffffff 1c000000").fault ==
        "byte 0: a Section Header Block without its byte-order magic");
}
