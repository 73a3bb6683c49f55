#include <doctest/doctest.h>

#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

// CONNECT of client "c": 5.0 with Clean Start and Keep Alive 0, and likewise 3.1.1.
constexpr std::string_view connect_v5 = "10 0e 00 04 4d 51 54 54 05 02 00 00 00 00 01 63";
constexpr std::string_view connect_v311 = "10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 63";

}  // namespace

TEST_CASE("a client opens with CONNECT and is open after CONNACK [MQTT-3.1.0-1]") {
  Scripted client{Role::client};
  Connect connect;
  connect.client_identifier = "c";
  REQUIRE(client.engine->connect(connect, client.client_session, client.now));
  CHECK(client.sent() == connect_v5);
  CHECK_FALSE(client.engine->open());
  client.peer_sends("20 03 00 00 00");
  CHECK(client.event().type == Event::Type::connack);
  CHECK(client.engine->open());
}

TEST_CASE("a server answers an accepted CONNECT with CONNACK 0x00 [MQTT-3.1.4-5]") {
  Scripted server{Role::server};
  server.peer_sends(connect_v5);
  CHECK(server.event().type == Event::Type::connect);
  CHECK(server.step == Engine::Step::waiting);
  REQUIRE(server.engine->accept(server.server_session, {}, server.now));
  CHECK(server.sent() == "20 03 00 00 00");
  CHECK(server.engine->open());
}

TEST_CASE("a 3.1.1 CONNACK has no properties [MQTT-3.2.0-1]") {
  Scripted server{Role::server};
  server.peer_sends(connect_v311);
  REQUIRE(server.engine->accept(server.server_session, {}, server.now));
  CHECK(server.sent() == "20 02 00 00");
}
