// What credentials and captures need of cryptography. OpenSSL is loaded at the first call.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/cipher_names.hpp"

namespace mqtk {

enum class HashKind : std::uint8_t { sha256, sha512 };

[[nodiscard]] constexpr std::size_t hash_size_bytes(HashKind kind) { return kind == HashKind::sha256 ? 32 : 64; }

// These are nothing if OpenSSL is not there.
using Digest = std::optional<std::vector<std::uint8_t>>;
[[nodiscard]] Digest hash(HashKind kind, Bytes data);
[[nodiscard]] Digest hmac(HashKind kind, Bytes key, Bytes data);
// `iterations` is at least 1.
[[nodiscard]] Digest pbkdf2(HashKind kind, std::string_view password, Bytes salt, int iterations,
                            std::size_t size_bytes);

[[nodiscard]] std::optional<std::vector<std::uint8_t>> hmac(HashFunction hash, Bytes key, Bytes data);

// The text of `sealed`, which ends in its tag. Nothing if the tag does not fit, or if key or nonce have another size
// than the cipher wants.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> unseal(SealingCipher cipher, Bytes key, Bytes nonce,
                                                              Bytes associated, Bytes sealed);

// Unpredictable bytes; false if the system has none.
[[nodiscard]] bool fill_with_random(MutableBytes bytes);

// Takes as long whether they differ in the first byte or the last.
[[nodiscard]] bool equal_in_constant_time(Bytes one, Bytes other);

}  // namespace mqtk
