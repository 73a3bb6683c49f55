// The methods of enhanced authentication that the broker knows.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "broker/access_control.hpp"
#include "broker/token_check.hpp"
#include "net/scram.hpp"

namespace mqtk {

[[nodiscard]] std::unique_ptr<Authentication> make_scram_authentication(ScramServer::Find find);

// The Authentication Data is a token. `tokens` outlives the result; null there: none are accepted any more.
[[nodiscard]] std::unique_ptr<Authentication> make_token_authentication(const std::optional<TokenCheck>& tokens);

// "OAUTH2-JWT", "CUSTOM-JWT" (the names of Azure Event Grid), "JWT".
[[nodiscard]] bool is_token_method(std::string_view method);

}  // namespace mqtk
