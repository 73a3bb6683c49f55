#include "session/diagnostics.hpp"

#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

// 1f 00 01 72, 26 00 01 6e 00 01 76: Reason String "r" and User Property n: v, 11 bytes.
PropertyWriter diagnostics() {
  PropertyWriter properties;
  properties.add(PropertyId::reason_string, "r");
  properties.add_user_property("n", "v");
  return properties;
}

// CONNECT with this Maximum Packet Size.
std::string connect_with_maximum(std::string_view hex_byte) {
  return "10 13 00 04 4d 51 54 54 05 02 00 00 05 27 00 00 00 " + std::string{hex_byte} + " 00 01 63";
}

// CONNECT with Request Problem Information 0.
constexpr std::string_view connect_without_problems = "10 10 00 04 4d 51 54 54 05 02 00 00 02 17 00 00 01 63";

}  // namespace

TEST_CASE("diagnostics that make an answer too large are left out, User Properties first") {
  Scripted server{Role::server};
  const PropertyWriter properties = diagnostics();
  const auto puback = [&](std::string_view maximum) {
    server.accept(connect_with_maximum(maximum));
    server.peer_sends("32 06 00 01 61 00 09 00");
    REQUIRE(server.engine->acknowledge(9, ReasonCode::success, properties.block()));
    return server.sent();
  };
  SUBCASE("room for all") { CHECK(puback("11") == "40 0f 00 09 00 0b 1f 00 01 72 26 00 01 6e 00 01 76"); }
  SUBCASE("no room for User Properties [MQTT-3.4.2-3]") { CHECK(puback("10") == "40 08 00 09 00 04 1f 00 01 72"); }
  SUBCASE("no room for the Reason String either [MQTT-3.4.2-2]") { CHECK(puback("09") == "40 02 00 09"); }
}

TEST_CASE("so it goes for PUBREC [MQTT-3.5.2-2] [MQTT-3.5.2-3]") {
  Scripted server{Role::server};
  server.accept(connect_with_maximum("09"));
  server.peer_sends("34 06 00 01 61 00 09 00");
  REQUIRE(server.engine->acknowledge(9, ReasonCode::success, diagnostics().block()));
  CHECK(server.sent() == "50 02 00 09");
}

TEST_CASE("PUBREL and PUBCOMP carry none, so no client is too small for them") {
  Scripted server{Role::server};
  server.accept(connect_with_maximum("06"));
  server.peer_sends("50 02 00 09");
  CHECK(server.sent() == "62 03 00 09 92");  // [MQTT-3.6.2-2] [MQTT-3.6.2-3]
  server.peer_sends("62 02 00 09");
  CHECK(server.sent() == "70 03 00 09 92");  // [MQTT-3.7.2-2] [MQTT-3.7.2-3]
}

TEST_CASE("so it goes for CONNACK, SUBACK, UNSUBACK and DISCONNECT") {
  Scripted server{Role::server};
  const std::uint8_t code[] = {0};
  const PropertyWriter properties = diagnostics();
  server.peer_sends(connect_with_maximum("0a"));
  REQUIRE(server.engine->accept(server.server_session, {false, properties.block()}, server.now));
  CHECK(server.sent() == "20 07 00 00 04 1f 00 01 72");  // [MQTT-3.2.2-19] [MQTT-3.2.2-20]
  REQUIRE(server.engine->suback(1, code, properties.block()));
  CHECK(server.sent() == "90 08 00 01 04 1f 00 01 72 00");  // [MQTT-3.9.2-1] [MQTT-3.9.2-2]
  REQUIRE(server.engine->unsuback(1, code, properties.block()));
  CHECK(server.sent() == "b0 08 00 01 04 1f 00 01 72 00");  // [MQTT-3.11.2-1] [MQTT-3.11.2-2]
  REQUIRE(server.engine->disconnect(ReasonCode::server_busy, properties.block()));
  CHECK(server.sent() == "e0 06 89 04 1f 00 01 72");  // [MQTT-3.14.2-3] [MQTT-3.14.2-4]
}

