#include "broker/password_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/base64.hpp"
#include "net/crypto.hpp"

namespace mqtk {
namespace {

constexpr int our_iterations = 20'000;      // about 10 ms
constexpr int max_iterations = 10'000'000;  // a file that takes longer is a mistake
constexpr std::size_t salt_bytes = 12;      // what mosquitto 2.0 insists on
constexpr std::size_t hash_bytes = 64;

constexpr std::string_view forms = "not NAME:$7$ITERATIONS$SALT$HASH or NAME:SCRAM-SHA-256$ITERATIONS:SALT$KEY:KEY";
constexpr std::string_view no_openssl = "OpenSSL 3 is needed to make a password's hash";

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

std::expected<int, std::string> read_iterations(std::string_view text) {
  int iterations = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), iterations);
  if (error != std::errc{} || end != text.data() + text.size() || iterations < 1 || iterations > max_iterations) {
    return std::unexpected("the number of iterations is not from 1 to 10000000");
  }
  return iterations;
}

std::string line_of(std::string_view name, const ScramVerifier& verifier) {
  return fmt::format("{}:{}${}:{}${}:{}\n", name, scram_method(verifier.kind), verifier.iterations,
                     to_base64(verifier.salt), to_base64(verifier.stored_key), to_base64(verifier.server_key));
}

}  // namespace

std::expected<void, std::string> PasswordFile::take_verifier(HashKind kind, std::string_view line, Entry& entry) {
  const auto iterations = read_iterations(take_until(line, ':'));
  if (!iterations) return std::unexpected(iterations.error());
  auto salt = from_base64(take_until(line, '$'));
  auto stored_key = from_base64(take_until(line, ':'));
  auto server_key = from_base64(line);
  const std::size_t size = hash_size_bytes(kind);
  if (!salt || salt->empty() || !stored_key || stored_key->size() != size || !server_key ||
      server_key->size() != size) {
    return std::unexpected("salt or key is no Base64 of the right length");
  }
  std::erase_if(entry.verifiers, [kind](const ScramVerifier& verifier) { return verifier.kind == kind; });
  entry.verifiers.push_back({kind, *iterations, std::move(*salt), std::move(*stored_key), std::move(*server_key)});
  return {};
}

std::expected<void, std::string> PasswordFile::take_line(std::string_view line, Entry& entry) {
  std::string_view rest = line;
  if (const auto kind = scram_hash(take_until(rest, '$'))) return take_verifier(*kind, rest, entry);
  if (line.starts_with("$6$")) return std::unexpected("mosquitto's old form $6$ is not safe; set the password anew");
  if (!line.starts_with("$7$")) return std::unexpected(std::string(forms));
  line.remove_prefix(3);
  const auto iterations = read_iterations(take_until(line, '$'));
  if (!iterations) return std::unexpected(iterations.error());
  auto salt = from_base64(take_until(line, '$'));
  auto hash = from_base64(line);
  if (!salt || salt->empty() || !hash || hash->size() != hash_bytes) {
    return std::unexpected("salt or hash is no Base64 of the right length");
  }
  entry.iterations = *iterations;
  entry.salt = std::move(*salt);
  entry.hash = std::move(*hash);
  return {};
}

std::expected<PasswordFile, std::string> PasswordFile::parse(std::string_view text) {
  PasswordFile file;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    const bool has_name = colon != 0 && colon != std::string_view::npos;
    std::expected<void, std::string> taken = std::unexpected(std::string(forms));
    if (has_name) taken = take_line(line.substr(colon + 1), file.entries_[std::string(line.substr(0, colon))]);
    if (!taken) return std::unexpected(fmt::format("line {}: {}", number, taken.error()));
  }
  if (!fill_with_random(file.run_key_)) return std::unexpected("OpenSSL 3 is needed to check passwords");
  return file;
}

std::expected<std::string, std::string> PasswordFile::lines_for(std::string_view name, std::string_view password,
                                                                Form form) {
  const bool clean = std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == ':'; });
  if (name.empty() || !clean || name.starts_with('#')) {
    return std::unexpected("a user name is not empty, holds no ':' or control character and does not begin with '#'");
  }
  std::array<std::uint8_t, salt_bytes> salt;
  if (!fill_with_random(salt)) return std::unexpected(std::string(no_openssl));
  if (form == Form::scram) {
    if (!is_scram_text(name) || !is_scram_text(password)) {
      return std::unexpected("SCRAM takes names and passwords of printable ASCII here");
    }
    std::string lines;
    for (const HashKind kind : {HashKind::sha256, HashKind::sha512}) {
      const auto verifier = ScramVerifier::make(kind, password, salt, our_iterations);
      if (!verifier || !fill_with_random(salt)) return std::unexpected(std::string(no_openssl));
      lines += line_of(name, *verifier);
    }
    return lines;
  }
  const auto hash = pbkdf2(HashKind::sha512, password, salt, our_iterations, hash_bytes);
  if (!hash) return std::unexpected(std::string(no_openssl));
  return fmt::format("{}:$7${}${}${}\n", name, our_iterations, to_base64(salt), to_base64(*hash));
}

bool PasswordFile::is_password_of(const Entry& entry, std::string_view password) {
  if (entry.iterations == 0) return !entry.verifiers.empty() && entry.verifiers.front().belongs_to(password);
  const auto hash = pbkdf2(HashKind::sha512, password, entry.salt, entry.iterations, hash_bytes);
  return hash && equal_in_constant_time(*hash, entry.hash);
}

bool PasswordFile::accepts(std::string_view name, std::string_view password) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    static_cast<void>(pbkdf2(HashKind::sha512, password, run_key_, our_iterations, hash_bytes));
    return false;
  }
  Entry& entry = found->second;
  const auto proof = hmac(HashKind::sha256, run_key_, as_bytes(password));
  if (!proof) return false;
  if (equal_in_constant_time(*proof, entry.proven)) return true;
  if (!is_password_of(entry, password)) return false;
  entry.proven = *proof;
  return true;
}

std::optional<ScramVerifier> PasswordFile::scram_verifier(HashKind kind, std::string_view name) const {
  if (const auto found = entries_.find(name); found != entries_.end()) {
    for (const ScramVerifier& verifier : found->second.verifiers) {
      if (verifier.kind == kind) return verifier;
    }
  }
  auto salt = hmac(HashKind::sha256, run_key_, as_bytes(name));
  std::vector<std::uint8_t> nobodys_key(hash_size_bytes(kind));
  if (!salt || !fill_with_random(nobodys_key)) return std::nullopt;
  salt->resize(salt_bytes);
  return ScramVerifier{kind, our_iterations, std::move(*salt), nobodys_key, nobodys_key};
}

}  // namespace mqtk
