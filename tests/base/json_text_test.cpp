#include "base/json_text.hpp"

#include <doctest/doctest.h>

using namespace mqtk;

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string member(std::string_view value) {
  std::string out;
  append_json_text_or_base64(out, "payload", as_bytes(value));
  return out;
}

}  // namespace

TEST_CASE("plain text is only put between quotes") {
  CHECK(json_string("") == R"("")");
  CHECK(json_string("a/b/21.5") == R"("a/b/21.5")");
}

TEST_CASE("quote, backslash and control characters are escaped, everything else is copied") {
  CHECK(json_string("say \"hi\"") == R"("say \"hi\"")");
  CHECK(json_string("C:\\temp") == R"("C:\\temp")");
  CHECK(json_string("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(json_string(std::string_view{"\x00\x01\x1f", 3}) == R"("\u0000\u0001\u001f")");
  CHECK(json_string("\x7f/caf\xc3\xa9/\xf0\x9f\x98\x80") == "\"\x7f/caf\xc3\xa9/\xf0\x9f\x98\x80\"");
}

TEST_CASE("text stays text") { CHECK(member("21.5\n") == R"("payload":"21.5\n")"); }

TEST_CASE("bytes that are no MQTT text are told apart by the name and keep every bit") {
  CHECK(member("\xff\xfe") == R"("payload_base64":"//4=")");
  CHECK(member(std::string_view{"a\0b", 3}) == R"("payload_base64":"YQBi")");
}
