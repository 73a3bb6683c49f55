#include "session/limits.hpp"

#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

TEST_CASE("an announced packet of 256 MB costs no memory") {
  EngineOptions options;
  options.limits.maximum_packet_size = 1000;
  Scripted server{Role::server, options};
  SUBCASE("above the maximum it is refused on sight") {
    server.accept(connect_v5);
    server.peer_sends("30 ff ff ff 7f 00 01 61 00");
    CHECK(server.engine->fault().rule == Rule::packet_too_large);
    CHECK(server.sent() == "e0 01 95");
  }
  SUBCASE("as CONNECT likewise, without an answer") {
    server.peer_sends("10 ff ff ff 7f 00 04 4d 51 54 54 05");
    CHECK(server.engine->fault().rule == Rule::packet_too_large);
    CHECK(server.sent().empty());
  }
  CHECK(server.engine->held() == 0);
}

TEST_CASE("memory grows with the bytes that came, not with those announced") {
  Scripted server{Role::server};
  server.accept(connect_v5);
  server.peer_sends("30 ff ff ff 7f 00 01 61 00");
  CHECK(server.step == Engine::Step::need_more);
  CHECK(server.engine->held() <= 16);
}

TEST_CASE("a client bounds what it takes even if it has announced nothing") {
  EngineOptions options;
  options.limits.maximum_packet_size = 100;
  Scripted client{Role::client, options};
  client.connect(Version::v3_1_1, connack_v311);
  client.peer_sends("30 64");
  CHECK(client.engine->fault().rule == Rule::packet_too_large);
}

TEST_CASE("a client holds the server to the Maximum Packet Size of its CONNECT [MQTT-3.1.2-24]") {
  Scripted client{Role::client};
  PropertyWriter properties;
  properties.add(PropertyId::maximum_packet_size, 20);
  client.connect(Version::v5, connack_v5, true, 0, properties.block());
  client.peer_sends("30 12 00 01 61 00 30 30 30 30 30 30 30 30 30 30 30 30 30 30");
  CHECK(client.events.back().payload.size() == 14);
  client.peer_sends("30 13");
  CHECK(client.sent() == "e0 01 95");
}

TEST_CASE("nothing larger than the server's Maximum Packet Size is sent [MQTT-3.2.2-15]") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 08 00 00 05 27 00 00 00 14");
  CHECK(client.engine->publish(message_to("a", "12345678901234"), client.now).has_value());
  CHECK(client.sent() == "30 12 00 01 61 00 31 32 33 34 35 36 37 38 39 30 31 32 33 34");
  CHECK(client.engine->publish(message_to("a", "123456789012345"), client.now).error().rule == Rule::packet_too_large);
  CHECK(client.engine->publish(delivery_to("a", QoS::at_least_once, 0, "1234567890123"), client.now).error().rule ==
        Rule::packet_too_large);
  CHECK(client.engine->publish(delivery_to("a", QoS::at_least_once, 0, std::string(2000, 'x')), client.now)
            .error()
            .rule == Rule::packet_too_large);
  CHECK(client.sent().empty());
  CHECK(client.client_session.state.sender.unfinished() == 0);
  CHECK(client.engine->publish(delivery_to("a", QoS::at_least_once, 0, "123456789012"), client.now) ==
        PacketIdentifier{1});
}

TEST_CASE("a message too large for the client is refused to the server's caller [MQTT-3.1.2-25]") {
  Scripted server{Role::server};
  server.accept("10 13 00 04 4d 51 54 54 05 02 00 00 05 27 00 00 00 14 00 01 63");
  PublishImage image;
  REQUIRE(image.build(message_to("a", "123456789012345"), {}));
  CHECK(server.engine->publish(image, server.now).error().rule == Rule::packet_too_large);
  REQUIRE(image.build(message_to("a", "12345678901234"), {}));
  CHECK(server.engine->publish(image, server.now).has_value());
}

TEST_CASE("the server's Receive Maximum is kept, and freed by acknowledgements [MQTT-3.3.4-7] [MQTT-4.9.0-1]") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 06 00 00 03 21 00 02");
  CHECK(client.engine->send_window() == 2);
  REQUIRE(client.engine->publish(delivery_to("a", QoS::at_least_once), client.now));
  REQUIRE(client.engine->publish(delivery_to("a", QoS::exactly_once), client.now));
  CHECK(client.engine->send_window() == 0);
  CHECK(client.engine->publish(delivery_to("a", QoS::at_least_once), client.now).error().rule ==
        Rule::receive_maximum_exceeded);
  client.peer_sends("50 02 00 02");
  CHECK(client.engine->send_window() == 0);
  client.peer_sends("70 02 00 02");
  CHECK(client.engine->send_window() == 1);
  client.peer_sends("40 02 00 01");
  CHECK(client.engine->send_window() == 2);
}

