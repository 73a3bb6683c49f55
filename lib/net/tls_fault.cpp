#include "net/tls_fault.hpp"

#include <string>

namespace mqtk {
namespace {

class TlsCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "mqtk.tls"; }
  [[nodiscard]] std::string message(int value) const override { return text(static_cast<TlsFault>(value)); }

 private:
  static const char* text(TlsFault fault) {
    switch (fault) {
      case TlsFault::not_tls: return "the answer is not TLS";
      case TlsFault::plain_http: return "the client speaks HTTP without TLS";
      case TlsFault::plain_client: return "the client does not speak TLS";
      case TlsFault::closed: return "the peer closed the connection during the TLS handshake";
      case TlsFault::unknown_authority: return "the certificate was issued by an authority that is not trusted here";
      case TlsFault::self_signed: return "the certificate is self-signed and not trusted here";
      case TlsFault::expired: return "the certificate has expired";
      case TlsFault::not_yet_valid: return "the certificate is not valid yet";
      case TlsFault::wrong_host: return "the certificate is for another host";
      case TlsFault::weak_certificate: return "key or signature of the certificate are too weak";
      case TlsFault::revoked: return "the certificate was revoked";
      case TlsFault::other_certificate_problem: return "the certificate is not acceptable";
      case TlsFault::certificate_missing: return "the peer wants a client certificate";
      case TlsFault::certificate_rejected: return "the peer rejects our certificate";
      case TlsFault::certificate_expired: return "the peer says that our certificate has expired";
      case TlsFault::authority_unknown: return "the peer does not know the authority that issued our certificate";
      case TlsFault::alpn_refused: return "the peer speaks none of the protocols offered (ALPN)";
      case TlsFault::name_refused: return "the peer serves no host of this name (SNI)";
      case TlsFault::version_too_old: return "the two sides have no TLS version in common";
      case TlsFault::no_common_cipher: return "the two sides have no cipher or kind of key in common";
      case TlsFault::psk_refused: return "the peer does not know this pre-shared key identity";
      case TlsFault::wrong_key: return "the keys of the two sides differ";
      case TlsFault::peer_alert: return "the peer broke off TLS";
      case TlsFault::no_client_certificate: return "the client showed no certificate";
      case TlsFault::not_available: return "the OpenSSL 3 libraries (libssl.so.3, libcrypto.so.3) cannot be loaded";
      case TlsFault::other: return "TLS failed";
    }
    return "unknown TLS fault";
  }
};

const TlsCategory& category() {
  static const TlsCategory the_category;
  return the_category;
}

}  // namespace

std::error_code make_error_code(TlsFault fault) { return {static_cast<int>(fault), category()}; }

bool is_tls_fault(std::error_code code) { return code.category() == category(); }

}  // namespace mqtk
