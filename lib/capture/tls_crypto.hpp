// What reading TLS needs of cryptography. Only lib/net has OpenSSL, so the program brings the two together.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/cipher_names.hpp"

namespace mqtk {

class TlsCrypto {
 public:
  virtual ~TlsCrypto() = default;
  // Nothing if there is no cryptography on this system.
  [[nodiscard]] virtual std::optional<std::vector<std::uint8_t>> hmac(HashFunction hash, Bytes key,
                                                                      Bytes data) const = 0;
  // What was sealed, tag at the end; nothing if key, nonce or `associated` do not fit.
  [[nodiscard]] virtual std::optional<std::vector<std::uint8_t>> unseal(SealingCipher cipher, Bytes key, Bytes nonce,
                                                                        Bytes associated, Bytes sealed) const = 0;
};

}  // namespace mqtk
