// The options that say how to get to a broker: TLS, WebSocket, proxies, addresses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/option_table.hpp"
#include "cli/secret.hpp"
#include "client/connect_options.hpp"
#include "net/endpoint.hpp"
#include "net/tls_options.hpp"

namespace mqtk::cli {

// As typed, before it is put together.
struct TypedTransport {
  TlsClientOptions tls;
  std::string tls_option;  // the latest option of the command line that is of use only with TLS: "--cert-file"
  bool use_tls = false;    // --tls
  bool use_websocket = false;
  std::optional<std::string> websocket_path;
  std::optional<std::string> psk_identity;
  std::optional<std::string> psk;
  std::optional<SecretSource> psk_source;
  std::optional<SecretSource> pass_phrase_source;
};

// Of --alpn: names with commas between them, each of 1 to 255 bytes, as TLS carries them.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> parse_alpn(std::string_view text);

// Adds the groups TLS and Network.
void add_transport_options(OptionTable& table, TypedTransport& typed, ConnectOptions& connect);

enum class SchemeGiven : unsigned char { no, yes };

// Makes `endpoint` what the options ask for: --tls and --websocket change the transport and the default port where no
// scheme was given, and are refused where it says otherwise.
[[nodiscard]] Accepted settle_scheme(const TypedTransport& typed, Endpoint& endpoint, SchemeGiven scheme);

// Reads the files that TLS needs, if it is spoken, and adds what is to be said on standard error to `warnings`.
[[nodiscard]] Accepted settle_transport(const TypedTransport& typed, const Endpoint& endpoint, ConnectOptions& connect,
                                        std::vector<std::string>& warnings);

}  // namespace mqtk::cli
