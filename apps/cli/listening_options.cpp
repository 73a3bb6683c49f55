#include "cli/listening_options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/hex.hpp"
#include "cli/setters.hpp"
#include "cli/transport_options.hpp"

namespace mqtk::cli {
namespace {

using ClientCertificate = TlsServerOptions::ClientCertificate;

void add_self_signed(OptionTable& table, ListenerSettings& settings, std::uint16_t standard_port) {
  table.add({.long_name = "tls-self-signed",
             .help = fmt::format("Make a certificate for this run; without --listen also listen with TLS, at port {}",
                                 standard_port),
             .manual = "An authority and a certificate for localhost, 127.0.0.1, ::1 and the name of this machine are "
                       "made in memory. Clients trust it with --ca-file and the file of --tls-self-signed-ca.",
             .set = set_true(settings.self_signed)});
  table.add({.long_name = "tls-self-signed-ca",
             .value = "FILE",
             .help = "Write the certificate of that authority to FILE; implies --tls-self-signed",
             .completion = Completion::file,
             .set = [&settings](std::string_view text) -> Accepted {
               settings.self_signed = true;
               settings.tls.self_signed_ca_file = text;
               return {};
             }});
}

void add_certificates(OptionTable& table, ListenerSettings& settings) {
  TlsServerOptions& tls = settings.tls;
  table.add({.long_name = "cert-file",
             .value = "FILE",
             .help = "Certificate of the broker and of its issuers (PEM, or PKCS#12 with the key)",
             .completion = Completion::file,
             .set = store(tls.certificate_file)});
  table.add({.long_name = "key-file",
             .value = "FILE",
             .help = "Private key of that certificate, if it is not in the same file",
             .completion = Completion::file,
             .set = store(tls.key_file)});
  table.add({.long_name = "key-password-from",
             .value = "SOURCE",
             .help = "Pass phrase of the key: file:PATH, fd:NUMBER, env:NAME, command:COMMAND or prompt",
             .default_text = "prompt",
             .set = store_parsed(settings.pass_phrase_source, parse_secret_source)});
  table.add(
      {.long_name = "client-certificate",
       .value = "WHEN",
       .help = "Ask clients for a certificate of an authority of --ca-file: none, optional or required",
       .completion = Completion::choice,
       .choices = {"none", "optional", "required"},
       .default_text = "none",
       .set = store_choice<ClientCertificate>(tls.client_certificate, {{"none", ClientCertificate::none},
                                                                       {"optional", ClientCertificate::optional},
                                                                       {"required", ClientCertificate::required}})});
  table.add({.long_name = "ca-file",
             .value = "FILE",
             .help = "Authorities whose client certificates are accepted (PEM)",
             .completion = Completion::file,
             .set = store(tls.ca_file)});
}

void add_handshake(OptionTable& table, ListenerSettings& settings) {
  TlsServerOptions& tls = settings.tls;
  table.add({.long_name = "psk-file",
             .value = "FILE",
             .help = "Accept the pre-shared keys in FILE: lines of IDENTITY:HEX",
             .completion = Completion::file,
             .set = store(settings.psk_file)});
  table.add({.long_name = "alpn",
             .value = "NAMES",
             .help = "Protocols to agree on (ALPN), with commas between them; clients that offer others are refused",
             .set = store_parsed(tls.alpn, parse_alpn)});
  table.add({.long_name = "tls-version",
             .value = "VERSION",
             .help = "Oldest version of TLS to speak",
             .completion = Completion::choice,
             .choices = {"1.2", "1.3"},
             .default_text = "1.2",
             .set = store_choice<TlsVersion>(tls.minimum_version,
                                             {{"1.2", TlsVersion::tls1_2}, {"1.3", TlsVersion::tls1_3}})});
  table.add({.long_name = "ciphers",
             .value = "LIST",
             .help = "Ciphers to accept, as OpenSSL names them, with colons between them",
             .set = store(tls.ciphers)});
  table.add({.long_name = "key-log",
             .value = "FILE",
             .help = "Append the keys of connections to FILE, so that Wireshark can read along",
             .completion = Completion::file,
             .set = store(tls.key_log_file)});
}

// The same options, without those that a URL has in itself, for one listener.
Accepted apply_query(const Endpoint& endpoint, ListenerSettings& settings) {
  OptionTable table{{.name = "", .summary = "", .synopsis = {}, .description = ""}};
  add_self_signed(table, settings, 0);
  add_certificates(table, settings);
  add_handshake(table, settings);
  for (const auto& [name, value] : endpoint.query) {
    const Option* option = table.find(name);
    if (option == nullptr) return std::unexpected(fmt::format("there is no setting '{}'", name));
    if (auto set = option->set(value); !set)
      return std::unexpected(fmt::format("{} '{}': {}", name, value, set.error()));
  }
  return {};
}

// The first option that only TLS listeners heed; empty if none is set.
std::string_view tls_setting(const ListenerSettings& settings) {
  const TlsServerOptions& tls = settings.tls;
  if (!tls.certificate_file.empty()) return "cert-file";
  if (!settings.psk_file.empty()) return "psk-file";
  if (tls.client_certificate != ClientCertificate::none) return "client-certificate";
  if (!tls.ca_file.empty()) return "ca-file";
  if (!tls.key_file.empty()) return "key-file";
  if (!tls.alpn.empty()) return "alpn";
  if (!tls.ciphers.empty()) return "ciphers";
  if (!tls.key_log_file.empty()) return "key-log";
  return "";
}

std::vector<std::string> own_names() {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') names.emplace_back(host.data());
  return names;
}

TlsContext::Made make_context(const ListenerSettings& settings) {
  TlsServerOptions tls = settings.tls;
  const std::string& file = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
  tls.pass_phrase = [&]() -> std::optional<std::string> {
    auto secret = read_secret(settings.pass_phrase_source.value_or(SecretSource{}), "Pass phrase of " + file);
    return secret ? std::optional(std::move(*secret)) : std::nullopt;
  };
  if (!settings.psk_file.empty()) {
    std::ifstream input(settings.psk_file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(input), {}};
    if (!input.is_open()) return std::unexpected(fmt::format("PSK file '{}': cannot be read", settings.psk_file));
    auto keys = parse_psk_file(text);
    if (!keys) return std::unexpected(fmt::format("PSK file '{}': {}", settings.psk_file, keys.error()));
    tls.preshared_keys = std::move(*keys);
  }
  if (settings.self_signed) tls.self_signed_for = own_names();
  if (tls.certificate_file.empty() && !settings.self_signed && tls.preshared_keys.empty()) {
    return std::unexpected("TLS needs a certificate; give --cert-file, or --tls-self-signed to try it out");
  }
  return TlsContext::for_server(tls);
}

// Listeners without settings of their own share one context, and so one self-signed certificate.
std::expected<Listener, std::string> make_listener(const std::string& url, const ListenerSettings& shared,
                                                   std::shared_ptr<TlsContext>& shared_context) {
  const auto refused = [&](const std::string& why) { return std::unexpected(fmt::format("--listen: {}", why)); };
  auto endpoint = parse_endpoint(url);
  if (!endpoint) return refused(endpoint.error());
  if (endpoint->user_name || endpoint->password) return refused("a listener has no user name");
  ListenerSettings settings = shared;
  if (auto applied = apply_query(*endpoint, settings); !applied) {
    return refused(fmt::format("{}: {}", scheme_of(endpoint->transport), applied.error()));
  }
  const bool is_shared = endpoint->query.empty();
  if (!is_shared && !speaks_tls(endpoint->transport)) {
    const bool websocket = endpoint->transport == Transport::websocket;
    return refused(fmt::format("{}: '{}' is of no effect without TLS; write {}://", scheme_of(endpoint->transport),
                               endpoint->query.front().first, websocket ? "wss" : "mqtts"));
  }
  endpoint->query.clear();
  Listener listener{.endpoint = std::move(*endpoint), .tls = nullptr};
  if (!speaks_tls(listener.endpoint.transport)) return listener;
  if (is_shared && shared_context != nullptr) {
    listener.tls = shared_context;
    return listener;
  }
  auto context = make_context(settings);
  if (!context) return std::unexpected(context.error());
  listener.tls = std::move(*context);
  if (is_shared) shared_context = listener.tls;
  return listener;
}

std::string query_manual(ServerTls tls) {
  if (tls == ServerTls::options) {
    return "settings of its own, those of the group TLS, such as mqtts://*:8883?cert-file=a.pem&key-file=a.key.";
  }
  ListenerSettings settings;
  OptionTable table{{.name = "", .summary = "", .synopsis = {}, .description = ""}};
  add_certificates(table, settings);
  add_handshake(table, settings);
  std::string names;
  for (const Option& option : table.options()) names.append(names.empty() ? "" : ", ").append(option.long_name);
  return "its TLS, such as mqtts://*:8883?cert-file=a.pem&key-file=a.key; settings are those of mqtk broker: " + names +
         ".";
}

}  // namespace

void add_listening_options(OptionTable& table, ListeningOptions& options, ServerTls tls) {
  table.group("Listening");
  table.add({.long_name = "listen",
             .short_letter = 'l',
             .value = "URL",
             .help = "Listen at mqtt://HOST:PORT, mqtts://, ws://HOST:PORT/PATH, wss:// or unix:///PATH",
             .manual = "May be given several times. * as HOST is every address of this machine, port 0 any free one, "
                       "unix://@NAME a name in the abstract namespace. The query of the URL gives this listener " +
                       query_manual(tls),
             .repeatable = true,
             .set = append(options.urls)});
  table.add({.long_name = "port",
             .short_letter = 'p',
             .value = "PORT",
             .help = "Port to listen at without --listen; 0 is any free one",
             .default_text = fmt::format("{}, with a COMMAND 0", options.standard_port),
             .set = store_number(options.port, 0, 65'535)});
  table.add({.long_name = "host",
             .value = "HOST",
             .help = "Name or address to listen at without --listen; * is every address of this machine",
             .completion = Completion::host,
             .default_text = options.host,
             .set = store(options.host)});
  if (tls == ServerTls::options) table.group("TLS");
  add_self_signed(table, options.shared, options.standard_tls_port);
  if (tls == ServerTls::queries_of_urls) return;
  add_certificates(table, options.shared);
  add_handshake(table, options.shared);
}

std::expected<std::vector<Listener>, std::string> make_listeners(const ListeningOptions& options, Ports ports) {
  std::vector<std::string> urls = options.urls;
  if (urls.empty()) {
    const bool free = ports == Ports::free || options.port == 0;
    Endpoint plain{.host = options.host,
                   .port = options.port.value_or(free ? std::uint16_t{0} : options.standard_port)};
    urls.push_back(to_text(plain));
    if (options.shared.self_signed) {
      plain.transport = Transport::tls;
      plain.port = free ? std::uint16_t{0} : options.standard_tls_port;
      urls.push_back(to_text(plain));
    }
  }
  std::vector<Listener> listeners;
  std::shared_ptr<TlsContext> shared_context;
  for (const std::string& url : urls) {
    auto listener = make_listener(url, options.shared, shared_context);
    if (!listener) return std::unexpected(listener.error());
    listeners.push_back(std::move(*listener));
  }
  // Whoever asks for certificates must not be left with a listener that lets everybody read along.
  const std::string_view unheeded = tls_setting(options.shared);
  if (!unheeded.empty() && std::ranges::none_of(listeners, [](const Listener& each) { return each.tls != nullptr; })) {
    return std::unexpected(
        fmt::format("--{}: of no effect, since no listener speaks TLS; give --listen mqtts://HOST:PORT", unheeded));
  }
  return listeners;
}

bool is_local(const Endpoint& endpoint) {
  return endpoint.transport == Transport::unix_socket || endpoint.host == "localhost" || endpoint.host == "::1" ||
         endpoint.host.starts_with("127.");
}

std::expected<std::vector<TlsPresharedKey>, std::string> parse_psk_file(const std::string& text) {
  std::vector<TlsPresharedKey> keys;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    const auto key = colon == std::string::npos ? std::nullopt : from_hex(std::string_view(line).substr(colon + 1));
    if (colon == 0 || !key || key->empty()) return std::unexpected(fmt::format("line {} is not IDENTITY:HEX", number));
    keys.push_back({.identity = line.substr(0, colon), .key = *key});
  }
  if (keys.empty()) return std::unexpected("holds no key");
  return keys;
}

}  // namespace mqtk::cli
