#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <string>

#include "net/net_fixture.hpp"
#include "net/tcp_connection.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

// More than the socket buffers of both ends of a loopback connection hold together.
std::string large_text() {
  std::string block;
  while (block.size() < 1'000'003) block += fmt::format("{:0>8}", block.size());
  std::string text;
  while (text.size() < 32 * 1024 * 1024) text += block;
  return text;
}

std::error_code would_block() { return std::make_error_code(std::errc::operation_would_block); }

}  // namespace

TEST_CASE("bytes go both ways over IPv4 and IPv6, whichever way the loop waits") {
  for (const auto waiting : {LoopOptions::Waiting::fastest, LoopOptions::Waiting::portable}) {
    for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
      CAPTURE(host);
      ConnectedPair pair(host, {.waiting = waiting});
      pair.client.send("ping");
      REQUIRE(pair.turn_until([&] { return pair.server.received == "ping"; }));
      pair.server.send("pong");
      REQUIRE(pair.turn_until([&] { return pair.client.received == "pong"; }));
    }
  }
}

TEST_CASE("the peer's address is an IP address and a port") {
  ConnectedPair ipv4("127.0.0.1");
  CHECK(ipv4.server.connection->peer_address().starts_with("127.0.0.1:"));
  ConnectedPair ipv6("::1");
  CHECK(ipv6.server.connection->peer_address().starts_with("[::1]:"));
}

TEST_CASE("what is queued during a turn is written once, at its end, and arrives as one piece") {
  ConnectedPair pair;
  pair.loop.post([&] {
    for (int i = 0; i < 100; ++i) pair.client.send("0123456789");
    CHECK(pair.client.flushes == 0);
  });
  REQUIRE(pair.turn_until([&] { return pair.server.received.size() == 1000; }));
  CHECK(pair.client.flushes == 1);
  CHECK(pair.client.flush_result == FlushResult::all);
  CHECK(pair.server.reads == 1);
}

