#include "cli/payload_encoding.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/base64.hpp"
#include "base/hex.hpp"

namespace mqtk::cli {
namespace {

std::string_view without_line_break(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Keeps the deepest nesting that the JSON library builds within the stack that it destroys it with.
bool too_deep(std::string_view text) {
  constexpr int deepest = 500;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') {
      if (++depth > deepest) return true;
    }
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

std::expected<PayloadBytes, std::string> from_json(std::string_view text, PayloadEncoding encoding) {
  if (too_deep(text)) return std::unexpected("JSON nested too deeply");
  const auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::unexpected("not JSON");
  PayloadBytes bytes;
  if (encoding == PayloadEncoding::json_to_cbor) {
    nlohmann::json::to_cbor(value, bytes);
  } else {
    nlohmann::json::to_msgpack(value, bytes);
  }
  return bytes;
}

}  // namespace

std::expected<PayloadBytes, std::string> decode_payload(std::string_view text, PayloadEncoding encoding) {
  switch (encoding) {
    case PayloadEncoding::none: return PayloadBytes(text.begin(), text.end());
    case PayloadEncoding::hex:
      if (auto bytes = from_hex(without_line_break(text))) return std::move(*bytes);
      return std::unexpected("not hex digits in pairs");
    case PayloadEncoding::base64:
      if (auto bytes = from_base64(without_line_break(text))) return std::move(*bytes);
      return std::unexpected("not base64");
    case PayloadEncoding::json_to_cbor:
    case PayloadEncoding::json_to_message_pack: return from_json(text, encoding);
  }
  return PayloadBytes{};
}

std::expected<PayloadBytes, std::string> parse_binary(std::string_view text) {
  constexpr std::string_view hex = "hex:";
  constexpr std::string_view base64 = "base64:";
  if (text.starts_with(hex)) return decode_payload(text.substr(hex.size()), PayloadEncoding::hex);
  if (text.starts_with(base64)) return decode_payload(text.substr(base64.size()), PayloadEncoding::base64);
  return PayloadBytes(text.begin(), text.end());
}

}  // namespace mqtk::cli
