// Names of the cryptography that lib/net provides and lib/capture asks for without knowing who does it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mqtk {

enum class HashFunction : std::uint8_t { sha256, sha384 };

[[nodiscard]] constexpr std::size_t digest_bytes(HashFunction hash) { return hash == HashFunction::sha256 ? 32 : 48; }

// Ciphers that authenticate what they encrypt; the tag of 16 bytes stands behind the text, the nonce has 12 bytes.
enum class SealingCipher : std::uint8_t { aes_128_gcm, aes_256_gcm, chacha20_poly1305 };

[[nodiscard]] constexpr std::size_t key_bytes(SealingCipher cipher) {
  return cipher == SealingCipher::aes_128_gcm ? 16 : 32;
}

inline constexpr std::size_t seal_tag_bytes = 16;
inline constexpr std::size_t seal_nonce_bytes = 12;

}  // namespace mqtk
