#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

PropertyWriter kept_for_ever() {
  PropertyWriter properties;
  properties.add(PropertyId::session_expiry_interval, never_expires);
  return properties;
}

void publish(Scripted& client, std::string_view topic, QoS qos, Tag tag = 0) {
  REQUIRE(client.engine->publish(delivery_to(topic, qos, tag), client.now));
}

// Two messages of QoS 1 and two of QoS 2, of which the first has come as far as PUBREL; then the connection is lost.
void leave_four_unfinished(Scripted& client, Version version, std::string_view connack) {
  const PropertyWriter properties = kept_for_ever();
  client.connect(version, connack, true, 0, version == Version::v5 ? properties.block() : PropertyBlock{});
  client.client_session.expiry_interval = never_expires;
  publish(client, "a", QoS::at_least_once, 1);
  publish(client, "b", QoS::exactly_once, 2);
  publish(client, "c", QoS::at_least_once, 3);
  publish(client, "d", QoS::exactly_once, 4);
  client.peer_sends("50 02 00 02");
  client.client_session.connection_closed(client.now);
  client.reconnect();
}

}  // namespace

TEST_CASE("a Session goes on with DUP, old identifiers and first order [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1]") {
  Scripted client{Role::client};
  const PropertyWriter properties = kept_for_ever();
  leave_four_unfinished(client, Version::v5, connack_v5);
  client.connect(Version::v5, connack_v5_present, false, 0, properties.block());
  CHECK(client.event().session_present);
  CHECK(client.sent() == "62 02 00 02 3a 06 00 01 61 00 01 00 3a 06 00 01 63 00 03 00 3c 06 00 01 64 00 04 00");
  client.peer_sends("70 02 00 02 40 02 00 01 40 02 00 03 50 02 00 04 70 02 00 04");
  CHECK(client.event().tag == 2);
  CHECK(client.event().tag == 1);
  CHECK(client.event().tag == 3);
  CHECK(client.event().tag == 4);
  CHECK(client.sent() == "62 02 00 04");
  publish(client, "e", QoS::at_least_once);
  CHECK(client.sent() == "32 06 00 01 65 00 05 00");
}

TEST_CASE("3.1.1 sends again likewise after Clean Session 0, with the same identifiers [MQTT-2.3.1-3]") {
  Scripted client{Role::client};
  leave_four_unfinished(client, Version::v3_1_1, connack_v311);
  client.connect(Version::v3_1_1, connack_v311_present, false);
  CHECK(client.sent() == "62 02 00 02 3a 05 00 01 61 00 01 3a 05 00 01 63 00 03 3c 05 00 01 64 00 04");
}

TEST_CASE("3.1 sends again likewise, although CONNACK cannot say that the Session is there") {
  Scripted client{Role::client};
  client.connect(Version::v3_1, connack_v311, false);
  publish(client, "a", QoS::at_least_once, 1);
  CHECK(client.sent() == "32 05 00 01 61 00 01");
  client.client_session.connection_closed(client.now);
  client.reconnect();
  client.connect(Version::v3_1, connack_v311, false);
  CHECK(client.sent() == "3a 05 00 01 61 00 01");
}

TEST_CASE("a Session taken up from an earlier run lasts through a connection lost before CONNACK [MQTT-3.2.2-4]") {
  Scripted client{Role::client};
  const PropertyWriter properties = kept_for_ever();
  client.client_session.exists = true;
  client.connect(Version::v5, "", false, 0, properties.block());
  client.client_session.connection_closed(client.now);
  client.reconnect();
  client.connect(Version::v5, connack_v5_present, false, 0, properties.block());
  CHECK(client.event().session_present);
}

TEST_CASE("nothing is sent again on the same connection [MQTT-4.4.0-1]") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5, true, 60);
  publish(client, "a", QoS::at_least_once);
  CHECK(client.sent() == "32 06 00 01 61 00 01 00");
  client.pass(54s);
  CHECK(client.sent() == "c0 00");
}

