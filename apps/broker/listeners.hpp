// Where the broker listens, and with which TLS.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "cli/option_table.hpp"
#include "cli/secret.hpp"
#include "net/endpoint.hpp"
#include "net/tls_context.hpp"
#include "net/tls_options.hpp"

namespace mqtk::broker_program {

// Settings that all listeners share and that one may have for itself in the query of its URL.
struct ListenerSettings {
  TlsServerOptions tls;
  std::optional<cli::SecretSource> pass_phrase_source;
  std::string psk_file;
  bool self_signed = false;
};

struct Listener {
  Endpoint endpoint;  // without query
  std::shared_ptr<TlsContext> tls;
};

struct ListeningOptions {
  std::string host = "127.0.0.1";
  std::optional<std::uint16_t> port;  // absent: 1883, or any free one where a command is run
  std::vector<std::string> urls;
  ListenerSettings shared;
};

// Adds the groups Listening and TLS.
void add_listening_options(cli::OptionTable& table, ListeningOptions& options);

enum class Ports : unsigned char { standard, free };

// Reads URLs and files. The error is one line that names the listener or file.
[[nodiscard]] std::expected<std::vector<Listener>, std::string> make_listeners(const ListeningOptions& options,
                                                                               Ports ports);

// Whether only programs of this machine reach it.
[[nodiscard]] bool is_local(const Endpoint& endpoint);

// Lines of "IDENTITY:HEX", as mosquitto's psk_file has them; blank lines and those that begin with # count nothing.
[[nodiscard]] std::expected<std::vector<TlsPresharedKey>, std::string> parse_psk_file(const std::string& text);

}  // namespace mqtk::broker_program
