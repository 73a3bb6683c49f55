#include "session/application_message.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "session/broker_session.hpp"
#include "session/packets.hpp"

using namespace mqtk;
using namespace mqtk::test;
using namespace std::chrono_literals;

TEST_CASE("a message keeps what belongs to it and leaves out what belongs to one hop [MQTT-3.3.2-18]") {
  PropertyWriter properties;
  properties.add(PropertyId::topic_alias, 3);
  properties.add_user_property("b", "1");
  properties.add(PropertyId::message_expiry_interval, 60);
  properties.add_user_property("a", "2");
  properties.add(PropertyId::subscription_identifier, 9);
  properties.add(PropertyId::payload_format_indicator, 1);
  Publish publish = message_to("t", "x");
  publish.properties = properties.block();
  publish.qos = QoS::exactly_once;
  publish.retain = true;
  publish.dup = true;
  const ApplicationMessage message = ApplicationMessage::make(publish, TimePoint{5s});
  CHECK(message.topic() == "t");
  CHECK(as_text(message.payload()) == "x");
  CHECK(message.qos() == QoS::exactly_once);
  CHECK(message.retain());
  CHECK(message.received_at() == TimePoint{5s});
  CHECK(message.message_expiry_interval() == 60U);
  CHECK(to_hex(message.properties().bytes(), " ") == "26 00 01 62 00 01 31 26 00 01 61 00 01 32 01 01");
}

TEST_CASE("a copy of a handle is the same message") {
  const ApplicationMessage message = delivery_to("t", QoS::at_least_once, 0, "x").message;
  const ApplicationMessage copy = message;
  CHECK(copy.payload().data() == message.payload().data());
  CHECK_FALSE(ApplicationMessage{});
}

TEST_CASE("the expiry counts down in whole seconds to 0 [MQTT-3.3.2-6]") {
  PropertyWriter properties;
  properties.add(PropertyId::message_expiry_interval, 3);
  Publish publish = message_to("t");
  publish.properties = properties.block();
  const ApplicationMessage message = ApplicationMessage::make(publish, TimePoint{10s});
  CHECK(message.remaining_expiry(TimePoint{9s}) == 3U);
  CHECK(message.remaining_expiry(TimePoint{10s}) == 3U);
  CHECK(message.remaining_expiry(TimePoint{12999ms}) == 1U);
  CHECK_FALSE(message.expired(TimePoint{12999ms}));
  CHECK(message.expired(TimePoint{13s}));
  CHECK(message.remaining_expiry(TimePoint{1000s}) == 0U);
  CHECK_FALSE(delivery_to("t", QoS::at_most_once).message.expired(TimePoint::max()));
}

TEST_CASE("a Will counts its expiry from its publication, in which its delay is left out [MQTT-3.1.3-10]") {
  PropertyWriter properties;
  properties.add(PropertyId::will_delay_interval, 30);
  properties.add(PropertyId::message_expiry_interval, 60);
  properties.add_user_property("k", "v");
  Will will;
  will.topic = "w";
  will.payload = as_bytes("gone");
  will.qos = QoS::at_least_once;
  will.properties = properties.block();
  WillMessage kept = WillMessage::make(will);
  CHECK(kept.delay_seconds == 30);
  const ApplicationMessage message = kept.publish(TimePoint{100s});
  CHECK_FALSE(kept);
  CHECK(message.topic() == "w");
  CHECK(message.qos() == QoS::at_least_once);
  CHECK(message.remaining_expiry(TimePoint{110s}) == 50U);
  CHECK(to_hex(message.properties().bytes(), " ") == "26 00 01 6b 00 01 76");
}

TEST_CASE("a queue gives deliveries in order and drops the expired ones [MQTT-3.3.2-5]") {
  PropertyWriter properties;
  properties.add(PropertyId::message_expiry_interval, 3);
  DeliveryQueue queue;
  CHECK(queue.message_bytes() == 0);
  queue.push(delivery_to("a", QoS::at_least_once, 1));
  queue.push(delivery_to("b", QoS::at_least_once, 2, "", properties.block(), TimePoint{0s}));
  queue.push(delivery_to("c", QoS::at_least_once, 3));
  CHECK(queue.message_bytes() > 0);
  CHECK(queue.pop(TimePoint{3s})->tag == 1);
  CHECK(queue.pop(TimePoint{3s})->tag == 3);
  CHECK_FALSE(queue.pop(TimePoint{3s}));
  CHECK(queue.message_bytes() == 0);
}

TEST_CASE("a broker's Session ends its time after the connection [MQTT-4.1.0-2]") {
  BrokerSession session;
  session.connection_opened();
  session.expiry_interval = 10;
  CHECK(session.connected());
  CHECK_FALSE(session.ends_at());
  session.connection_closed(TimePoint{100s});
  CHECK(session.ends_at() == TimePoint{110s});
  session.expiry_interval = never_expires;
  CHECK_FALSE(session.ends_at());
}

TEST_CASE("a Will is due after its delay or with the end of the Session [MQTT-3.1.2-8]") {
  BrokerSession session;
  session.connection_opened();
  session.expiry_interval = 10;
  session.will.message = delivery_to("w", QoS::at_most_once).message;
  session.will.delay_seconds = 5;
  CHECK_FALSE(session.will_due());
  session.connection_closed(TimePoint{100s});
  CHECK(session.will_due() == TimePoint{105s});
  session.will.delay_seconds = 50;
  CHECK(session.will_due() == TimePoint{110s});
  session.will = {};
  CHECK_FALSE(session.will_due());
}
