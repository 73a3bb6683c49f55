// SCRAM (RFC 5802, with SHA-256 as in RFC 7677): both sides prove that they know a password without sending it, and
// what the server keeps does not let anybody log in.
//
// Without channel binding and other identities to act for. Names and passwords are ASCII: others would have to be
// normalized (SASLprep, RFC 4013) to be the same on both sides, and what is not must not be used.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/crypto.hpp"

namespace mqtk {

// "SCRAM-SHA-256", "SCRAM-SHA-512"
[[nodiscard]] std::string_view scram_method(HashKind kind);
[[nodiscard]] std::optional<HashKind> scram_hash(std::string_view method);

// Whether SASLprep leaves it as it is without knowing Unicode: printable ASCII, and not nothing.
[[nodiscard]] bool is_scram_text(std::string_view name_or_password);

// What a server keeps instead of the password.
struct ScramVerifier {
  HashKind kind = HashKind::sha256;
  int iterations = 0;
  std::vector<std::uint8_t> salt;
  std::vector<std::uint8_t> stored_key;
  std::vector<std::uint8_t> server_key;

  // Nothing if OpenSSL is not there.
  [[nodiscard]] static std::optional<ScramVerifier> make(HashKind kind, std::string_view password, Bytes salt,
                                                         int iterations);
  // Whether it is the password's; as slow as make().
  [[nodiscard]] bool belongs_to(std::string_view password) const;
};

// Printable characters that nobody can guess; empty if the system has no randomness.
[[nodiscard]] std::string new_scram_nonce();

class ScramClient {
 public:
  using Message = std::expected<std::string, std::string>;  // or why not, in one line

  ScramClient(HashKind kind, std::string user_name, std::string password, std::string nonce);

  [[nodiscard]] std::string first_message() const;
  // To the server's first message, whose iterations must be 4096 to 1,000,000.
  [[nodiscard]] Message final_message(std::string_view server_first);
  // Whether the server's final message proves that it knows the password, too.
  [[nodiscard]] std::expected<void, std::string> finish(std::string_view server_final) const;

 private:
  [[nodiscard]] std::string first_message_bare() const;

  HashKind kind_;
  std::string user_name_;
  std::string password_;
  std::string nonce_;
  std::vector<std::uint8_t> server_signature_;
};

class ScramServer {
 public:
  // The verifier of a user. For a name that is not there one that nobody's password has, the same each time, so that
  // a stranger does not learn which names exist; nothing ends the exchange.
  using Find = std::function<std::optional<ScramVerifier>(std::string_view user_name)>;

  ScramServer(Find find, std::string nonce) : find_(std::move(find)), nonce_(std::move(nonce)) {}

  // The server's messages; nothing if the client's are wrong.
  [[nodiscard]] std::optional<std::string> first_message(std::string_view client_first);
  [[nodiscard]] std::optional<std::string> final_message(std::string_view client_final) const;

  [[nodiscard]] const std::string& user_name() const { return user_name_; }

 private:
  Find find_;
  std::string nonce_;  // then with the client's in front
  std::string user_name_;
  std::string binding_;     // what the client must repeat of its first message, in Base64
  std::string first_bare_;  // the first messages, for the signatures
  std::string server_first_;
  ScramVerifier verifier_;
};

}  // namespace mqtk
