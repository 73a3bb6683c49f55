#include "broker/token_check.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

// Made with Python's hmac and `openssl dgst -sha256 -sign`.

const std::string secret = "0123456789abcdef0123456789abcdef";

const std::string rsa_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqjMHeDIbrrT58BjiQVwq\n"
    "REdFYgexvpqGy3X2idYGwwmJkggLX6ADzJVs/+Dw4myv/wDkHxclF7nbcF79qypy\n"
    "SSLDFaj4JUizuHurLFy+h/9XgC+rjafgGsOWOGn6Ntolbod8ilNk7NXfduRURdUp\n"
    "oKjcPhVWHKhvk3Z5IiafW6wkKpvy42XXdyMYtAD5sucEJy51O/DSMyGjthz0VlSg\n"
    "Titb1iGxEVY8RxB+IZkKfEIEsb46zDi2+1wFKcPJQZjvnoy0xePSA63Q6eamzo6M\n"
    "iAK9xb+Hrun2+v+yg5zBovdUp7vDmK1qX74QI1VFUWGC0NBHNJjzvWrsq20US26C\n"
    "KwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

const std::string p256_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbdBqVSTfiQ+qiwx18r0tJjyC2uYK\n"
    "mr4ejQ987X2L3sU+ZjOOgw9tl+TSNqJGo23LPBbmGTHHKLnLMlIxXPoOcA==\n"
    "-----END PUBLIC KEY-----\n";

const std::string secp256k1_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEck9FXxHemc5wz1YVTU4EFOOJgr1M8zD0\n"
    "ZaPo/oLmvlmtYftmS9k7VdAodfdWw3m6NRnIdfGMSVIL5Al/7DbOZg==\n"
    "-----END PUBLIC KEY-----\n";

// {"iss":"https://login.example","aud":["plant","office"],"sub":"sensor7","nbf":1700000000,"exp":1700003600}
const std::string claims =
    "eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJhdWQiOlsicGxhbnQiLCJvZmZpY2UiXSwic3ViIjoic2Vuc29yNyIsIm5i"
    "ZiI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwfQ";

// {"alg":"HS256","typ":"JWT"} and so on
const std::string hs256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + claims;
const std::string rs256 = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9." + claims;
const std::string es256 = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9." + claims;

const std::string hs256_token = hs256 + ".Ss-ekFtNOkuN2_Qqvpdhf6K87vRYzkyy1fJveeODgT0";
const std::string rs256_token =
    rs256 +
    ".eznSlEftlpSxB_VNB0sJ0zK90yjLbwF95ZdRDZ3gtlVW8sSYaJd4Nzan4nLtOF84IV8qS9EG6J_JVjHKtdj4RgwCzq6l7an_3Ov"
    "OmZcMMJ3BiPx_bqz3kGpnWd1GUqq6ej47HDK0ntPOr-ElHzytQCXyu8-6sBE6NVk_n1FRPh7l1lJG0c2aQjXatDPUXdn2PGY7rBD"
    "a6HQcMCOGhUQggmaiyRcGNmqBKa3f8Ob3jZs1_2yanPG8Y2FGUK9T46BvvZ2OQ8vah5fA12uZ0eDK432FNmnJjMhn2C52QJHW4jT"
    "kwAsdxeluxJge2vFIY1nJK9Kr6deIGgKGQh1qfLUvvw";
const std::string es256_token =
    es256 + ".I625QNVLorJJas09ibrztnztp3nh7E7H0C7NtT-FuJ4TkPABUlKBZds-XNrHLdwi937Zqie639EnT4OKCYmong";

constexpr WallTime noon{1'700'000'000s + 30min};

TokenKey key(const std::string& text) {
  auto parsed = TokenKey::parse(text);
  if (!parsed) FAIL(parsed.error());
  return *parsed;
}

TokenCheck check_with(const std::string& text, std::string issuer = "", std::string audience = "") {
  TokenCheck::Rules rules{.keys = {}, .issuer = std::move(issuer), .audience = std::move(audience)};
  rules.keys.push_back(key(text));
  return TokenCheck(std::move(rules));
}

// The user name, or why not.
std::string said(const TokenCheck& check, const std::string& token, WallTime now = noon) {
  const auto bearer = check.check(token, now);
  return bearer ? bearer->user_name : bearer.error();
}

std::string key_refusal(const std::string& text) {
  const auto parsed = TokenKey::parse(text);
  return parsed ? "accepted" : parsed.error();
}

const std::string not_signed = "the token is not signed with a key of this broker";

}  // namespace

TEST_CASE("a token that is signed with the key says who its bearer is, and for how long") {
  CHECK(said(check_with(secret), hs256_token) == "sensor7");
  CHECK(said(check_with(rsa_key), rs256_token) == "sensor7");
  CHECK(said(check_with(p256_key), es256_token) == "sensor7");
  CHECK(check_with(secret).check(hs256_token, noon)->valid_for == 30min + TokenCheck::tolerance);
}

TEST_CASE("any of several keys may be the right one") {
  TokenCheck::Rules rules;
  rules.keys.push_back(key(rsa_key));
  rules.keys.push_back(key(p256_key));
  CHECK(said(TokenCheck(std::move(rules)), es256_token) == "sensor7");
}

TEST_CASE("a token of another key, another text or another algorithm is refused") {
  CHECK(said(check_with("0123456789abcdef0123456789abcdeF"), hs256_token) == not_signed);
  CHECK(said(check_with(rsa_key), es256_token) == not_signed);
  CHECK(said(check_with(p256_key), rs256_token) == not_signed);
  std::string changed = hs256_token;
  changed[changed.find('.') + 5] ^= 1;
  CHECK(said(check_with(secret), changed) == not_signed);
  CHECK(said(check_with(p256_key), es256_token.substr(0, es256_token.size() - 4)) == not_signed);
}

