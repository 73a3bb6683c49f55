// Checks JSON Web Tokens (RFC 7519, signed as RFC 7515 says): who is it, and until when.
//
// The key and not the token says which algorithm counts: "none" is never accepted, nor a public key as a secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "net/public_key.hpp"

namespace mqtk {

class TokenKey {
 public:
  // A public key in PEM, RSA for RS256 or P-256 for ES256, or else a secret of at least 32 bytes for HS256; a line end
  // behind it is not part of it. The error is one line.
  [[nodiscard]] static std::expected<TokenKey, std::string> parse(std::string_view text);

  [[nodiscard]] std::string_view algorithm() const;
  [[nodiscard]] bool verifies(Bytes data, Bytes signature) const;

 private:
  using Secret = std::vector<std::uint8_t>;
  explicit TokenKey(std::variant<Secret, PublicKey> key) : key_(std::move(key)) {}

  std::variant<Secret, PublicKey> key_;
};

class TokenCheck {
 public:
  struct Rules {
    std::vector<TokenKey> keys;  // any of them
    std::string issuer = {};     // that "iss" must name; empty: any
    std::string audience = {};   // that "aud" must name among others; empty: any
  };
  // Clocks may differ by this much.
  static constexpr std::chrono::seconds tolerance{30};

  explicit TokenCheck(Rules rules) : rules_(std::move(rules)) {}

  struct Bearer {
    std::string user_name;  // "sub"
    Duration valid_for{};   // at most ten years
  };
  // The error is one line for the log.
  [[nodiscard]] std::expected<Bearer, std::string> check(std::string_view token, WallTime now) const;

  // Whether it has the form of a token, right or wrong.
  [[nodiscard]] static bool looks_like_token(std::string_view text);

 private:
  Rules rules_;
};

}  // namespace mqtk
