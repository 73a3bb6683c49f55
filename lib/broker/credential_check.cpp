#include "broker/credential_check.hpp"

#include "broker/authentication_methods.hpp"
#include "net/tls_facts.hpp"

namespace mqtk {

std::string CredentialCheck::proven_name(const ConnectRequest& request) const {
  using From = Rules::UserNameFrom;
  if (request.tls == nullptr) return "";
  const TlsFacts& tls = *request.tls;
  if (rules_.user_name_from == From::psk) return tls.psk_identity;
  if (tls.chain.empty()) return "";
  const CertificateFacts& certificate = tls.chain.front();
  if (rules_.user_name_from == From::certificate_common_name) return certificate.common_name;
  if (rules_.user_name_from == From::certificate_name && !certificate.names.empty()) return certificate.names.front();
  return "";
}

AccessControl::Verdict CredentialCheck::connect(const ConnectRequest& request) {
  const Connect& connect = request.connect;
  if (connect.properties.text(PropertyId::authentication_method)) return {};
  if (std::string name = proven_name(request); !name.empty()) return {.user_name = std::move(name)};
  const bool has_token = rules_.tokens && connect.password;
  // Where nobody's name can be checked it is as good as none.
  if ((!connect.user_name && !has_token) || (!rules_.passwords && !rules_.tokens)) {
    const bool admitted = rules_.anonymous == Rules::Anonymous::admitted;
    return {.reason_code = admitted ? ReasonCode::success : ReasonCode::not_authorized};
  }
  return check_password(connect.user_name.value_or(std::string_view{}),
                        connect.password ? as_text(*connect.password) : std::string_view{}, request.now);
}

AccessControl::Verdict CredentialCheck::check_password(std::string_view user_name, std::string_view password,
                                                       WallTime now) {
  if (rules_.tokens && TokenCheck::looks_like_token(password)) {
    auto bearer = rules_.tokens->check(password, now);
    if (!bearer) return {.reason_code = ReasonCode::bad_user_name_or_password, .detail = bearer.error()};
    return {.user_name = std::move(bearer->user_name), .valid_for = bearer->valid_for};
  }
  if (rules_.passwords && rules_.passwords->accepts(user_name, password)) return {.user_name = std::string(user_name)};
  return {.reason_code = ReasonCode::bad_user_name_or_password};
}

std::unique_ptr<Authentication> CredentialCheck::authentication(std::string_view method) {
  if (rules_.tokens && is_token_method(method)) return make_token_authentication(rules_.tokens);
  const auto kind = scram_hash(method);
  if (!kind || !rules_.passwords) return nullptr;
  return make_scram_authentication([this, kind = *kind](std::string_view user_name) {
    return rules_.passwords ? rules_.passwords->scram_verifier(kind, user_name) : std::nullopt;
  });
}

bool CredentialCheck::may_publish(const ClientIdentity& client, std::string_view topic_name) {
  return !rules_.topics || rules_.topics->may_publish({client.client_identifier, client.user_name}, topic_name);
}

bool CredentialCheck::may_subscribe(const ClientIdentity& client, std::string_view filter) {
  return !rules_.topics || rules_.topics->may_subscribe({client.client_identifier, client.user_name}, filter);
}

}  // namespace mqtk
