#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

PropertyWriter method_m() {
  PropertyWriter properties;
  properties.add(PropertyId::authentication_method, "m");
  return properties;
}

// CONNACK 0x00 with Authentication Method "m".
constexpr std::string_view connack_method = "20 07 00 00 04 15 00 01 6d";

}  // namespace

TEST_CASE("server and client exchange AUTH before CONNACK [MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5]") {
  Scripted server{Role::server};
  server.peer_sends(connect_v5_method);
  CHECK(server.event().type == Event::Type::connect);
  PropertyWriter challenge;
  challenge.add(PropertyId::authentication_data, "?");
  REQUIRE(server.engine->auth(ReasonCode::continue_authentication, challenge.block(), server.now));
  CHECK(server.sent() == "f0 0a 18 08 15 00 01 6d 16 00 01 3f");
  server.peer_sends("f0 0a 18 08 15 00 01 6d 16 00 01 21 c0 00");
  CHECK(server.event().type == Event::Type::auth);
  CHECK(server.event().type == Event::Type::none);
  CHECK(server.step == Engine::Step::waiting);
  REQUIRE(server.engine->accept(server.server_session, {}, server.now));
  server.pump();
  CHECK(server.sent() == std::string{connack_method} + " d0 00");

  Scripted client{Role::client};
  client.connect(Version::v5, "f0 0a 18 08 15 00 01 6d 16 00 01 3f", true, 0, method_m().block());
  CHECK(client.event().type == Event::Type::auth);
  PropertyWriter answer;
  answer.add(PropertyId::authentication_data, "!");
  REQUIRE(client.engine->auth(ReasonCode::continue_authentication, answer.block(), client.now));
  CHECK(client.sent() == "f0 0a 18 08 15 00 01 6d 16 00 01 21");
  client.peer_sends(connack_method);
  CHECK(client.event().type == Event::Type::connack);
  CHECK(client.engine->open());
}

TEST_CASE("a server breaks authentication off with CONNACK and closes [MQTT-4.12.0-4] [MQTT-4.12.0-1]") {
  Scripted server{Role::server};
  server.peer_sends(connect_v5_method);
  server.engine->refuse(ReasonCode::bad_authentication_method);
  CHECK(server.sent() == "20 03 00 8c 00");
  CHECK(server.engine->closing());
}

TEST_CASE("a client that is asked for AUTH and stays silent is given up") {
  Scripted server{Role::server};
  server.peer_sends(connect_v5_method);
  REQUIRE(server.engine->auth(ReasonCode::continue_authentication, {}, server.now));
  server.pass(10s);
  CHECK(server.engine->fault().rule == Rule::connect_timeout);
}

TEST_CASE("a CONNACK names the method of CONNECT, or none [MQTT-4.12.0-5] [MQTT-4.12.0-6]") {
  Scripted client{Role::client};
  SUBCASE("missing") {
    client.connect(Version::v5, connack_v5, true, 0, method_m().block());
    CHECK(client.engine->fault().rule == Rule::authentication_method_changed);
  }
  SUBCASE("another") {
    client.connect(Version::v5, "20 07 00 00 04 15 00 01 6e", true, 0, method_m().block());
    CHECK(client.engine->fault().rule == Rule::authentication_method_changed);
  }
  SUBCASE("not asked for") {
    client.connect(Version::v5, connack_method);
    CHECK(client.engine->fault().rule == Rule::auth_not_agreed);
  }
  CHECK(client.sent() == "e0 01 82");
}

TEST_CASE("an open connection is authenticated again by the client's wish [MQTT-4.12.1-1]") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_method, true, 0, method_m().block());
  client.event();
  REQUIRE(client.engine->auth(ReasonCode::re_authenticate, {}, client.now));
  CHECK(client.sent() == "f0 06 19 04 15 00 01 6d");
  client.peer_sends("f0 06 18 04 15 00 01 6d");
  CHECK(client.event().reason_code == ReasonCode::continue_authentication);
  REQUIRE(client.engine->auth(ReasonCode::continue_authentication, {}, client.now));
  CHECK(client.sent() == "f0 06 18 04 15 00 01 6d");
  client.peer_sends("f0 06 00 04 15 00 01 6d");
  CHECK(client.event().reason_code == ReasonCode::success);
  CHECK(client.engine->auth(ReasonCode::continue_authentication, {}, client.now).error().rule ==
        Rule::auth_reason_code);

  Scripted server{Role::server};
  server.accept(connect_v5_method);
  server.peer_sends("f0 06 19 04 15 00 01 6d 30 04 00 01 61 00");
  CHECK(server.event().reason_code == ReasonCode::re_authenticate);
  CHECK(server.event().type == Event::Type::publish);
  REQUIRE(server.engine->auth(ReasonCode::continue_authentication, {}, server.now));
  server.peer_sends("f0 06 18 04 15 00 01 6d");
  REQUIRE(server.engine->auth(ReasonCode::success, {}, server.now));
  CHECK(server.sent() == "f0 06 18 04 15 00 01 6d f0 06 00 04 15 00 01 6d");
}

TEST_CASE("a failed re-authentication ends the connection with DISCONNECT [MQTT-4.12.1-2]") {
  Scripted server{Role::server};
  server.accept(connect_v5_method);
  server.peer_sends("f0 06 19 04 15 00 01 6d");
  REQUIRE(server.engine->disconnect(ReasonCode::not_authorized));
  CHECK(server.sent() == "e0 01 87");
}

TEST_CASE("AUTH out of turn is refused") {
  SUBCASE("a server does not begin on an open connection") {
    Scripted client{Role::client};
    client.connect(Version::v5, connack_method, true, 0, method_m().block());
    client.peer_sends("f0 06 18 04 15 00 01 6d");
    CHECK(client.engine->fault().rule == Rule::auth_reason_code);
  }
  SUBCASE("a client does not go on where nothing began") {
    Scripted server{Role::server};
    server.accept(connect_v5_method);
    server.peer_sends("f0 06 18 04 15 00 01 6d");
    CHECK(server.engine->fault().rule == Rule::auth_reason_code);
  }
  SUBCASE("nor before it was asked") {
    Scripted client{Role::client};
    client.connect(Version::v5, "", true, 0, method_m().block());
    CHECK(client.engine->auth(ReasonCode::continue_authentication, {}, client.now).error().rule ==
          Rule::auth_reason_code);
  }
  SUBCASE("nor without a method [MQTT-4.12.0-7] [MQTT-4.12.0-6]") {
    Scripted client{Role::client};
    client.connect(Version::v5, connack_v5);
    CHECK(client.engine->auth(ReasonCode::re_authenticate, {}, client.now).error().rule == Rule::auth_not_agreed);
    Scripted server{Role::server};
    server.peer_sends(connect_v5);
    CHECK(server.engine->auth(ReasonCode::continue_authentication, {}, server.now).error().rule ==
          Rule::auth_not_agreed);
  }
}
