#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

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

TEST_CASE("a server announces and obeys what its options limit [MQTT-3.2.2-9]") {
  EngineOptions options;
  options.limits.maximum_packet_size = 1000;
  options.limits.receive_maximum = 10;
  options.limits.topic_alias_maximum = 5;
  options.limits.maximum_qos = QoS::at_least_once;
  options.limits.retain_available = false;
  options.limits.wildcard_subscription_available = false;
  options.limits.subscription_identifier_available = false;
  options.limits.shared_subscription_available = false;
  Scripted server{Role::server, options};
  server.peer_sends(connect_v5);
  PropertyWriter properties;
  properties.add(PropertyId::server_keep_alive, 7);
  REQUIRE(server.engine->accept(server.server_session, {false, properties.block()}, server.now));
  CHECK(server.sent() == "20 1b 00 00 18 27 00 00 03 e8 21 00 0a 22 00 05 24 01 25 00 28 00 29 00 2a 00 13 00 07");
  CHECK(server.engine->keep_alive_seconds() == 7);
}

TEST_CASE("a 3.1.1 client is not held to a Receive Maximum that it cannot know") {
  EngineOptions options;
  options.limits.receive_maximum = 1;
  Scripted server{Role::server, options};
  server.accept(connect_v311);
  server.peer_sends("32 05 00 01 61 00 01 32 05 00 01 61 00 02");
  CHECK(server.events.size() == 2);
  CHECK(server.engine->open());
}

TEST_CASE("a refusal goes out and closes [MQTT-3.2.2-7]") {
  Scripted server{Role::server};
  server.peer_sends(connect_v5);
  PropertyWriter properties;
  properties.add(PropertyId::reason_string, "no");
  server.engine->refuse(ReasonCode::not_authorized, properties.block());
  server.pump();
  CHECK(server.sent() == "20 08 00 87 05 1f 00 02 6e 6f");
  CHECK(server.step == Engine::Step::closed);
}

TEST_CASE("a 3.1.1 refusal uses the return code that fits, or none [MQTT-3.2.2-5] [MQTT-3.2.2-6]") {
  Scripted server{Role::server};
  server.peer_sends(connect_v311);
  SUBCASE("bad user name or password is 4") {
    server.engine->refuse(ReasonCode::bad_user_name_or_password);
    CHECK(server.sent() == "20 02 00 04");
  }
  SUBCASE("not authorized is 5") {
    server.engine->refuse(ReasonCode::not_authorized);
    CHECK(server.sent() == "20 02 00 05");
  }
  SUBCASE("nothing says that a packet was too large") {
    server.engine->refuse(ReasonCode::packet_too_large);
    CHECK(server.sent().empty());
  }
  CHECK(server.engine->closing());
}

TEST_CASE("a client learns of a refusal and closes") {
  Scripted client{Role::client};
  SUBCASE("5.0") {
    client.connect(Version::v5, "20 03 00 87 00");
    CHECK(client.event().reason_code == ReasonCode::not_authorized);
  }
  SUBCASE("3.1.1") {
    client.connect(Version::v3_1_1, "20 02 00 05");
    CHECK(static_cast<int>(client.event().reason_code) == 5);
  }
  CHECK(client.step == Engine::Step::closed);
  CHECK(client.sent().empty());
  CHECK_FALSE(client.engine->fault());
}

TEST_CASE("a CONNECT against the rules is refused with its Reason Code in 5.0 [MQTT-3.1.4-1]") {
  Scripted server{Role::server};
  server.peer_sends("10 0e 00 04 4d 51 54 54 05 03 00 00 00 00 01 63");  // reserved flag set
  CHECK(server.event().type == Event::Type::failed);
  CHECK(server.engine->fault().rule == Rule::connect_flag_reserved);
  CHECK(server.sent() == "20 03 00 81 00");
  CHECK(server.step == Engine::Step::closed);
}

TEST_CASE("a CONNECT against the rules of 3.1.1 gets no CONNACK [MQTT-3.1.4-1]") {
  Scripted server{Role::server};
  server.peer_sends("10 0d 00 04 4d 51 54 54 04 03 00 00 00 01 63");
  CHECK(server.event().type == Event::Type::failed);
  CHECK(server.sent().empty());
}

TEST_CASE("an unknown Protocol Version is told so [MQTT-3.1.2-2]") {
  Scripted server{Role::server};
  SUBCASE("an old one in the old form") {
    server.peer_sends("10 0d 00 04 4d 51 54 54 02 02 00 00 00 01 63");
    CHECK(server.sent() == "20 02 00 01");
  }
  SUBCASE("a new one in the new form") {
    server.peer_sends("10 0e 00 04 4d 51 54 54 06 02 00 00 00 00 01 63");
    CHECK(server.sent() == "20 03 00 84 00");
  }
  CHECK(server.step == Engine::Step::closed);
}

TEST_CASE("an empty Client Identifier with Clean Session 0 is return code 2 [MQTT-3.1.3-8]") {
  Scripted server{Role::server};
  server.peer_sends("10 0c 00 04 4d 51 54 54 04 00 00 00 00 00");
  CHECK(server.sent() == "20 02 00 02");
  CHECK(server.event().type == Event::Type::failed);
}

TEST_CASE("another protocol gets no answer [MQTT-3.1.2-1]") {
  Scripted server{Role::server};
  server.peer_sends("10 0e 00 04 4d 51 54 58 05 02 00 00 00 00 01 63");
  CHECK(server.sent().empty());
  CHECK(server.step == Engine::Step::closed);
}

