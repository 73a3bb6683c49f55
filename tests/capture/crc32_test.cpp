#include "capture/crc32.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace mqtk;

namespace {

// Bit by bit, as the polynomial says it.
std::uint32_t slow_crc32(Bytes bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

std::vector<std::uint8_t> mixed_bytes(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<std::uint8_t>(state >> 24U);
  }
  return bytes;
}

}  // namespace

TEST_CASE("the CRC-32 of the digits is the published check value") {
  CHECK(crc32(as_bytes("123456789")) == 0xCBF43926);
  CHECK(crc32({}) == 0);
  CHECK(crc32({}, 0xCBF43926) == 0xCBF43926);
}

TEST_CASE("the CRC-32 of every length and alignment is that of its bits") {
  const std::vector<std::uint8_t> bytes = mixed_bytes(1000);
  for (std::size_t count = 0; count <= 900; ++count) {
    const Bytes part = Bytes{bytes}.subspan(count % 17, count);
    REQUIRE(crc32(part) == slow_crc32(part));
  }
}

TEST_CASE("a CRC-32 goes on from that of earlier bytes") {
  const std::vector<std::uint8_t> bytes = mixed_bytes(5000);
  const std::uint32_t whole = slow_crc32(bytes);
  for (const std::size_t cut : {0, 1, 255, 256, 300, 2500, 4999, 5000}) {
    CHECK(crc32(Bytes{bytes}.subspan(cut), crc32(Bytes{bytes}.first(cut))) == whole);
  }
}
