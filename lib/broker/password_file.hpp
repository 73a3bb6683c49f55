// User names and what their passwords are checked against.
//
// Lines are "NAME:$7$ITERATIONS$SALT$HASH" with salt and hash in Base64: PBKDF2 with HMAC-SHA-512, as mosquitto_passwd
// writes them (with 101 iterations); ours have more, which mosquitto takes as well. Lines
// "NAME:SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY" (or SCRAM-SHA-512), as PostgreSQL has them, serve SCRAM
// and plain passwords; a name may have one of each kind.
#pragma once

#include <array>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "net/scram.hpp"

namespace mqtk {

class PasswordFile {
 public:
  // Blank lines and those that begin with # count nothing. The error names the line.
  [[nodiscard]] static std::expected<PasswordFile, std::string> parse(std::string_view text);

  enum class Form : std::uint8_t { pbkdf2, scram };
  // The lines for a name and password, each with its line end; the error is one line.
  [[nodiscard]] static std::expected<std::string, std::string> lines_for(std::string_view name,
                                                                         std::string_view password, Form form);

  // Slow on purpose, except for what was found right before. A name that is not there takes as long as a wrong
  // password.
  [[nodiscard]] bool accepts(std::string_view name, std::string_view password);

  // For a name without such a line one that no password has, the same in all of this run.
  [[nodiscard]] std::optional<ScramVerifier> scram_verifier(HashKind kind, std::string_view name) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    int iterations = 0;  // of the $7$ line; 0 if there is none
    std::vector<std::uint8_t> salt;
    std::vector<std::uint8_t> hash;
    std::vector<ScramVerifier> verifiers;
    std::vector<std::uint8_t> proven;  // of the password that was right: an HMAC with a key of this run
  };
  [[nodiscard]] static std::expected<void, std::string> take_line(std::string_view line, Entry& entry);
  [[nodiscard]] static std::expected<void, std::string> take_verifier(HashKind kind, std::string_view line,
                                                                      Entry& entry);
  [[nodiscard]] static bool is_password_of(const Entry& entry, std::string_view password);

  std::map<std::string, Entry, std::less<>> entries_;
  std::array<std::uint8_t, 32> run_key_{};
};

}  // namespace mqtk