TEST_CASE("a full window holds back PUBLISH of QoS 1 and 2 and nothing else [MQTT-3.3.4-8] [MQTT-4.9.0-3]") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 06 00 00 03 21 00 01");
  REQUIRE(client.engine->publish(delivery_to("a", QoS::at_least_once), client.now));
  CHECK_FALSE(client.sent().empty());
  CHECK(client.engine->publish(message_to("a"), client.now));
  CHECK(client.sent() == "30 04 00 01 61 00");
  CHECK(client.engine->ping(client.now));
  CHECK(client.sent() == "c0 00");
  client.peer_sends("32 06 00 01 61 00 05 00");
  CHECK(client.engine->acknowledge(5));
  CHECK(client.sent() == "40 02 00 05");
}

TEST_CASE("a server keeps within the client's Receive Maximum [MQTT-3.3.4-9] [MQTT-3.3.4-10]") {
  Scripted server{Role::server};
  server.accept("10 11 00 04 4d 51 54 54 05 02 00 00 03 21 00 01 00 01 63");
  REQUIRE(server.engine->publish(delivery_to("a", QoS::at_least_once), server.now));
  CHECK(server.engine->publish(delivery_to("a", QoS::at_least_once), server.now).error().rule ==
        Rule::receive_maximum_exceeded);
}

TEST_CASE("a caller may keep fewer in flight than the peer allows") {
  EngineOptions options;
  options.maximum_in_flight = 3;
  Scripted client{Role::client, options};
  client.connect(Version::v3_1_1, connack_v311);
  CHECK(client.engine->send_window() == 3);
}

TEST_CASE("the receiver's count of unacknowledged messages goes down with PUBACK, PUBCOMP and failed PUBREC") {
  EngineOptions options;
  options.limits.receive_maximum = 1;
  Scripted server{Role::server, options};
  server.accept(connect_v5);
  server.peer_sends("32 06 00 01 61 00 01 00");
  REQUIRE(server.engine->acknowledge(1));
  server.peer_sends("34 06 00 01 61 00 02 00");
  REQUIRE(server.engine->acknowledge(2, ReasonCode::quota_exceeded));
  server.peer_sends("34 06 00 01 61 00 03 00");
  REQUIRE(server.engine->acknowledge(3));
  server.peer_sends("62 02 00 03 32 06 00 01 61 00 04 00");
  CHECK(server.engine->open());
  server.peer_sends("32 06 00 01 61 00 05 00");
  CHECK(server.engine->fault().rule == Rule::receive_maximum_exceeded);
}

TEST_CASE("limits read and write the properties of CONNECT and CONNACK") {
  PropertyWriter none;
  Limits{}.write(none);
  CHECK(none.empty());
  Limits limits;
  limits.maximum_qos = QoS::at_most_once;
  limits.shared_subscription_available = false;
  limits.receive_maximum = 3;
  PropertyWriter some;
  limits.write(some);
  CHECK(to_hex(some.block().bytes(), " ") == "21 00 03 24 00 2a 00");
  const Limits read = Limits::from(some.block());
  CHECK(read.maximum_qos == QoS::at_most_once);
  CHECK_FALSE(read.shared_subscription_available);
  CHECK(read.receive_maximum == 3);
  CHECK(read.maximum_packet_size == max_packet_size);
}

TEST_CASE("before 5.0 the first QoS 2 message makes the window smaller, as no Receive Maximum can be announced") {
  EngineOptions options;
  options.maximum_in_flight = 4;
  options.maximum_in_flight_unannounced = 2;
  Scripted client{Role::client, options};
  SUBCASE("3.1.1") {
    client.connect(Version::v3_1_1, connack_v311);
    CHECK(client.engine->send_window(QoS::at_least_once) == 4);
    CHECK(client.engine->send_window(QoS::exactly_once) == 2);
    REQUIRE(client.engine->publish(delivery_to("a", QoS::at_least_once), client.now));
    CHECK(client.engine->send_window(QoS::at_least_once) == 3);
    REQUIRE(client.engine->publish(delivery_to("a", QoS::exactly_once), client.now));
    CHECK(client.engine->send_window(QoS::at_least_once) == 0);
    CHECK(client.engine->publish(delivery_to("a", QoS::exactly_once), client.now).error().rule ==
          Rule::receive_maximum_exceeded);
    client.peer_sends("50 02 00 02");
    CHECK(client.engine->send_window(QoS::exactly_once) == 0);
    client.peer_sends("70 02 00 02");
    CHECK(client.engine->send_window(QoS::exactly_once) == 1);
  }
  SUBCASE("5.0") {
    client.connect(Version::v5, connack_v5);
    REQUIRE(client.engine->publish(delivery_to("a", QoS::exactly_once), client.now));
    CHECK(client.engine->send_window(QoS::exactly_once) == 3);
  }
}
