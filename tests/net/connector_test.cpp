#include "net/connector.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/address_race.hpp"
#include "net/net_fixture.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

std::string error_text(const ConnectResult& result) { return result ? "(connected)" : result.error().text(); }

// A port where nobody listens: it was free a moment ago.
std::uint16_t free_port(Loop& loop) {
  Connections nobody;
  return listen_at(loop, "127.0.0.1", nobody)->endpoint().port;
}

}  // namespace

TEST_CASE("connecting where nobody listens is refused") {
  Loop loop;
  const std::uint16_t port = free_port(loop);
  const auto result = connect(loop, tcp_endpoint("127.0.0.1", port));
  REQUIRE_FALSE(result.has_value());
  CHECK(failure_of(result.error().code) == NetFailure::refused);
  CHECK(error_text(result) == "connecting to 127.0.0.1:" + std::to_string(port) + ": connection refused");
}

TEST_CASE("a name that does not exist is an unknown host") {
  Loop loop;
  const auto result = connect(loop, tcp_endpoint("broker.invalid", 1883));
  REQUIRE_FALSE(result.has_value());
  CHECK(failure_of(result.error().code) == NetFailure::unknown_host);
  CHECK(error_text(result) == "looking up broker.invalid: unknown host");
}

TEST_CASE("a name that the system has to look up ends with an answer, too") {
  Loop loop;
  // A single label with an underscore is in no hosts file; the answer depends on the name servers there are.
  const auto result = connect(loop, tcp_endpoint("no_such_host_in_any_file", 1883), {.time_limit = 3s});
  REQUIRE_FALSE(result.has_value());
  const NetFailure failure = failure_of(result.error().code);
  CHECK((failure == NetFailure::unknown_host || failure == NetFailure::timed_out));
  CHECK(error_text(result).starts_with("looking up no_such_host_in_any_file: "));
}

TEST_CASE("many attempts may wait for the same name, and some of them may end while they wait") {
  Loop loop;
  int answers = 0;
  std::vector<std::unique_ptr<Connector>> connectors;
  for (int i = 0; i < 200; ++i) {
    connectors.push_back(std::make_unique<Connector>(loop));
    connectors.back()->connect(tcp_endpoint("no_such_host_in_any_file", 1883), {.time_limit = 3s},
                               [&](const ConnectResult& result) {
                                 CHECK_FALSE(result.has_value());
                                 // Ends the neighbours, which wait for the same answer.
                                 if (++answers == 1) connectors.resize(100);
                               });
  }
  connectors[150].reset();
  REQUIRE(turn_until(loop, [&] { return answers >= 100; }));
  loop.run_turn(10ms);
  CHECK(answers == 100);
}

TEST_CASE("the addresses of a name are tried in turn: localhost reaches a listener on either family") {
  for (const char* host : {"127.0.0.1", "::1"}) {
    CAPTURE(host);
    Loop loop;
    Connections connections;
    const auto acceptor = listen_at(loop, host, connections);
    const auto result = connect(loop, tcp_endpoint("localhost", acceptor->endpoint().port));
    INFO(error_text(result));
    REQUIRE(result.has_value());
    CHECK((*result)->peer_address().find(host) != std::string::npos);
  }
}

TEST_CASE("a family can be asked for") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  const Endpoint endpoint = tcp_endpoint("localhost", acceptor->endpoint().port);
  CHECK(connect(loop, endpoint, {.family = AddressFamily::ipv4}).has_value());
  const auto other = connect(loop, endpoint, {.family = AddressFamily::ipv6});
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().doing.ends_with("(::1)"));
  const auto mismatch = connect(loop, tcp_endpoint("127.0.0.1", endpoint.port), {.family = AddressFamily::ipv6});
  CHECK(error_text(mismatch) == "looking up 127.0.0.1: unknown host");
}

TEST_CASE("a local address to connect from can be asked for") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  const auto from_other = connect(loop, acceptor->endpoint(), {.bind_address = "127.0.0.7"});
  REQUIRE(turn_until(loop, [&] { return !connections.accepted.empty(); }));
  CHECK(connections.accepted.front()->peer_address().starts_with("127.0.0.7:"));
  const auto not_ours = connect(loop, acceptor->endpoint(), {.bind_address = "192.0.2.1"});
  REQUIRE_FALSE(not_ours.has_value());
  CHECK(not_ours.error().code == std::errc::address_not_available);
  CHECK(error_text(connect(loop, acceptor->endpoint(), {.bind_address = "eth 0"}))
            .starts_with("connecting from eth 0: "));
}

