#include <doctest/doctest.h>

#include "client/scripted_peer.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

TEST_CASE(
    "messages are told and acknowledged in their order [MQTT-3.3.4-1] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.5.0-2] "
    "[MQTT-4.6.0-2] [MQTT-4.6.0-3]") {
  Conversation it;
  it.open();
  it.peer.send(
      "30 05 00 01 61 00 30  32 07 00 01 62 00 09 00 31  34 07 00 01 63 00 08 00 32  32 07 00 01 64 00 07 00 33");
  CHECK(it.peer.receive() == "40 02 00 09");
  CHECK(it.peer.receive() == "50 02 00 08");
  CHECK(it.peer.receive() == "40 02 00 07");
  CHECK(it.notes.take() == Told{"connected", "a=0", "b=1", "c=2", "d=3"});
}

TEST_CASE(
    "a QoS 2 message that is repeated before PUBREL is told once, and answered each time [MQTT-4.3.3-10] "
    "[MQTT-4.3.3-11] [MQTT-4.3.3-12]") {
  Conversation it;
  it.reconnects();
  it.open();
  it.peer.send("34 07 00 01 61 00 01 00 30");
  CHECK(it.peer.receive() == "50 02 00 01");
  it.peer.close();
  it.accept("20 03 01 00 00");
  it.peer.send("3c 07 00 01 61 00 01 00 30");
  CHECK(it.peer.receive() == "50 02 00 01");
  it.peer.send("62 02 00 01");
  CHECK(it.peer.receive() == "70 02 00 01");
  it.peer.send("34 07 00 01 61 00 01 00 31");
  CHECK(it.peer.receive() == "50 02 00 01");
  CHECK(it.notes.take() == Told{"connected", "a=0", "lost", "connected to the session", "a=1"});
}

TEST_CASE("a QoS 1 message after PUBACK is a new one, whatever its DUP says [MQTT-4.3.2-5]") {
  Conversation it;
  it.open();
  it.peer.send("32 07 00 01 61 00 01 00 30");
  CHECK(it.peer.receive() == "40 02 00 01");
  it.peer.send("3a 07 00 01 61 00 01 00 30");
  CHECK(it.peer.receive() == "40 02 00 01");
  CHECK(it.notes.take() == Told{"connected", "a=0", "a=0"});
}

TEST_CASE("where the caller acknowledges, nothing goes out before it does") {
  ConnectOptions options;
  options.acknowledge = ConnectOptions::Acknowledge::by_caller;
  Conversation it{options};
  it.open();
  it.peer.send("32 07 00 01 61 00 01 00 30  34 07 00 01 61 00 02 00 31");
  REQUIRE(it.run_until_noted(3));
  CHECK(it.peer.is_silent());
  CHECK(it.client->acknowledge(2));
  CHECK(it.peer.is_silent());  // the order is kept
  CHECK(it.client->acknowledge(1));
  CHECK(it.peer.receive() == "40 02 00 01");
  CHECK(it.peer.receive() == "50 02 00 02");
  CHECK_FALSE(it.client->acknowledge(3));
}

TEST_CASE(
    "any alias up to the announced maximum is taken, and dies with the connection [MQTT-3.3.2-10] [MQTT-3.3.2-7]") {
  ConnectOptions options;
  options.properties.add(PropertyId::topic_alias_maximum, 2);
  Conversation it{options};
  it.reconnects();
  it.open();
  it.peer.send("30 08 00 01 61 03 23 00 02 30  30 07 00 00 03 23 00 02 31");
  REQUIRE(it.run_until_noted(3));
  CHECK(it.notes.take() == Told{"connected", "a=0", "a=1"});
  it.peer.close();
  it.accept("20 03 01 00 00");
  it.peer.send("30 07 00 00 03 23 00 02 31");
  CHECK(it.peer.receive() == "e0 01 82");
}

TEST_CASE("U+FEFF in a topic stays what it is [MQTT-1.5.4-3] [MQTT-1.5.3-3]") {
  Conversation it;
  it.open();
  it.peer.send("30 09 00 04 61 ef bb bf 00 30 31");
  REQUIRE(it.run_until_noted(2));
  CHECK(it.notes.take() == Told{"connected", "a\xEF\xBB\xBF=01"});
}

TEST_CASE("a packet may come byte by byte") {
  Conversation it;
  it.open();
  for (const char* byte : {"32", "07", "00", "01", "61", "00", "01", "00", "30"}) {
    it.peer.send(byte);
    it.loop.run_turn(1ms);
  }
  CHECK(it.peer.receive() == "40 02 00 01");
}

TEST_CASE("UNSUBSCRIBE forgets the filter: it is not subscribed again") {
  Conversation it;
  it.reconnects();
  it.open();
  it.subscribe("a", QoS::at_most_once, 1);
  it.peer.send("90 04 00 01 00 00");
  REQUIRE(it.run_until_noted(2));
  TopicFilterWriter filters;
  filters.add("a");
  REQUIRE(it.client->unsubscribe({0, {}, filters.list()}, 2));
  (void)it.peer.receive();
  CHECK(it.peer.receive() == "a2 06 00 02 00 00 01 61");
  it.peer.send("b0 04 00 02 00 00");
  REQUIRE(it.run_until_noted(3));
  CHECK(it.notes.take() == Told{"connected", "suback 00", "unsuback 00"});
  it.peer.close();
  it.accept();
  CHECK(it.peer.is_silent());
}
