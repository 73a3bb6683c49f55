// Two ends of a loopback connection on one Loop, and turns of the Loop with a time limit.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/acceptor.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/network_connection.hpp"

namespace mqtk {

inline Endpoint tcp_endpoint(std::string host, std::uint16_t port = 0) {
  return {.host = std::move(host), .port = port};
}

// False when `done` did not come true in time.
inline bool turn_until(Loop& loop, const std::function<bool()>& done, Duration limit = std::chrono::seconds(10)) {
  const TimePoint end = loop.refresh_now() + limit;
  while (!done()) {
    if (loop.now() >= end) return false;
    loop.run_turn(std::chrono::milliseconds(20));
  }
  return true;
}

// Collects what arrives; flushes what is sent at the end of the turn.
class Peer final : public NetworkConnectionListener, public TurnEndListener {
 public:
  explicit Peer(Loop& loop) : loop_(loop) {}

  void attach(std::unique_ptr<NetworkConnection> new_connection) {
    connection = std::move(new_connection);
    connection->start(*this);
  }

  void send(std::string_view text) {
    output.append(as_bytes(text));
    loop_.call_at_turn_end(*this);
  }

  void on_readable() override {
    if (when_readable) return when_readable();
    read_once();
  }

  void read_once() {
    const MutableBytes scratch = loop_.receive_scratch().bytes();
    const auto count = connection->read(scratch);
    if (count) {
      ++reads;
      received += as_text(scratch.first(*count));
    } else {
      error = count.error();
    }
  }

  [[nodiscard]] bool ended() const { return error && error != std::errc::operation_would_block; }

  void on_writable() override {
    ++writables;
    flush();
  }
  void on_turn_end() override { flush(); }

  void flush() {
    ++flushes;
    const auto flushed = connection->flush(output);
    if (flushed) {
      flush_result = *flushed;
    } else {
      write_error = flushed.error();
    }
  }

  std::unique_ptr<NetworkConnection> connection;
  SendQueue output;
  std::string received;
  std::error_code error;
  std::error_code write_error;
  std::optional<FlushResult> flush_result;
  std::function<void()> when_readable;
  int reads = 0;
  int writables = 0;
  int flushes = 0;

 private:
  Loop& loop_;
};

// Takes every connection that comes in.
class Connections final : public AcceptorListener {
 public:
  void on_connection(std::unique_ptr<NetworkConnection> connection) override {
    if (when_connected) return when_connected(std::move(connection));
    accepted.push_back(std::move(connection));
  }
  void on_accept_failed(const NetError& error) override { failures.push_back(error); }

  std::vector<std::unique_ptr<NetworkConnection>> accepted;
  std::vector<NetError> failures;
  std::function<void(std::unique_ptr<NetworkConnection>)> when_connected;
};

inline std::unique_ptr<Acceptor> listen_at(Loop& loop, const std::string& host, AcceptorListener& listener,
                                           std::uint16_t port = 0) {
  auto acceptor = Acceptor::listen(loop, tcp_endpoint(host, port), {}, listener);
  if (!acceptor) FAIL(acceptor.error().text());
  return std::move(*acceptor);
}

using ConnectResult = std::expected<std::unique_ptr<NetworkConnection>, NetError>;

inline ConnectResult connect(Loop& loop, const Endpoint& endpoint, const ConnectorOptions& options = {}) {
  std::optional<ConnectResult> result;
  Connector connector(loop);
  connector.connect(endpoint, options, [&](ConnectResult got) { result = std::move(got); });
  CHECK_FALSE(result.has_value());
  REQUIRE(turn_until(loop, [&] { return result.has_value(); }));
  return std::move(*result);
}

struct ConnectedPair {
  explicit ConnectedPair(const std::string& host = "127.0.0.1", const LoopOptions& options = {})
      : loop(options), client(loop), server(loop) {
    Connections connections;
    const auto acceptor = listen_at(loop, host, connections);
    auto connected = connect(loop, acceptor->endpoint());
    if (!connected) FAIL(connected.error().text());
    client.attach(std::move(*connected));
    REQUIRE(turn_until([&] { return !connections.accepted.empty(); }));
    server.attach(std::move(connections.accepted.front()));
  }

  bool turn_until(const std::function<bool()>& done) { return mqtk::turn_until(loop, done); }

  Loop loop;
  Peer client;
  Peer server;
};

}  // namespace mqtk
