#include <doctest/doctest.h>

#include "client/scripted_peer.hpp"

using namespace mqtk;
using namespace std::chrono_literals;
using Kind = ConnectionFailure::Kind;

TEST_CASE("CONNECT opens the connection and says what was asked for [MQTT-3.1.0-1]") {
  Conversation plain;
  CHECK(plain.open() == "10 0e 00 04 4d 51 54 54 05 02 00 3c 00 00 01 63");
  CHECK(plain.notes.take() == Told{"connected"});

  ConnectOptions options;
  options.version = Version::v3_1_1;
  options.user_name = "me";
  options.password = std::vector<std::uint8_t>{'p', 'w'};
  options.keep_alive_seconds = 0;
  options.will =
      WillOptions{.topic = "w", .payload = {'!'}, .qos = QoS::at_least_once, .retain = true, .properties = {}};
  Conversation full{options};
  CHECK(full.open("20 02 00 00") ==
        "10 1b 00 04 4d 51 54 54 04 ee 00 00 00 01 63 00 01 77 00 01 21 00 02 6d 65 00 02 70 77");
}

TEST_CASE(
    "stop() writes what was taken, then DISCONNECT as the last packet, then closes [MQTT-3.14.4-1] [MQTT-3.14.4-2]") {
  Conversation it;
  it.open();
  REQUIRE(it.taken(QoS::at_most_once));
  it.client->stop();
  CHECK(it.peer.receive() == "30 05 00 01 74 00 78");
  CHECK(it.peer.receive() == "e0 00");
  CHECK(it.peer.receive() == "closed");
  it.peer.close();
  REQUIRE(it.run_until_stopped());
  CHECK_FALSE(it.notes.failure);
  CHECK(it.notes.take() == Told{"connected", "stopped"});
}

TEST_CASE("stop() before there is a connection just ends") {
  Conversation it;
  it.start().stop();
  REQUIRE(it.run_until_stopped());
  CHECK(it.notes.take() == Told{"stopped"});
}

TEST_CASE("a refusal is told with Reason Code and Reason String, and not tried again") {
  Conversation it;
  it.reconnects();
  it.start();
  it.peer.accept();
  CHECK(it.peer.receive().starts_with("10 "));
  it.peer.send("20 08 00 86 05 1f 00 02 6e 6f");
  REQUIRE(it.run_until_stopped());
  REQUIRE(it.notes.failure);
  CHECK(it.notes.failure->kind == Kind::refused);
  CHECK(it.notes.failure->reason == ReasonCode::bad_user_name_or_password);
  CHECK(it.notes.failure->reason_string == "no");
  CHECK_FALSE(it.peer.is_asked_again(50ms));
}

TEST_CASE("a broker that is busy is asked again, as the policy says") {
  Conversation it;
  it.reconnects();
  it.start();
  it.peer.accept();
  it.peer.send("20 03 00 89 00");
  it.accept();
  CHECK(it.notes.take() == Told{"lost", "connected"});
}

TEST_CASE("a session that another client has taken over is not taken back") {
  Conversation it;
  it.reconnects();
  it.open();
  it.peer.send("e0 01 8e");
  REQUIRE(it.run_until_stopped());
  CHECK(it.notes.failure->kind == Kind::disconnected);
  CHECK(it.notes.failure->reason == ReasonCode::session_taken_over);
  CHECK_FALSE(it.peer.is_asked_again(50ms));
}

TEST_CASE("a connection that is lost is made again, with the identifier that the broker had assigned") {
  ConnectOptions options;
  Conversation it{options};
  it.reconnects();
  it.options.client_identifier.clear();
  CHECK(it.open("20 07 00 00 04 12 00 01 7a") == "10 12 00 04 4d 51 54 54 05 02 00 3c 05 11 00 00 01 2c 00 00");
  it.peer.close();
  CHECK(it.accept("20 03 01 00 00") == "10 13 00 04 4d 51 54 54 05 00 00 3c 05 11 00 00 01 2c 00 01 7a");
  CHECK(it.notes.take() == Told{"connected", "lost", "connected to the session"});
}

TEST_CASE("without a policy a lost connection is the end") {
  Conversation it;
  it.open();
  it.peer.close();
  REQUIRE(it.run_until_stopped());
  CHECK(it.notes.failure->kind == Kind::lost);
  CHECK(it.notes.failure->was_connected);
}

TEST_CASE("the Session that bridged the reconnects ends with the DISCONNECT") {
  Conversation it;
  it.reconnects();
  it.open();
  it.client->stop();
  CHECK(it.peer.receive() == "e0 07 00 05 11 00 00 00 00");
}

TEST_CASE("Session Present that answers Clean Start closes the connection [MQTT-3.2.2-4]") {
  Conversation it;
  it.start();
  it.peer.accept();
  CHECK(it.peer.receive().starts_with("10 "));
  it.peer.send("20 03 01 00 00");
  REQUIRE(it.run_until_stopped());
  CHECK(it.notes.failure->kind == Kind::protocol_broken);
  CHECK(it.notes.failure->fault.rule == Rule::session_present_after_clean_start);
}

