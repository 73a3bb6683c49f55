#include "net/acceptor.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "net/net_fixture.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

// Only one more descriptor can be opened for the life of this.
class DescriptorLimit {
 public:
  DescriptorLimit() {
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    ::getrlimit(RLIMIT_NOFILE, &earlier_);
    const rlimit lowered{.rlim_cur = static_cast<rlim_t>(lowest_free) + 1, .rlim_max = earlier_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lowered);
  }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &earlier_); }

 private:
  rlimit earlier_{};
};

}  // namespace

TEST_CASE("port 0 takes a free port and tells it") {
  Loop loop;
  Connections connections;
  const auto first = listen_at(loop, "127.0.0.1", connections);
  const auto second = listen_at(loop, "127.0.0.1", connections);
  CHECK(first->endpoint().port != 0);
  CHECK(second->endpoint().port != 0);
  CHECK(first->endpoint().port != second->endpoint().port);
  CHECK(to_text(first->endpoint()) == "mqtt://127.0.0.1:" + std::to_string(first->endpoint().port));
}

TEST_CASE("localhost and * are reached over IPv4 and IPv6 at the same port") {
  for (const char* host : {"localhost", "*"}) {
    CAPTURE(host);
    Loop loop;
    Connections connections;
    const auto acceptor = listen_at(loop, host, connections);
    const auto ipv4 = connect(loop, tcp_endpoint("127.0.0.1", acceptor->endpoint().port));
    const auto ipv6 = connect(loop, tcp_endpoint("::1", acceptor->endpoint().port));
    REQUIRE(turn_until(loop, [&] { return connections.accepted.size() == 2; }));
    CHECK(connections.accepted[0]->peer_address().starts_with("127.0.0.1:"));
    CHECK(connections.accepted[1]->peer_address().starts_with("[::1]:"));
  }
}

TEST_CASE("a port that is taken is an error, and free again when its acceptor is gone") {
  Loop loop;
  Connections connections;
  auto acceptor = listen_at(loop, "127.0.0.1", connections);
  const std::uint16_t port = acceptor->endpoint().port;
  const auto again = Acceptor::listen(loop, tcp_endpoint("127.0.0.1", port), {}, connections);
  REQUIRE_FALSE(again.has_value());
  CHECK(failure_of(again.error().code) == NetFailure::address_in_use);
  CHECK(again.error().text() == "listening at mqtt://127.0.0.1:" + std::to_string(port) + ": address already in use");
  const auto connection = connect(loop, acceptor->endpoint());
  REQUIRE(turn_until(loop, [&] { return !connections.accepted.empty(); }));
  acceptor.reset();
  connections.accepted.clear();
  acceptor = listen_at(loop, "127.0.0.1", connections, port);
  CHECK(acceptor->endpoint().port == port);
}

TEST_CASE("two loops can share a port") {
  Loop loop;
  Connections connections;
  const AcceptorOptions shared{.port = AcceptorOptions::Port::shared};
  const auto first = Acceptor::listen(loop, tcp_endpoint("127.0.0.1"), shared, connections);
  REQUIRE(first.has_value());
  const auto second = Acceptor::listen(loop, (*first)->endpoint(), shared, connections);
  CHECK(second.has_value());
}

TEST_CASE("addresses and transports that cannot be listened at give an error") {
  Loop loop;
  Connections connections;
  const auto error_at = [&](const char* text) {
    const auto acceptor = Acceptor::listen(loop, *parse_endpoint(text), {}, connections);
    return acceptor ? std::string("(listening)") : acceptor.error().text();
  };
  CHECK(error_at("192.0.2.1:0") == "listening at mqtt://192.0.2.1:0: cannot assign requested address");
  CHECK(error_at("h.invalid:0") == "listening at mqtt://h.invalid:0: unknown host");
  CHECK(error_at("mqtts://127.0.0.1:0") == "listening at mqtts://127.0.0.1:0: TLS failed (no certificate was given)");
}

TEST_CASE("many connections that come at once are all accepted") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  constexpr std::size_t count = 300;
  std::vector<std::unique_ptr<Connector>> connectors;
  std::vector<std::unique_ptr<NetworkConnection>> clients;
  for (std::size_t i = 0; i < count; ++i) {
    connectors.push_back(std::make_unique<Connector>(loop));
    connectors.back()->connect(acceptor->endpoint(), {}, [&](ConnectResult result) {
      if (result) clients.push_back(std::move(*result));
    });
  }
  REQUIRE(turn_until(loop, [&] { return clients.size() == count && connections.accepted.size() == count; }));
}

TEST_CASE("a paused acceptor lets connections wait and takes them when resumed") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  acceptor->pause();
  const auto client = connect(loop, acceptor->endpoint());
  REQUIRE(client.has_value());
  for (int i = 0; i < 5; ++i) loop.run_turn(1ms);
  CHECK(connections.accepted.empty());
  acceptor->resume();
  REQUIRE(turn_until(loop, [&] { return connections.accepted.size() == 1; }));
}

TEST_CASE("a connection that is gone before it is accepted does no harm") {
  Loop loop;
  Connections connections;
  const auto acceptor = listen_at(loop, "127.0.0.1", connections);
  acceptor->pause();
  {
    auto client = connect(loop, acceptor->endpoint());
    REQUIRE(client.has_value());
    (*client)->reset_on_close();
  }
  acceptor->resume();
  const auto next = connect(loop, acceptor->endpoint());
  REQUIRE(next.has_value());
  // The system may hand out the dead one, too.
  REQUIRE(turn_until(loop, [&] { return !connections.accepted.empty(); }));
}

TEST_CASE("the listener may destroy the acceptor when it gets a connection") {
  Loop loop;
  Connections connections;
  auto acceptor = listen_at(loop, "localhost", connections);
  acceptor->pause();
  std::vector<ConnectResult> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(connect(loop, acceptor->endpoint()));
  int accepted = 0;
  connections.when_connected = [&](const std::unique_ptr<NetworkConnection>&) {
    ++accepted;
    acceptor.reset();
  };
  acceptor->resume();
  REQUIRE(turn_until(loop, [&] { return accepted > 0; }));
  loop.run_turn(5ms);
  CHECK(accepted == 1);
}

TEST_CASE("without descriptors accepting rests instead of spinning, says so, and goes on later") {
  Loop loop;
  Connections connections;
  auto acceptor = Acceptor::listen(loop, tcp_endpoint("127.0.0.1"), {.pause = 30ms}, connections);
  REQUIRE(acceptor.has_value());
  (*acceptor)->pause();
  const auto first = connect(loop, (*acceptor)->endpoint());
  const auto second = connect(loop, (*acceptor)->endpoint());
  REQUIRE(second.has_value());
  {
    const DescriptorLimit limit;
    (*acceptor)->resume();
    REQUIRE(turn_until(loop, [&] { return connections.failures.size() == 1; }));
    CHECK(connections.accepted.size() == 1);
    CHECK(failure_of(connections.failures[0].code) == NetFailure::no_descriptors);
    CHECK(connections.failures[0].doing ==
          "accepting a connection at 127.0.0.1:" + std::to_string((*acceptor)->endpoint().port));
    // The pause is slept through: one turn lasts until its end.
    const TimePoint before = loop.refresh_now();
    int turns = 0;
    while (connections.failures.size() == 1 && turns < 100) {
      loop.run_turn(1s);
      ++turns;
    }
    CHECK(loop.refresh_now() - before >= 20ms);
    CHECK(turns <= 3);
  }
  REQUIRE(turn_until(loop, [&] { return connections.accepted.size() == 2; }));
}