TEST_CASE("sending again keeps within the Receive Maximum, and new messages wait [MQTT-4.9.0-2]") {
  Scripted client{Role::client};
  const PropertyWriter properties = kept_for_ever();
  leave_four_unfinished(client, Version::v5, connack_v5);
  client.connect(Version::v5, "20 06 01 00 03 21 00 01", false, 0, properties.block());
  // The PUBREL takes a place, too: the peer may not have room for more before its PUBCOMP.
  CHECK(client.sent() == "62 02 00 02");
  client.peer_sends("70 02 00 02");
  CHECK(client.sent() == "3a 06 00 01 61 00 01 00");
  CHECK(client.engine->send_window() == 0);
  CHECK(client.engine->publish(delivery_to("e", QoS::at_least_once), client.now).error().rule ==
        Rule::receive_maximum_exceeded);
  client.peer_sends("40 02 00 01");
  CHECK(client.sent() == "3a 06 00 01 63 00 03 00");
  client.peer_sends("40 02 00 03");
  CHECK(client.sent() == "3c 06 00 01 64 00 04 00");
  client.peer_sends("50 02 00 04 70 02 00 04");
  CHECK(client.engine->send_window() == 1);
}

TEST_CASE("a message that the new connection does not take counts as finished [MQTT-3.1.2-25]") {
  Scripted client{Role::client};
  const PropertyWriter properties = kept_for_ever();
  client.connect(Version::v5, connack_v5, true, 0, properties.block());
  REQUIRE(client.engine->publish(delivery_to("a", QoS::at_least_once, 1, "a long payload"), client.now));
  publish(client, "b", QoS::at_least_once, 2);
  client.client_session.connection_closed(client.now);
  client.reconnect();
  client.connect(Version::v5, "20 08 01 00 05 27 00 00 00 0a", false, 0, properties.block());
  CHECK(client.event().type == Event::Type::connack);
  const SeenEvent refused = client.event();
  CHECK(refused.type == Event::Type::publish_done);
  CHECK(refused.tag == 1);
  CHECK(refused.reason_code == ReasonCode::packet_too_large);
  CHECK(client.sent() == "3a 06 00 01 62 00 02 00");
}

TEST_CASE("QoS 2 that was taken over before the cut is not delivered again [MQTT-4.3.3-10]") {
  Scripted server{Role::server};
  server.accept(connect_v5_kept);
  server.peer_sends("34 06 00 01 61 00 09 00");
  CHECK(server.event().topic == "a");
  REQUIRE(server.engine->acknowledge(9));
  server.reconnect();
  server.accept(connect_v5_kept, {true, {}});
  server.peer_sends("3c 06 00 01 61 00 09 00");
  CHECK(server.events.empty());
  CHECK(server.sent() == "50 02 00 09");
  server.peer_sends("62 02 00 09");
  CHECK(server.sent() == "70 02 00 09");
}

TEST_CASE("QoS 2 that the application still works on is not reported again, and acknowledged when it is ready") {
  Scripted server{Role::server};
  server.accept(connect_v5_kept);
  server.peer_sends("34 06 00 01 61 00 09 00");
  CHECK(server.event().topic == "a");
  server.reconnect();
  server.accept(connect_v5_kept, {true, {}});
  SUBCASE("the repeat comes first") {
    server.peer_sends("3c 06 00 01 61 00 09 00");
    CHECK(server.sent().empty());
    CHECK(server.engine->acknowledge(9));
    CHECK(server.sent() == "50 02 00 09");
  }
  SUBCASE("the application is first") {
    CHECK(server.engine->acknowledge(9));
    CHECK(server.sent().empty());
    server.peer_sends("3c 06 00 01 61 00 09 00");
    CHECK(server.sent() == "50 02 00 09");
  }
  CHECK(server.events.empty());
}

TEST_CASE("QoS 1 that was not acknowledged before the cut is delivered again") {
  Scripted server{Role::server};
  server.accept(connect_v5_kept);
  server.peer_sends("32 06 00 01 61 00 09 00");
  server.reconnect();
  server.accept(connect_v5_kept, {true, {}});
  server.peer_sends("3a 06 00 01 61 00 09 00");
  CHECK(server.event().dup);
  CHECK(server.engine->acknowledge(9));
  CHECK(server.sent() == "40 02 00 09");
}

TEST_CASE("a server sends again with the Subscription Identifiers of the first time [MQTT-2.2.1-4]") {
  Scripted server{Role::server};
  server.accept(connect_v5_kept);
  PropertyWriter identifiers;
  identifiers.add(PropertyId::subscription_identifier, 5);
  Delivery delivery = delivery_to("a", QoS::at_least_once);
  delivery.subscription_identifiers = SharedBytes::copy_of(identifiers.block().bytes());
  delivery.retain = true;
  REQUIRE(server.engine->publish(delivery, server.now));
  CHECK(server.sent() == "33 08 00 01 61 00 01 02 0b 05");
  server.reconnect();
  server.peer_sends(connect_v5_kept);
  REQUIRE(server.engine->accept(server.server_session, {true, {}}, server.now));
  CHECK(server.sent() == "20 03 01 00 00 3b 08 00 01 61 00 01 02 0b 05");
}

