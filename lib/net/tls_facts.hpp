// What a TLS handshake showed of the peer.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace mqtk {

struct CertificateFacts {
  std::string subject;             // "CN=broker.example, O=Example"
  std::string issuer;              // likewise
  std::string common_name;         // empty if there is none
  std::vector<std::string> names;  // for whom it was issued: DNS names, addresses, e-mail addresses and URIs
  WallTime not_before{};
  WallTime not_after{};
  std::string key;  // "RSA 2048", "EC 256"
};

struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
  std::string alpn;     // empty if none was agreed
  bool resumed = false;
  std::string psk_identity;             // server: that the client has shown; empty if none
  std::vector<CertificateFacts> chain;  // of the peer, as sent, its own certificate first; empty if it has none
};

}  // namespace mqtk
