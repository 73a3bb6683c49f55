// What cloud services want in place of a password: Azure's Shared Access Signatures and AWS's signed URLs. Computed
// here, from a key and the time.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace mqtk::cli {

// --- Azure IoT Hub ---------------------------------------------------------------------------------------------------

// "HostName=...;DeviceId=...;SharedAccessKey=...", as the portal shows it.
struct DeviceConnection {
  std::string host_name;
  std::string device_id;
  std::string module_id;     // may be empty
  std::string gateway_host;  // may be empty: to connect to instead
  std::string key_name;      // of a policy of the hub; may be empty
  std::vector<std::uint8_t> key;

  [[nodiscard]] std::string client_identifier() const;  // "device" or "device/module"
  [[nodiscard]] std::string user_name() const;
};

// The error is one line that repeats nothing of the text.
[[nodiscard]] std::expected<DeviceConnection, std::string> parse_connection_string(std::string_view text);

// The user name of a device of an IoT Hub.
[[nodiscard]] std::string azure_user_name(std::string_view host_name, std::string_view client_identifier);

// Nothing if OpenSSL is not there.
[[nodiscard]] std::optional<std::string> shared_access_signature(const DeviceConnection& device,
                                                                 std::chrono::sys_seconds expiry);

// --- AWS -------------------------------------------------------------------------------------------------------------

struct AwsKeys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};  // of temporary keys
};

struct AwsRequest {
  std::string host;  // as the Host field of the request has it
  std::string path;
  std::string region;
  std::string service;
  std::string payload_hash;                        // SHA-256 in hex, or UNSIGNED-PAYLOAD
  std::optional<std::chrono::seconds> expires_in;  // nothing: the service's own
};

// Signature Version 4 of a GET in the query: "X-Amz-Algorithm=...". Nothing if OpenSSL is not there. The session token
// follows behind the signature, as AWS IoT wants it.
[[nodiscard]] std::optional<std::string> aws_signed_query(const AwsRequest& request, const AwsKeys& keys, WallTime now);

// The key that a day's requests to one service are signed with; `date` is "20151231".
[[nodiscard]] std::optional<std::vector<std::uint8_t>> aws_signing_key(std::string_view secret_access_key,
                                                                       std::string_view date, std::string_view region,
                                                                       std::string_view service);

// "eu-central-1" of "x-ats.iot.eu-central-1.amazonaws.com"; empty for other names.
[[nodiscard]] std::string aws_region_of(std::string_view host);

}  // namespace mqtk::cli