TEST_CASE("a Session accepted as new starts empty") {
  Scripted server{Role::server};
  server.accept(connect_v5_kept);
  REQUIRE(server.engine->publish(delivery_to("a", QoS::at_least_once), server.now));
  server.peer_sends("34 06 00 01 61 00 09 00");
  server.reconnect();
  server.peer_sends(connect_v5);
  REQUIRE(server.engine->accept(server.server_session, {}, server.now));
  CHECK(server.sent() == "20 03 00 00 00");
  CHECK(server.server_session.sender.unfinished() == 0);
  CHECK(server.server_session.receiver.size() == 0);
}

TEST_CASE("SUBSCRIBE is not sent again, and its identifier is free") {
  Scripted client{Role::client};
  const PropertyWriter properties = kept_for_ever();
  client.connect(Version::v5, connack_v5, true, 0, properties.block());
  SubscriptionWriter filters;
  filters.add({"a", QoS::at_least_once, false, false, RetainHandling::send});
  Subscribe subscribe;
  subscribe.subscriptions = filters.list();
  REQUIRE(client.engine->subscribe(subscribe, 21, client.now));
  client.client_session.connection_closed(client.now);
  client.reconnect();
  client.connect(Version::v5, connack_v5_present, false, 0, properties.block());
  CHECK(client.sent().empty());
  CHECK(client.client_session.state.sender.unfinished() == 0);
}

TEST_CASE("a message already sent as PUBLISH no longer expires [MQTT-4.3.3-7] [MQTT-4.3.3-13]") {
  Scripted client{Role::client};
  const PropertyWriter properties = kept_for_ever();
  client.connect(Version::v5, connack_v5, true, 0, properties.block());
  PropertyWriter expiry;
  expiry.add(PropertyId::message_expiry_interval, 5);
  REQUIRE(client.engine->publish(delivery_to("a", QoS::exactly_once, 0, "", expiry.block()), client.now));
  CHECK(client.sent() == "34 0b 00 01 61 00 01 05 02 00 00 00 05");
  client.client_session.connection_closed(client.now);
  client.pass(60s);
  client.reconnect();
  client.connect(Version::v5, connack_v5_present, false, 0, properties.block());
  CHECK(client.sent() == "3c 0b 00 01 61 00 01 05 02 00 00 00 00");
}

TEST_CASE("a client's Session ends when its time is over [MQTT-3.1.2-23]") {
  ClientSession session;
  session.exists = true;
  session.state.receiver.add(1);
  session.expiry_interval = 10;
  session.connection_closed(TimePoint{100s});
  SUBCASE("not before") {
    session.before_connect(TimePoint{109s});
    CHECK(session.exists);
    CHECK(session.state.receiver.size() == 1);
  }
  SUBCASE("then") {
    session.before_connect(TimePoint{110s});
    CHECK_FALSE(session.exists);
    CHECK(session.state.receiver.size() == 0);
  }
}

TEST_CASE("a Session with expiry 0 ends with its connection") {
  ClientSession session;
  session.exists = true;
  session.state.receiver.add(1);
  session.connection_closed(TimePoint{100s});
  CHECK_FALSE(session.exists);
}

TEST_CASE("a message that was not kept counts as refused where the Session goes on, and others are sent again") {
  Scripted client{Role::client};
  const PropertyWriter properties = kept_for_ever();
  client.connect(Version::v5, connack_v5, true, 0, properties.block());
  client.client_session.expiry_interval = never_expires;
  Publish passing;
  passing.topic_name = "a";
  passing.qos = QoS::at_least_once;
  REQUIRE(client.engine->publish_once(passing, 1, client.now));
  publish(client, "b", QoS::at_least_once, 2);
  client.client_session.connection_closed(client.now);
  client.reconnect();
  client.connect(Version::v5, connack_v5_present, false, 0, properties.block());
  CHECK(client.event().session_present);
  CHECK(client.sent() == "3a 06 00 01 62 00 02 00");
  const auto refused = client.event();
  CHECK(refused.type == Event::Type::publish_done);
  CHECK(refused.tag == 1);
  CHECK(is_failure(refused.reason_code));
}
