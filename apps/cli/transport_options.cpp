#include "cli/transport_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.hpp"
#include "cli/setters.hpp"

namespace mqtk::cli {
namespace {

Transport transport_of(bool tls, bool websocket) {
  if (websocket) return tls ? Transport::websocket_over_tls : Transport::websocket;
  return tls ? Transport::tls : Transport::tcp;
}

// --- values ----------------------------------------------------------------------------------------------------------

Accepted set_version(std::string_view text, TlsVersion& version) {
  if (text == "1.2" || text == "tlsv1.2") {
    version = TlsVersion::tls1_2;
  } else if (text == "1.3" || text == "tlsv1.3") {
    version = TlsVersion::tls1_3;
  } else {
    return std::unexpected("not 1.2 or 1.3; older versions are not safe");
  }
  return {};
}

Accepted add_header(std::string_view text, std::vector<std::pair<std::string, std::string>>& headers) {
  const std::size_t colon = text.find(':');
  const bool clean =
      std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
  if (colon == 0 || colon == std::string_view::npos || text.substr(0, colon).contains(' ') || !clean) {
    return std::unexpected("not 'NAME: VALUE'");
  }
  std::string_view value = text.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  headers.emplace_back(text.substr(0, colon), value);
  return {};
}

// --- tables ----------------------------------------------------------------------------------------------------------

// An option of the command line that asks for TLS; from elsewhere it only says how, where TLS is spoken.
void add_tls(OptionTable& table, TypedTransport& typed, Option option) {
  option.set_from_environment = option.set;
  option.set = [&typed, name = "--" + option.long_name, set = option.set](std::string_view text) {
    typed.tls_option = name;
    return set(text);
  };
  table.add(std::move(option));
}

void add_trust(OptionTable& table, TypedTransport& typed) {
  TlsClientOptions& tls = typed.tls;
  table.group("TLS");
  table.add({.long_name = "tls",
             .help = "Speak TLS, as mqtts:// and wss:// do",
             .manual = "Each of the other options of this group asks for TLS, too, where the broker is given without "
                       "scheme. OpenSSL 3 is loaded only where TLS is spoken.",
             .set = set_true(typed.use_tls)});
  add_tls(table, typed,
          {.long_name = "ca-file",
           .value = "FILE",
           .help = "Trust the authorities whose certificates are in FILE (PEM), instead of the system's",
           .completion = Completion::file,
           .environment = "MQTK_CA_FILE",
           .aliases = {"cafile"},
           .set = store(tls.ca_file)});
  add_tls(table, typed,
          {.long_name = "ca-directory",
           .value = "DIRECTORY",
           .help = "Trust those in DIRECTORY, whose files are named by hash (openssl rehash)",
           .completion = Completion::directory,
           .environment = "MQTK_CA_DIRECTORY",
           .aliases = {"capath"},
           .set = store(tls.ca_directory)});
  add_tls(table, typed,
          {.long_name = "server-name",
           .value = "NAME",
           .help = "Name to ask for (SNI) and to look for in the certificate, instead of the host",
           .environment = "MQTK_SERVER_NAME",
           .aliases = {"sni"},
           .set = store(tls.server_name)});
  add_tls(table, typed,
          {.long_name = "any-host-name",
           .help = "Accept a certificate of a trusted authority for any host",
           .set = [&tls](std::string_view) -> Accepted {
             tls.verification = TlsClientOptions::Verification::without_host_name;
             return {};
           }});
  add_tls(table, typed,
          {.long_name = "insecure",
           .help = "Accept any certificate: others can read and change everything",
           .set = [&tls](std::string_view) -> Accepted {
             tls.verification = TlsClientOptions::Verification::none;
             return {};
           }});
}

void add_identity(OptionTable& table, TypedTransport& typed) {
  TlsClientOptions& tls = typed.tls;
  add_tls(table, typed,
          {.long_name = "cert-file",
           .value = "FILE",
           .help = "Show the broker the certificate in FILE (PEM, or PKCS#12 with its key)",
           .completion = Completion::file,
           .environment = "MQTK_CERT_FILE",
           .aliases = {"cert"},
           .set = store(tls.certificate_file)});
  add_tls(
      table, typed,
      {.long_name = "key-file",
       .value = "FILE",
       .help = "Private key of that certificate, if it is not in the same file",
       .manual = "Here and for the certificate pkcs11: and a name (RFC 7512), such as "
                 "pkcs11:token=plant;object=sensor, stand for what a token keeps. OpenSSL needs a provider for it in "
                 "its configuration, or its engine pkcs11 (Debian: libengine-pkcs11-openssl), which finds the tokens "
                 "that p11-kit knows, or that of the driver that PKCS11_MODULE_PATH names. The PIN is the pass phrase.",
       .completion = Completion::file,
       .environment = "MQTK_KEY_FILE",
       .aliases = {"key"},
       .set = store(tls.key_file)});
  add_tls(table, typed,
          {.long_name = "key-password-from",
           .value = "SOURCE",
           .help = "Where the pass phrase of the key comes from, as for --password-from",
           .manual = "Without this option it is asked for at the terminal where the key needs one.",
           .default_text = "prompt",
           .set = store_parsed(typed.pass_phrase_source, parse_secret_source)});
  add_tls(table, typed,
          {.long_name = "psk-identity",
           .value = "NAME",
           .help = "Use a key that both sides know instead of certificates; this is its name",
           .environment = "MQTK_PSK_IDENTITY",
           .set = store(typed.psk_identity)});
  add_tls(table, typed,
          {.long_name = "psk",
           .value = "HEX",
           .help = "That key, in hexadecimal digits; other users may see it in the list of processes",
           .environment = "MQTK_PSK",
           .set = store(typed.psk),
           .secret = true});
  add_tls(table, typed,
          {.long_name = "psk-from",
           .value = "SOURCE",
           .help = "Where that key comes from, as for --password-from",
           .set = store_parsed(typed.psk_source, parse_secret_source)});
}

void add_handshake(OptionTable& table, TypedTransport& typed) {
  TlsClientOptions& tls = typed.tls;
  add_tls(table, typed,
          {.long_name = "alpn",
           .value = "NAMES",
           .help = "Protocols to offer (ALPN), with commas between them",
           .aliases = {"tls-alpn"},
           .set = store_parsed(tls.alpn, parse_alpn)});
  add_tls(table, typed,
          {.long_name = "tls-version",
           .value = "VERSION",
           .help = "Oldest version of TLS to speak",
           .completion = Completion::choice,
           .choices = {"1.2", "1.3"},
           .default_text = "1.2",
           .set = [&tls](std::string_view text) { return set_version(text, tls.minimum_version); }});
  add_tls(table, typed,
          {.long_name = "ciphers",
           .value = "LIST",
           .help = "Ciphers to offer, as OpenSSL names them, with colons between them",
           .manual = "Names that begin with TLS_ are those of TLS 1.3.",
           .set = store(tls.ciphers)});
  add_tls(table, typed,
          {.long_name = "key-log",
           .value = "FILE",
           .help = "Append the keys of the connection to FILE, so that Wireshark can read along",
           .completion = Completion::file,
           .environment = "MQTK_KEY_LOG",
           .aliases = {"tls-keylog"},
           .set = store(tls.key_log_file)});
}

void add_network(OptionTable& table, TypedTransport& typed, ConnectOptions& connect) {
  table.group("Network");
  table.add({.long_name = "websocket",
             .help = "Speak MQTT over WebSocket, as ws:// and wss:// do",
             .aliases = {"ws"},
             .set = set_true(typed.use_websocket)});
  table.add({.long_name = "ws-path",
             .value = "PATH",
             .help = "Path of the WebSocket",
             .default_text = "/mqtt",
             .set = store(typed.websocket_path)});
  table.add({.long_name = "ws-header",
             .value = "NAME: VALUE",
             .help = "Add a field to the HTTP request that opens the WebSocket",
             .repeatable = true,
             .set = [&connect](std::string_view text) { return add_header(text, connect.transport.websocket_headers); },
             .secret = true});
  table.add({.long_name = "proxy",
             .value = "URL",
             .help = "Connect through a proxy: http://, socks5:// or socks5h://[USER[:PASSWORD]@]HOST[:PORT]",
             .manual = "With socks5h:// and http:// the proxy looks the broker's name up. Ports 3128 and 1080 unless "
                       "given.",
             .environment = "MQTK_PROXY",
             .set = store_parsed(connect.transport.proxy, parse_proxy)});
  table.add({.long_name = "srv",
             .help = "The host is a domain whose DNS names its brokers: _mqtt._tcp or _secure-mqtt._tcp (SRV records)",
             .set = set_true(connect.transport.service_lookup)});
  table.add({.long_name = "bind",
             .short_letter = 'A',
             .value = "ADDRESS",
             .help = "Connect from this address of the machine",
             .set = store(connect.bind_address)});
  table.add({.long_name = "ip-version",
             .value = "VERSION",
             .help = "Use only IPv4 or IPv6: 4 or 6",
             .completion = Completion::choice,
             .choices = {"4", "6"},
             .set = store_choice<AddressFamily>(connect.address_family,
                                                {{"4", AddressFamily::ipv4}, {"6", AddressFamily::ipv6}})});
}

// --- putting it together ---------------------------------------------------------------------------------------------

Accepted settle_psk(const TypedTransport& typed, TlsClientOptions& tls) {
  if (!typed.psk && !typed.psk_source && !typed.psk_identity) return {};
  std::optional<std::string> digits = typed.psk;
  if (typed.psk_source) {
    auto secret = read_secret(*typed.psk_source, "pre-shared key");
    if (!secret) return std::unexpected(secret.error());
    digits = std::move(*secret);
  }
  if (!digits) return std::unexpected("--psk-identity: the key is missing; give --psk or --psk-from");
  if (!typed.psk_identity) return std::unexpected("--psk: the name of the key is missing; give --psk-identity");
  auto key = from_hex(*digits);
  if (!key || key->empty()) return std::unexpected("--psk: the key is not an even number of hexadecimal digits");
  tls.preshared_key = {.identity = *typed.psk_identity, .key = std::move(*key)};
  return {};
}

std::optional<std::string> pass_phrase(const TypedTransport& typed) {
  const std::string& file = typed.tls.key_file.empty() ? typed.tls.certificate_file : typed.tls.key_file;
  const SecretSource source = typed.pass_phrase_source.value_or(SecretSource{});
  auto secret = read_secret(source, "Pass phrase of " + file);
  return secret ? std::optional(std::move(*secret)) : std::nullopt;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> parse_alpn(std::string_view text) {
  std::vector<std::string> protocols;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    protocols.emplace_back(text.substr(0, comma));
    if (protocols.back().empty() || protocols.back().size() > 255) {
      return std::unexpected("not names of 1 to 255 bytes with commas between them");
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return protocols;
}

void add_transport_options(OptionTable& table, TypedTransport& typed, ConnectOptions& connect) {
  add_trust(table, typed);
  add_identity(table, typed);
  add_handshake(table, typed);
  add_network(table, typed, connect);
}

Accepted settle_scheme(const TypedTransport& typed, Endpoint& endpoint, SchemeGiven scheme) {
  const std::string tls_option = typed.use_tls ? "--tls" : typed.tls_option;
  const bool wants_websocket = typed.use_websocket || typed.websocket_path;
  if (scheme == SchemeGiven::yes) {
    if (!tls_option.empty() && !speaks_tls(endpoint.transport)) {
      return std::unexpected(fmt::format("{}: of no effect, since {}:// is without TLS; write {}://", tls_option,
                                         scheme_of(endpoint.transport),
                                         scheme_of(transport_of(true, speaks_websocket(endpoint.transport)))));
    }
    if (wants_websocket && !speaks_websocket(endpoint.transport)) {
      return std::unexpected(fmt::format("--websocket: the broker's URL says {}://; write {}://",
                                         scheme_of(endpoint.transport),
                                         scheme_of(transport_of(speaks_tls(endpoint.transport), true))));
    }
  } else {
    const bool usual_port = endpoint.port == default_port(endpoint.transport);
    endpoint.transport = transport_of(!tls_option.empty(), wants_websocket);
    if (usual_port) endpoint.port = default_port(endpoint.transport);
    if (wants_websocket) endpoint.path = "/mqtt";
  }
  if (!typed.websocket_path) return {};
  auto parsed =
      parse_endpoint("ws://h" + std::string(typed.websocket_path->starts_with('/') ? "" : "/") + *typed.websocket_path);
  if (!parsed) return std::unexpected("--ws-path: " + parsed.error());
  endpoint.path = std::move(parsed->path);
  endpoint.query = std::move(parsed->query);
  return {};
}

Accepted settle_transport(const TypedTransport& typed, const Endpoint& endpoint, ConnectOptions& connect,
                          std::vector<std::string>& warnings) {
  if (!connect.transport.websocket_headers.empty() && !speaks_websocket(endpoint.transport)) {
    return std::unexpected("--ws-header: of no effect without WebSocket; write ws:// or wss://, or give --websocket");
  }
  if (endpoint.transport == Transport::unix_socket && (connect.transport.proxy || connect.transport.service_lookup)) {
    return std::unexpected("--proxy and --srv: of no effect with a Unix socket");
  }
  if (!speaks_tls(endpoint.transport)) return {};
  TlsClientOptions tls = typed.tls;
  tls.pass_phrase = [&typed] { return pass_phrase(typed); };
  if (auto settled = settle_psk(typed, tls); !settled) return settled;
  auto made = TlsContext::for_client(tls);
  if (!made) return std::unexpected(made.error());
  connect.transport.tls = std::move(*made);
  using Verification = TlsClientOptions::Verification;
  if (tls.verification == Verification::none) {
    warnings.emplace_back(
        "warning: --insecure: the broker's certificate is not checked; others can read and change everything");
  } else if (tls.verification == Verification::without_host_name) {
    warnings.emplace_back("warning: --any-host-name: it is not checked whom the broker's certificate is for");
  }
  if (!tls.key_log_file.empty()) {
    warnings.push_back(fmt::format("warning: --key-log: whoever reads {} can read this connection", tls.key_log_file));
  }
  return {};
}

}  // namespace mqtk::cli
