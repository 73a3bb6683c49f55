// JSON Web Tokens and the files of their keys: none of what is made up is signed, and errors are one line.
#include "broker/token_check.hpp"

#include <string>

#include "base/base64.hpp"
#include "fuzz/expect.hpp"
#include "net/crypto.hpp"

using namespace mqtk;

namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
constexpr WallTime now{std::chrono::seconds{1'700'000'000}};

TokenCheck checker() {
  TokenCheck::Rules rules{.keys = {}, .issuer = "", .audience = "plant"};
  rules.keys.push_back(*TokenKey::parse(secret));
  return TokenCheck(std::move(rules));
}

std::string base64url(Bytes bytes) {
  std::string text = to_base64(bytes);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text.substr(0, text.find('='));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TokenCheck check = checker();
  const Bytes input{data, size};
  const auto bearer = check.check(as_text(input), now);
  if (!bearer) expect(bearer.error().find('\n') == std::string::npos, "an error is one line");
  if (const auto key = TokenKey::parse(as_text(input)); !key) {
    expect(key.error().find('\n') == std::string::npos, "an error is one line");
  }
  // The input as the claims of a token that is signed.
  const std::string text = base64url(as_bytes(R"({"alg":"HS256"})")) + "." + base64url(input);
  const auto signature = hmac(HashKind::sha256, as_bytes(secret), as_bytes(text));
  if (!signature) return 0;
  const auto signed_bearer = check.check(text + "." + base64url(*signature), now);
  if (!signed_bearer) return 0;
  expect(!signed_bearer->user_name.empty(), "a bearer has a name");
  expect(signed_bearer->valid_for > Duration{0}, "a token that counts has not expired");
  return 0;
}
