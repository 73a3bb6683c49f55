#include "net/tls_peer.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

#include "net/tls_context_parts.hpp"

namespace mqtk {
namespace {

// --- certificates in words
// ---------------------------------------------------------------------------------------------

std::string name_text(const X509_NAME* name) {
  BIO* bio = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string result(text, size < 0 ? 0 : static_cast<std::size_t>(size));
  BIO_free(bio);
  return result;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string string_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(const ASN1_STRING* address) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (ASN1_STRING_length(address) != 4 && ASN1_STRING_length(address) != 16) return "";
  ::inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text);
  return text;
}

std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    int kind = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &kind);
    const auto* text = static_cast<const ASN1_STRING*>(value);
    if (kind == GEN_DNS || kind == GEN_EMAIL || kind == GEN_URI) names.push_back(string_of(text));
    if (kind == GEN_IPADD) names.push_back(address_text(text));
  }
  GENERAL_NAMES_free(list);
  return names;
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return "";
  std::string name(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return name;
}

CertificateFacts facts_of(X509* certificate) {
  CertificateFacts facts{.subject = name_text(X509_get_subject_name(certificate)),
                         .issuer = name_text(X509_get_issuer_name(certificate)),
                         .common_name = common_name(certificate),
                         .names = alternative_names(certificate),
                         .not_before = time_of(X509_get0_notBefore(certificate)),
                         .not_after = time_of(X509_get0_notAfter(certificate)),
                         .key = {}};
  if (const EVP_PKEY* key = X509_get0_pubkey(certificate)) {
    const char* kind = EVP_PKEY_get0_type_name(key);
    facts.key = fmt::format("{} {}", kind == nullptr ? "unknown" : kind, EVP_PKEY_get_bits(key));
  }
  return facts;
}

std::string date_text(WallTime time) { return rfc3339(time).substr(0, 10); }

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

// --- why the verification failed
// ---------------------------------------------------------------------------------------

TlsFault fault_of_verification(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return TlsFault::unknown_authority;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return TlsFault::self_signed;
    case X509_V_ERR_CERT_HAS_EXPIRED: return TlsFault::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return TlsFault::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return TlsFault::wrong_host;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return TlsFault::weak_certificate;
    case X509_V_ERR_CERT_REVOKED: return TlsFault::revoked;
    default: return TlsFault::other_certificate_problem;
  }
}

std::string verification_detail(TlsFault fault, int error, const CertificateFacts& certificate,
                                const std::string& host) {
  switch (fault) {
    case TlsFault::unknown_authority: return fmt::format("the authority is \"{}\"", certificate.issuer);
    case TlsFault::expired:
      return fmt::format("on {}, that of \"{}\"", date_text(certificate.not_after), certificate.subject);
    case TlsFault::not_yet_valid:
      return fmt::format("but from {} on, that of \"{}\"", date_text(certificate.not_before), certificate.subject);
    case TlsFault::wrong_host:
      return fmt::format("it names {}, not {}",
                         certificate.names.empty() ? certificate.common_name : joined(certificate.names), host);
    case TlsFault::other_certificate_problem:
      return fmt::format("{}, \"{}\"", X509_verify_cert_error_string(error), certificate.subject);
    default: return fmt::format("\"{}\"", certificate.subject);
  }
}

// --- what the peer told
// ------------------------------------------------------------------------------------------------

TlsFault fault_of_alert(int alert, const TlsPeer& peer) {
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
      return peer.certificate_requested ? TlsFault::certificate_missing : TlsFault::no_common_cipher;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_ACCESS_DENIED:
      return peer.certificate_requested ? TlsFault::certificate_missing : TlsFault::certificate_rejected;
    case SSL_AD_CERTIFICATE_EXPIRED: return TlsFault::certificate_expired;
    case SSL_AD_UNKNOWN_CA: return TlsFault::authority_unknown;
    case TLS13_AD_CERTIFICATE_REQUIRED: return TlsFault::certificate_missing;
    case SSL_AD_NO_APPLICATION_PROTOCOL: return TlsFault::alpn_refused;
    case SSL_AD_UNRECOGNIZED_NAME: return TlsFault::name_refused;
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_INSUFFICIENT_SECURITY: return TlsFault::version_too_old;
    case SSL_AD_UNKNOWN_PSK_IDENTITY: return TlsFault::psk_refused;
    case SSL_AD_BAD_RECORD_MAC:
    case SSL_AD_DECRYPT_ERROR: return TlsFault::wrong_key;
    default: return TlsFault::peer_alert;
  }
}

