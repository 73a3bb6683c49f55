// Why TLS did not come about: one value for each cause that has a remedy of its own.
#pragma once

#include <cstdint>
#include <system_error>

namespace mqtk {

enum class TlsFault : std::uint8_t {
  not_tls = 1,        // the answer is no TLS at all
  plain_http,         // server: the client speaks HTTP without TLS
  plain_client,       // server: the client speaks something else without TLS
  closed,             // the peer closed in the middle of the handshake
  unknown_authority,  // the chain does not end at a trusted authority
  self_signed,        // likewise, and the certificate is its own issuer
  expired,
  not_yet_valid,
  wrong_host,
  weak_certificate,  // key or signature too weak for our security level
  revoked,
  other_certificate_problem,  // the detail says which
  // What the peer told in an alert.
  certificate_missing,   // it wants a client certificate
  certificate_rejected,  // it does not accept our certificate
  certificate_expired,   // ours has expired, it says
  authority_unknown,     // it does not know the authority of our certificate
  alpn_refused,
  name_refused,           // it serves no such name (SNI)
  version_too_old,        // no common protocol version
  no_common_cipher,       // or, before TLS 1.3, anything else that it does not want to explain
  psk_refused,            // it does not know our identity
  wrong_key,              // a record that cannot be decrypted: different pre-shared keys
  peer_alert,             // any other one; the detail says which
  no_client_certificate,  // server: the client has shown none
  not_available,          // the OpenSSL libraries cannot be loaded
  other,
};

[[nodiscard]] std::error_code make_error_code(TlsFault fault);

// Not for codes of other categories.
[[nodiscard]] bool is_tls_fault(std::error_code code);

}  // namespace mqtk

template <>
struct std::is_error_code_enum<mqtk::TlsFault> : std::true_type {};
