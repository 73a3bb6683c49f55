#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

struct Client : Scripted {
  explicit Client(EngineOptions engine_options = {}) : Scripted(Role::client, engine_options) {
    connect(Version::v5, connack_v5);
    event();
  }
  Engine::Sent publish(std::string_view topic, QoS qos, Tag tag = 0) {
    return engine->publish(delivery_to(topic, qos, tag), now);
  }
};

struct Server : Scripted {
  explicit Server(EngineOptions engine_options = {}) : Scripted(Role::server, engine_options) { accept(connect_v5); }
};

}  // namespace

TEST_CASE("QoS 1: an unused identifier and DUP 0, finished by PUBACK [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.2-3]") {
  Client client;
  CHECK(client.publish("a", QoS::at_least_once, 11) == PacketIdentifier{1});
  CHECK(client.publish("b", QoS::at_least_once, 12) == PacketIdentifier{2});
  CHECK(client.sent() == "32 06 00 01 61 00 01 00 32 06 00 01 62 00 02 00");
  client.peer_sends("40 02 00 02");
  SeenEvent done = client.event();
  CHECK(done.type == Event::Type::publish_done);
  CHECK(done.tag == 12);
  CHECK(done.packet_identifier == 2);
  client.peer_sends("40 03 00 01 87");
  done = client.event();
  CHECK(done.tag == 11);
  CHECK(done.reason_code == ReasonCode::not_authorized);
  CHECK(client.client_session.state.sender.unfinished() == 0);
}

TEST_CASE("QoS 2: PUBREL answers PUBREC, PUBCOMP finishes [MQTT-4.3.3-2] [MQTT-4.3.3-4] [MQTT-4.3.3-5]") {
  Client client;
  CHECK(client.publish("a", QoS::exactly_once, 7) == PacketIdentifier{1});
  CHECK(client.sent() == "34 06 00 01 61 00 01 00");
  client.peer_sends("50 02 00 01");
  CHECK(client.sent() == "62 02 00 01");
  CHECK(client.events.empty());
  client.peer_sends("70 02 00 01");
  CHECK(client.event().tag == 7);
  CHECK(client.client_session.state.sender.unfinished() == 0);
}

TEST_CASE("a PUBREC of 0x80 or above ends QoS 2, and its identifier is free [MQTT-4.4.0-2]") {
  Client client;
  REQUIRE(client.publish("a", QoS::exactly_once, 7));
  CHECK(client.sent() == "34 06 00 01 61 00 01 00");
  client.peer_sends("50 03 00 01 97");
  CHECK(client.sent().empty());
  const SeenEvent done = client.event();
  CHECK(done.type == Event::Type::publish_done);
  CHECK(done.reason_code == ReasonCode::quota_exceeded);
  CHECK(client.client_session.state.sender.unfinished() == 0);
}

TEST_CASE("that nobody was subscribed is told at the end of QoS 2") {
  Client client;
  REQUIRE(client.publish("a", QoS::exactly_once));
  client.peer_sends("50 03 00 01 10 70 02 00 01");
  CHECK(client.event().reason_code == ReasonCode::no_matching_subscribers);
}

TEST_CASE("a peer that no longer knows the identifier of a PUBREL has the message all the same") {
  Client client;
  REQUIRE(client.publish("a", QoS::exactly_once, 7));
  client.peer_sends("50 02 00 01 70 03 00 01 92");
  const SeenEvent done = client.event();
  CHECK(done.type == Event::Type::publish_done);
  CHECK(done.tag == 7);
  CHECK(done.reason_code == ReasonCode::success);
  CHECK(client.client_session.state.sender.unfinished() == 0);
}

TEST_CASE("a PUBREC for nothing in flight is answered with PUBREL 0x92") {
  Client client;
  client.peer_sends("50 02 00 09");
  CHECK(client.sent() == "62 03 00 09 92");
  client.peer_sends("50 03 00 09 80");
  CHECK(client.sent().empty());
  client.peer_sends("70 03 00 09 92");
  CHECK(client.engine->open());
}

