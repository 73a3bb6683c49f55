#include "broker/authentication_methods.hpp"

#include <optional>
#include <utility>

namespace mqtk {
namespace {

class ScramAuthentication final : public Authentication {
 public:
  explicit ScramAuthentication(ScramServer::Find find) : find_(std::move(find)) {}

  Step step(std::string_view data, WallTime /*now*/) override {
    if (!server_) {
      server_.emplace(find_, new_scram_nonce());
      if (auto first = server_->first_message(data)) return {ReasonCode::continue_authentication, std::move(*first)};
      server_.reset();
      return {.result = ReasonCode::not_authorized};
    }
    // Whatever comes of it, the next message begins anew.
    const ScramServer server = *std::exchange(server_, std::nullopt);
    auto last = server.final_message(data);
    if (!last) return {.result = ReasonCode::not_authorized};
    return {ReasonCode::success, std::move(*last), server.user_name()};
  }

 private:
  ScramServer::Find find_;
  std::optional<ScramServer> server_;
};

class TokenAuthentication final : public Authentication {
 public:
  explicit TokenAuthentication(const std::optional<TokenCheck>& tokens) : tokens_(tokens) {}

  Step step(std::string_view data, WallTime now) override {
    if (!tokens_) return {.result = ReasonCode::not_authorized};
    auto bearer = tokens_->check(data, now);
    if (!bearer) return {.result = ReasonCode::not_authorized, .detail = std::move(bearer.error())};
    return {ReasonCode::success, "", std::move(bearer->user_name), bearer->valid_for};
  }

 private:
  const std::optional<TokenCheck>& tokens_;
};

}  // namespace

std::unique_ptr<Authentication> make_scram_authentication(ScramServer::Find find) {
  return std::make_unique<ScramAuthentication>(std::move(find));
}

std::unique_ptr<Authentication> make_token_authentication(const std::optional<TokenCheck>& tokens) {
  return std::make_unique<TokenAuthentication>(tokens);
}

bool is_token_method(std::string_view method) {
  return method == "OAUTH2-JWT" || method == "CUSTOM-JWT" || method == "JWT";
}

}  // namespace mqtk
