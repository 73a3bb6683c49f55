#include "payload/cbor.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::string read(std::string_view hex, Notation notation) {
  const std::vector<std::uint8_t> bytes = from_hex(hex).value();
  const auto text = cbor_text(bytes, notation);
  return text ? *text : text.error().text();
}

std::string diagnostic(std::string_view hex) { return read(hex, Notation::diagnostic); }
std::string json(std::string_view hex) { return read(hex, Notation::json); }

}  // namespace

TEST_CASE("the examples of RFC 8949, appendix A, read as they stand there") {
  constexpr std::pair<std::string_view, std::string_view> examples[] = {
      {"00", "0"},
      {"1818", "24"},
      {"1903e8", "1000"},
      {"1bffffffffffffffff", "18446744073709551615"},
      {"c249010000000000000000", "18446744073709551616"},
      {"3bffffffffffffffff", "-18446744073709551616"},
      {"c349010000000000000000", "-18446744073709551617"},
      {"20", "-1"},
      {"3903e7", "-1000"},
      {"f93c00", "1.0"},
      {"f93e00", "1.5"},
      {"f97bff", "65504.0"},
      {"fa47c35000", "100000.0"},
      {"fb3ff199999999999a", "1.1"},
      {"f90001", "5.960464477539063e-08"},
      {"f9c400", "-4.0"},
      {"f97c00", "Infinity"},
      {"f97e00", "NaN"},
      {"fbfff0000000000000", "-Infinity"},
      {"f4", "false"},
      {"f5", "true"},
      {"f6", "null"},
      {"f7", "undefined"},
      {"f0", "simple(16)"},
      {"f8ff", "simple(255)"},
      {"c074323031332d30332d32315432303a30343a30305a", "0(\"2013-03-21T20:04:00Z\")"},
      {"c11a514b67b0", "1(1363896240)"},
      {"4401020304", "h'01020304'"},
      {"6449455446", "\"IETF\""},
      {"62225c", R"("\"\\")"},
      {"83010203", "[1, 2, 3]"},
      {"8301820203820405", "[1, [2, 3], [4, 5]]"},
      {"a201020304", "{1: 2, 3: 4}"},
      {"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
      {"5f42010243030405ff", "h'0102030405'"},
      {"7f657374726561646d696e67ff", "\"streaming\""},
      {"9fff", "[]"},
      {"bf61610161629f0203ffff", "{\"a\": 1, \"b\": [2, 3]}"},
  };
  for (const auto& [hex, text] : examples) CHECK(diagnostic(hex) == text);
}

TEST_CASE("JSON stays JSON where CBOR says more") {
  CHECK(json("a26161f701f97e00") == R"({"a":null,"1":null})");
  CHECK(json("83c11a514b67b0420102f0") == R"x([1363896240,"AQI=","simple(16)"])x");
  CHECK(json("a1820102f5") == R"({"[1, 2]":true})");
  CHECK(json("620061") == R"("\u0000a")");
}

TEST_CASE("what is no CBOR says where and why") {
  CHECK(diagnostic("") == "byte 0: the payload ends where a value must be");
  CHECK(diagnostic("0000") == "byte 1: bytes follow the value");
  CHECK(diagnostic("8201") == "byte 2: the payload ends where a value must be");
  CHECK(diagnostic("1900") == "byte 1: the payload ends inside a number");
  CHECK(diagnostic("6461") == "byte 0: the payload ends inside a text string");
  CHECK(diagnostic("61ff") == "byte 1: a text string is not UTF-8");
  CHECK(diagnostic("6200ff") == "byte 1: a text string is not UTF-8");
  CHECK(diagnostic("ff") == "byte 0: an end without a beginning");
  CHECK(diagnostic("1c") == "byte 0: a reserved kind of length");
  CHECK(diagnostic("5f6161ff") == "byte 1: a part of a string is no string of the same kind");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "81";
  CHECK(diagnostic(deep + "00") == "byte 101: values are nested too deeply");
}