TEST_CASE("the algorithm none is refused, with and without a signature") {
  CHECK(said(check_with(secret), "eyJhbGciOiJub25lIn0." + claims + ".") == not_signed);
  CHECK(said(check_with(secret), "eyJhbGciOiJub25lIn0." + claims + ".pGSLUA9GcyBx8tzMxpkMdd7B6fry9Uq9CWDKWSgeRjs") ==
        not_signed);
}

TEST_CASE("a public key does not serve as a secret") {
  // Signed by HMAC with the text of the public key.
  CHECK(said(check_with(rsa_key), hs256 + ".FXSlj5A7pqGyzoYn0jCfhlbRvUDCKfKdl6H45_YN0_s") == not_signed);
}

TEST_CASE("extensions that must be understood are refused, since none are") {
  CHECK(said(check_with(secret), "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsieCJdLCJ4IjoxfQ." + claims +
                                     ".QxjEXor7_51plTUshzaPRG4edeijYUcGEuRl-8fqLEk") == not_signed);
}

TEST_CASE("a token counts from nbf to exp, with half a minute for clocks that differ") {
  const TokenCheck check = check_with(secret);
  const WallTime begin{1'700'000'000s};
  CHECK(said(check, hs256_token, begin - 30s) == "sensor7");
  CHECK(said(check, hs256_token, begin - 31s) == "the token is not valid yet");
  CHECK(said(check, hs256_token, begin + 3629s) == "sensor7");
  CHECK(said(check, hs256_token, begin + 3630s) == "the token has expired");
}

TEST_CASE("issuer and audience count where they are asked for") {
  CHECK(said(check_with(secret, "https://login.example", "plant"), hs256_token) == "sensor7");
  CHECK(said(check_with(secret, "", "office"), hs256_token) == "sensor7");
  CHECK(said(check_with(secret, "https://other.example"), hs256_token) == "the token is of another issuer");
  CHECK(said(check_with(secret, "", "home"), hs256_token) == "the token is for another audience");
}

TEST_CASE("claims that are missing or of another kind are refused") {
  const std::string head = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
  const TokenCheck check = check_with(secret);
  // {"aud":"plant","sub":"a","exp":1700003600}
  const std::string one_audience =
      head + "eyJhdWQiOiJwbGFudCIsInN1YiI6ImEiLCJleHAiOjE3MDAwMDM2MDB9.jdDtANyQ8EXYk2uG1UDX_2TvLR_4brgBQUuUxqpuVMs";
  CHECK(said(check_with(secret, "", "plant"), one_audience) == "a");
  // {"sub":"a","exp":1700003600}
  const std::string no_audience =
      head + "eyJzdWIiOiJhIiwiZXhwIjoxNzAwMDAzNjAwfQ.DOS6wTUuF9IbmRThrh_XhdJ0XaMjSEcPNwUVs-Hye_M";
  CHECK(said(check_with(secret, "", "plant"), no_audience) == "the token is for another audience");
  CHECK(said(check_with(secret, "me"), no_audience) == "the token is of another issuer");
  // {"sub":"a"}, {"exp":1700003600}, [1]
  CHECK(said(check, head + "eyJzdWIiOiJhIn0.YTr6qPF-N-Bo-UZqK7Hz8gvEwXiRoDS1Hw2fNFD_Ri4") ==
        "the token does not say when it expires (exp)");
  CHECK(said(check, head + "eyJleHAiOjE3MDAwMDM2MDB9.ZeYILF0FQro6GI7L8syUSXMqf9jpYsjYOOIS8xWLAGo") ==
        "the token names no user (sub)");
  CHECK(said(check, head + "WzFd.eUqK182P5IfBOE82cBqE-NjwumkR5AT4cckCf1VjXkg") ==
        "the token's claims are no JSON object");
  // "exp":"1700003600" and "sub":"a\u0000"
  CHECK(said(check, head + "eyJzdWIiOiJhIiwiZXhwIjoiMTcwMDAwMzYwMCJ9.kxVz7FuJLtymnrN1dld_4d42WNqGs0nQ5Om5ftwE_b0") ==
        "the token does not say when it expires (exp)");
  CHECK(said(check,
             head + "eyJzdWIiOiJhXHUwMDAwIiwiZXhwIjoxNzAwMDAzNjAwfQ.IewB3uzWqQ_UlXaqZpENJRz-88W00Bct7HrIK8g-wU8") ==
        "the token names no user (sub)");
}

TEST_CASE("what is no token is refused, and a password does not look like one") {
  const TokenCheck check = check_with(secret);
  CHECK(said(check, "") == "that is no token");
  CHECK(said(check, "a.b") == "that is no token");
  CHECK(said(check, "a.b.c.d") == "that is no token");
  CHECK(said(check, "a.b.c") == not_signed);
  CHECK(said(check, "..") == not_signed);
  CHECK(said(check, hs256_token + "=") == not_signed);
  CHECK(said(check, std::string(20'000, 'a') + ".b.c") == "that is no token");
  CHECK(TokenCheck::looks_like_token(hs256_token));
  CHECK_FALSE(TokenCheck::looks_like_token("eyJ"));
  CHECK_FALSE(TokenCheck::looks_like_token("my.pass.word"));
}

TEST_CASE("keys that are weak or of another kind are refused") {
  CHECK(key_refusal("0123456789abcdef0123456789abcde\n") == "a secret for HS256 has at least 32 bytes");
  CHECK(key_refusal(secret + "\r\n") == "accepted");
  CHECK(key_refusal(secp256k1_key) == "the key is neither RSA nor on the curve P-256");
  CHECK(key_refusal("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") ==
        "holds no public key that can be read");
}
