#include "cli/cloud_credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/append_format.hpp"
#include "base/base64.hpp"
#include "base/hex.hpp"
#include "net/crypto.hpp"

namespace mqtk::cli {
namespace {

constexpr std::string_view azure_api_version = "2021-04-12";

// RFC 3986: all but letters, digits and -._~ as % and two hex digits.
std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
    } else {
      append_format(result, "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; });
}

}  // namespace

// --- Azure IoT Hub ---------------------------------------------------------------------------------------------------

std::string DeviceConnection::client_identifier() const {
  return module_id.empty() ? device_id : fmt::format("{}/{}", device_id, module_id);
}

std::string DeviceConnection::user_name() const { return azure_user_name(host_name, client_identifier()); }

std::string azure_user_name(std::string_view host_name, std::string_view client_identifier) {
  return fmt::format("{}/{}/?api-version={}", host_name, client_identifier, azure_api_version);
}

std::expected<DeviceConnection, std::string> parse_connection_string(std::string_view text) {
  DeviceConnection device;
  std::string key;
  const std::array<std::pair<std::string_view, std::string*>, 6> fields{{{"HostName", &device.host_name},
                                                                         {"DeviceId", &device.device_id},
                                                                         {"ModuleId", &device.module_id},
                                                                         {"GatewayHostName", &device.gateway_host},
                                                                         {"SharedAccessKeyName", &device.key_name},
                                                                         {"SharedAccessKey", &key}}};
  while (!text.empty()) {
    std::string_view value = take_until(text, ';');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    const auto* const field = std::ranges::find(fields, name, [](const auto& entry) { return entry.first; });
    if (field == fields.end()) return std::unexpected("names something else than a device of an IoT Hub has");
    if (!field->second->empty() || value.empty())
      return std::unexpected(fmt::format("{} is empty or given twice", name));
    if (!is_clean(value)) return std::unexpected(fmt::format("{} holds blanks", name));
    *field->second = value;
  }
  if (device.host_name.empty() || device.device_id.empty() || key.empty()) {
    return std::unexpected("not HostName=...;DeviceId=...;SharedAccessKey=...");
  }
  auto bytes = from_base64(key);
  if (!bytes || bytes->empty()) return std::unexpected("SharedAccessKey is no Base64");
  device.key = std::move(*bytes);
  return device;
}

std::optional<std::string> shared_access_signature(const DeviceConnection& device, std::chrono::sys_seconds expiry) {
  std::string resource = fmt::format("{}/devices/{}", device.host_name, device.device_id);
  if (!device.module_id.empty()) resource += "/modules/" + device.module_id;
  resource = encoded(resource);
  const auto seconds = expiry.time_since_epoch().count();
  const auto signature = hmac(HashKind::sha256, device.key, as_bytes(fmt::format("{}\n{}", resource, seconds)));
  if (!signature) return std::nullopt;
  std::string token =
      fmt::format("SharedAccessSignature sr={}&sig={}&se={}", resource, encoded(to_base64(*signature)), seconds);
  if (!device.key_name.empty()) token += "&skn=" + device.key_name;
  return token;
}

// --- AWS -------------------------------------------------------------------------------------------------------------

std::optional<std::vector<std::uint8_t>> aws_signing_key(std::string_view secret_access_key, std::string_view date,
                                                         std::string_view region, std::string_view service) {
  auto key = hmac(HashKind::sha256, as_bytes(fmt::format("AWS4{}", secret_access_key)), as_bytes(date));
  for (const std::string_view part : {region, service, std::string_view{"aws4_request"}}) {
    if (key) key = hmac(HashKind::sha256, *key, as_bytes(part));
  }
  return key;
}

std::optional<std::string> aws_signed_query(const AwsRequest& request, const AwsKeys& keys, WallTime now) {
  // "2026-11-20T23:56:54.123456789Z" without what ISO 8601's basic form lacks
  const std::string text = rfc3339(now);
  const std::string date = text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
  const std::string time = fmt::format("{}T{}{}{}Z", date, text.substr(11, 2), text.substr(14, 2), text.substr(17, 2));
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", date, request.region, request.service);
  std::string query = fmt::format("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}",
                                  encoded(fmt::format("{}/{}", keys.access_key_id, scope)), time);
  if (request.expires_in) query += fmt::format("&X-Amz-Expires={}", request.expires_in->count());
  query += "&X-Amz-SignedHeaders=host";
  const std::string canonical =
      fmt::format("GET\n{}\n{}\nhost:{}\n\nhost\n{}", request.path, query, request.host, request.payload_hash);
  const auto digest = hash(HashKind::sha256, as_bytes(canonical));
  const auto key = aws_signing_key(keys.secret_access_key, date, request.region, request.service);
  if (!digest || !key) return std::nullopt;
  const auto signature = hmac(HashKind::sha256, *key,
                              as_bytes(fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, to_hex(*digest, ""))));
  if (!signature) return std::nullopt;
  query += "&X-Amz-Signature=" + to_hex(*signature, "");
  if (!keys.session_token.empty()) query += "&X-Amz-Security-Token=" + encoded(keys.session_token);
  return query;
}

std::string aws_region_of(std::string_view host) {
  const std::size_t at = host.find(".iot.");
  if (at == std::string_view::npos) return "";
  host.remove_prefix(at + 5);
  const std::size_t end = host.find(".amazonaws.com");
  return end == std::string_view::npos ? "" : std::string(host.substr(0, end));
}

}  // namespace mqtk::cli
