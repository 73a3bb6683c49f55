#include "base/quoted_text.hpp"

#include <doctest/doctest.h>

using namespace mqtk;

namespace {

std::string quoted(std::string_view text, std::size_t max_bytes = 1000) {
  std::string out;
  append_quoted(out, as_bytes(text), max_bytes);
  return out;
}

}  // namespace

TEST_CASE("printable text is shown as it is") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("a/b 21.5") == R"("a/b 21.5")");
  CHECK(quoted("caf\xc3\xa9 \xf0\x9f\x98\x80") == "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
}

TEST_CASE("nothing from the wire can steer the terminal") {
  CHECK(quoted("\x1b[31m\x07\x7f") == R"("\x1b[31m\x07\x7f")");
  CHECK(quoted("a\nb\r\tc") == R"("a\nb\r\tc")");
  CHECK(quoted("'\"\\") == R"("'\"\\")");
  CHECK(quoted("\xc2\x9b"
               "31m") == R"("\u{009B}31m")");
  CHECK(quoted("\xe2\x80\xae"
               "evil") == R"("\u{202E}evil")");
}

TEST_CASE("text with double quotes stands in single quotes if it has none itself") {
  CHECK(quoted(R"({"t":21.5})") == R"('{"t":21.5}')");
  CHECK(quoted(R"(it's "so")") == R"("it's \"so\"")");
}

TEST_CASE("bytes that are no UTF-8 are shown one by one") {
  CHECK(quoted("a\xff\xc3") == R"("a\xff\xc3")");
  CHECK(quoted("\xe2\x82") == R"("\xe2\x82")");
  CHECK(quoted(std::string_view{"\0", 1}) == R"("\x00")");
}

TEST_CASE("long text is cut between characters") {
  CHECK(quoted("abcdef", 3) == R"("abc"...)");
  CHECK(quoted("abc", 3) == R"("abc")");
  CHECK(quoted("ab\xc3\xa9z", 3) == R"("ab"...)");
}

TEST_CASE("readable is text without control characters but tabs and line breaks") {
  CHECK(is_readable(as_bytes("{\"t\": 21.5}\r\n\t")));
  CHECK_FALSE(is_readable(as_bytes("\x1b[0m")));
  CHECK_FALSE(is_readable(as_bytes("\xff")));
  CHECK_FALSE(is_readable(as_bytes(std::string_view{"a\0", 2})));
}

TEST_CASE("text that needs no escapes is told, with its quote, whatever its length") {
  CHECK(quote_of_plain(as_bytes("a/b")) == '"');
  CHECK(quote_of_plain({}) == '"');
  CHECK(quote_of_plain(as_bytes(R"({"t":21.5})")) == '\'');
  for (const std::size_t length : {1U, 15U, 16U, 17U, 31U, 33U, 64U}) {
    for (std::size_t at = 0; at < length; ++at) {
      CAPTURE(length);
      CAPTURE(at);
      std::string text(length, 'a');
      CHECK(quote_of_plain(as_bytes(text)) == '"');
      for (const char c : {'\n', '\x1f', '\x7f', '\\', '\xc3'}) {
        text[at] = c;
        CHECK_FALSE(quote_of_plain(as_bytes(text)));
      }
      text[at] = '"';
      CHECK(quote_of_plain(as_bytes(text)) == '\'');
      if (length == 1) continue;
      text[(at + 1) % length] = '\'';
      CHECK_FALSE(quote_of_plain(as_bytes(text)));
    }
  }
}
