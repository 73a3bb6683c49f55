#include "session/topic_alias.hpp"

#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

constexpr std::string_view connack_two_aliases = "20 06 00 00 03 22 00 02";

}  // namespace

TEST_CASE("a server takes every alias up to its maximum and puts the topic in place [MQTT-3.3.2-12]") {
  EngineOptions options;
  options.limits.topic_alias_maximum = 2;
  Scripted server{Role::server, options};
  server.accept(connect_v5);
  server.peer_sends("30 07 00 01 61 03 23 00 02 30 07 00 01 62 03 23 00 01");
  CHECK(server.event().topic == "a");
  CHECK(server.event().topic == "b");
  server.peer_sends("30 06 00 00 03 23 00 02 30 06 00 00 03 23 00 01");
  CHECK(server.event().topic == "a");
  CHECK(server.event().topic == "b");
  server.peer_sends("30 07 00 01 63 03 23 00 02 30 06 00 00 03 23 00 02");
  CHECK(server.event().topic == "c");
  CHECK(server.event().topic == "c");
}

TEST_CASE("a client takes the aliases that its CONNECT allows [MQTT-3.3.2-10] [MQTT-3.3.2-11]") {
  Scripted client{Role::client};
  PropertyWriter properties;
  properties.add(PropertyId::topic_alias_maximum, 1);
  client.connect(Version::v5, connack_v5, true, 0, properties.block());
  client.event();
  client.peer_sends("30 07 00 01 61 03 23 00 01 30 06 00 00 03 23 00 01");
  CHECK(client.event().topic == "a");
  CHECK(client.event().topic == "a");
  client.peer_sends("30 07 00 01 61 03 23 00 02");
  CHECK(client.sent() == "e0 01 94");
}

TEST_CASE("aliases die with their connection [MQTT-3.3.2-7]") {
  EngineOptions options;
  options.limits.topic_alias_maximum = 2;
  Scripted server{Role::server, options};
  server.accept(connect_v5_kept);
  server.peer_sends("30 07 00 01 61 03 23 00 02");
  server.reconnect();
  server.accept(connect_v5_kept, {true, {}});
  server.peer_sends("30 06 00 00 03 23 00 02");
  CHECK(server.engine->fault().rule == Rule::topic_alias_unknown);
}

TEST_CASE("a caller's alias is checked against the peer's maximum [MQTT-3.3.2-9] [MQTT-3.2.2-17] [MQTT-3.2.2-18]") {
  Scripted client{Role::client};
  PropertyWriter properties;
  properties.add(PropertyId::topic_alias, 2);
  Publish publish = message_to("a");
  publish.properties = properties.block();
  SUBCASE("a server that takes some") {
    client.connect(Version::v5, connack_two_aliases);
    REQUIRE(client.engine->publish(publish, client.now));
    publish.topic_name = {};
    REQUIRE(client.engine->publish(publish, client.now));
    CHECK(client.sent() == "30 07 00 01 61 03 23 00 02 30 06 00 00 03 23 00 02");
    properties.clear();
    properties.add(PropertyId::topic_alias, 1);
    publish.properties = properties.block();
    CHECK(client.engine->publish(publish, client.now).error().rule == Rule::topic_alias_unknown);
    properties.clear();
    properties.add(PropertyId::topic_alias, 3);
    publish.properties = properties.block();
    CHECK(client.engine->publish(publish, client.now).error().rule == Rule::topic_alias_too_large);
  }
  SUBCASE("a server that takes none") {
    client.connect(Version::v5, connack_v5);
    CHECK(client.engine->publish(publish, client.now).error().rule == Rule::topic_alias_too_large);
  }
  CHECK(client.sent().empty());
}

TEST_CASE("the engine gives aliases to the topics used last, if asked to") {
  EngineOptions options;
  options.automatic_topic_aliases = 5;
  Scripted client{Role::client, options};
  client.connect(Version::v5, connack_two_aliases);
  const auto publish = [&](std::string_view topic) {
    REQUIRE(client.engine->publish(message_to(topic), client.now));
    return client.sent();
  };
  CHECK(publish("a") == "30 07 00 01 61 03 23 00 01");
  CHECK(publish("b") == "30 07 00 01 62 03 23 00 02");
  CHECK(publish("a") == "30 06 00 00 03 23 00 01");
  CHECK(publish("c") == "30 07 00 01 63 03 23 00 02");
  CHECK(publish("a") == "30 06 00 00 03 23 00 01");
  CHECK(publish("b") == "30 07 00 01 62 03 23 00 02");
}

TEST_CASE("a message that is sent again has its whole topic") {
  EngineOptions options;
  options.automatic_topic_aliases = 5;
  Scripted client{Role::client, options};
  PropertyWriter properties;
  properties.add(PropertyId::session_expiry_interval, 100);
  client.connect(Version::v5, connack_two_aliases, true, 0, properties.block());
  REQUIRE(client.engine->publish(message_to("a"), client.now));
  REQUIRE(client.engine->publish(delivery_to("a", QoS::at_least_once), client.now));
  CHECK(client.sent() == "30 07 00 01 61 03 23 00 01 32 08 00 00 00 01 03 23 00 01");
  client.client_session.connection_closed(client.now);
  client.reconnect();
  client.connect(Version::v5, "20 06 01 00 03 22 00 02", false, 0, properties.block());
  CHECK(client.sent() == "3a 06 00 01 61 00 01 00");
}

TEST_CASE("an alias in a packet that could not be sent has no meaning") {
  EngineOptions options;
  options.automatic_topic_aliases = 5;
  Scripted client{Role::client, options};
  client.connect(Version::v5, "20 0b 00 00 08 22 00 02 27 00 00 00 0a");
  CHECK(client.engine->publish(message_to("a", "12345"), client.now).error().rule == Rule::packet_too_large);
  REQUIRE(client.engine->publish(message_to("a", "1"), client.now));
  CHECK(client.sent() == "30 08 00 01 61 03 23 00 01 31");
}
