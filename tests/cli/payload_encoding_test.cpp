#include "cli/payload_encoding.hpp"

#include <doctest/doctest.h>

#include "base/bytes.hpp"
#include "base/hex.hpp"

namespace mqtk::cli {
namespace {

std::string decoded(std::string_view text, PayloadEncoding encoding) {
  const auto bytes = decode_payload(text, encoding);
  return bytes ? to_hex(*bytes) : bytes.error();
}

}  // namespace

TEST_CASE("hex and base64 may end with a line break") {
  CHECK(decoded("00fF 41\n", PayloadEncoding::hex) == "00ff41");
  CHECK(decoded("", PayloadEncoding::hex) == "");
  CHECK(decoded("AP9B\r\n", PayloadEncoding::base64) == "00ff41");
  CHECK(decoded("0", PayloadEncoding::hex) == "not hex digits in pairs");
  CHECK(decoded("A", PayloadEncoding::base64) == "not base64");
}

TEST_CASE("JSON becomes CBOR or MessagePack (RFC 8949 appendix A; the specification of MessagePack)") {
  CHECK(decoded("[1,[2,3]]", PayloadEncoding::json_to_cbor) == "8201820203");
  CHECK(decoded("-100", PayloadEncoding::json_to_cbor) == "3863");
  CHECK(decoded(R"({"a":1,"b":null})", PayloadEncoding::json_to_message_pack) == "82a16101a162c0");
  CHECK(decoded("[1,", PayloadEncoding::json_to_cbor) == "not JSON");
  CHECK(decoded("", PayloadEncoding::json_to_message_pack) == "not JSON");
  CHECK(decoded(std::string(100'000, '['), PayloadEncoding::json_to_cbor) == "JSON nested too deeply");
  CHECK(decoded("[\"" + std::string(1'000, '[') + "\"]", PayloadEncoding::json_to_cbor).size() == 2008);
}

TEST_CASE("the value of a binary option is a text, or hex or base64 with that word in front") {
  CHECK(to_hex(*parse_binary("hex:00ff")) == "00ff");
  CHECK(to_hex(*parse_binary("base64:AP8=")) == "00ff");
  CHECK(to_hex(*parse_binary("hex")) == "686578");
  CHECK(parse_binary("hex:0").error() == "not hex digits in pairs");
}

}  // namespace mqtk::cli