TEST_CASE("a PUBREC that comes again is answered again") {
  Client client;
  REQUIRE(client.publish("a", QoS::exactly_once));
  client.peer_sends("50 02 00 01 50 02 00 01");
  CHECK(client.sent() == "34 06 00 01 61 00 01 00 62 02 00 01 62 02 00 01");
}

TEST_CASE("QoS 1 is acknowledged when the application has it [MQTT-4.3.2-4] [MQTT-2.2.1-5]") {
  Server server;
  server.peer_sends("32 07 00 01 61 00 09 00 78");
  const SeenEvent publish = server.event();
  CHECK(publish.type == Event::Type::publish);
  CHECK(publish.topic == "a");
  CHECK(publish.payload == "x");
  CHECK(publish.qos == QoS::at_least_once);
  CHECK(publish.packet_identifier == 9);
  CHECK(server.sent().empty());
  CHECK(server.engine->acknowledge(9));
  CHECK(server.sent() == "40 02 00 09");
  CHECK_FALSE(server.engine->acknowledge(9));
}

TEST_CASE("after PUBACK the identifier means a new message, whatever DUP says [MQTT-4.3.2-5]") {
  Server server;
  for (int round = 0; round < 2; ++round) {
    server.peer_sends("3a 06 00 01 61 00 09 00");
    CHECK(server.event().dup);
    CHECK(server.engine->acknowledge(9));
    CHECK(server.sent() == "40 02 00 09");
  }
}

TEST_CASE("QoS 2 is delivered once until PUBREL [MQTT-4.3.3-8] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12]") {
  Server server;
  server.peer_sends("34 06 00 01 61 00 09 00");
  CHECK(server.event().type == Event::Type::publish);
  CHECK(server.engine->acknowledge(9));
  CHECK(server.sent() == "50 02 00 09");
  server.peer_sends("3c 06 00 01 61 00 09 00");
  CHECK(server.event().type == Event::Type::none);
  CHECK(server.sent() == "50 02 00 09");
  server.peer_sends("62 02 00 09");
  CHECK(server.sent() == "70 02 00 09");
  server.peer_sends("34 06 00 01 62 00 09 00");
  CHECK(server.event().topic == "b");
}

TEST_CASE("a refused QoS 2 message frees its identifier [MQTT-4.3.3-9]") {
  Server server;
  server.peer_sends("34 06 00 01 61 00 09 00");
  CHECK(server.event().type == Event::Type::publish);
  CHECK(server.engine->acknowledge(9, ReasonCode::not_authorized));
  CHECK(server.sent() == "50 03 00 09 87");
  server.peer_sends("34 06 00 01 62 00 09 00");
  CHECK(server.event().topic == "b");
}

TEST_CASE("a PUBREL for nothing in flight is answered with PUBCOMP 0x92, in 3.1.1 with PUBCOMP") {
  Scripted server{Role::server};
  SUBCASE("5.0") {
    server.accept(connect_v5);
    server.peer_sends("62 02 00 09");
    CHECK(server.sent() == "70 03 00 09 92");
  }
  SUBCASE("3.1.1") {
    server.accept(connect_v311);
    server.peer_sends("62 02 00 09");
    CHECK(server.sent() == "70 02 00 09");
  }
}

TEST_CASE("acknowledgements leave in the order of the messages [MQTT-4.6.0-2] [MQTT-4.6.0-3]") {
  Server server;
  server.peer_sends("32 06 00 01 61 00 05 00 34 06 00 01 61 00 03 00 32 06 00 01 61 00 04 00");
  PropertyWriter properties;
  properties.add(PropertyId::reason_string, "x");
  CHECK(server.engine->acknowledge(4, ReasonCode::success, properties.block()));
  CHECK(server.engine->acknowledge(3));
  CHECK(server.sent().empty());
  CHECK(server.engine->acknowledge(5));
  CHECK(server.sent() == "40 02 00 05 50 02 00 03 40 08 00 04 00 04 1f 00 01 78");
}

