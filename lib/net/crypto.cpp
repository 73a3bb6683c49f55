#include "net/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

#include "net/openssl.hpp"

namespace mqtk {
namespace {

const EVP_MD* algorithm(HashKind kind) { return kind == HashKind::sha256 ? EVP_sha256() : EVP_sha512(); }

}  // namespace

Digest hash(HashKind kind, Bytes data) {
  if (!load_openssl()) return std::nullopt;
  std::vector<std::uint8_t> digest(hash_size_bytes(kind));
  const int made = EVP_Digest(data.data(), data.size(), digest.data(), nullptr, algorithm(kind), nullptr);
  return made == 1 ? Digest(std::move(digest)) : std::nullopt;
}

Digest hmac(HashKind kind, Bytes key, Bytes data) {
  if (!load_openssl()) return std::nullopt;
  std::vector<std::uint8_t> digest(hash_size_bytes(kind));
  const auto* made =
      HMAC(algorithm(kind), key.data(), static_cast<int>(key.size()), data.data(), data.size(), digest.data(), nullptr);
  return made != nullptr ? Digest(std::move(digest)) : std::nullopt;
}

Digest pbkdf2(HashKind kind, std::string_view password, Bytes salt, int iterations, std::size_t size_bytes) {
  if (!load_openssl()) return std::nullopt;
  std::vector<std::uint8_t> key(size_bytes);
  const int made =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                        iterations, algorithm(kind), static_cast<int>(key.size()), key.data());
  return made == 1 ? Digest(std::move(key)) : std::nullopt;
}

std::optional<std::vector<std::uint8_t>> hmac(HashFunction hash, Bytes key, Bytes data) {
  if (!load_openssl()) return std::nullopt;
  std::vector<std::uint8_t> digest(digest_bytes(hash));
  unsigned int size = 0;
  const auto* made = HMAC(hash == HashFunction::sha256 ? EVP_sha256() : EVP_sha384(), key.data(),
                          static_cast<int>(key.size()), data.data(), data.size(), digest.data(), &size);
  return made != nullptr ? std::optional(std::move(digest)) : std::nullopt;
}

namespace {

const EVP_CIPHER* cipher_of(SealingCipher cipher) {
  switch (cipher) {
    case SealingCipher::aes_128_gcm: return EVP_aes_128_gcm();
    case SealingCipher::aes_256_gcm: return EVP_aes_256_gcm();
    case SealingCipher::chacha20_poly1305: return EVP_chacha20_poly1305();
  }
  return nullptr;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> unseal(SealingCipher cipher, Bytes key, Bytes nonce, Bytes associated,
                                                Bytes sealed) {
  constexpr std::size_t most = std::size_t{1} << 30U;  // OpenSSL counts in int
  if (sealed.size() < seal_tag_bytes || sealed.size() > most || associated.size() > most) return std::nullopt;
  if (key.size() != key_bytes(cipher) || nonce.size() != seal_nonce_bytes || !load_openssl()) return std::nullopt;
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free};
  const std::size_t size = sealed.size() - seal_tag_bytes;
  std::array<std::uint8_t, seal_tag_bytes> tag;
  std::ranges::copy(sealed.last(seal_tag_bytes), tag.begin());
  std::vector<std::uint8_t> plain(size + 1);  // never without memory, even for no text at all
  int count = 0;
  int rest = 0;
  const bool fits =
      context != nullptr &&
      EVP_DecryptInit_ex(context.get(), cipher_of(cipher), nullptr, key.data(), nonce.data()) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &count, associated.data(), static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), plain.data(), &count, sealed.data(), static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), plain.data() + count, &rest) == 1;
  if (!fits) return std::nullopt;
  plain.resize(size);
  return plain;
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
