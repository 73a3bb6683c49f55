#include "cli/broker_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/profile.hpp"

namespace mqtk::cli {
namespace {

using Typed = ConnectionOptions::Typed;

// What the query of a URL may set. Nothing that runs a command or reads a secret: URLs come from other people, too.
constexpr std::array<std::string_view, 18> query_options{
    "id",          "keep-alive", "mqtt-version", "no-clean",        "session-expiry",  "connect-timeout",
    "ca-file",     "cert-file",  "key-file",     "ca-directory",    "server-name",     "alpn",
    "tls-version", "ciphers",    "bind",         "receive-maximum", "reconnect-delay", "reconnect"};

struct Place {
  Endpoint endpoint;
  bool from_option = false;
  SchemeGiven scheme = SchemeGiven::no;
  bool says_port = false;
};

std::expected<Place, std::string> read_place(std::string_view source, const std::string& text, bool from_option) {
  auto endpoint = parse_endpoint(text);
  // The text is not repeated: a URL may hold a password.
  if (!endpoint) return std::unexpected(fmt::format("{}: {}", source, endpoint.error()));
  const std::string port = fmt::format(":{}", endpoint->port);
  const std::string_view authority = std::string_view(text).substr(0, text.find_first_of("/?", text.find("://") + 3));
  return Place{.endpoint = std::move(*endpoint),
               .from_option = from_option,
               .scheme = text.contains("://") ? SchemeGiven::yes : SchemeGiven::no,
               .says_port = text.contains("://") ? authority.ends_with(port) : text.ends_with(port)};
}

std::expected<Place, std::string> place_of(const Typed& typed) {
  if (typed.option.url && typed.option.host) return std::unexpected("--url and --host exclude each other; give one");
  if (typed.option.url) return read_place("--url", *typed.option.url, true);
  if (typed.option.host) return read_place("--host", *typed.option.host, true);
  if (typed.environment.url) return read_place("MQTK_URL", *typed.environment.url, false);
  auto place = read_place("MQTK_HOST", typed.environment.host.value_or("localhost"), false);
  if (place && typed.environment.port) {
    place->endpoint.port = *typed.environment.port;
    place->says_port = true;
  }
  return place;
}

// What the profile says. Without --profile only where no broker is given: the password of the default profile is for
// its own broker and nobody else.
std::expected<OptionSource, std::string> profile_settings(const Typed& typed, ConnectionUse::Clients clients) {
  const auto given = [](const ConnectionOptions::Target& target) { return target.url || target.host || target.port; };
  const bool has_place = given(typed.option) || given(typed.environment);
  if (!typed.profile && has_place) return OptionSource{};
  auto profile = find_profile(typed.profile);
  if (!profile) return std::unexpected(profile.error());
  OptionSource source{.name = fmt::format("the profile '{}'", profile->name), .settings = {}};
  for (auto& setting : profile->settings) {
    const bool is_place = setting.first == "url" || setting.first == "host" || setting.first == "port";
    // A load test connects once unless it is asked to do more: a lost connection is one of its results.
    const bool not_meant = clients == ConnectionUse::Clients::many && setting.first.starts_with("reconnect");
    if ((!is_place || !has_place) && !not_meant) source.settings.push_back(std::move(setting));
  }
  return source;
}

// The options of a URL's query; for a WebSocket the query belongs to the web server.
std::expected<OptionSource, std::string> query_of(const std::optional<std::string>& url, std::string name) {
  OptionSource source{.name = std::move(name), .settings = {}};
  const auto endpoint = url ? parse_endpoint(*url) : std::unexpected(std::string{});
  if (!endpoint || speaks_websocket(endpoint->transport)) {
    return source;
  }
  for (const auto& [option, value] : endpoint->query) {
    if (std::ranges::find(query_options, option) == query_options.end()) {
      return std::unexpected(fmt::format("{}: a URL cannot set '{}'", source.name, option));
    }
    source.settings.emplace_back(option, value);
  }
  return source;
}

}  // namespace

Accepted settle_place(ConnectionOptions& options) {
  const Typed& typed = options.typed;
  auto place = place_of(typed);
  if (!place) return std::unexpected(place.error());
  Endpoint& endpoint = place->endpoint;
  if (typed.option.port) {
    if (place->from_option && place->says_port && endpoint.port != *typed.option.port) {
      return std::unexpected(fmt::format("--port '{}': the broker's address already says port {}; give one",
                                         *typed.option.port, endpoint.port));
    }
    endpoint.port = *typed.option.port;
    place->says_port = true;
  }
  const std::uint16_t port = endpoint.port;
  if (place->scheme == SchemeGiven::no) apply_preset_transport(typed.preset, options.typed.transport);
  const auto* service = typed.preset.service;
  if (auto settled = settle_scheme(typed.transport, endpoint, place->scheme); !settled) return settled;
  if (place->says_port) {
    endpoint.port = port;
  } else if (service != nullptr && endpoint.transport == Transport::websocket_over_tls) {
    endpoint.port = service->websocket_port;
  }
  if (endpoint.port == 0 && endpoint.transport != Transport::unix_socket) {
    return std::unexpected("port 0: no broker listens there; give 1 to 65535");
  }
  options.broker_given = typed.option.url || typed.option.host || typed.option.port || typed.environment.url ||
                         typed.environment.host || typed.environment.port;
  options.endpoint = std::move(endpoint);

  // A name or password in the URL counts as much as the URL itself does.
  Endpoint& settled = options.endpoint;
  const auto first = [&](const std::optional<std::string>& option, const std::optional<std::string>& url,
                         const std::optional<std::string>& environment) {
    if (option) return option;
    if (url && place->from_option) return url;
    return environment ? environment : url;
  };
  options.connect.user_name = first(typed.option.user_name, settled.user_name, typed.environment.user_name);
  const auto password = first(typed.option.password, settled.password, typed.environment.password);
  if (password) options.connect.password.emplace(password->begin(), password->end());
  settled.user_name.reset();
  settled.password.reset();
  return {};
}

Accepted settle_password(ConnectionOptions& options) {
  const Typed& typed = options.typed;
  if (!typed.password_source) return {};
  if (typed.option.password) return std::unexpected("--password and --password-from exclude each other; give one");
  const auto read = [source = *typed.password_source]() -> ConnectOptions::Secret {
    auto secret = read_secret(source, "password");
    if (!secret) return std::unexpected(secret.error());
    return std::vector<std::uint8_t>(secret->begin(), secret->end());
  };
  // Read once now, so that what cannot be read is told before anything is tried.
  auto password = read();
  if (!password) return std::unexpected(password.error());
  options.connect.password = std::move(*password);
  if (typed.password_source->may_change()) options.connect.renew_password = read;
  return {};
}

std::string url_manual() {
  std::string options;
  for (const std::string_view name : query_options) options += fmt::format("{}{}", options.empty() ? "" : ", ", name);
  return "mqtts is TLS, ws WebSocket and wss WebSocket over TLS (ws://HOST[:PORT]/PATH), unix:///PATH a Unix socket "
         "and "
         "unix://@NAME one in the abstract namespace. Ports: 1883, 8883, 80 and 443. Special characters in user name "
         "and password are written as % and two hex digits. IPv6 addresses stand in brackets.\n\n"
         "The query may set options, such as mqtts://HOST?ca-file=ca.pem&id=me: " +
         options + ". With ws and wss it goes to the web server as it is.";
}

void add_connection_sources(OptionTable& table, ConnectionOptions::Typed& typed, ConnectionUse::Clients clients) {
  using Rank = OptionTable::Rank;
  table.add_source(Rank::before_environment, [&typed] { return query_of(typed.option.url, "--url"); });
  table.add_source(Rank::after_environment, [&typed] { return query_of(typed.environment.url, "MQTK_URL"); });
  table.add_source(Rank::after_environment, [&typed, clients] { return profile_settings(typed, clients); });
  table.add_source(Rank::after_environment, [&typed] { return preset_settings(typed.preset); });
}

}  // namespace mqtk::cli
