// A public key that signatures with SHA-256 are checked against: RSA (RS256 of RFC 7518) or ECDSA on P-256 (ES256).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

struct evp_pkey_st;

namespace mqtk {

class PublicKey {
 public:
  enum class Kind : std::uint8_t { rsa, p256 };

  // PEM, "-----BEGIN PUBLIC KEY-----". The error is one line.
  [[nodiscard]] static std::expected<PublicKey, std::string> from_pem(std::string_view text);

  [[nodiscard]] Kind kind() const { return kind_; }

  // RSA: PKCS #1 v1.5. P-256: the numbers r and s of 32 bytes each.
  [[nodiscard]] bool verifies(Bytes data, Bytes signature) const;

 private:
  PublicKey(std::shared_ptr<evp_pkey_st> key, Kind kind) : key_(std::move(key)), kind_(kind) {}

  std::shared_ptr<evp_pkey_st> key_;
  Kind kind_;
};

}  // namespace mqtk
