// Where the broker is and who the client is, from options, URL, environment and profile.
#pragma once

#include <string>

#include "cli/connection_options.hpp"

namespace mqtk::cli {

// What the manual says about URLs.
[[nodiscard]] std::string url_manual();

// The query of the URL and the profile as sources of options. `typed` outlives the table.
void add_connection_sources(OptionTable& table, ConnectionOptions::Typed& typed, ConnectionUse::Clients clients);

// Checks: from what was typed to `endpoint`, user name and password.
[[nodiscard]] Accepted settle_place(ConnectionOptions& options);
[[nodiscard]] Accepted settle_password(ConnectionOptions& options);

}  // namespace mqtk::cli