TEST_CASE("one gather write takes more parts than the system takes at once") {
  ConnectedPair pair;
  const auto block = SharedBytes::copy_of(as_bytes("0123456789"));
  for (int i = 0; i < 1000; ++i) pair.client.output.append_shared(block, block.view());
  pair.loop.call_at_turn_end(pair.client);
  REQUIRE(pair.turn_until([&] { return pair.server.received.size() == 10'000; }));
  CHECK(pair.client.flushes == 1);
}

TEST_CASE("reading with nothing there, after the end, and after a reset are three different errors") {
  ConnectedPair pair;
  pair.client.read_once();
  CHECK(pair.client.error == would_block());
  SUBCASE("the peer closes") {
    pair.server.connection.reset();
    REQUIRE(pair.turn_until([&] { return pair.client.error != would_block(); }));
    CHECK(pair.client.error == NetFault::end_of_stream);
  }
  SUBCASE("the peer ends writing only") {
    pair.server.connection->end_writing();
    REQUIRE(pair.turn_until([&] { return pair.client.error != would_block(); }));
    CHECK(pair.client.error == NetFault::end_of_stream);
    pair.client.send("still heard");
    REQUIRE(pair.turn_until([&] { return pair.server.received == "still heard"; }));
  }
  SUBCASE("the peer resets") {
    pair.server.connection->reset_on_close();
    pair.server.connection.reset();
    REQUIRE(pair.turn_until([&] { return pair.client.error != would_block(); }));
    CHECK(pair.client.error == std::errc::connection_reset);
    CHECK(failure_of(pair.client.error) == NetFailure::lost);
  }
  // The end is told once; a loop that told it at each turn would not sleep.
  const int calls_before = pair.client.reads;
  pair.client.when_readable = [&] { FAIL("readable after the end"); };
  for (int i = 0; i < 5; ++i) pair.loop.run_turn(1ms);
  CHECK(pair.client.reads == calls_before);
}

TEST_CASE("writing to a connection that the peer has reset is an error, not a signal") {
  ConnectedPair pair;
  pair.client.when_readable = [] {};
  pair.server.connection->reset_on_close();
  pair.server.connection.reset();
  pair.loop.run_turn(20ms);
  pair.client.send("lost");
  pair.loop.run_turn(Duration{0});
  CHECK(failure_of(pair.client.write_error) == NetFailure::lost);
}

TEST_CASE("what one read leaves behind is told again at the next turn") {
  ConnectedPair pair;
  pair.client.send("abcdef");
  int calls = 0;
  pair.server.when_readable = [&] {
    ++calls;
    std::uint8_t two[2];
    const auto count = pair.server.connection->read(two);
    REQUIRE(count.has_value());
    pair.server.received += as_text(Bytes(two).first(*count));
  };
  REQUIRE(pair.turn_until([&] { return pair.server.received == "abcdef"; }));
  CHECK(calls == 3);
}

TEST_CASE("a slow reader stops the writer, which goes on when it can, and no byte is lost") {
  for (const auto waiting : {LoopOptions::Waiting::fastest, LoopOptions::Waiting::portable}) {
    ConnectedPair pair("127.0.0.1", {.waiting = waiting});
    pair.server.connection->pause_reading();
    const std::string text = large_text();
    pair.client.send(text);
    pair.loop.run_turn(Duration{0});
    // Until the socket buffers are full the writer goes on by itself; then nothing moves.
    std::size_t left = 0;
    while (left != pair.client.output.size()) {
      left = pair.client.output.size();
      for (int i = 0; i < 10; ++i) pair.loop.run_turn(5ms);
    }
    CHECK(left > 0);
    CHECK(pair.client.flush_result == FlushResult::part);
    CHECK(pair.server.received.empty());

    const int flushes = pair.client.flushes;
    pair.client.send("!");
    pair.loop.run_turn(Duration{0});
    CHECK(pair.client.flushes == flushes + 1);
    CHECK(pair.client.output.size() == left + 1);

    pair.server.connection->resume_reading();
    REQUIRE(pair.turn_until([&] { return pair.server.received.size() == text.size() + 1; }));
    CHECK(pair.server.received == text + "!");
    CHECK(pair.client.flush_result == FlushResult::all);
    CHECK(pair.client.writables > 0);
    // Nothing to write is no reason to be called, though the socket is writable all the time.
    const int writables = pair.client.writables;
    for (int i = 0; i < 5; ++i) pair.loop.run_turn(1ms);
    CHECK(pair.client.writables == writables);
  }
}

TEST_CASE("both ends may be full at the same time and drain when both read") {
  ConnectedPair pair;
  const std::string text = large_text();
  for (Peer* peer : {&pair.client, &pair.server}) {
    peer->connection->pause_reading();
    peer->send(text);
  }
  for (int i = 0; i < 50; ++i) pair.loop.run_turn(1ms);
  CHECK(pair.client.flush_result == FlushResult::part);
  CHECK(pair.server.flush_result == FlushResult::part);
  for (Peer* peer : {&pair.client, &pair.server}) peer->connection->resume_reading();
  REQUIRE(
      pair.turn_until([&] { return pair.client.received.size() + pair.server.received.size() == 2 * text.size(); }));
  CHECK(pair.client.received == text);
  CHECK(pair.server.received == text);
}

TEST_CASE("a paused connection is quiet, even when its peer is gone, and tells everything when resumed") {
  for (const auto waiting : {LoopOptions::Waiting::fastest, LoopOptions::Waiting::portable}) {
    ConnectedPair pair("127.0.0.1", {.waiting = waiting});
    pair.server.connection->pause_reading();
    pair.client.send("last words");
    pair.loop.run_turn(Duration{0});
    pair.client.connection.reset();
    pair.server.when_readable = [] { FAIL("readable while paused"); };
    for (int i = 0; i < 5; ++i) pair.loop.run_turn(1ms);
    pair.server.when_readable = {};
    pair.server.connection->resume_reading();
    REQUIRE(pair.turn_until([&] { return pair.server.error == NetFault::end_of_stream; }));
    CHECK(pair.server.received == "last words");
  }
}

TEST_CASE("a listener may destroy its connection when it is told of input") {
  ConnectedPair pair;
  pair.server.when_readable = [&] { pair.server.connection.reset(); };
  pair.client.send("x");
  REQUIRE(pair.turn_until([&] { return pair.server.connection == nullptr; }));
  REQUIRE(pair.turn_until([&] { return bool(pair.client.error); }));
}

TEST_CASE("a listener may destroy another connection that has input in the same turn") {
  for (const auto waiting : {LoopOptions::Waiting::fastest, LoopOptions::Waiting::portable}) {
    Loop loop({.waiting = waiting});
    Connections connections;
    const auto acceptor = listen_at(loop, "127.0.0.1", connections);
    std::vector<std::unique_ptr<NetworkConnection>> clients;
    std::vector<std::unique_ptr<Peer>> servers;
    for (std::size_t i = 0; i < 8; ++i) clients.push_back(*connect(loop, acceptor->endpoint()));
    REQUIRE(turn_until(loop, [&] { return connections.accepted.size() == 8; }));
    int alive_calls = 0;
    for (auto& accepted : connections.accepted) {
      auto& server = servers.emplace_back(std::make_unique<Peer>(loop));
      server->attach(std::move(accepted));
      server->when_readable = [&] {
        ++alive_calls;
        for (auto& each : servers) each->connection.reset();
      };
    }
    SendQueue text;
    for (auto& client : clients) {
      text.append(as_bytes("x"));
      REQUIRE(client->flush(text).has_value());
    }
    loop.run_turn(1s);
    CHECK(alive_calls == 1);
  }
}

TEST_CASE("a listener may destroy its connection when it is told that it can write") {
  struct Ender final : NetworkConnectionListener {
    void on_readable() override {}
    void on_writable() override { connection.reset(); }
    std::unique_ptr<NetworkConnection> connection;
  };
  ConnectedPair pair;
  pair.server.connection->pause_reading();
  Ender ender;
  ender.connection = std::move(pair.client.connection);
  ender.connection->start(ender);
  SendQueue queue;
  queue.append(as_bytes(large_text()));
  REQUIRE(ender.connection->flush(queue) == FlushResult::part);
  pair.server.connection->resume_reading();
  REQUIRE(pair.turn_until([&] { return ender.connection == nullptr; }));
}

TEST_CASE("a connection can be handed over to another listener") {
  ConnectedPair pair;
  Peer successor(pair.loop);
  successor.attach(std::move(pair.server.connection));
  pair.client.send("for the successor");
  REQUIRE(pair.turn_until([&] { return successor.received == "for the successor"; }));
  CHECK(pair.server.received.empty());
}

TEST_CASE("an idle connection costs a hundred bytes") { CHECK(sizeof(TcpConnection) <= 104); }

TEST_CASE("closing after sending delivers the last bytes though input waits unread") {
  ConnectedPair pair;
  pair.server.connection->pause_reading();
  pair.client.send(std::string(200'000, 'x'));
  pair.loop.run_turn(Duration{0});
  SendQueue rest;
  const std::string text = large_text();
  rest.append(as_bytes(text));
  std::optional<std::error_code> sent;
  close_after_sending(pair.loop, std::move(pair.server.connection), std::move(rest),
                      {.sent = [&](std::error_code error) { sent = error; }});
  CHECK_FALSE(sent);
  REQUIRE(pair.turn_until([&] { return pair.client.error == NetFault::end_of_stream; }));
  CHECK(pair.client.received == text);
  CHECK(sent == std::error_code{});
}

TEST_CASE("closing after sending with nothing to send ends the stream") {
  ConnectedPair pair;
  close_after_sending(pair.loop, std::move(pair.server.connection), {});
  REQUIRE(pair.turn_until([&] { return pair.client.error == NetFault::end_of_stream; }));
}

TEST_CASE("closing after sending cuts the connection when its time is up") {
  ConnectedPair pair;
  pair.client.connection->pause_reading();
  SendQueue rest;
  rest.append(as_bytes(large_text()));
  std::optional<std::error_code> sent;
  close_after_sending(pair.loop, std::move(pair.server.connection), std::move(rest),
                      {.limit = 30ms, .sent = [&](std::error_code error) { sent = error; }});
  REQUIRE(pair.turn_until([&] { return sent.has_value(); }));
  CHECK(*sent == NetFault::timed_out);
  pair.client.connection->resume_reading();
  REQUIRE(pair.turn_until([&] { return bool(pair.client.error); }));
}

TEST_CASE("closing after sending tells when the peer is gone") {
  ConnectedPair pair;
  pair.client.connection->reset_on_close();
  pair.client.connection.reset();
  SendQueue rest;
  rest.append(as_bytes("too late"));
  std::optional<std::error_code> sent;
  close_after_sending(pair.loop, std::move(pair.server.connection), std::move(rest),
                      {.sent = [&](std::error_code error) { sent = error; }});
  REQUIRE(pair.turn_until([&] { return sent.has_value(); }));
  CHECK(failure_of(*sent) == NetFailure::lost);
}

TEST_CASE("a loop may die while connections are still closing") {
  auto pair = std::make_unique<ConnectedPair>();
  pair->client.connection->pause_reading();
  SendQueue rest;
  rest.append(as_bytes(large_text()));
  close_after_sending(pair->loop, std::move(pair->server.connection), std::move(rest));
  pair->loop.run_turn(Duration{0});
  pair.reset();
  CHECK(true);
}
