// User names and what their passwords are checked against.
//
// Lines are "NAME:$7$ITERATIONS$SALT$HASH" with salt and hash in Base64: PBKDF2 with HMAC-SHA-512, as mosquitto_passwd
// writes them (with 101 iterations); ours have more, which mosquitto takes as well.
#pragma once

#include <array>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace mqtk {

class PasswordFile {
 public:
  // Blank lines and those that begin with # count nothing. The error names the line.
  [[nodiscard]] static std::expected<PasswordFile, std::string> parse(std::string_view text);

  // The line for a name and password; the error is one line.
  [[nodiscard]] static std::expected<std::string, std::string> line_for(std::string_view name,
                                                                        std::string_view password);

  // Slow on purpose, except for what was found right before. A name that is not there takes as long as a wrong
  // password.
  [[nodiscard]] bool accepts(std::string_view name, std::string_view password);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    int iterations = 0;
    std::vector<std::uint8_t> salt;
    std::vector<std::uint8_t> hash;
    std::vector<std::uint8_t> proven;  // of the password that was right: an HMAC with a key of this run
  };

  std::map<std::string, Entry, std::less<>> entries_;
  std::array<std::uint8_t, 32> run_key_{};
};

}  // namespace mqtk
