// What a token keeps (PKCS#11), by way of OpenSSL's engine for it: Debian 12 has that engine and no provider.
#pragma once

#include <expected>
#include <string>

struct evp_pkey_st;
struct ui_method_st;
struct x509_st;

namespace mqtk {

// Both find their object by a name as of RFC 7512; the caller frees it. `ask` with `data` asks for the PIN, where the
// name does not hold it. The error says why there is none.
[[nodiscard]] std::expected<x509_st*, std::string> engine_certificate(const std::string& uri);
[[nodiscard]] std::expected<evp_pkey_st*, std::string> engine_key(const std::string& uri, ui_method_st* ask,
                                                                  void* data);

}  // namespace mqtk