TlsFault fault_of_reason(int reason, const TlsPeer& peer) {
  const bool server = peer.role == TlsPeer::Role::server;
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return server ? TlsFault::plain_http : TlsFault::not_tls;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_PACKET_LENGTH_TOO_LONG: return server ? TlsFault::plain_client : TlsFault::not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_VERSION_TOO_LOW: return TlsFault::version_too_old;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return TlsFault::no_common_cipher;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return TlsFault::no_client_certificate;
    case SSL_R_PSK_IDENTITY_NOT_FOUND: return TlsFault::psk_refused;
    case SSL_R_BINDER_DOES_NOT_VERIFY:
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_DIGEST_CHECK_FAILED: return TlsFault::wrong_key;
    case SSL_R_NO_APPLICATION_PROTOCOL: return TlsFault::alpn_refused;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return TlsFault::closed;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return peer.fault == TlsFault{} ? TlsFault::other_certificate_problem : peer.fault;
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK: return TlsFault::weak_certificate;
    default: return TlsFault::other;
  }
}

}  // namespace

int note_verification(int accepted, x509_store_ctx_st* verification) {
  if (accepted == 1) return 1;
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* peer = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  X509* certificate = X509_STORE_CTX_get_current_cert(verification);
  if (peer == nullptr || certificate == nullptr) return 0;
  const int error = X509_STORE_CTX_get_error(verification);
  peer->fault = fault_of_verification(error);
  peer->detail = verification_detail(peer->fault, error, facts_of(certificate), peer->host);
  return 0;
}

int note_certificate_request(ssl_st* ssl, x509_st** /*certificate*/, evp_pkey_st** /*key*/) {
  // Only called where the context has no certificate.
  static_cast<TlsPeer*>(SSL_get_app_data(ssl))->certificate_requested = true;
  return 0;
}

int note_new_session(ssl_st* ssl, ssl_session_st* session) {
  auto* peer = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  if (peer == nullptr || peer->session_key.empty()) return 0;
  peer->context->keep_session(peer->session_key, session);
  return 1;
}

std::error_code take_tls_failure(TlsPeer& peer) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  TlsFault fault = TlsFault::other;
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
    const int alert = reason - SSL_AD_REASON_OFFSET;
    fault = fault_of_alert(alert, peer);
    if (fault == TlsFault::peer_alert) {
      peer.detail = fmt::format("alert {}, {}", alert, SSL_alert_desc_string_long(alert));
    }
  } else if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    fault = fault_of_reason(reason, peer);
  }
  if (fault == TlsFault::other && error != 0) {
    const char* words = ERR_reason_error_string(error);
    peer.detail = words == nullptr ? "" : words;
  }
  ERR_clear_error();
  return fault;
}

TlsFacts tls_facts_of(const ssl_st* ssl, const TlsPeer& peer) {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  facts.resumed = SSL_session_reused(ssl) == 1;
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  if (alpn_size > 0) facts.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  facts.psk_identity = peer.psk_identity;
  X509* own = SSL_get0_peer_certificate(ssl);
  if (own != nullptr) facts.chain.push_back(facts_of(own));
  // A server's list leaves the client's own certificate out.
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = SSL_is_server(ssl) == 1 ? 0 : 1; i < sk_X509_num(chain); ++i) {
    facts.chain.push_back(facts_of(sk_X509_value(chain, i)));
  }
  return facts;
}

}  // namespace mqtk
