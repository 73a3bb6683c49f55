#include "broker/token_check.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/base64.hpp"
#include "net/crypto.hpp"

namespace mqtk {
namespace {

using Json = nlohmann::json;

constexpr std::size_t max_token_bytes = 16 * 1024;
constexpr std::size_t least_secret_bytes = 32;  // RFC 7518 section 3.2
constexpr double longest_seconds = 10.0 * 365 * 24 * 3600;

std::unexpected<std::string> refused(const char* why) { return std::unexpected(std::string(why)); }

// Base64 without padding, of the alphabet for URLs only.
std::optional<std::vector<std::uint8_t>> from_base64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  return from_base64(text);
}

Json object_in(std::string_view part) {
  const auto bytes = from_base64url(part);
  Json json = bytes ? Json::parse(bytes->begin(), bytes->end(), nullptr, false) : Json(Json::value_t::discarded);
  return json.is_object() ? json : Json(Json::value_t::discarded);
}

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* name) {
  const Json* value = member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string{};
}

std::optional<double> seconds_of(const Json& object, const char* name) {
  const Json* value = member(object, name);
  return value != nullptr && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

bool names_audience(const Json& claims, const std::string& audience) {
  const Json* value = member(claims, "aud");
  if (value == nullptr) return false;
  if (!value->is_array()) return *value == audience;
  return std::ranges::any_of(*value, [&](const Json& entry) { return entry == audience; });
}

bool is_user_name(std::string_view name) {
  return !name.empty() && name.size() <= 65'535 &&
         std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

struct Parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;  // header and claims with the dot between them
};

std::optional<Parts> parts_of(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

bool is_signed(const Parts& parts, const Json& header, const std::vector<TokenKey>& keys) {
  const std::string algorithm = text_of(header, "alg");
  const auto signature = from_base64url(parts.signature);
  // "crit" names extensions that must be understood; none are.
  if (!signature || header.contains("crit")) return false;
  return std::ranges::any_of(keys, [&](const TokenKey& key) {
    return key.algorithm() == algorithm && key.verifies(as_bytes(parts.signed_text), *signature);
  });
}

}  // namespace

std::expected<TokenKey, std::string> TokenKey::parse(std::string_view text) {
  if (text.contains("-----BEGIN ")) {
    auto key = PublicKey::from_pem(text);
    if (!key) return std::unexpected(key.error());
    return TokenKey{std::move(*key)};
  }
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() < least_secret_bytes) return refused("a secret for HS256 has at least 32 bytes");
  const Bytes bytes = as_bytes(text);
  return TokenKey{Secret(bytes.begin(), bytes.end())};
}

std::string_view TokenKey::algorithm() const {
  const auto* key = std::get_if<PublicKey>(&key_);
  if (key == nullptr) return "HS256";
  return key->kind() == PublicKey::Kind::rsa ? "RS256" : "ES256";
}

bool TokenKey::verifies(Bytes data, Bytes signature) const {
  if (const auto* key = std::get_if<PublicKey>(&key_)) return key->verifies(data, signature);
  const auto right = hmac(HashKind::sha256, *std::get_if<Secret>(&key_), data);
  return right && equal_in_constant_time(*right, signature);
}

bool TokenCheck::looks_like_token(std::string_view text) {
  // "eyJ" is how an object begins in Base64.
  return text.starts_with("eyJ") && parts_of(text).has_value();
}

std::expected<TokenCheck::Bearer, std::string> TokenCheck::check(std::string_view token, WallTime now) const {
  const auto parts = token.size() <= max_token_bytes ? parts_of(token) : std::nullopt;
  if (!parts) return refused("that is no token");
  const Json header = object_in(parts->header);
  if (header.is_discarded() || !is_signed(*parts, header, rules_.keys)) {
    return refused("the token is not signed with a key of this broker");
  }
  const Json claims = object_in(parts->claims);
  if (claims.is_discarded()) return refused("the token's claims are no JSON object");
  const double seconds = to_seconds(now.time_since_epoch());
  const double slack = to_seconds(tolerance);
  const auto expiry = seconds_of(claims, "exp");
  if (!expiry) return refused("the token does not say when it expires (exp)");
  if (!(seconds < *expiry + slack)) return refused("the token has expired");
  const Json* const begin = member(claims, "nbf");
  if (begin != nullptr && !(begin->is_number() && begin->get<double>() <= seconds + slack)) {
    return refused("the token is not valid yet");
  }
  if (!rules_.issuer.empty() && text_of(claims, "iss") != rules_.issuer) {
    return refused("the token is of another issuer");
  }
  if (!rules_.audience.empty() && !names_audience(claims, rules_.audience)) {
    return refused("the token is for another audience");
  }
  std::string name = text_of(claims, "sub");
  if (!is_user_name(name)) return refused("the token names no user (sub)");
  const std::chrono::duration<double> left{std::min(*expiry + slack - seconds, longest_seconds)};
  return Bearer{std::move(name), std::chrono::duration_cast<Duration>(left)};
}

}  // namespace mqtk
