// Payloads that are given as text: in hex, in base64, or as the JSON of a binary format.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace mqtk::cli {

enum class PayloadEncoding : std::uint8_t { none, hex, base64, json_to_cbor, json_to_message_pack };

using PayloadBytes = std::vector<std::uint8_t>;

// The bytes that `text` stands for. For hex and base64 a line break at the end is no part of the text. The error says
// what the text is not: "not hex digits in pairs".
[[nodiscard]] std::expected<PayloadBytes, std::string> decode_payload(std::string_view text, PayloadEncoding encoding);

// A value of an option that may hold any bytes: "hex:00ff", "base64:AP8=" or the text itself.
[[nodiscard]] std::expected<PayloadBytes, std::string> parse_binary(std::string_view text);

}  // namespace mqtk::cli
