#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

TEST_CASE("an idle client sends PINGREQ before its Keep Alive is over [MQTT-3.1.2-20]") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5, true, 10);
  client.pass(8999ms);
  CHECK(client.sent().empty());
  client.pass(1ms);
  CHECK(client.sent() == "c0 00");
  client.peer_sends("d0 00");
  CHECK(client.events.back().type == Event::Type::pingresp);
  client.pass(9s);
  CHECK(client.sent() == "c0 00");
}

TEST_CASE("a client that has sent something else lately does not ping") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5, true, 10);
  client.pass(5s);
  client.peer_sends("30 04 00 01 61 00");
  REQUIRE(client.engine->publish(message_to("a"), client.now));
  CHECK(client.sent() == "30 04 00 01 61 00");
  client.pass(8999ms);
  CHECK(client.sent().empty());
}

TEST_CASE("a client that only sends pings too, to learn whether anybody listens") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5, true, 10);
  for (int second = 0; second < 9; ++second) {
    client.pass(1s);
    if (second < 8) REQUIRE(client.engine->publish(message_to("a"), client.now));
  }
  const std::string sent = client.sent();
  CHECK(sent.substr(sent.size() - 5) == "c0 00");
}

TEST_CASE("a client goes by the Server Keep Alive [MQTT-3.1.2-21] [MQTT-3.2.2-21]") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 06 00 00 03 13 00 02", true, 600);
  CHECK(client.engine->keep_alive_seconds() == 2);
  client.pass(1800ms);
  CHECK(client.sent() == "c0 00");
}

TEST_CASE("without Keep Alive there is no deadline") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5, true, 0);
  CHECK_FALSE(client.engine->deadline());
  Scripted server{Role::server};
  server.accept(connect_v5);
  CHECK_FALSE(server.engine->deadline());
}

TEST_CASE("a client may ping unasked, and that is answered or fails, too") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5, true, 0);
  REQUIRE(client.engine->ping(client.now));
  CHECK(client.sent() == "c0 00");
  client.pass(10s);
  CHECK(client.engine->fault().rule == Rule::pingresp_timeout);
}

TEST_CASE("a server goes by the client's value unless it sent its own [MQTT-3.2.2-22]") {
  Scripted server{Role::server};
  server.peer_sends("10 0e 00 04 4d 51 54 54 05 02 00 0a 00 00 01 63");
  SUBCASE("the client's") {
    REQUIRE(server.engine->accept(server.server_session, {}, server.now));
    CHECK(*server.engine->deadline() - server.now == 15s);
  }
  SUBCASE("its own") {
    PropertyWriter properties;
    properties.add(PropertyId::server_keep_alive, 4);
    REQUIRE(server.engine->accept(server.server_session, {false, properties.block()}, server.now));
    CHECK(*server.engine->deadline() - server.now == 6s);
  }
}

TEST_CASE("any packet shows that the client lives [MQTT-3.1.2-22]") {
  Scripted server{Role::server};
  server.accept("10 0e 00 04 4d 51 54 54 05 02 00 0a 00 00 01 63");
  server.pass(14s);
  server.peer_sends("c0 00");
  server.pass(14s);
  CHECK(server.engine->open());
  server.pass(1s);
  CHECK(server.engine->fault().rule == Rule::keep_alive_timeout);
}

TEST_CASE("a packet that comes in slowly holds up PINGRESP, and the client waits for it") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5, true, 10);
  client.pass(9s);
  CHECK(client.sent() == "c0 00");
  client.peer_sends("30 0a 00 01 61 00");
  client.pass(8s);
  client.peer_sends("78 79");
  client.pass(8s);
  CHECK(client.engine->open());
  client.peer_sends("7a 7a 7a 7a d0 00");
  CHECK(client.event().type == Event::Type::connack);
  CHECK(client.event().payload == "xyzzzz");
  CHECK(client.event().type == Event::Type::pingresp);
}

TEST_CASE("every PINGREQ is answered [MQTT-3.12.4-1]") {
  Scripted server{Role::server};
  server.accept(connect_v311);
  server.peer_sends("c0 00 c0 00");
  CHECK(server.sent() == "d0 00 d0 00");
}
