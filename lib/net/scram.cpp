#include "net/scram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/base64.hpp"

namespace mqtk {
namespace {

// Fewer make guessing easy for whoever listens: a server that asks for fewer may be a false one.
constexpr int least_iterations = 4096;
constexpr int most_iterations = 1'000'000;  // half a second, for a broker that has proved nothing yet

// Takes "KEY=VALUE" and the comma behind it off the front; nothing if it is not there.
std::optional<std::string_view> take(std::string_view& text, char key) {
  if (text.size() < 2 || text[0] != key || text[1] != '=') return std::nullopt;
  const std::size_t end = std::min(text.find(','), text.size());
  const std::string_view value = text.substr(2, end - 2);
  text.remove_prefix(std::min(end + 1, text.size()));
  return value;
}

std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == ',') {
      text += "=2C";
    } else if (c == '=') {
      text += "=3D";
    } else {
      text += c;
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    if (text.starts_with("=2C") || text.starts_with("=3D")) {
      name += text[2] == 'C' ? ',' : '=';
      text.remove_prefix(3);
    } else if (text.front() == '=') {
      return std::nullopt;
    } else {
      name += text.front();
      text.remove_prefix(1);
    }
  }
  return name;
}

std::vector<std::uint8_t> combined(Bytes one, Bytes other) {
  std::vector<std::uint8_t> result(one.begin(), one.end());
  for (std::size_t i = 0; i < result.size() && i < other.size(); ++i) result[i] ^= other[i];
  return result;
}

std::string auth_message(std::string_view first_bare, std::string_view server_first, std::string_view final_bare) {
  return fmt::format("{},{},{}", first_bare, server_first, final_bare);
}

}  // namespace

