#include "payload/message_pack.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::string read(std::string_view hex, Notation notation) {
  const std::vector<std::uint8_t> bytes = from_hex(hex).value();
  const auto text = message_pack_text(bytes, notation);
  return text ? *text : text.error().text();
}

std::string diagnostic(std::string_view hex) { return read(hex, Notation::diagnostic); }
std::string json(std::string_view hex) { return read(hex, Notation::json); }

}  // namespace

TEST_CASE("every format of MessagePack is read") {
  constexpr std::pair<std::string_view, std::string_view> examples[] = {
      {"7f", "127"},
      {"e0", "-32"},
      {"cc80", "128"},
      {"cd0100", "256"},
      {"ce00010000", "65536"},
      {"cfffffffffffffffff", "18446744073709551615"},
      {"d0df", "-33"},
      {"d1ff7f", "-129"},
      {"d2ffff7fff", "-32769"},
      {"d38000000000000000", "-9223372036854775808"},
      {"ca3fc00000", "1.5"},
      {"cb3ff199999999999a", "1.1"},
      {"c0", "null"},
      {"c2", "false"},
      {"c3", "true"},
      {"a26869", "\"hi\""},
      {"d9026869", "\"hi\""},
      {"da00026869", "\"hi\""},
      {"db000000026869", "\"hi\""},
      {"c40200ff", "h'00ff'"},
      {"c5000100", "h'00'"},
      {"c60000000100", "h'00'"},
      {"920102", "[1, 2]"},
      {"dc00020102", "[1, 2]"},
      {"dd0000000101", "[1]"},
      {"81a16101", "{\"a\": 1}"},
      {"de0001a16101", "{\"a\": 1}"},
      {"df00000001a16101", "{\"a\": 1}"},
      {"d405aa", "ext(5, h'aa')"},
      {"c70305010203", "ext(5, h'010203')"},
      {"d6ff6553f100", "\"2023-11-14T22:13:20.000000000Z\""},
  };
  for (const auto& [hex, text] : examples) CHECK(diagnostic(hex) == text);
}

TEST_CASE("MessagePack as JSON has text for keys and base64 for bytes") {
  CHECK(json("82a16101c3c40200ff") == R"({"a":1,"true":"AP8="})");
  CHECK(json("d405aa") == "\"qg==\"");
  CHECK(json("a1ff") == "\"/w==\"");
}

TEST_CASE("what is no MessagePack says where and why") {
  CHECK(diagnostic("c1") == "byte 0: the byte c1 stands for nothing");
  CHECK(diagnostic("92") == "byte 1: the payload ends where a value must be");
  CHECK(diagnostic("0000") == "byte 1: bytes follow the value");
  CHECK(diagnostic("cd00") == "byte 1: the payload ends inside a number");
  CHECK(diagnostic("a361") == "byte 1: the payload ends inside a string");
  CHECK(diagnostic("dfffffffff") == "byte 5: the payload ends where a value must be");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "91";
  CHECK(diagnostic(deep) == "byte 101: values are nested too deeply");
}
