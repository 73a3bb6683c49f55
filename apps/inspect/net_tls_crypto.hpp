// OpenSSL, as lib/net has it, for the TLS of captures.
#pragma once

#include "capture/tls_crypto.hpp"
#include "net/crypto.hpp"

namespace mqtk::inspect {

class NetTlsCrypto : public TlsCrypto {
 public:
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> hmac(HashFunction hash, Bytes key, Bytes data) const override {
    return mqtk::hmac(hash, key, data);
  }
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> unseal(SealingCipher cipher, Bytes key, Bytes nonce,
                                                                Bytes associated, Bytes sealed) const override {
    return mqtk::unseal(cipher, key, nonce, associated, sealed);
  }
};

}  // namespace mqtk::inspect
