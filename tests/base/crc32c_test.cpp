#include "base/crc32c.hpp"

#include <doctest/doctest.h>

#include <string>

using mqtk::as_bytes;
using mqtk::crc32c;

TEST_CASE("CRC-32C of the catalogue's check value and of the vectors in RFC 3720") {
  CHECK(crc32c(as_bytes("123456789")) == 0xE3069283);
  CHECK(crc32c({}) == 0);
  CHECK(crc32c(as_bytes(std::string(32, '\0'))) == 0x8A9136AA);
  CHECK(crc32c(as_bytes(std::string(32, '\xFF'))) == 0x62A8AB43);
}
