// --preset: what a cloud service wants by default, and the credentials that it has computed.
#pragma once

#include <optional>
#include <string>

#include "cli/cloud_credentials.hpp"
#include "cli/cloud_service.hpp"
#include "cli/option_table.hpp"
#include "cli/secret.hpp"

namespace mqtk::cli {

struct ConnectionOptions;
struct TypedTransport;

struct TypedPreset {
  const CloudService* service = nullptr;
  std::optional<std::string> connection_string;
  std::optional<SecretSource> connection_string_source;
  std::optional<DeviceConnection> device;  // what it says
};

void add_preset_options(OptionTable& table, TypedPreset& typed);

// Host, version and the like of the service as a source of options; reads the connection string.
[[nodiscard]] std::expected<OptionSource, std::string> preset_settings(TypedPreset& typed);

// For a broker given without scheme.
void apply_preset_transport(const TypedPreset& typed, TypedTransport& transport);

// Checks: to credentials, before the version is settled, and at the end, to warnings.
[[nodiscard]] Accepted settle_preset(ConnectionOptions& options);
[[nodiscard]] Accepted warn_of_preset(ConnectionOptions& options);

}  // namespace mqtk::cli
