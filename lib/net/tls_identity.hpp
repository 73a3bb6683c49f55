// Reading certificates and a private key for a TlsContext. Private to lib/net.
#pragma once

#include <expected>
#include <string>

#include "net/tls_options.hpp"

struct ssl_ctx_st;

namespace mqtk {

using Loaded = std::expected<void, std::string>;

// The certificate and key of this side, if the options name any.
[[nodiscard]] Loaded load_identity(ssl_ctx_st* context, const TlsCommonOptions& options);

// The same from PEM texts.
[[nodiscard]] Loaded use_identity(ssl_ctx_st* context, const std::string& certificate, const std::string& key);

// The trusted authorities; the system's where the options name none.
[[nodiscard]] Loaded load_authorities(ssl_ctx_st* context, const TlsCommonOptions& options);

// OpenSSL's own words for the latest error.
[[nodiscard]] std::string openssl_reason();

}  // namespace mqtk
