#include "capture/tls_key_schedule.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "inspect/net_tls_crypto.hpp"

using namespace mqtk;

namespace {

const inspect::NetTlsCrypto crypto;

std::string keys_of(std::string_view secret) {
  const auto keys = traffic_keys(crypto, HashFunction::sha256, SealingCipher::aes_128_gcm, *from_hex(secret));
  return keys ? to_hex(keys->key) + " " + to_hex(keys->nonce) : "none";
}

}  // namespace

TEST_CASE("the keys of a traffic secret are those that RFC 8448, 3 shows") {
  CHECK(keys_of("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38") ==
        "3fce516009c21727d0f2e4e86ee403bc 5d313eb2671276ee13000b30");
  CHECK(keys_of("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21") ==
        "dbfaa693d1762c5b666af5d950258d01 5bd3c71b836e0b76bb73265f");
}

TEST_CASE("the pseudorandom function of TLS 1.2 gives the bytes of the example that its authors published") {
  const auto out = tls_1_2_prf(crypto, HashFunction::sha256, *from_hex("9bbe436ba940f017b17652849a71db35"),
                               "test label", *from_hex("a0ba9f936cda311827a6f796ffd5198c"), 100);
  REQUIRE(out);
  CHECK(
      to_hex(*out) ==
      "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17"
      "abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66");
}

TEST_CASE("a key block of TLS 1.2 is shared out in the order of RFC 5246, 6.3") {
  const std::vector<std::uint8_t> master(48, 1);
  const std::vector<std::uint8_t> client(32, 2);
  const std::vector<std::uint8_t> server(32, 3);
  std::vector<std::uint8_t> seed = server;
  seed.insert(seed.end(), client.begin(), client.end());
  const std::string block = to_hex(*tls_1_2_prf(crypto, HashFunction::sha256, master, "key expansion", seed, 40));
  const auto pair = tls_1_2_keys(crypto, HashFunction::sha256, SealingCipher::aes_128_gcm, master, client, server);
  REQUIRE(pair);
  CHECK(to_hex(pair->client.key) == block.substr(0, 32));
  CHECK(to_hex(pair->server.key) == block.substr(32, 32));
  CHECK(to_hex(pair->client.nonce) == block.substr(64, 8));
  CHECK(to_hex(pair->server.nonce) == block.substr(72, 8));
}
