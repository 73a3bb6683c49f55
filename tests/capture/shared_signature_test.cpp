#include "capture/shared_signature.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mqtk;

namespace {

std::string hidden(std::string_view text) {
  std::vector<std::uint8_t> copy;
  return hide_signatures(as_bytes(text), copy) ? std::string{as_text(copy)} : "nothing";
}

}  // namespace

TEST_CASE("signatures of shared access are hidden and nothing moves") {
  CHECK(
      hidden("SharedAccessSignature sr=hub.example%2Fdevices%2Fd1&sig=Q2hhbmdlIG1lIHBsZWFzZSEhISE%3D&se=1700000000") ==
      "SharedAccessSignature sr=hub.example%2Fdevices%2Fd1&sig=******************************&se=1700000000");
  CHECK(hidden("{\"u\":\"https://x.example/a?sv=1&sig=abcdefghijklmnopqrstuvwx\",\"n\":1}") ==
        "{\"u\":\"https://x.example/a?sv=1&sig=************************\",\"n\":1}");
  CHECK(hidden("sig=aaaaaaaaaaaaaaaaaaaaaaaa&sig=bbbbbbbbbbbbbbbbbbbbbbbb") ==
        "sig=************************&sig=************************");
}

TEST_CASE("what is no signature stays") {
  CHECK(hidden("") == "nothing");
  CHECK(hidden("sig=on") == "nothing");
  CHECK(hidden("design=aaaaaaaaaaaaaaaaaaaaaaaaaaaa") == "nothing");
  CHECK(hidden("sig=") == "nothing");
}
