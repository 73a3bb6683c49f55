// What OpenSSL finds out about the peer during a handshake, and why it failed, in our words. Private to lib/net.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "net/net_error.hpp"
#include "net/tls_context.hpp"
#include "net/tls_facts.hpp"
#include "net/tls_fault.hpp"

struct ssl_st;
struct ssl_session_st;
struct x509_st;
struct x509_store_ctx_st;
struct evp_pkey_st;

namespace mqtk {

// Noted during one handshake. OpenSSL finds it with SSL_get_app_data.
struct TlsPeer {
  TlsContext::Parts* context = nullptr;
  std::string session_key;  // client: under which the session is kept
  std::string host;         // client: that the certificate must name
  enum class Role : std::uint8_t { client, server } role = Role::client;
  bool certificate_requested = false;
  std::string psk_identity;  // server: that the client has shown
  TlsFault fault{};          // of the verification; 0 while there is none
  std::string detail;        // to the latest fault
};

// Callbacks for SSL_CTX.
int note_verification(int accepted, x509_store_ctx_st* verification);
int note_certificate_request(ssl_st* ssl, x509_st** certificate, evp_pkey_st** key);
int note_new_session(ssl_st* ssl, ssl_session_st* session);

// What SSL_ERROR_SSL was about. Fills peer.detail and empties OpenSSL's list of errors.
[[nodiscard]] std::error_code take_tls_failure(TlsPeer& peer);

[[nodiscard]] TlsFacts tls_facts_of(const ssl_st* ssl, const TlsPeer& peer);

}  // namespace mqtk