TEST_CASE("a malformed packet is answered with DISCONNECT and its reason [MQTT-4.13.2-1] [MQTT-4.8.0-1]") {
  Conversation it;
  it.open();
  it.peer.send("36 00");
  CHECK(it.peer.receive() == "e0 01 81");
  CHECK(it.peer.receive() == "closed");
  CHECK(it.notes.failure->kind == Kind::protocol_broken);
}

TEST_CASE("silence instead of CONNACK ends at the time limit") {
  ConnectOptions options;
  options.connect_timeout = 50ms;
  Conversation it{options};
  it.start();
  it.peer.accept();
  REQUIRE(it.run_until_stopped());
  CHECK(it.notes.failure->kind == Kind::no_answer);
}

TEST_CASE("silence instead of acknowledgements ends at the time limit, but only while some are due") {
  ConnectOptions options;
  options.acknowledge_timeout = 60ms;
  Conversation it{options};
  it.open();
  const TimePoint began = it.loop.refresh_now();
  (void)it.run_until([&] { return it.loop.refresh_now() - began > 150ms; });
  CHECK_FALSE(it.notes.stopped);
  REQUIRE(it.taken(QoS::at_least_once));
  REQUIRE(it.run_until_stopped());
  CHECK(it.notes.failure->kind == Kind::acknowledgement_overdue);
}

TEST_CASE("a broker that speaks only 3.1.1 is asked again in 3.1.1, and keeps the reason if that fails, too") {
  ConnectOptions options;
  options.fall_back_to_v3_1_1 = true;
  Conversation it{options};
  it.start();
  it.peer.accept();
  CHECK(it.peer.receive().starts_with("10 0e 00 04 4d 51 54 54 05"));
  it.peer.send("20 02 00 01");
  CHECK(it.accept("20 02 00 00") == "10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 63");
  CHECK(it.notes.take() == Told{"connected"});

  Conversation refused{options};
  refused.start();
  refused.peer.accept();
  refused.peer.send("20 03 00 84 00");
  refused.peer.accept();
  refused.peer.send("20 02 00 05");
  REQUIRE(refused.run_until_stopped());
  CHECK(refused.notes.failure->kind == Kind::refused);
  CHECK(refused.notes.failure->version == Version::v3_1_1);
}

TEST_CASE("an idle client sends PINGREQ before its Keep Alive is over [MQTT-3.1.2-20] [MQTT-3.1.2-23]") {
  ConnectOptions options;
  options.keep_alive_seconds = 1;
  Conversation it{options};
  it.open();
  const TimePoint began = it.loop.refresh_now();
  CHECK(it.peer.receive() == "c0 00");
  CHECK(it.loop.refresh_now() - began <= 1s);
}

TEST_CASE("the broker's Keep Alive counts instead of the client's own [MQTT-3.1.2-21] [MQTT-3.2.2-21]") {
  Conversation it;
  it.open("20 06 00 00 03 13 00 01");
  const TimePoint began = it.loop.refresh_now();
  CHECK(it.peer.receive() == "c0 00");
  CHECK(it.loop.refresh_now() - began <= 1s);
}

namespace {

// Answers each AUTH with the data "b".
struct Authenticating final : Notes {
  void on_authentication(const Auth& auth) override {
    all.emplace_back("auth " + std::string{auth.properties.text(PropertyId::authentication_data).value_or("")});
    PropertyWriter answer;
    answer.add(PropertyId::authentication_data, "b");
    CHECK(client->authenticate(ReasonCode::continue_authentication, answer.block()));
  }
  Client* client = nullptr;
};

}  // namespace

TEST_CASE(
    "AUTH is answered with AUTH and the method of CONNECT, and nothing else is sent before CONNACK [MQTT-3.1.2-30] "
    "[MQTT-4.12.0-3] [MQTT-4.12.0-5]") {
  Loop loop;
  ScriptedPeer peer(loop);
  Authenticating notes;
  ConnectOptions options;
  options.client_identifier = "c";
  options.properties.add(PropertyId::authentication_method, "M");
  Client client(loop, peer.endpoint(), options, notes);
  notes.client = &client;
  SubscriptionWriter filters;
  filters.add({.topic_filter = "t"});
  REQUIRE(client.subscribe({0, {}, filters.list()}));
  client.start();
  peer.accept();
  CHECK(peer.receive() == "10 12 00 04 4d 51 54 54 05 02 00 3c 04 15 00 01 4d 00 01 63");
  peer.send("f0 0a 18 08 15 00 01 4d 16 00 01 61");
  CHECK(peer.receive() == "f0 0a 18 08 15 00 01 4d 16 00 01 62");
  CHECK(peer.is_silent());
  peer.send("20 07 00 00 04 15 00 01 4d");
  CHECK(peer.receive() == "82 07 00 01 00 00 01 74 00");
  CHECK(notes.take() == Told{"auth a", "connected"});
}

TEST_CASE("AUTH that was not agreed on closes the connection, and none is sent [MQTT-4.12.0-7]") {
  Conversation it;
  it.open();
  CHECK_FALSE(it.client->authenticate(ReasonCode::re_authenticate, {}));
  it.peer.send("f0 06 18 04 15 00 01 4d");
  CHECK(it.peer.receive() == "e0 01 82");
  CHECK(it.peer.receive() == "closed");
}
