#include "net/crypto.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::string unsealed(SealingCipher cipher, std::string_view key, std::string_view nonce, std::string_view associated,
                     std::string_view sealed) {
  const auto plain = unseal(cipher, *from_hex(key), *from_hex(nonce), *from_hex(associated), *from_hex(sealed));
  return plain ? to_hex(*plain) : "refused";
}

}  // namespace

TEST_CASE("what AES-GCM has sealed is opened, as its specification's examples 2 and 14 show") {
  CHECK(unsealed(SealingCipher::aes_128_gcm, "00000000000000000000000000000000", "000000000000000000000000", "",
                 "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf") ==
        "00000000000000000000000000000000");
  CHECK(unsealed(SealingCipher::aes_256_gcm, "0000000000000000000000000000000000000000000000000000000000000000",
                 "000000000000000000000000", "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919") ==
        "00000000000000000000000000000000");
}

TEST_CASE("what ChaCha20-Poly1305 has sealed is opened, as RFC 8439, 2.8.2 shows") {
  const auto plain = unseal(
      SealingCipher::chacha20_poly1305, *from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
      *from_hex("070000004041424344454647"), *from_hex("50515253c0c1c2c3c4c5c6c7"),
      *from_hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
                "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"));
  REQUIRE(plain);
  CHECK(as_text(*plain) ==
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would "
        "be it.");
}

TEST_CASE("what was changed, and keys and nonces of other sizes, are refused") {
  constexpr std::string_view key = "00000000000000000000000000000000";
  constexpr std::string_view sealed = "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf";
  constexpr std::string_view nonce = "000000000000000000000000";
  CHECK(unsealed(SealingCipher::aes_128_gcm, key, nonce, "00", sealed) == "refused");
  CHECK(unsealed(SealingCipher::aes_128_gcm, key, "0000000000000000", "", sealed) == "refused");
  CHECK(unsealed(SealingCipher::aes_256_gcm, key, nonce, "", sealed) == "refused");
  CHECK(unsealed(SealingCipher::aes_128_gcm, key, nonce, "", sealed.substr(0, 30)) == "refused");
}

TEST_CASE("HMAC is that of RFC 4231, 4.3") {
  const auto mac = [](HashFunction hash) {
    return to_hex(*hmac(hash, as_bytes("Jefe"), as_bytes("what do ya want for nothing?")));
  };
  CHECK(mac(HashFunction::sha256) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(mac(HashFunction::sha384) ==
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
}