TEST_CASE("a Will that the server cannot do is refused [MQTT-3.2.2-12] [MQTT-3.2.2-13]") {
  EngineOptions options;
  options.limits.maximum_qos = QoS::at_least_once;
  options.limits.retain_available = false;
  Scripted server{Role::server, options};
  SUBCASE("for its QoS") {
    server.peer_sends("10 15 00 04 4d 51 54 54 05 16 00 00 00 00 01 63 00 00 01 77 00 01 78");
    CHECK(server.sent() == "20 03 00 9b 00");
  }
  SUBCASE("for RETAIN") {
    server.peer_sends("10 15 00 04 4d 51 54 54 05 26 00 00 00 00 01 63 00 00 01 77 00 01 78");
    CHECK(server.sent() == "20 03 00 9a 00");
  }
  CHECK(server.event().type == Event::Type::failed);
}

TEST_CASE("what a client sends behind CONNECT waits for the answer [MQTT-3.1.4-6]") {
  Scripted server{Role::server};
  server.peer_sends(std::string{connect_v5} + " 30 04 00 01 61 00 c0 00");
  CHECK(server.event().type == Event::Type::connect);
  CHECK(server.event().type == Event::Type::none);
  CHECK(server.step == Engine::Step::waiting);
  SUBCASE("and is taken after accept") {
    REQUIRE(server.engine->accept(server.server_session, {}, server.now));
    server.pump();
    CHECK(server.event().type == Event::Type::publish);
    CHECK(server.event().type == Event::Type::pingreq);
    CHECK(server.sent() == "20 03 00 00 00 d0 00");
  }
  SUBCASE("and is dropped after refuse") {
    server.engine->refuse(ReasonCode::banned);
    server.pump();
    CHECK(server.event().type == Event::Type::none);
    CHECK(server.sent() == "20 03 00 8a 00");
    CHECK(server.engine->held() == 0);
  }
}

TEST_CASE("a server's own answers keep to the rules that it enforces") {
  Scripted server{Role::server};
  SUBCASE("no Session Present with Clean Start [MQTT-3.2.2-2]") {
    server.peer_sends(connect_v5);
    CHECK(server.engine->accept(server.server_session, {true, {}}, server.now).error().rule ==
          Rule::session_present_after_clean_start);
  }
  SUBCASE("an empty Client Identifier is assigned one [MQTT-3.1.3-7]") {
    server.peer_sends("10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00");
    CHECK(server.engine->accept(server.server_session, {}, server.now).error().rule ==
          Rule::client_identifier_not_assigned);
    PropertyWriter properties;
    properties.add(PropertyId::assigned_client_identifier, "x");
    REQUIRE(server.engine->accept(server.server_session, {false, properties.block()}, server.now));
    CHECK(server.sent() == "20 07 00 00 04 12 00 01 78");
  }
  SUBCASE("Response Information that was not asked for is left out [MQTT-3.1.2-28]") {
    server.peer_sends(connect_v5);
    PropertyWriter properties;
    properties.add(PropertyId::response_information, "r");
    REQUIRE(server.engine->accept(server.server_session, {false, properties.block()}, server.now));
    CHECK(server.sent() == "20 03 00 00 00");
  }
}

TEST_CASE("a client throws its state away when the server has none [MQTT-3.2.2-5]") {
  Scripted client{Role::client};
  client.client_session.exists = true;
  client.client_session.expiry_interval = never_expires;
  InFlight entry;
  entry.tag = 77;
  entry.state = InFlight::State::publish_sent;
  entry.message = delivery_to("a", QoS::at_least_once).message;
  client.client_session.state.sender.start(entry);
  client.connect(Version::v5, connack_v5, false);
  CHECK(client.client_session.state.sender.unfinished() == 0);
  REQUIRE(client.client_session.abandoned.size() == 1);
  CHECK(client.client_session.abandoned[0].tag == 77);
  CHECK(client.sent().empty());
}

TEST_CASE("Clean Start ends the client's own Session [MQTT-3.1.2-4]") {
  Scripted client{Role::client};
  client.client_session.exists = true;
  client.client_session.state.receiver.add(5);
  client.connect(Version::v5, connack_v5, true);
  CHECK(client.client_session.state.receiver.size() == 0);
}

TEST_CASE("3.1 has its own name and no Session Present") {
  Scripted client{Role::client};
  Connect connect;
  connect.version = Version::v3_1;
  connect.client_identifier = "c";
  REQUIRE(client.engine->connect(connect, client.client_session, client.now));
  CHECK(client.sent() == "10 0f 00 06 4d 51 49 73 64 70 03 02 00 00 00 01 63");
  client.peer_sends("20 02 00 00");
  CHECK(client.engine->open());
  Scripted server{Role::server};
  server.accept("10 0f 00 06 4d 51 49 73 64 70 03 02 00 00 00 01 63");
  CHECK(server.engine->version() == Version::v3_1);
}

TEST_CASE("a client speaks before CONNECT only to close") {
  Scripted client{Role::client};
  client.peer_sends("20 03 00 00 00");
  CHECK(client.event().type == Event::Type::failed);
  CHECK(client.engine->fault().rule == Rule::packet_before_connack);
  CHECK(client.sent().empty());
}
