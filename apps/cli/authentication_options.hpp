// The options of enhanced authentication (5.0 section 4.12).
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "cli/option_table.hpp"
#include "cli/secret.hpp"

namespace mqtk::cli {

struct ConnectionOptions;

struct TypedAuthentication {
  std::optional<std::string> method;
  std::optional<SecretSource> data_source;
  std::optional<Duration> again_after;
};

void add_authentication_options(OptionTable& table, TypedAuthentication& typed);

// Check: from what was typed, user name and password to ConnectOptions::authentication.
[[nodiscard]] Accepted settle_authentication(ConnectionOptions& options);

}  // namespace mqtk::cli