TEST_CASE("so it goes for AUTH, which keeps its method [MQTT-3.15.2-2] [MQTT-3.15.2-3]") {
  Scripted server{Role::server};
  server.peer_sends("10 17 00 04 4d 51 54 54 05 02 00 00 09 15 00 01 6d 27 00 00 00 0a 00 01 63");
  REQUIRE(server.engine->auth(ReasonCode::continue_authentication, diagnostics().block(), server.now));
  CHECK(server.sent() == "f0 06 18 04 15 00 01 6d");
}

TEST_CASE("Request Problem Information 0 leaves diagnostics to CONNACK, PUBLISH and DISCONNECT [MQTT-3.1.2-29]") {
  Scripted server{Role::server};
  const std::uint8_t code[] = {0};
  const PropertyWriter properties = diagnostics();
  server.peer_sends(connect_without_problems);
  REQUIRE(server.engine->accept(server.server_session, {false, properties.block()}, server.now));
  CHECK(server.sent() == "20 0e 00 00 0b 1f 00 01 72 26 00 01 6e 00 01 76");
  REQUIRE(server.engine->suback(1, code, properties.block()));
  CHECK(server.sent() == "90 04 00 01 00 00");
  server.peer_sends("32 06 00 01 61 00 09 00");
  REQUIRE(server.engine->acknowledge(9, ReasonCode::success, properties.block()));
  CHECK(server.sent() == "40 02 00 09");
  PropertyWriter user;
  user.add_user_property("n", "v");
  REQUIRE(server.engine->publish(delivery_to("a", QoS::at_most_once, 0, "", user.block()), server.now));
  CHECK(server.sent() == "30 0b 00 01 61 07 26 00 01 6e 00 01 76");
  REQUIRE(server.engine->disconnect(ReasonCode::server_busy, properties.block()));
  CHECK(server.sent() == "e0 0d 89 0b 1f 00 01 72 26 00 01 6e 00 01 76");
}

TEST_CASE("a client that asked for no diagnostics refuses them on every packet but those three [MQTT-3.1.2-29]") {
  Scripted client{Role::client};
  PropertyWriter none;
  none.add(PropertyId::request_problem_information, 0);
  SUBCASE("CONNACK, PUBLISH and DISCONNECT may have them") {
    client.connect(Version::v5, "20 07 00 00 04 1f 00 01 72", true, 0, none.block());
    client.peer_sends("30 0b 00 01 61 07 26 00 01 6e 00 01 76 e0 06 89 04 1f 00 01 72");
    CHECK_FALSE(client.engine->fault());
  }
  SUBCASE("SUBACK may not") {
    client.connect(Version::v5, connack_v5, true, 0, none.block());
    SubscriptionWriter filters;
    filters.add({"a", QoS::at_most_once, false, false, RetainHandling::send});
    Subscribe subscribe;
    subscribe.subscriptions = filters.list();
    REQUIRE(client.engine->subscribe(subscribe, 0, client.now));
    client.peer_sends("90 08 00 01 04 1f 00 01 72 00");
    CHECK(client.engine->fault().rule == Rule::problem_information_unrequested);
  }
  SUBCASE("PUBREL may not") {
    client.connect(Version::v5, connack_v5, true, 0, none.block());
    client.peer_sends("62 08 00 01 00 04 1f 00 01 72");
    CHECK(client.engine->fault().rule == Rule::problem_information_unrequested);
  }
}

TEST_CASE("all that is not for information stays") {
  PropertyWriter properties;
  properties.add(PropertyId::server_keep_alive, 3);
  properties.add(PropertyId::reason_string, "r");
  properties.add_user_property("n", "v");
  PropertyWriter buffer;
  CHECK(to_hex(without_diagnostics(properties.block(), Diagnostics::user_properties, buffer).bytes(), " ") ==
        "13 00 03 1f 00 01 72");
  CHECK(to_hex(without_diagnostics(properties.block(), Diagnostics::all, buffer).bytes(), " ") == "13 00 03");
}
