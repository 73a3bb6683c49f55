// What TLS needs to know on either side, as people give it: names of files, not their contents.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mqtk {

enum class TlsVersion : std::uint8_t { tls1_2, tls1_3 };

// A pre-shared key and the name under which both sides know it.
struct TlsPresharedKey {
  std::string identity;
  std::vector<std::uint8_t> key;
};

// What both sides may be told. Certificate and key are PEM or PKCS#12; the key may stand in the certificate's file.
struct TlsCommonOptions {
  std::string certificate_file = {};  // the certificate first, then those of its issuers
  std::string key_file = {};          // empty: in certificate_file
  // Asked for the pass phrase, only where the key is encrypted; null or nothing: there is none.
  std::function<std::optional<std::string>()> pass_phrase = {};
  std::string ca_file = {};  // certificates of trusted authorities
  std::string ca_directory = {};
  TlsVersion minimum_version = TlsVersion::tls1_2;
  std::string ciphers = {};  // OpenSSL's list; names that begin with TLS_ are TLS 1.3's. Empty: OpenSSL's choice
  std::vector<std::string> alpn = {};  // in order of preference; empty: none is offered or selected
  std::string key_log_file = {};       // NSS key log lines are appended, for packet analysers
};

struct TlsClientOptions : TlsCommonOptions {
  enum class Verification : std::uint8_t {
    full,
    without_host_name,  // the chain, but not whom it was issued for
    none,               // nothing: anybody in between can read and change everything
  };
  Verification verification = Verification::full;
  std::string server_name = {};  // sent as SNI and looked for in the certificate; empty: the host of the Endpoint
  std::optional<TlsPresharedKey> preshared_key = {};  // with it no certificates are used
};

struct TlsServerOptions : TlsCommonOptions {
  enum class ClientCertificate : std::uint8_t { none, optional, required } client_certificate = ClientCertificate::none;
  std::vector<TlsPresharedKey> preshared_keys = {};
  // Makes an authority and a certificate for these names and addresses in memory; certificate_file is not used.
  std::vector<std::string> self_signed_for = {};
  std::string self_signed_ca_file = {};  // where the authority's certificate is written, for clients; empty: nowhere
};

}  // namespace mqtk
