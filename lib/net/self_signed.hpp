// A certificate authority and a server certificate for trying TLS out, made in memory. Private to lib/net.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mqtk {

// PEM. The authority's key is thrown away.
struct SelfSigned {
  std::string authority;
  std::string certificate;
  std::string key;
};

// For DNS names and addresses as text; valid from yesterday for a year. Nothing if OpenSSL cannot.
[[nodiscard]] std::optional<SelfSigned> make_self_signed(const std::vector<std::string>& names);

}  // namespace mqtk
