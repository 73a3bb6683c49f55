#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "net/acceptor.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/net_fixture.hpp"

using namespace mqtk;

TEST_CASE("bytes go both ways over IPv4 and IPv6") {
  for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
    CAPTURE(host);
    ConnectedPair pair(host);
    pair.client.send("ping");
    REQUIRE(pair.turn_until([&] { return pair.server.received == "ping"; }));
    pair.server.send("pong");
    REQUIRE(pair.turn_until([&] { return pair.client.received == "pong"; }));
  }
}
