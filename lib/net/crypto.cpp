#include "net/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "net/openssl.hpp"

namespace mqtk {

std::optional<std::vector<std::uint8_t>> pbkdf2_sha512(std::string_view password, Bytes salt, int iterations,
                                                       std::size_t size_bytes) {
  if (!load_openssl()) return std::nullopt;
  std::vector<std::uint8_t> key(size_bytes);
  const int made =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                        iterations, EVP_sha512(), static_cast<int>(key.size()), key.data());
  return made == 1 ? std::optional(std::move(key)) : std::nullopt;
}

std::optional<std::array<std::uint8_t, 32>> hmac_sha256(Bytes key, Bytes data) {
  if (!load_openssl()) return std::nullopt;
  std::array<std::uint8_t, 32> digest;
  unsigned int size = 0;
  const auto* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), digest.data(), &size);
  return made != nullptr ? std::optional(digest) : std::nullopt;
}

bool fill_with_random(MutableBytes bytes) {
  return load_openssl() && RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

bool equal_in_constant_time(Bytes one, Bytes other) {
  if (one.size() != other.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < one.size(); ++i) difference |= static_cast<unsigned>(one[i] ^ other[i]);
  return difference == 0;
}

}  // namespace mqtk
