#include "net/proxy_handshake.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/base64.hpp"
#include "net/endpoint.hpp"
#include "net/handshake_fault.hpp"
#include "net/http_head.hpp"

namespace mqtk {
namespace {

std::unexpected<HandshakeFailure> failed(HandshakeFault fault, std::string detail = {}) {
  return std::unexpected(HandshakeFailure{fault, std::move(detail)});
}

char byte(unsigned value) { return static_cast<char>(value & 0xFFU); }

std::string_view socks_failure(int code) {
  constexpr std::array<std::string_view, 9> texts{"",
                                                  "general failure",
                                                  "its rules do not allow it",
                                                  "the network is unreachable",
                                                  "the host is unreachable or unknown",
                                                  "the broker refused the connection",
                                                  "no answer in time",
                                                  "it cannot connect",
                                                  "it does not know this kind of address"};
  return code > 0 && code < static_cast<int>(texts.size()) ? texts[static_cast<std::size_t>(code)] : "unknown failure";
}

}  // namespace

std::expected<ProxyOptions, std::string> parse_proxy(std::string_view text) {
  const std::size_t end = text.find("://");
  const std::string_view scheme = end == std::string_view::npos ? "http" : text.substr(0, end);
  std::string_view rest = end == std::string_view::npos ? text : text.substr(end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  ProxyOptions options;
  if (scheme == "socks5") {
    options.kind = ProxyOptions::Kind::socks5;
  } else if (scheme == "socks5h" || scheme == "socks") {
    options.kind = ProxyOptions::Kind::socks5h;
  } else if (scheme != "http") {
    return std::unexpected("the scheme before :// is none of http, socks5, socks5h");
  }
  auto endpoint = parse_endpoint(fmt::format("tcp://{}", rest));
  if (!endpoint) return std::unexpected(endpoint.error());
  if (!endpoint->path.empty() || !endpoint->query.empty()) return std::unexpected("a proxy has no path");
  const bool says_port = rest.ends_with(fmt::format(":{}", endpoint->port));
  const std::uint16_t usual = options.kind == ProxyOptions::Kind::http ? 3128 : 1080;
  options.host = std::move(endpoint->host);
  options.port = says_port ? endpoint->port : usual;
  options.user_name = std::move(endpoint->user_name);
  options.password = std::move(endpoint->password);
  if (options.kind != ProxyOptions::Kind::http &&
      (options.user_name.value_or("").size() > 255 || options.password.value_or("").size() > 255)) {
    return std::unexpected("SOCKS5 takes user names and passwords of up to 255 bytes");
  }
  return options;
}

ProxyHandshake::ProxyHandshake(const ProxyOptions& options, std::string host, std::uint16_t port)
    : state_(options.kind == ProxyOptions::Kind::http ? State::http : State::method),
      options_(options),
      host_(std::move(host)),
      port_(port) {
  const bool has_login = options_.user_name.has_value();
  if (state_ == State::method) {
    output_ = has_login ? std::string{5, 2, 0, 2} : std::string{5, 1, 0};
    return;
  }
  const std::string target = short_text({.host = host_, .port = port_});
  output_ = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", target, target);
  if (has_login) {
    const std::string login = *options_.user_name + ':' + options_.password.value_or("");
    output_ += fmt::format("Proxy-Authorization: Basic {}\r\n", to_base64(as_bytes(login)));
  }
  output_ += "\r\n";
}

ProxyHandshake::Step ProxyHandshake::take(std::string& bytes) {
  for (;;) {
    const State before = state_;
    Step step = true;
    switch (state_) {
      case State::http: step = take_http(bytes); break;
      case State::method: step = take_method(bytes); break;
      case State::login: step = take_login(bytes); break;
      case State::reply: step = take_reply(bytes); break;
    }
    if (!step || *step || state_ == before) return step;
  }
}

ProxyHandshake::Step ProxyHandshake::take_http(std::string& bytes) {
  const std::string_view begin = "HTTP/";
  if (!bytes.starts_with(begin.substr(0, bytes.size()))) return failed(HandshakeFault::proxy_not_spoken);
  const auto size = http_head_size(bytes);
  if (!size) {
    if (bytes.size() > max_http_head_bytes) return failed(HandshakeFault::http_too_large);
    return false;
  }
  const auto head = parse_http_head(std::string_view(bytes).substr(0, *size));
  const auto status = head ? http_status(head->start_line) : std::nullopt;
  if (!status) return failed(HandshakeFault::proxy_not_spoken);
  bytes.erase(0, *size);
  if (*status >= 200 && *status < 300) return true;
  const std::string detail = "HTTP status " + head->start_line.substr(9);
  return failed(*status == 407 ? HandshakeFault::proxy_login_needed : HandshakeFault::proxy_refused, detail);
}

ProxyHandshake::Step ProxyHandshake::take_method(std::string& bytes) {
  if (!bytes.empty() && bytes[0] != 5) return failed(HandshakeFault::proxy_not_spoken);
  if (bytes.size() < 2) return false;
  const char method = bytes[1];
  bytes.erase(0, 2);
  if (method == 0) {
    ask_for_connection();
    state_ = State::reply;
    return false;
  }
  if (method != 2 || !options_.user_name) return failed(HandshakeFault::proxy_login_needed);
  const std::string password = options_.password.value_or("");
  output_ = std::string{1, byte(static_cast<unsigned>(options_.user_name->size()))} + *options_.user_name +
            byte(static_cast<unsigned>(password.size())) + password;
  state_ = State::login;
  return false;
}

ProxyHandshake::Step ProxyHandshake::take_login(std::string& bytes) {
  if (bytes.size() < 2) return false;
  const bool accepted = bytes[1] == 0;
  bytes.erase(0, 2);
  if (!accepted) return failed(HandshakeFault::proxy_login_needed);
  ask_for_connection();
  state_ = State::reply;
  return false;
}

void ProxyHandshake::ask_for_connection() {
  std::array<char, 16> address;
  output_ += std::string{5, 1, 0};
  if (::inet_pton(AF_INET, host_.c_str(), address.data()) == 1) {
    output_ += '\1';
    output_.append(address.data(), 4);
  } else if (::inet_pton(AF_INET6, host_.c_str(), address.data()) == 1) {
    output_ += '\4';
    output_.append(address.data(), 16);
  } else {
    const std::string name = host_.substr(0, 255);
    output_ += std::string{3, byte(static_cast<unsigned>(name.size()))} + name;
  }
  output_ += std::string{byte(port_ >> 8U), byte(port_)};
}

ProxyHandshake::Step ProxyHandshake::take_reply(std::string& bytes) {
  if (bytes.size() < 5) return false;
  if (bytes[0] != 5) return failed(HandshakeFault::proxy_not_spoken);
  if (bytes[1] != 0) return failed(HandshakeFault::proxy_refused, std::string(socks_failure(bytes[1])));
  const std::size_t address = bytes[3] == 1 ? 4 : bytes[3] == 4 ? 16 : 1 + static_cast<unsigned char>(bytes[4]);
  const std::size_t size = 4 + address + 2;
  if (bytes.size() < size) return false;
  bytes.erase(0, size);
  return true;
}

}  // namespace mqtk
