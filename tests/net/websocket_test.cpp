#include <doctest/doctest.h>

#include <string>

#include "base/hex.hpp"
#include "net/handshake_fault.hpp"
#include "net/net_fixture.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

Endpoint websocket_endpoint(std::uint16_t port = 0, const std::string& path = "/mqtt") {
  return {.transport = Transport::websocket, .host = "127.0.0.1", .port = port, .path = path};
}

struct WebSocketServer {
  explicit WebSocketServer(Loop& for_loop) : loop(for_loop) {
    auto listening = Acceptor::listen(loop, websocket_endpoint(), {}, connections);
    if (!listening) FAIL(listening.error().text());
    acceptor = std::move(*listening);
    connections.when_connected = [this](std::unique_ptr<NetworkConnection> connection) {
      peer = std::make_unique<Peer>(loop);
      peer->attach(std::move(connection));
    };
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor->endpoint().port; }

  Loop& loop;
  Connections connections;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<Peer> peer;
};

// Speaks TCP with the server, bytes written by hand.
struct RawClient {
  RawClient(Loop& loop, std::uint16_t port) : peer(loop) {
    auto connected = connect(loop, tcp_endpoint("127.0.0.1", port));
    REQUIRE(connected.has_value());
    peer.attach(std::move(*connected));
    peer.send(
        "GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
  }
  void send_hex(const std::string& hex) {
    const auto bytes = from_hex(hex);
    peer.send(as_text(*bytes));
  }
  // What came behind the head of the answer.
  [[nodiscard]] std::string frames() const {
    const std::size_t end = peer.received.find("\r\n\r\n");
    return end == std::string::npos ? "" : to_hex(as_bytes(std::string_view(peer.received).substr(end + 4)));
  }

  Peer peer;
};

std::string failure_text(const ConnectResult& result) { return result ? "(connected)" : result.error().text(); }

}  // namespace

TEST_CASE("bytes go both ways over a WebSocket, however many") {
  Loop loop;
  WebSocketServer server(loop);
  auto connected = connect(loop, websocket_endpoint(server.port()));
  INFO(failure_text(connected));
  REQUIRE(connected.has_value());
  Peer client(loop);
  client.attach(std::move(*connected));
  const std::string much(3'000'000, 'x');
  client.send(much);
  REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->received.size() == much.size(); }));
  server.peer->send(much);
  REQUIRE(turn_until(loop, [&] { return client.received.size() == much.size(); }));
  CHECK(client.received == much);
  CHECK(server.peer->received == much);
}

TEST_CASE("another path than the listener's is refused with 404") {
  Loop loop;
  WebSocketServer server(loop);
  const auto result = connect(loop, websocket_endpoint(server.port(), "/other"));
  CHECK(failure_text(result) == "WebSocket handshake with 127.0.0.1:" + std::to_string(server.port()) +
                                    ": no WebSocket at this path (HTTP status 404 Not Found)");
}

TEST_CASE("frames that come with the request are not lost, one packet may be in many and many in one") {
  Loop loop;
  WebSocketServer server(loop);
  RawClient client(loop, server.port());
  client.send_hex(
      "0281"
      "00000000"
      "61"
      "8082"
      "00000000"
      "6263"
      "8283"
      "00000000"
      "646566");
  REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->received.size() >= 6; }));
  CHECK(server.peer->received == "abcdef");
  server.peer->send("hi");
  REQUIRE(turn_until(loop, [&] { return client.frames().size() >= 8; }));
  CHECK(client.frames() == "82026869");
}

TEST_CASE("a ping is answered with its bytes, and a Close with a Close") {
  Loop loop;
  WebSocketServer server(loop);
  RawClient client(loop, server.port());
  client.send_hex(
      "8982"
      "00000000"
      "6869");
  REQUIRE(turn_until(loop, [&] { return client.frames() == "8a026869"; }));
  client.send_hex(
      "8882"
      "00000000"
      "03e8");
  REQUIRE(turn_until(loop, [&] { return server.peer->ended() && client.frames() == "8a026869880203e8"; }));
  CHECK(server.peer->error == NetFault::end_of_stream);
}

TEST_CASE("text frames and frames without mask end the connection with the status that says why [MQTT-6.0.0-1]") {
  const auto end_after = [](const std::string& hex) {
    Loop loop;
    WebSocketServer server(loop);
    RawClient client(loop, server.port());
    client.send_hex(hex);
    REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->ended() && !client.frames().empty(); }));
    return client.frames() + " " + server.peer->error.message();
  };
  CHECK(end_after("8181"
                  "00000000"
                  "61") == "880203eb the peer sent a WebSocket text frame; MQTT needs binary frames");
  CHECK(end_after("820161") == "880203ea the peer sent a WebSocket frame that is not allowed");
}

TEST_CASE("a request that is not for a WebSocket gets an HTTP answer that says so") {
  Loop loop;
  WebSocketServer server(loop);
  auto connected = connect(loop, tcp_endpoint("127.0.0.1", server.port()));
  REQUIRE(connected.has_value());
  Peer client(loop);
  client.attach(std::move(*connected));
  client.send("GET /mqtt HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(turn_until(loop, [&] { return client.received.ends_with("\n") && server.peer->ended(); }));
  CHECK(client.received.starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
  CHECK(server.peer->error == HandshakeFault::bad_request);
}

TEST_CASE("an endless request is not collected") {
  Loop loop;
  WebSocketServer server(loop);
  auto connected = connect(loop, tcp_endpoint("127.0.0.1", server.port()));
  REQUIRE(connected.has_value());
  Peer client(loop);
  client.attach(std::move(*connected));
  client.send("GET /mqtt HTTP/1.1\r\nA: " + std::string(100'000, 'x'));
  REQUIRE(turn_until(loop, [&] { return server.peer && server.peer->ended(); }));
  CHECK(server.peer->error == HandshakeFault::http_too_large);
}

TEST_CASE("a server that speaks MQTT instead of HTTP, or closes, is told apart") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  std::unique_ptr<Peer> peer;
  bool closes = false;
  connections.when_connected = [&](std::unique_ptr<NetworkConnection> connection) {
    if (closes) return;
    peer = std::make_unique<Peer>(loop);
    peer->attach(std::move(connection));
    peer->send(std::string_view("\x20\x02\x00\x01", 4));
  };
  const std::uint16_t port = acceptor->endpoint().port;
  const std::string doing = "WebSocket handshake with 127.0.0.1:" + std::to_string(port) + ": ";
  CHECK(failure_text(connect(loop, websocket_endpoint(port))) ==
        doing + "the answer is not HTTP (it begins with \" \\x02\\x00\\x01\")");
  closes = true;
  CHECK(failure_text(connect(loop, websocket_endpoint(port))) ==
        doing + "the peer closed the connection during the handshake");
}