std::string_view scram_method(HashKind kind) { return kind == HashKind::sha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512"; }

std::optional<HashKind> scram_hash(std::string_view method) {
  for (const HashKind kind : {HashKind::sha256, HashKind::sha512}) {
    if (method == scram_method(kind)) return kind;
  }
  return std::nullopt;
}

std::optional<ScramVerifier> ScramVerifier::make(HashKind kind, std::string_view password, Bytes salt, int iterations) {
  const auto salted = pbkdf2(kind, password, salt, iterations, hash_size_bytes(kind));
  if (!salted) return std::nullopt;
  const auto client_key = hmac(kind, *salted, as_bytes("Client Key"));
  const auto server_key = hmac(kind, *salted, as_bytes("Server Key"));
  if (!client_key || !server_key) return std::nullopt;
  const auto stored_key = hash(kind, *client_key);
  if (!stored_key) return std::nullopt;
  return ScramVerifier{kind, iterations, {salt.begin(), salt.end()}, *stored_key, *server_key};
}

bool ScramVerifier::belongs_to(std::string_view password) const {
  const auto made = make(kind, password, salt, iterations);
  return made && equal_in_constant_time(made->stored_key, stored_key);
}

std::string new_scram_nonce() {
  std::array<std::uint8_t, 18> random;
  return fill_with_random(random) ? to_base64(random) : std::string{};
}

// --- the client ------------------------------------------------------------------------------------------------------

bool is_scram_text(std::string_view name_or_password) {
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  return !name_or_password.empty() && std::ranges::all_of(name_or_password, is_printable);
}

ScramClient::ScramClient(HashKind kind, std::string user_name, std::string password, std::string nonce)
    : kind_(kind), user_name_(std::move(user_name)), password_(std::move(password)), nonce_(std::move(nonce)) {}

std::string ScramClient::first_message_bare() const { return fmt::format("n={},r={}", escaped(user_name_), nonce_); }

std::string ScramClient::first_message() const { return "n,," + first_message_bare(); }

ScramClient::Message ScramClient::final_message(std::string_view server_first) {
  if (!is_scram_text(password_)) return std::unexpected("the password is not printable ASCII, which SCRAM needs here");
  std::string_view rest = server_first;
  const auto nonce = take(rest, 'r');
  const auto salt_text = take(rest, 's');
  const auto iterations_text = take(rest, 'i');
  const auto salt = salt_text ? from_base64(*salt_text) : std::nullopt;
  int iterations = 0;
  if (iterations_text) {
    const char* const end = iterations_text->data() + iterations_text->size();
    if (std::from_chars(iterations_text->data(), end, iterations).ptr != end) iterations = 0;
  }
  if (!nonce || !salt || salt->empty() || iterations < 1)
    return std::unexpected("the broker's SCRAM message is damaged");
  if (nonce->size() <= nonce_.size() || !nonce->starts_with(nonce_)) {
    return std::unexpected("the broker's SCRAM message answers another one");
  }
  if (iterations < least_iterations || iterations > most_iterations) {
    return std::unexpected(fmt::format("the broker asks for {} SCRAM iterations; {} to {} are safe", iterations,
                                       least_iterations, most_iterations));
  }
  const std::string final_bare = fmt::format("c=biws,r={}", *nonce);
  const std::string signed_text = auth_message(first_message_bare(), server_first, final_bare);
  const auto salted = pbkdf2(kind_, password_, *salt, iterations, hash_size_bytes(kind_));
  const auto client_key = salted ? hmac(kind_, *salted, as_bytes("Client Key")) : std::nullopt;
  const auto server_key = salted ? hmac(kind_, *salted, as_bytes("Server Key")) : std::nullopt;
  const auto stored_key = client_key ? hash(kind_, *client_key) : std::nullopt;
  const auto signature = stored_key ? hmac(kind_, *stored_key, as_bytes(signed_text)) : std::nullopt;
  const auto server_signature = server_key ? hmac(kind_, *server_key, as_bytes(signed_text)) : std::nullopt;
  if (!signature || !server_signature) return std::unexpected("OpenSSL 3 is needed for SCRAM");
  server_signature_ = *server_signature;
  return fmt::format("{},p={}", final_bare, to_base64(combined(*client_key, *signature)));
}

std::expected<void, std::string> ScramClient::finish(std::string_view server_final) const {
  const auto shown = take(server_final, 'v');
  const auto signature = shown ? from_base64(*shown) : std::nullopt;
  if (signature && !server_signature_.empty() && equal_in_constant_time(*signature, server_signature_)) return {};
  return std::unexpected("the broker has not proved that it knows the password");
}

// --- the server ------------------------------------------------------------------------------------------------------

std::optional<std::string> ScramServer::first_message(std::string_view client_first) {
  std::string_view rest = client_first;
  // The client uses no channel binding ("n") or thinks that this side has none ("y"), and acts for nobody else.
  if (!rest.starts_with("n,,") && !rest.starts_with("y,,")) return std::nullopt;
  binding_ = to_base64(as_bytes(rest.substr(0, 3)));
  rest.remove_prefix(3);
  first_bare_ = rest;
  const auto name = take(rest, 'n');
  const auto client_nonce = take(rest, 'r');
  auto user_name = name ? unescaped(*name) : std::nullopt;
  if (!user_name || user_name->empty() || !client_nonce || client_nonce->empty() || nonce_.empty()) return std::nullopt;
  auto verifier = find_(*user_name);
  if (!verifier) return std::nullopt;
  user_name_ = std::move(*user_name);
  verifier_ = std::move(*verifier);
  nonce_ = fmt::format("{}{}", *client_nonce, nonce_);
  server_first_ = fmt::format("r={},s={},i={}", nonce_, to_base64(verifier_.salt), verifier_.iterations);
  return server_first_;
}

std::optional<std::string> ScramServer::final_message(std::string_view client_final) const {
  const std::size_t proof_at = client_final.rfind(",p=");
  if (server_first_.empty() || proof_at == std::string_view::npos) return std::nullopt;
  const std::string_view final_bare = client_final.substr(0, proof_at);
  const auto proof = from_base64(client_final.substr(proof_at + 3));
  std::string_view rest = final_bare;
  const auto binding = take(rest, 'c');
  const auto nonce = take(rest, 'r');
  const HashKind kind = verifier_.kind;
  if (!proof || proof->size() != hash_size_bytes(kind) || binding != binding_ || nonce != nonce_) return std::nullopt;
  const std::string signed_text = auth_message(first_bare_, server_first_, final_bare);
  const auto signature = hmac(kind, verifier_.stored_key, as_bytes(signed_text));
  const auto stored_key = signature ? hash(kind, combined(*proof, *signature)) : std::nullopt;
  if (!stored_key || !equal_in_constant_time(*stored_key, verifier_.stored_key)) return std::nullopt;
  const auto server_signature = hmac(kind, verifier_.server_key, as_bytes(signed_text));
  if (!server_signature) return std::nullopt;
  return "v=" + to_base64(*server_signature);
}

}  // namespace mqtk
