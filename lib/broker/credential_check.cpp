#include "broker/credential_check.hpp"

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
  if (std::string name = proven_name(request); !name.empty()) return {.user_name = std::move(name)};
  const Connect& connect = request.connect;
  if (!connect.user_name) {
    const bool admitted = rules_.anonymous == Rules::Anonymous::admitted;
    return {.reason_code = admitted ? ReasonCode::success : ReasonCode::not_authorized};
  }
  if (!rules_.passwords) {
    // Nobody's name can be checked: it is as good as none.
    const bool admitted = rules_.anonymous == Rules::Anonymous::admitted;
    return {.reason_code = admitted ? ReasonCode::success : ReasonCode::not_authorized};
  }
  const std::string_view password = connect.password ? as_text(*connect.password) : std::string_view{};
  if (!rules_.passwords->accepts(*connect.user_name, password)) {
    return {.reason_code = ReasonCode::bad_user_name_or_password};
  }
  return {.user_name = std::string(*connect.user_name)};
}

bool CredentialCheck::may_publish(const ClientIdentity& client, std::string_view topic_name) {
  return !rules_.topics || rules_.topics->may_publish({client.client_identifier, client.user_name}, topic_name);
}

bool CredentialCheck::may_subscribe(const ClientIdentity& client, std::string_view filter) {
  return !rules_.topics || rules_.topics->may_subscribe({client.client_identifier, client.user_name}, filter);
}

}  // namespace mqtk