TEST_CASE("PUBREL packets leave in the order of the PUBREC packets [MQTT-4.6.0-4]") {
  Client client;
  REQUIRE(client.publish("a", QoS::exactly_once));
  REQUIRE(client.publish("b", QoS::exactly_once));
  CHECK_FALSE(client.sent().empty());
  client.peer_sends("50 02 00 02 50 02 00 01");
  CHECK(client.sent() == "62 02 00 02 62 02 00 01");
}

TEST_CASE("an identifier that another message of the client has is answered 0x91 in 5.0") {
  Server server;
  server.peer_sends("34 06 00 01 61 00 09 00");
  CHECK(server.engine->acknowledge(9));
  CHECK(server.sent() == "50 02 00 09");
  server.events.clear();
  SUBCASE("PUBLISH of QoS 1") {
    server.peer_sends("32 06 00 01 61 00 09 00");
    CHECK(server.sent() == "40 03 00 09 91");
  }
  SUBCASE("SUBSCRIBE") {
    server.peer_sends("82 0b 00 09 00 00 01 61 00 00 01 62 00");
    CHECK(server.sent() == "90 05 00 09 00 91 91");
  }
  SUBCASE("UNSUBSCRIBE") {
    server.peer_sends("a2 06 00 09 00 00 01 61");
    CHECK(server.sent() == "b0 04 00 09 00 91");
  }
  CHECK(server.events.empty());
  CHECK(server.engine->open());
}

TEST_CASE("an identifier that another message of the client has closes a 3.1.1 connection [MQTT-2.3.1-2]") {
  Scripted server{Role::server};
  server.accept(connect_v311);
  server.peer_sends("34 05 00 01 61 00 09");
  server.peer_sends("32 05 00 01 61 00 09");
  CHECK(server.engine->fault().rule == Rule::packet_identifier_in_use);
}

TEST_CASE("a 3.1.1 client may repeat a PUBLISH that is not acknowledged; it is reported once") {
  Scripted server{Role::server};
  server.accept(connect_v311);
  server.peer_sends("32 05 00 01 61 00 09 3a 05 00 01 61 00 09");
  CHECK(server.events.size() == 1);
  CHECK(server.engine->acknowledge(9));
  CHECK(server.sent() == "40 02 00 09");
}

TEST_CASE("a retained message goes out with RETAIN and without what belongs to another hop [MQTT-3.3.1-3]") {
  Client client;
  Delivery delivery = delivery_to("a", QoS::at_most_once, 0, "x");
  delivery.retain = true;
  REQUIRE(client.engine->publish(delivery, client.now));
  CHECK(client.sent() == "31 05 00 01 61 00 78");
}

TEST_CASE("the application message's expiry is counted down in what is sent [MQTT-3.3.2-6]") {
  Client client;
  PropertyWriter properties;
  properties.add(PropertyId::message_expiry_interval, 60);
  properties.add_user_property("k", "v");
  const Delivery delivery = delivery_to("a", QoS::at_most_once, 0, "x", properties.block(), client.now - 10500ms);
  REQUIRE(client.engine->publish(delivery, client.now));
  CHECK(client.sent() == "30 11 00 01 61 0c 02 00 00 00 32 26 00 01 6b 00 01 76 78");
}

TEST_CASE("a server delivers the message and its Subscription Identifiers from one image [MQTT-3.3.4-3]") {
  Server server;
  PropertyWriter identifiers;
  identifiers.add(PropertyId::subscription_identifier, 5);
  Delivery delivery = delivery_to("a", QoS::at_least_once, 3, "x");
  delivery.subscription_identifiers = SharedBytes::copy_of(identifiers.block().bytes());
  PublishImage image;
  REQUIRE(image.build(delivery.message,
                      {Version::v5, QoS::at_least_once, false, delivery.subscription_identifiers.view()}, server.now));
  REQUIRE(server.engine->publish(image, delivery, server.now));
  REQUIRE(server.engine->publish(image, delivery, server.now));
  CHECK(server.sent() == "32 09 00 01 61 00 01 02 0b 05 78 32 09 00 01 61 00 02 02 0b 05 78");
  server.peer_sends("40 02 00 01");
  CHECK(server.event().tag == 3);
}

