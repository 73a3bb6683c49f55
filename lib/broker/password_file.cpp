#include "broker/password_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/base64.hpp"
#include "net/crypto.hpp"

namespace mqtk {
namespace {

constexpr int our_iterations = 20'000;      // about 10 ms
constexpr int max_iterations = 10'000'000;  // a file that takes longer is a mistake
constexpr std::size_t salt_bytes = 12;      // what mosquitto 2.0 insists on
constexpr std::size_t hash_bytes = 64;

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

}  // namespace

std::expected<PasswordFile, std::string> PasswordFile::parse(std::string_view text) {
  PasswordFile file;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto refused = [&](std::string_view why) { return std::unexpected(fmt::format("line {}: {}", number, why)); };
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return refused("not NAME:$7$ITERATIONS$SALT$HASH");
    const std::string_view name = take_until(line, ':');
    if (line.starts_with("$6$")) return refused("mosquitto's old form $6$ is not safe; set the password anew");
    if (!line.starts_with("$7$")) return refused("not NAME:$7$ITERATIONS$SALT$HASH");
    line.remove_prefix(3);
    const std::string_view iterations = take_until(line, '$');
    const std::string_view salt = take_until(line, '$');
    Entry entry;
    const auto [end, error] =
        std::from_chars(iterations.data(), iterations.data() + iterations.size(), entry.iterations);
    if (error != std::errc{} || end != iterations.data() + iterations.size() || entry.iterations < 1 ||
        entry.iterations > max_iterations) {
      return refused("the number of iterations is not from 1 to 10000000");
    }
    auto salt_read = from_base64(salt);
    auto hash_read = from_base64(line);
    if (!salt_read || salt_read->empty() || !hash_read || hash_read->size() != hash_bytes) {
      return refused("salt or hash is no Base64 of the right length");
    }
    entry.salt = std::move(*salt_read);
    entry.hash = std::move(*hash_read);
    file.entries_.insert_or_assign(std::string(name), std::move(entry));
  }
  if (!fill_with_random(file.run_key_)) return std::unexpected("OpenSSL 3 is needed to check passwords");
  return file;
}

std::expected<std::string, std::string> PasswordFile::line_for(std::string_view name, std::string_view password) {
  const bool clean = std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == ':'; });
  if (name.empty() || !clean || name.starts_with('#')) {
    return std::unexpected("a user name is not empty, holds no ':' or control character and does not begin with '#'");
  }
  std::array<std::uint8_t, salt_bytes> salt;
  if (!fill_with_random(salt)) return std::unexpected("OpenSSL 3 is needed to make a password's hash");
  const auto hash = pbkdf2_sha512(password, salt, our_iterations, hash_bytes);
  if (!hash) return std::unexpected("OpenSSL 3 is needed to make a password's hash");
  return fmt::format("{}:$7${}${}${}", name, our_iterations, to_base64(salt), to_base64(*hash));
}

bool PasswordFile::accepts(std::string_view name, std::string_view password) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    static_cast<void>(pbkdf2_sha512(password, run_key_, our_iterations, hash_bytes));
    return false;
  }
  Entry& entry = found->second;
  const auto proof = hmac_sha256(run_key_, as_bytes(password));
  if (!proof) return false;
  if (equal_in_constant_time(*proof, entry.proven)) return true;
  const auto hash = pbkdf2_sha512(password, entry.salt, entry.iterations, hash_bytes);
  if (!hash || !equal_in_constant_time(*hash, entry.hash)) return false;
  entry.proven.assign(proof->begin(), proof->end());
  return true;
}

}  // namespace mqtk
