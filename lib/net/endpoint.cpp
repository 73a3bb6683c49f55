#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/append_format.hpp"

namespace mqtk {
namespace {

struct Scheme {
  std::string_view name;
  Transport transport;
};

// The first name of a transport is the one that is printed.
constexpr std::array schemes{
    Scheme{"mqtt", Transport::tcp},         Scheme{"mqtts", Transport::tls},
    Scheme{"ws", Transport::websocket},     Scheme{"wss", Transport::websocket_over_tls},
    Scheme{"unix", Transport::unix_socket}, Scheme{"tcp", Transport::tcp},
    Scheme{"ssl", Transport::tls},          Scheme{"tls", Transport::tls},
};

using Error = std::unexpected<std::string>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

const Scheme* find_scheme(std::string_view name) {
  const auto same = [&](const Scheme& scheme) {
    return std::ranges::equal(scheme.name, name, [](char a, char b) { return a == lower(b); });
  };
  const auto found = std::ranges::find_if(schemes, same);
  return found == schemes.end() ? nullptr : &*found;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

// RFC 3986: unreserved characters and those of `also` stay, all other bytes become %XX.
std::string percent_encoded(std::string_view text, std::string_view also) {
  std::string encoded;
  for (const char c : text) {
    const bool letter_or_digit = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    if (letter_or_digit || std::string_view("-._~").contains(c) || also.contains(c)) {
      encoded.push_back(c);
    } else {
      append_format(encoded, "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// With or without the zone that a link-local address needs: fe80::1%eth0.
bool is_ipv6_address(const std::string& host) {
  in6_addr address;
  const std::size_t percent = std::min(host.find('%'), host.size());
  // inet_pton would stop at a null character.
  if (host.contains('\0') || ::inet_pton(AF_INET6, host.substr(0, percent).c_str(), &address) != 1) return false;
  if (percent == host.size()) return true;
  const std::string_view zone = std::string_view(host).substr(percent + 1);
  return !zone.empty() && percent_encoded(zone, "") == zone;
}

std::expected<void, std::string> take_port(std::string_view text, Endpoint& endpoint) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), endpoint.port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return Error("the port is not a number from 0 to 65535");
  }
  return {};
}

// [address] or [address]:port; RFC 6874 writes the zone's '%' as %25, people write it bare.
std::expected<void, std::string> take_bracketed_host(std::string_view text, Endpoint& endpoint) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return Error("the '[' before the IPv6 address has no ']'");
  std::string host(text.substr(1, close - 1));
  if (const std::size_t zone = host.find("%25"); zone != std::string::npos) host.erase(zone + 1, 2);
  if (!is_ipv6_address(host)) return Error("no IPv6 address stands between '[' and ']'");
  endpoint.host = std::move(host);
  const std::string_view rest = text.substr(close + 1);
  if (rest.empty()) return {};
  if (rest.front() != ':') return Error("only ':' and a port may follow the ']'");
  return take_port(rest.substr(1), endpoint);
}

std::expected<void, std::string> take_host(std::string_view text, Endpoint& endpoint) {
  if (!text.empty() && text.front() == '[') return take_bracketed_host(text, endpoint);
  const std::size_t colon = text.find(':');
  if (colon != text.rfind(':')) {
    // Only an IPv6 address holds several colons, and a port cannot be told from its last group.
    endpoint.host = text;
    if (is_ipv6_address(endpoint.host)) return {};
    return Error("an IPv6 address with a port is written [address]:port");
  }
  const auto host = percent_decoded(text.substr(0, colon));
  if (!host) return Error("a '%' in the host is not followed by two hexadecimal digits");
  if (host->empty()) return Error("the host is missing");
  if (std::ranges::any_of(*host, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; })) {
    return Error("the host holds a blank or a control character");
  }
  if (host->contains(':') && !is_ipv6_address(*host)) return Error("the host holds a ':' and is no IPv6 address");
  endpoint.host = *host;
  return colon == std::string_view::npos ? std::expected<void, std::string>{}
                                         : take_port(text.substr(colon + 1), endpoint);
}

std::expected<void, std::string> take_credentials(std::string_view text, Endpoint& endpoint) {
  const std::size_t colon = text.find(':');
  endpoint.user_name = percent_decoded(text.substr(0, colon));
  if (!endpoint.user_name) return Error("a '%' in the user name is not followed by two hexadecimal digits");
  if (colon == std::string_view::npos) return {};
  endpoint.password = percent_decoded(text.substr(colon + 1));
  if (!endpoint.password) return Error("a '%' in the password is not followed by two hexadecimal digits");
  return {};
}

std::expected<void, std::string> take_path(std::string_view text, Endpoint& endpoint) {
  if (speaks_websocket(endpoint.transport)) {
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; })) {
      return Error("the path holds a blank or a control character");
    }
    endpoint.path = text.empty() ? "/mqtt" : text;
    return {};
  }
  const auto path = percent_decoded(text);
  if (!path) return Error("a '%' in the path is not followed by two hexadecimal digits");
  if (endpoint.transport == Transport::unix_socket) {
    if (endpoint.path.starts_with('@')) {
      return text.empty() ? std::expected<void, std::string>{} : Error("nothing may follow the name of a Unix socket");
    }
    if (path->size() < 2) return Error("a Unix socket is written unix:///path/to/file or unix://@name");
    if (path->contains('\0')) return Error("the path of a Unix socket holds a null character");
  }
  endpoint.path = *path;
  return {};
}