TEST_CASE("an address that was not tried for lack of a local one of its family hides no other failure") {
  Loop loop;
  SocketAddress here{.bytes = {127, 0, 0, 1}, .port = free_port(loop)};
  SocketAddress other_family{.port = here.port, .family = SocketAddress::Family::ipv6};
  other_family.bytes[15] = 1;
  const SocketAddress documentation{.bytes = {192, 0, 2, 1}};  // of RFC 5737: nobody's
  for (const auto& [local, expected] : {std::pair{SocketAddress{.bytes = {127, 0, 0, 1}}, NetFailure::refused},
                                        std::pair{documentation, NetFailure::unreachable}}) {
    for (const auto& addresses : {std::vector{other_family, here}, std::vector{here, other_family}}) {
      std::optional<NetFailure> failure;
      AddressRace race(loop, "broker", addresses, {local}, [&](const auto& result) {
        if (!result) failure = failure_of(result.error().code);
        loop.stop();
      });
      loop.run();
      CHECK(failure == expected);
    }
  }
}

TEST_CASE("an attempt that gets no answer ends at its time limit") {
  Loop loop;
  Connections nobody;
  // A full queue of a listener that does not accept: the system leaves further attempts without an answer.
  auto acceptor = Acceptor::listen(loop, tcp_endpoint("127.0.0.1"), {.backlog = 0}, nobody);
  REQUIRE(acceptor.has_value());
  (*acceptor)->pause();
  std::vector<std::unique_ptr<NetworkConnection>> queued;
  for (int i = 0; i < 8; ++i) {
    const TimePoint before = loop.refresh_now();
    auto result = connect(loop, (*acceptor)->endpoint(), {.time_limit = 60ms});
    if (result) {
      queued.push_back(std::move(*result));
      continue;
    }
    CHECK(failure_of(result.error().code) == NetFailure::timed_out);
    CHECK(error_text(result).ends_with(": no answer within the time limit"));
    CHECK(loop.now() - before >= 60ms);
    return;
  }
  FAIL("the listener's queue did not fill up");
}

TEST_CASE("a cancelled or destroyed attempt does not call back") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  const auto never = [](const ConnectResult&) { FAIL("called back"); };
  Connector cancelled(loop);
  cancelled.connect(acceptor->endpoint(), {}, never);
  CHECK(cancelled.is_connecting());
  cancelled.cancel();
  CHECK_FALSE(cancelled.is_connecting());
  auto destroyed = std::make_unique<Connector>(loop);
  destroyed->connect(tcp_endpoint("broker.invalid"), {}, never);
  destroyed.reset();
  Connector looking_up(loop);
  looking_up.connect(tcp_endpoint("no_such_host_in_any_file"), {}, never);
  looking_up.cancel();
  for (int i = 0; i < 5; ++i) loop.run_turn(2ms);
}

TEST_CASE("the callback may connect again or destroy the connector") {
  Loop loop;
  auto connector = std::make_unique<Connector>(loop);
  int failures = 0;
  connector->connect(tcp_endpoint("a.invalid"), {}, [&](const ConnectResult&) {
    ++failures;
    CHECK_FALSE(connector->is_connecting());
    connector->connect(tcp_endpoint("b.invalid"), {}, [&](const ConnectResult& result) {
      ++failures;
      CHECK(result.error().doing == "looking up b.invalid");
      connector.reset();
    });
  });
  REQUIRE(turn_until(loop, [&] { return failures == 2; }));
  CHECK(connector == nullptr);
}

TEST_CASE("connecting again replaces the attempt that is under way") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  Connector connector(loop);
  connector.connect(acceptor->endpoint(), {}, [](const ConnectResult&) { FAIL("called back"); });
  bool connected = false;
  connector.connect(acceptor->endpoint(), {}, [&](const ConnectResult& result) { connected = result.has_value(); });
  REQUIRE(turn_until(loop, [&] { return connected; }));
}
