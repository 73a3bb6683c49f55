// The usual AccessControl: passwords, tokens, SCRAM, client certificates and pre-shared keys, and rules for
// topics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "broker/access_control.hpp"
#include "broker/access_rules.hpp"
#include "broker/password_file.hpp"
#include "broker/token_check.hpp"

namespace mqtk {

class CredentialCheck final : public AccessControl {
 public:
  struct Rules {
    // Whether clients without credentials are let in; they have no user name.
    enum class Anonymous : std::uint8_t { refused, admitted } anonymous = Anonymous::refused;
    // What else than a password proves who a client is, and gives it that user name.
    enum class UserNameFrom : std::uint8_t {
      connect,
      certificate_common_name,
      certificate_name,
      psk
    } user_name_from = UserNameFrom::connect;
    std::optional<PasswordFile> passwords = {};
    std::optional<TokenCheck> tokens = {};  // in place of passwords
    std::optional<AccessRules> topics = {};
  };

  explicit CredentialCheck(Rules rules) : rules_(std::move(rules)) {}

  // Replaces all rules; clients that are connected stay.
  void replace(Rules rules) { rules_ = std::move(rules); }

  [[nodiscard]] Verdict connect(const ConnectRequest& request) override;
  [[nodiscard]] std::unique_ptr<Authentication> authentication(std::string_view method) override;
  [[nodiscard]] bool may_publish(const ClientIdentity& client, std::string_view topic_name) override;
  [[nodiscard]] bool may_subscribe(const ClientIdentity& client, std::string_view filter) override;

 private:
  [[nodiscard]] std::string proven_name(const ConnectRequest& request) const;
  [[nodiscard]] Verdict check_password(std::string_view user_name, std::string_view password, WallTime now);

  Rules rules_;
};

}  // namespace mqtk
