// Keys of TLS 1.2 and 1.3 out of the secrets that a key log has.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "capture/tls_crypto.hpp"

namespace mqtk {

using TlsSecret = std::vector<std::uint8_t>;

// Of one direction.
struct TlsKeys {
  SealingCipher cipher{};
  TlsSecret key;
  TlsSecret nonce;  // 12 bytes; 4 in TLS 1.2 with AES-GCM, whose records bring the other 8
};

// HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
[[nodiscard]] std::optional<TlsSecret> expand_label(const TlsCrypto& crypto, HashFunction hash, Bytes secret,
                                                    std::string_view label, std::size_t size);

// The keys that a traffic secret of TLS 1.3 stands for (RFC 8446, 7.3).
[[nodiscard]] std::optional<TlsKeys> traffic_keys(const TlsCrypto& crypto, HashFunction hash, SealingCipher cipher,
                                                  Bytes secret);

// The pseudorandom function of TLS 1.2 (RFC 5246, 5).
[[nodiscard]] std::optional<TlsSecret> tls_1_2_prf(const TlsCrypto& crypto, HashFunction hash, Bytes secret,
                                                   std::string_view label, Bytes seed, std::size_t size);

struct TlsKeyPair {
  TlsKeys client;
  TlsKeys server;
};

// The key block of TLS 1.2 (RFC 5246, 6.3), for ciphers without a MAC of their own.
[[nodiscard]] std::optional<TlsKeyPair> tls_1_2_keys(const TlsCrypto& crypto, HashFunction hash, SealingCipher cipher,
                                                     Bytes master_secret, Bytes client_random, Bytes server_random);

struct TlsSuite {
  HashFunction hash{};
  SealingCipher cipher{};
};

// Nothing for suites that are not AES-GCM or ChaCha20-Poly1305.
[[nodiscard]] std::optional<TlsSuite> find_tls_suite(std::uint16_t number);

}  // namespace mqtk
