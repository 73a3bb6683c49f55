#include <doctest/doctest.h>

#include <string>

#include "base/hex.hpp"
#include "net/net_fixture.hpp"
#include "net/proxy_handshake.hpp"

using namespace mqtk;

namespace {

ProxyOptions proxy(const std::string& url) {
  auto parsed = parse_proxy(url);
  if (!parsed) FAIL(parsed.error());
  return *parsed;
}

std::string hex(const std::string& text) { return to_hex(as_bytes(text)); }

std::string text(const std::string& digits) {
  const auto bytes = from_hex(digits);
  return std::string(as_text(*bytes));
}

// What a handshake makes of an answer that comes byte by byte.
std::string verdict(ProxyHandshake& handshake, const std::string& answer) {
  std::string bytes;
  for (const char byte : answer) {
    bytes += byte;
    const auto done = handshake.take(bytes);
    if (!done) return done.error().code.message() + (done.error().detail.empty() ? "" : ": " + done.error().detail);
    if (*done) return "open";
  }
  return "waits";
}

}  // namespace

TEST_CASE("a proxy is written as a URL, with the usual ports") {
  CHECK(proxy("http://p.example").port == 3128);
  CHECK(proxy("socks5://p.example").port == 1080);
  CHECK(proxy("socks5h://p.example:9050/").port == 9050);
  CHECK(proxy("p.example:8080").kind == ProxyOptions::Kind::http);
  const ProxyOptions options = proxy("http://me:se%3Acret@[::1]:99");
  CHECK(options.host == "::1");
  CHECK(options.user_name == "me");
  CHECK(options.password == "se:cret");
  CHECK(parse_proxy("ftp://p").error() == "the scheme before :// is none of http, socks5, socks5h");
  CHECK(parse_proxy("http://p/path").error() == "a proxy has no path");
}

TEST_CASE("HTTP CONNECT names the broker and the login") {
  ProxyHandshake handshake(proxy("http://me:secret@p"), "broker.example", 8883);
  CHECK(handshake.take_output() ==
        "CONNECT broker.example:8883 HTTP/1.1\r\nHost: broker.example:8883\r\n"
        "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n");
  CHECK(verdict(handshake, "HTTP/1.1 200 Connection established\r\nVia: p\r\n\r\n") == "open");
}

TEST_CASE("a proxy that does not connect says why") {
  const auto after = [](const std::string& answer) {
    ProxyHandshake handshake(proxy("http://p"), "broker.example", 8883);
    return verdict(handshake, answer);
  };
  CHECK(after("HTTP/1.1 403 Forbidden\r\n\r\n") == "the proxy does not connect us: HTTP status 403 Forbidden");
  CHECK(after("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") ==
        "the proxy wants another user name or password: HTTP status 407 Proxy Authentication Required");
  CHECK(after("SSH-2.0-x\r\n") == "the answer is not that of such a proxy");
  CHECK(after("HTTP/1.1 200 OK\r\n") == "waits");
}

TEST_CASE("SOCKS5 offers a login where there is one, and asks for the name or the address") {
  ProxyHandshake by_name(proxy("socks5h://p"), "broker.example", 1883);
  CHECK(hex(by_name.take_output()) == "050100");
  CHECK(verdict(by_name, text("0500")) == "waits");
  CHECK(hex(by_name.take_output()) ==
        "050100"
        "030e"
        "62726f6b65722e6578616d706c65"
        "075b");
  CHECK(verdict(by_name, text("05000001"
                              "7f000001"
                              "1f90")) == "open");

  ProxyHandshake with_login(proxy("socks5h://me:pw@p"), "192.0.2.1", 1883);
  CHECK(hex(with_login.take_output()) == "05020002");
  CHECK(verdict(with_login, text("0502")) == "waits");
  CHECK(hex(with_login.take_output()) ==
        "01"
        "026d65"
        "027077");
  CHECK(verdict(with_login, text("0100")) == "waits");
  CHECK(hex(with_login.take_output()) ==
        "05010001"
        "c0000201"
        "075b");
  CHECK(verdict(with_login, text("05050001")) == "waits");
  CHECK(verdict(with_login, text("05050001"
                                 "00")) == "the proxy does not connect us: the broker refused the connection");
}

TEST_CASE("SOCKS5 that wants a login, or another one, or is none") {
  ProxyHandshake without(proxy("socks5h://p"), "h", 1);
  CHECK(verdict(without, text("05ff")) == "the proxy wants another user name or password");
  ProxyHandshake wrong(proxy("socks5h://me:pw@p"), "h", 1);
  CHECK(verdict(wrong, text("05020101")) == "the proxy wants another user name or password");
  ProxyHandshake other(proxy("socks5h://p"), "h", 1);
  CHECK(verdict(other, "HTTP/1.1 400 Bad") == "the answer is not that of such a proxy");
}

TEST_CASE("the connection through a proxy carries the broker's bytes, also those right behind the proxy's answer") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  std::unique_ptr<Peer> peer;
  connections.when_connected = [&](std::unique_ptr<NetworkConnection> connection) {
    peer = std::make_unique<Peer>(loop);
    peer->when_readable = [&] {
      peer->read_once();
      if (peer->received.ends_with("\r\n\r\n")) peer->send("HTTP/1.1 200 OK\r\n\r\nearly");
    };
    peer->attach(std::move(connection));
  };
  auto connected =
      connect(loop, tcp_endpoint("broker.invalid", 1883),
              {.transport = {.proxy = proxy("http://127.0.0.1:" + std::to_string(acceptor->endpoint().port))}});
  INFO((connected ? "" : connected.error().text()));
  REQUIRE(connected.has_value());
  Peer client(loop);
  client.attach(std::move(*connected));
  client.send("hello");
  REQUIRE(turn_until(loop, [&] { return peer->received.ends_with("hello"); }));
  peer->send(" late");
  REQUIRE(turn_until(loop, [&] { return client.received == "early late"; }));
}