std::expected<void, std::string> take_query(std::string_view text, Endpoint& endpoint) {
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    const auto name = percent_decoded(item.substr(0, equals));
    const auto value = percent_decoded(item.substr(std::min(equals + 1, item.size())));
    if (!name || !value) return Error("a '%' in the query is not followed by two hexadecimal digits");
    endpoint.query.emplace_back(*name, *value);
  }
  return {};
}

// @name of the abstract namespace, maybe behind user:password
std::expected<void, std::string> take_abstract_name(std::string_view text, Endpoint& endpoint) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return Error("a Unix socket is written unix:///path/to/file or unix://@name");
  const auto name = percent_decoded(text.substr(at));
  if (!name) return Error("a '%' in the name is not followed by two hexadecimal digits");
  endpoint.path = *name;
  std::string_view credentials = text.substr(0, at);
  if (!credentials.ends_with('@')) {
    return credentials.empty() ? std::expected<void, std::string>{} : Error("a name of a Unix socket begins with '@'");
  }
  credentials.remove_suffix(1);
  return take_credentials(credentials, endpoint);
}

// user:password@host:port
std::expected<void, std::string> take_authority(std::string_view text, Endpoint& endpoint) {
  if (endpoint.transport == Transport::unix_socket && !text.empty() && !text.ends_with('@')) {
    return take_abstract_name(text, endpoint);
  }
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (auto taken = take_credentials(text.substr(0, at), endpoint); !taken) return taken;
    text.remove_prefix(at + 1);
  }
  if (endpoint.transport != Transport::unix_socket) return take_host(text, endpoint);
  return {};
}

std::string query_text(const Endpoint& endpoint) {
  std::string text;
  char separator = '?';
  for (const auto& [name, value] : endpoint.query) {
    text += separator + percent_encoded(name, "/$+,;:@!*'()") + '=' + percent_encoded(value, "/$+,;:@!*'()");
    separator = '&';
  }
  return text;
}

}  // namespace

std::uint16_t default_port(Transport transport) {
  switch (transport) {
    case Transport::tcp: return 1883;
    case Transport::tls: return 8883;
    case Transport::websocket: return 80;
    case Transport::websocket_over_tls: return 443;
    case Transport::unix_socket: return 0;
  }
  return 0;
}

std::string_view scheme_of(Transport transport) {
  return std::ranges::find(schemes, transport, &Scheme::transport)->name;
}

std::expected<Endpoint, std::string> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    const Scheme* scheme = find_scheme(text.substr(0, end));
    if (scheme == nullptr) return Error("the scheme before :// is none of mqtt, mqtts, ws, wss, unix");
    endpoint.transport = scheme->transport;
    text.remove_prefix(end + 3);
  }
  endpoint.port = default_port(endpoint.transport);
  if (text.contains('#')) return Error("a '#' is written %23");

  const std::size_t authority_end = std::min(text.find_first_of("/?"), text.size());
  if (auto taken = take_authority(text.substr(0, authority_end), endpoint); !taken) return Error(taken.error());
  const std::string_view rest = text.substr(authority_end);
  const std::size_t path_end = std::min(rest.find('?'), rest.size());
  if (auto taken = take_path(rest.substr(0, path_end), endpoint); !taken) return Error(taken.error());
  if (path_end < rest.size()) {
    if (auto taken = take_query(rest.substr(path_end + 1), endpoint); !taken) return Error(taken.error());
  }
  return endpoint;
}

std::string short_text(const Endpoint& endpoint) {
  if (endpoint.transport == Transport::unix_socket) return endpoint.path;
  if (endpoint.host.contains(':')) return fmt::format("[{}]:{}", endpoint.host, endpoint.port);
  return fmt::format("{}:{}", endpoint.host, endpoint.port);
}

std::string resource(const Endpoint& endpoint) { return endpoint.path + query_text(endpoint); }

std::string to_text(const Endpoint& endpoint, Credentials credentials) {
  std::string text = fmt::format("{}://", scheme_of(endpoint.transport));
  if (credentials != Credentials::left_out && (endpoint.user_name || endpoint.password)) {
    text += percent_encoded(endpoint.user_name.value_or(""), "");
    if (endpoint.password) {
      text += ':';
      text += credentials == Credentials::masked ? "***" : percent_encoded(*endpoint.password, "");
    }
    text += '@';
  }
  if (endpoint.path.starts_with('@'))
    return text + '@' + percent_encoded(endpoint.path.substr(1), "") + query_text(endpoint);
  if (endpoint.host.contains(':')) {
    const std::size_t zone = std::min(endpoint.host.find('%'), endpoint.host.size());
    text += '[' + endpoint.host.substr(0, zone);
    if (zone < endpoint.host.size()) text += "%25" + endpoint.host.substr(zone + 1);
    text += ']';
  } else {
    text += percent_encoded(endpoint.host, "*");
  }
  if (endpoint.transport != Transport::unix_socket) text += fmt::format(":{}", endpoint.port);
  text += speaks_websocket(endpoint.transport) ? endpoint.path : percent_encoded(endpoint.path, "/$+,;=:@!*'()&");
  return text + query_text(endpoint);
}

}  // namespace mqtk
