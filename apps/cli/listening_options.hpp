// Where a server listens, and with which TLS.
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

namespace mqtk::cli {

// Settings that all listeners share and that one may have for itself in the query of its URL.
struct ListenerSettings {
  TlsServerOptions tls;
  std::optional<SecretSource> pass_phrase_source;
  std::string psk_file;
  bool self_signed = false;
};

struct Listener {
  Endpoint endpoint;  // without query
  std::shared_ptr<TlsContext> tls;
};

struct ListeningOptions {
  // A program sets its own defaults before add_listening_options.
  std::uint16_t standard_port = 1883;
  std::uint16_t standard_tls_port = 8883;

  std::string host = "127.0.0.1";
  std::optional<std::uint16_t> port = {};  // absent: the standard port, or any free one where a command is run
  std::vector<std::string> urls = {};
  ListenerSettings shared = {};
};

// Where the settings of TLS stand that have the names of a client's: --cert-file, --ca-file.
enum class ServerTls : unsigned char { options, queries_of_urls };

// Adds the group Listening and, where they are options, TLS.
void add_listening_options(OptionTable& table, ListeningOptions& options, ServerTls tls);

enum class Ports : unsigned char { standard, free };

// Reads URLs and files. The error is one line that names the listener or file.
[[nodiscard]] std::expected<std::vector<Listener>, std::string> make_listeners(const ListeningOptions& options,
                                                                               Ports ports);

// Whether only programs of this machine reach it.
[[nodiscard]] bool is_local(const Endpoint& endpoint);

// Lines of "IDENTITY:HEX", as mosquitto's psk_file has them; blank lines and those that begin with # count nothing.
[[nodiscard]] std::expected<std::vector<TlsPresharedKey>, std::string> parse_psk_file(const std::string& text);

}  // namespace mqtk::cli
