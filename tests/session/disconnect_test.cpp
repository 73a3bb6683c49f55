#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

TEST_CASE("DISCONNECT is the last packet of its sender, who closes [MQTT-3.14.4-1] [MQTT-3.14.4-2]") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5);
  REQUIRE(client.engine->disconnect());
  CHECK(client.sent() == "e0 00");
  CHECK(client.engine->closing());
  CHECK(client.engine->publish(message_to("a"), client.now).error().rule == Rule::not_connected);
  CHECK(client.engine->disconnect().error().rule == Rule::not_connected);
  CHECK(client.sent().empty());
  client.pump();
  CHECK(client.step == Engine::Step::closed);
}

TEST_CASE("a server's DISCONNECT tells the reason in 5.0, and is only a close before") {
  Scripted server{Role::server};
  SUBCASE("5.0") {
    server.accept(connect_v5);
    REQUIRE(server.engine->disconnect(ReasonCode::session_taken_over));
    CHECK(server.sent() == "e0 01 8e");
  }
  SUBCASE("3.1.1") {
    server.accept(connect_v311);
    REQUIRE(server.engine->disconnect(ReasonCode::session_taken_over));
    CHECK(server.sent().empty());
  }
  SUBCASE("5.0 before CONNACK [MQTT-3.14.0-1]") {
    server.peer_sends(connect_v5);
    REQUIRE(server.engine->disconnect(ReasonCode::server_shutting_down));
    CHECK(server.sent().empty());
  }
  CHECK(server.engine->closing());
}

TEST_CASE("a 3.1.1 client that wants its Will published closes without DISCONNECT") {
  Scripted client{Role::client};
  client.connect(Version::v3_1_1, connack_v311);
  SUBCASE("normally") {
    REQUIRE(client.engine->disconnect());
    CHECK(client.sent() == "e0 00");
  }
  SUBCASE("with Will") {
    REQUIRE(client.engine->disconnect(ReasonCode::disconnect_with_will_message));
    CHECK(client.sent().empty());
  }
}

TEST_CASE("the peer's DISCONNECT is reported with its reason, then the connection is closed") {
  Scripted server{Role::server};
  server.accept(connect_v5);
  server.peer_sends("e0 01 04");
  CHECK(server.event().reason_code == ReasonCode::disconnect_with_will_message);
  CHECK(server.step == Engine::Step::closed);
  CHECK_FALSE(server.engine->fault());

  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5);
  client.peer_sends("e0 02 8b 00");
  client.event();
  CHECK(client.event().reason_code == ReasonCode::server_shutting_down);
}

TEST_CASE("a Session Expiry Interval may be changed by DISCONNECT unless CONNECT had 0") {
  Scripted server{Role::server};
  server.accept(connect_v5_kept);
  server.peer_sends("e0 07 00 05 11 00 00 00 0a");
  CHECK(server.event().type == Event::Type::disconnect);

  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5);
  PropertyWriter properties;
  properties.add(PropertyId::session_expiry_interval, 10);
  CHECK(client.engine->disconnect(ReasonCode::success, properties.block()).error().rule == Rule::session_expiry_raised);
  CHECK(client.engine->open());
}

TEST_CASE("a malformed packet closes with 0x81 in 5.0 and just closes before [MQTT-4.13.1-1]") {
  Scripted server{Role::server};
  SUBCASE("5.0") {
    server.accept(connect_v5);
    server.peer_sends("36 06 00 01 61 00 01 00");
    CHECK(server.sent() == "e0 01 81");
  }
  SUBCASE("3.1.1") {
    server.accept(connect_v311);
    server.peer_sends("36 05 00 01 61 00 01");
    CHECK(server.sent().empty());
  }
  CHECK(server.event().type == Event::Type::failed);
  CHECK(server.engine->fault().rule == Rule::qos_reserved);
}

TEST_CASE("a Remaining Length of five bytes ends the stream at once") {
  Scripted server{Role::server};
  server.accept(connect_v5);
  server.peer_sends("30 ff ff ff ff");
  CHECK(server.engine->fault().rule == Rule::remaining_length_too_long);
  CHECK(server.sent() == "e0 01 81");
}
