#include "mosquitto/transport.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/hex.hpp"
#include "cli/secret.hpp"
#include "net/proxy_options.hpp"
#include "net/tls_context.hpp"

namespace mqtk::mosquitto {
namespace {

constexpr int usual_port = 1883;
constexpr int usual_tls_port = 8883;

bool names_authorities(const Arguments::Tls& tls) { return !tls.ca_file.empty() || !tls.ca_directory.empty(); }

bool speaks_tls(const Arguments& arguments) {
  const Arguments::Tls& tls = arguments.tls;
  if (tls.off || arguments.transport == Transport::unix_socket) return false;
  return names_authorities(tls) || tls.psk || tls.system_authorities || arguments.port == usual_tls_port;
}

std::string check_values(const Arguments::Tls& tls, bool is_used) {
  if (is_used && !tls.psk) {
    for (const std::string& file : {tls.ca_file, tls.certificate_file, tls.key_file}) {
      if (!file.empty() && ::access(file.c_str(), R_OK) != 0)
        return "Error: Problem setting TLS options: File not found.";
    }
  }
  if (!tls.engine.empty()) return fmt::format("Error: Problem setting TLS engine, is {} a valid engine?", tls.engine);
  if (tls.key_form == "engine") return "Error: Problem setting key form, there are no TLS engines.";
  if (!tls.key_form.empty() && tls.key_form != "pem") {
    return "Error: Problem setting key form, it must be one of 'pem' or 'engine'.";
  }
  if (tls.psk) {
    const auto key = from_hex(*tls.psk);
    if (!key || key->empty()) return "Error: Problem setting TLS-PSK options.";
  }
  const bool known_version =
      tls.version.empty() || tls.version == "tlsv1.1" || tls.version == "tlsv1.2" || tls.version == "tlsv1.3";
  return known_version ? "" : "Error: Problem setting TLS options, check the options are valid.";
}

TlsClientOptions tls_options(const Arguments::Tls& tls) {
  TlsClientOptions options;
  options.ca_file = tls.ca_file;
  options.ca_directory = tls.ca_directory;
  options.certificate_file = tls.certificate_file;
  options.key_file = tls.key_file;
  options.pass_phrase = []() -> std::optional<std::string> {
    auto secret = cli::read_secret({}, "Enter PEM pass phrase");
    return secret ? std::optional(std::move(*secret)) : std::nullopt;
  };
  // The oldest one to speak; 1.1 is not spoken any more, and asking for it allows the newer ones.
  if (tls.version == "tlsv1.3") options.minimum_version = TlsVersion::tls1_3;
  options.ciphers = tls.ciphers;
  if (!tls.alpn.empty()) options.alpn = {tls.alpn};
  options.key_log_file = tls.key_log_file;
  if (tls.any_host_name) options.verification = TlsClientOptions::Verification::without_host_name;
  if (tls.psk) {
    TlsPresharedKey& key = options.preshared_key.emplace();
    key.identity = tls.psk_identity;
    if (auto bytes = from_hex(*tls.psk)) key.key = std::move(*bytes);
  }
  return options;
}

}  // namespace

std::expected<void, std::string> settle_transport(Arguments& arguments) {
  const Arguments::Tls& tls = arguments.tls;
  if (!arguments.port) {
    const bool secure = (names_authorities(tls) || tls.psk) && !tls.off;
    arguments.port = secure ? usual_tls_port : usual_port;
  }
  // Port 0 says that the host is the path of a socket.
  if (arguments.unix_socket.empty() && *arguments.port == 0) arguments.unix_socket = arguments.host;
  if (!arguments.unix_socket.empty()) arguments.transport = Transport::unix_socket;

  const bool secure = speaks_tls(arguments);
  if (std::string wrong = check_values(tls, secure); !wrong.empty()) return std::unexpected(std::move(wrong));
  if (arguments.transport != Transport::unix_socket) {
    arguments.transport = arguments.websocket ? secure ? Transport::websocket_over_tls : Transport::websocket
                          : secure            ? Transport::tls
                                              : Transport::tcp;
  }
  TransportOptions& options = arguments.transport_options;
  options.service_lookup = arguments.service_lookup;
  if (!arguments.proxy_url.empty()) {
    auto proxy = parse_proxy(arguments.proxy_url);
    if (!proxy) return std::unexpected("Error: Invalid proxy.");
    options.proxy = std::move(*proxy);
  }
  if (!secure) return {};
  auto made = TlsContext::for_client(tls_options(tls));
  if (!made) {
    return std::unexpected(fmt::format("Unable to connect (A TLS error occurred.).\nError: {}.", made.error()));
  }
  options.tls = std::move(*made);
  return {};
}

}  // namespace mqtk::mosquitto