TEST_CASE("subscribing takes an identifier of its own and ends with its SUBACK [MQTT-3.8.4-2] [MQTT-2.2.1-3]") {
  Client client;
  REQUIRE(client.publish("p", QoS::at_least_once));
  SubscriptionWriter filters;
  filters.add({"a", QoS::at_least_once, false, false, RetainHandling::send});
  filters.add({"b", QoS::exactly_once, false, false, RetainHandling::send});
  Subscribe subscribe;
  subscribe.subscriptions = filters.list();
  CHECK(client.engine->subscribe(subscribe, 21, client.now) == PacketIdentifier{2});
  TopicFilterWriter old;
  old.add("c");
  Unsubscribe unsubscribe;
  unsubscribe.topic_filters = old.list();
  CHECK(client.engine->unsubscribe(unsubscribe, 22, client.now) == PacketIdentifier{3});
  CHECK(client.sent() == "32 06 00 01 70 00 01 00 82 0b 00 02 00 00 01 61 01 00 01 62 02 a2 06 00 03 00 00 01 63");
  client.peer_sends("b0 04 00 03 00 11 90 05 00 02 00 01 87");
  SeenEvent answer = client.event();
  CHECK(answer.type == Event::Type::unsuback);
  CHECK(answer.tag == 22);
  answer = client.event();
  CHECK(answer.type == Event::Type::suback);
  CHECK(answer.tag == 21);
}

TEST_CASE("a server's SUBACK and UNSUBACK repeat the identifier [MQTT-3.8.4-1] [MQTT-3.10.4-4] [MQTT-3.10.4-5]") {
  Scripted server{Role::server};
  const std::uint8_t codes[] = {1, 0x87};
  SUBCASE("5.0") {
    server.accept(connect_v5);
    server.peer_sends("82 0b 00 02 00 00 01 61 01 00 01 62 02 a2 09 00 03 00 00 01 63 00 01 64");
    CHECK(server.event().packet_identifier == 2);
    CHECK(server.event().packet_identifier == 3);
    REQUIRE(server.engine->suback(2, codes));
    CHECK(server.sent() == "90 05 00 02 00 01 87");
    const std::uint8_t results[] = {0, 0x11};
    REQUIRE(server.engine->unsuback(3, results));
    CHECK(server.sent() == "b0 05 00 03 00 00 11");
  }
  SUBCASE("3.1.1 knows one failure and no codes in UNSUBACK") {
    server.accept(connect_v311);
    REQUIRE(server.engine->suback(2, codes));
    REQUIRE(server.engine->unsuback(3, codes));
    CHECK(server.sent() == "90 04 00 02 01 80 b0 02 00 03");
  }
}

TEST_CASE("what the caller may not send is refused without a byte sent [MQTT-3.2.2-11] [MQTT-3.2.2-14]") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 0d 00 00 0a 24 01 25 00 28 00 2a 00 29 00");
  Delivery delivery = delivery_to("a", QoS::exactly_once);
  CHECK(client.engine->publish(delivery, client.now).error().rule == Rule::maximum_qos_exceeded);
  delivery.qos = QoS::at_most_once;
  delivery.retain = true;
  CHECK(client.engine->publish(delivery, client.now).error().rule == Rule::retain_not_available);
  const auto subscribe_to = [&](std::string_view filter, PropertyBlock properties) {
    SubscriptionWriter filters;
    filters.add({filter, QoS::at_most_once, false, false, RetainHandling::send});
    Subscribe subscribe;
    subscribe.subscriptions = filters.list();
    subscribe.properties = properties;
    return client.engine->subscribe(subscribe, 0, client.now).error().rule;
  };
  CHECK(subscribe_to("a/#", {}) == Rule::wildcard_not_available);
  CHECK(subscribe_to("$share/g/a", {}) == Rule::shared_not_available);
  PropertyWriter properties;
  properties.add(PropertyId::subscription_identifier, 1);
  CHECK(subscribe_to("a", properties.block()) == Rule::subscription_identifier_not_available);
  CHECK(client.engine->publish(message_to("a/#"), client.now).error().rule == Rule::topic_name_has_wildcard);
  CHECK(client.sent().empty());
  CHECK(client.engine->open());
}
