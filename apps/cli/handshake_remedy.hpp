// What to try when TLS, a WebSocket or a proxy does not come about.
#pragma once

#include <string_view>
#include <system_error>

namespace mqtk::cli {

// Empty for codes that are not about them.
[[nodiscard]] std::string_view handshake_remedy(std::error_code code);

}  // namespace mqtk::cli
