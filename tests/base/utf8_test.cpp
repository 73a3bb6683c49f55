#include "base/utf8.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {
Utf8Check check(std::string_view hex) { return check_utf8(*from_hex(hex)); }
}  // namespace

TEST_CASE("well-formed UTF-8 of every length passes") {
  CHECK(check("").result == Utf8::valid);
  CHECK(check("41 CF80 E282AC F09F9880").result == Utf8::valid);
  CHECK(check("F48FBFBF").result == Utf8::valid);
  CHECK(check("EFBBBF 61").result == Utf8::valid);
}

TEST_CASE("U+0000 is told apart from ill-formed text") {
  CHECK(check("6100").result == Utf8::has_null);
  CHECK(check("6100").offset == 1);
  CHECK(check("61616161 61616161 6161616100").offset == 12);
}

TEST_CASE("surrogates, overlong forms, values above U+10FFFF and cut sequences are ill formed") {
  for (const char* bad : {"EDA080", "EDBFBF", "C080", "C1BF", "E08080", "F0808080", "F4908080", "F5808080", "80", "C3",
                          "E282", "F09F98", "FF", "C328"}) {
    CAPTURE(bad);
    CHECK(check(bad).result == Utf8::ill_formed);
  }
}

TEST_CASE("the offset of the offending byte is told") { CHECK(check("6161616161616161 6162FF").offset == 10); }
