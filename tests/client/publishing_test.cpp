#include <doctest/doctest.h>

#include "client/scripted_peer.hpp"

using namespace mqtk;
using namespace std::chrono_literals;

namespace {

struct Answering final : Notes {
  void on_ready_to_send() override { all.emplace_back("ready"); }
};

}  // namespace

TEST_CASE(
    "QoS 0 goes out without Packet Identifier, QoS 1 and 2 with new ones and DUP 0 [MQTT-2.2.1-2] [MQTT-2.2.1-3] "
    "[MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.3-1] [MQTT-4.3.3-2]") {
  Conversation it;
  it.open();
  REQUIRE(it.taken(QoS::at_most_once));
  REQUIRE(it.taken(QoS::at_least_once));
  REQUIRE(it.taken(QoS::exactly_once));
  CHECK(it.peer.receive() == "30 05 00 01 74 00 78");
  CHECK(it.peer.receive() == "32 07 00 01 74 00 01 00 78");
  CHECK(it.peer.receive() == "34 07 00 01 74 00 02 00 78");
}

TEST_CASE("PUBACK ends a QoS 1 message, PUBREC, PUBREL and PUBCOMP a QoS 2 message [MQTT-2.2.1-5] [MQTT-4.3.3-4]") {
  Conversation it;
  it.open();
  REQUIRE(it.taken(QoS::at_least_once, 7));
  REQUIRE(it.taken(QoS::exactly_once, 8));
  CHECK(it.client->unfinished() == 2);
  it.peer.send("50 02 00 02");
  (void)it.peer.receive();
  (void)it.peer.receive();
  CHECK(it.peer.receive() == "62 02 00 02");
  it.peer.send("70 02 00 02 40 02 00 01");
  REQUIRE(it.run_until_noted(3));
  CHECK(it.notes.take() == Told{"connected", "done 8 00", "done 7 00"});
  CHECK(it.client->unfinished() == 0);
}

TEST_CASE("a refused message is done, with the broker's reason, and not sent again [MQTT-4.4.0-2]") {
  Conversation it;
  it.reconnects();
  it.open();
  REQUIRE(it.taken(QoS::at_least_once, 1));
  REQUIRE(it.taken(QoS::exactly_once, 2));
  it.peer.send("40 03 00 01 87 50 03 00 02 97");
  REQUIRE(it.run_until_noted(3));
  CHECK(it.notes.take() == Told{"connected", "done 1 87", "done 2 97"});
  it.peer.close();
  it.accept("20 03 01 00 00");
  CHECK(it.peer.is_silent());
}

TEST_CASE(
    "a full window holds back PUBLISH and nothing else [MQTT-3.3.4-7] [MQTT-3.3.4-8] [MQTT-4.9.0-1] [MQTT-4.9.0-2] "
    "[MQTT-4.9.0-3]") {
  Conversation it;
  Answering notes;
  it.client = std::make_unique<Client>(it.loop, it.peer.endpoint(), it.options, notes);
  it.client->start();
  it.accept("20 06 00 00 03 21 00 02");
  REQUIRE(it.run_until([&] { return notes.all.size() == 2; }));
  CHECK(notes.take() == Told{"connected", "ready"});
  CHECK(it.taken(QoS::at_least_once));
  CHECK(it.taken(QoS::exactly_once));
  CHECK(it.publish(QoS::at_least_once) == Client::Flow::wait);
  it.subscribe("s", QoS::at_most_once);
  CHECK(it.taken(QoS::at_most_once));
  (void)it.peer.receive();
  (void)it.peer.receive();
  CHECK(it.peer.receive() == "82 07 00 03 00 00 01 73 00");
  CHECK(it.peer.receive() == "30 05 00 01 74 00 78");

  it.peer.send("50 02 00 02");
  CHECK(it.peer.receive() == "62 02 00 02");
  CHECK(it.publish(QoS::at_least_once) == Client::Flow::wait);
  CHECK(notes.take().empty());
  it.peer.send("40 02 00 01");
  REQUIRE(it.run_until([&] { return notes.all.size() == 2; }));
  CHECK(notes.take() == Told{"done 0 00", "ready"});
  CHECK(it.taken(QoS::at_least_once));
}

TEST_CASE("without a connection publish() waits instead of queueing") {
  Conversation it;
  it.start();
  CHECK(it.publish(QoS::at_most_once) == Client::Flow::wait);
  CHECK(it.publish(QoS::exactly_once) == Client::Flow::wait);
  it.accept();
  CHECK(it.taken(QoS::at_most_once));
}

