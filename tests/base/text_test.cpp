#include <doctest/doctest.h>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "base/time.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

TEST_CASE("hex digits make bytes and bytes make hex digits") {
  CHECK(from_hex("00 fF\n10") == std::vector<std::uint8_t>{0x00, 0xFF, 0x10});
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
  CHECK(to_hex(std::vector<std::uint8_t>{0x0A, 0xF0}, " ") == "0a f0");
}

TEST_CASE("base64 follows RFC 4648") {
  CHECK(to_base64(as_bytes("")) == "");
  CHECK(to_base64(as_bytes("f")) == "Zg==");
  CHECK(to_base64(as_bytes("foob")) == "Zm9vYg==");
  CHECK(to_base64(as_bytes("foobar")) == "Zm9vYmFy");
  const auto text = [](std::string_view encoded) { return std::string{as_text(from_base64(encoded).value())}; };
  CHECK(text("Zm9vYg==") == "foob");
  CHECK(text("Zm9vYg") == "foob");
  CHECK(from_base64("-_8") == std::vector<std::uint8_t>{0xFB, 0xFF});
  CHECK_FALSE(from_base64("Z"));
  CHECK_FALSE(from_base64("Zm 9"));
  CHECK_FALSE(from_base64("Zh=="));
}

TEST_CASE("a time is written with nine decimals in UTC") {
  CHECK(rfc3339(WallTime{1'000'000'000s + 123'456'789ns}) == "2001-09-09T01:46:40.123456789Z");
  CHECK(rfc3339(WallTime{-1ns}) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("times are read with offset and any number of decimals") {
  CHECK(parse_rfc3339("2001-09-09T03:46:40.5+02:00") == WallTime{1'000'000'000s + 500ms});
  CHECK(parse_rfc3339("2001-09-09T01:46:40Z") == WallTime{1'000'000'000s});
  CHECK_FALSE(parse_rfc3339("2001-02-30T01:46:40Z"));
  CHECK_FALSE(parse_rfc3339("2001-09-09T01:46:40"));
  CHECK_FALSE(parse_rfc3339("2001-09-09T25:46:40Z"));
  CHECK_FALSE(parse_rfc3339("9999-09-09T01:46:40Z"));
}

TEST_CASE("durations have units, and a bare number is seconds") {
  CHECK(parse_duration("1.5") == 1500ms);
  CHECK(parse_duration("250us") == 250us);
  CHECK(parse_duration("2m") == 120s);
  CHECK(parse_duration("1d") == 24h);
  CHECK_FALSE(parse_duration("-1s"));
  CHECK_FALSE(parse_duration("1 s"));
  CHECK_FALSE(parse_duration("nan"));
  CHECK_FALSE(parse_duration("1e30d"));
}