TEST_CASE("a reader that stops reading makes publish() wait, and loses nothing") {
  Conversation it;
  it.open();
  const std::string payload(100'000, 'p');
  Publish message;
  message.topic_name = "t";
  message.payload = as_bytes(payload);
  std::size_t taken = 0;
  for (int turn = 0; turn < 200; ++turn) {
    while (it.client->publish(message) == Client::Flow::taken) ++taken;
    it.loop.run_turn(1ms);
  }
  CHECK(taken * payload.size() < 100'000'000);
  it.client->stop();
  std::size_t received = 0;
  std::string packet;
  while ((packet = it.peer.receive()).starts_with("30 ")) ++received;
  CHECK(received == taken);
  CHECK(packet == "e0 00");
}

TEST_CASE(
    "unfinished messages are sent again in their order with DUP, and PUBREL instead of PUBLISH where PUBREC had come "
    "[MQTT-3.3.1-1] [MQTT-4.3.3-6] [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-4.1.0-1]") {
  Conversation it;
  it.reconnects();
  it.open();
  REQUIRE(it.taken(QoS::exactly_once, 1));
  REQUIRE(it.taken(QoS::at_least_once, 2));
  REQUIRE(it.taken(QoS::exactly_once, 3));
  it.peer.send("50 02 00 01");
  for (int i = 0; i < 3; ++i) (void)it.peer.receive();
  REQUIRE(it.peer.receive() == "62 02 00 01");
  it.peer.close();
  it.accept("20 03 01 00 00");
  CHECK(it.peer.receive() == "62 02 00 01");
  CHECK(it.peer.receive() == "3a 07 00 01 74 00 02 00 78");
  CHECK(it.peer.receive() == "3c 07 00 01 74 00 03 00 78");
  it.peer.send("70 02 00 01 40 02 00 02 50 02 00 03");
  CHECK(it.peer.receive() == "62 02 00 03");
  it.peer.send("70 02 00 03");
  REQUIRE(it.run_until([&] { return it.client->unfinished() == 0; }));
  CHECK(it.notes.take() ==
        Told{"connected", "lost", "connected to the session", "done 1 00", "done 2 00", "done 3 00"});
}

TEST_CASE(
    "where the broker has forgotten the Session, the messages go out anew and the subscription, too [MQTT-3.2.2-5]") {
  Conversation it;
  it.reconnects();
  it.open();
  it.subscribe("s", QoS::at_least_once, 5);
  REQUIRE(it.taken(QoS::at_least_once, 1));
  REQUIRE(it.taken(QoS::exactly_once, 2));
  REQUIRE(it.taken(QoS::exactly_once, 3));
  it.peer.send("90 04 00 01 00 01 50 02 00 03");
  for (int i = 0; i < 4; ++i) (void)it.peer.receive();
  REQUIRE(it.peer.receive() == "62 02 00 03");
  it.peer.close();
  it.accept("20 03 00 00 00");
  // The identifiers go on: a late acknowledgement must not fit.
  CHECK(it.peer.receive() == "82 07 00 05 00 00 01 73 01");
  CHECK(it.peer.receive() == "32 07 00 01 74 00 06 00 78");
  CHECK(it.peer.receive() == "34 07 00 01 74 00 07 00 78");
  CHECK(it.peer.is_silent());
  CHECK(it.notes.take() == Told{"connected", "suback 01", "lost", "connected", "done 2 00"});
}

TEST_CASE("3.1.1 sends again in a kept session, and anew in a clean one [MQTT-3.1.2-4] [MQTT-3.1.2-6]") {
  ConnectOptions options;
  options.version = Version::v3_1_1;
  for (const bool clean : {false, true}) {
    options.clean_start = clean;
    Conversation it{options};
    it.reconnects();
    it.open("20 02 00 00");
    REQUIRE(it.taken(QoS::at_least_once));
    CHECK(it.peer.receive() == "32 06 00 01 74 00 01 78");
    it.peer.close();
    it.accept(clean ? "20 02 00 00" : "20 02 01 00");
    CHECK(it.peer.receive() == (clean ? "32 06 00 01 74 00 02 78" : "3a 06 00 01 74 00 01 78"));
  }
}

TEST_CASE("an acknowledged subscription is not made again where the Session is there, an unanswered one is") {
  Conversation it;
  it.reconnects();
  it.open();
  it.subscribe("a", QoS::at_most_once);
  it.subscribe("b", QoS::at_most_once, 1);
  it.peer.send("90 04 00 01 00 00");
  (void)it.peer.receive();
  (void)it.peer.receive();
  REQUIRE(it.run_until_noted(2));
  it.peer.close();
  it.accept("20 03 01 00 00");
  CHECK(it.peer.receive() == "82 07 00 03 00 00 01 62 00");
  CHECK(it.peer.is_silent());
}

TEST_CASE(
    "what the broker has announced not to take is refused at once and nothing is sent [MQTT-3.2.2-11] [MQTT-3.2.2-14] "
    "[MQTT-3.2.2-15] [MQTT-3.2.2-17] [MQTT-3.2.2-18] [MQTT-3.3.2-9]") {
  Conversation it;
  // Maximum QoS 0, Retain Available 0, Maximum Packet Size 10
  it.open("20 0c 00 00 09 24 00 25 00 27 00 00 00 0a");
  CHECK(it.publish(QoS::at_least_once).error().rule == Rule::maximum_qos_exceeded);
  PropertyWriter alias;
  alias.add(PropertyId::topic_alias, 1);
  CHECK(it.publish(QoS::at_most_once, 0, alias.block()).error().rule == Rule::topic_alias_too_large);
  Publish message;
  message.topic_name = "t";
  message.retain = true;
  CHECK(it.client->publish(message).error().rule == Rule::retain_not_available);
  message.retain = false;
  message.payload = as_bytes("0123456789");
  CHECK(it.client->publish(message).error().rule == Rule::packet_too_large);
  CHECK(it.peer.is_silent());
  CHECK(it.client->is_connected());
}
