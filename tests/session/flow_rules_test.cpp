// Every flow rule of rule_list.hpp: one row that breaks it, and what goes out to the peer then.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

struct Row {
  Rule rule;
  const char* name;
  std::string_view answer;  // the bytes that the peer gets last
  Role role;
  std::function<void(EngineOptions&)> set;
  std::function<void(Scripted&)> play;
};

void nothing_set(EngineOptions&) {}

// A server with a connected 5.0 client that then sends `hex`.
std::function<void(Scripted&)> client_sends(std::string_view hex) {
  return [hex](Scripted& server) {
    server.accept(connect_v5);
    server.peer_sends(hex);
  };
}

// A connected 5.0 client that then gets `hex`.
std::function<void(Scripted&)> server_sends(std::string_view hex) {
  return [hex](Scripted& client) {
    client.connect(Version::v5, connack_v5);
    client.peer_sends(hex);
  };
}

// A 5.0 client whose CONNECT is answered by `hex`.
std::function<void(Scripted&)> server_answers(std::string_view hex, bool clean_start = true) {
  return [hex, clean_start](Scripted& client) { client.connect(Version::v5, hex, clean_start); };
}

void publish_at_least_once(Scripted& client) {
  REQUIRE(client.engine->publish(delivery_to("a", QoS::at_least_once), client.now));
  REQUIRE(client.sent() == "32 06 00 01 61 00 01 00");
}

void subscribe_to_a(Scripted& client) {
  SubscriptionWriter filters;
  filters.add({.topic_filter = "a"});
  Subscribe subscribe;
  subscribe.subscriptions = filters.list();
  REQUIRE(client.engine->subscribe(subscribe, 5, client.now));
  REQUIRE(client.sent() == "82 07 00 01 00 00 01 61 00");
}

const std::vector<Row> rows = {
    {Rule::first_packet_not_connect, "a server closes on a first packet other than CONNECT [MQTT-3.1.0-1]", "",
     Role::server, nothing_set, [](Scripted& server) { server.peer_sends("c0 00"); }},
    {Rule::second_connect, "a second CONNECT ends the connection [MQTT-3.1.0-2]", "e0 01 82", Role::server, nothing_set,
     client_sends(connect_v5)},
    {Rule::packet_before_connack, "a client closes on a PUBLISH before CONNACK [MQTT-3.2.0-1]", "e0 01 82",
     Role::client, nothing_set, server_answers("30 04 00 01 61 00")},
    {Rule::second_connack, "a client closes on a second CONNACK [MQTT-3.2.0-2]", "e0 01 82", Role::client, nothing_set,
     server_sends(connack_v5)},
    {Rule::packet_during_authentication, "a client that authenticates sends nothing but AUTH [MQTT-3.1.2-30]",
     "20 03 00 82 00", Role::server, nothing_set,
     [](Scripted& server) {
       server.peer_sends(connect_v5_method);
       REQUIRE(server.engine->auth(ReasonCode::continue_authentication, {}, server.now));
       REQUIRE(server.sent() == "f0 06 18 04 15 00 01 6d");
       server.peer_sends("c0 00");
     }},
    {Rule::keep_alive_timeout, "a server gives a client up after 1.5 times the Keep Alive [MQTT-3.1.2-22]", "e0 01 8d",
     Role::server, nothing_set,
     [](Scripted& server) {
       server.accept("10 0e 00 04 4d 51 54 54 05 02 00 0a 00 00 01 63");  // 10 seconds
       server.pass(14999ms);
       REQUIRE(server.step != Engine::Step::closed);
       server.pass(1ms);
     }},
    {Rule::session_present_unexpected, "a client without Session closes on Session Present 1 [MQTT-3.2.2-4]",
     "e0 01 82", Role::client, nothing_set, server_answers(connack_v5_present, false)},
    {Rule::session_present_after_clean_start, "Session Present 1 does not answer Clean Start 1 [MQTT-3.2.2-2]",
     "e0 01 82", Role::client, nothing_set, server_answers(connack_v5_present)},
    {Rule::client_identifier_not_assigned, "an empty Client Identifier needs an assigned one [MQTT-3.2.2-16]",
     "e0 01 82", Role::client, nothing_set,
     [](Scripted& client) {
       REQUIRE(client.engine->connect(Connect{}, client.client_session, client.now));
       REQUIRE(client.sent() == "10 0d 00 04 4d 51 54 54 05 02 00 00 00 00 00");
       client.peer_sends(connack_v5);
     }},
    {Rule::packet_too_large, "a packet too large is refused as soon as its fixed header is there [MQTT-3.2.2-15]",
     "e0 01 95", Role::server, [](EngineOptions& options) { options.limits.maximum_packet_size = 100; },
     client_sends("30 63")},
    {Rule::receive_maximum_exceeded, "a second unacknowledged PUBLISH is one too many for 1 [MQTT-3.3.4-7]", "e0 01 93",
     Role::server, [](EngineOptions& options) { options.limits.receive_maximum = 1; },
     client_sends("32 06 00 01 61 00 01 00 34 06 00 01 61 00 02 00")},
    {Rule::maximum_qos_exceeded, "a server with Maximum QoS 1 refuses QoS 2 [MQTT-3.2.2-11]", "e0 01 9b", Role::server,
     [](EngineOptions& options) { options.limits.maximum_qos = QoS::at_least_once; },
     client_sends("34 06 00 01 61 00 02 00")},
    {Rule::retain_not_available, "a server without retained messages refuses RETAIN [MQTT-3.2.2-14]", "e0 01 9a",
     Role::server, [](EngineOptions& options) { options.limits.retain_available = false; },
     client_sends("31 04 00 01 61 00")},
    {Rule::topic_alias_too_large, "a Topic Alias above the maximum is refused [MQTT-3.3.2-9]", "e0 01 94", Role::server,
     [](EngineOptions& options) { options.limits.topic_alias_maximum = 2; },
     client_sends("30 07 00 01 61 03 23 00 03")},
    {Rule::topic_alias_unknown, "a Topic Alias without a meaning is refused", "e0 01 82", Role::server,
     [](EngineOptions& options) { options.limits.topic_alias_maximum = 2; }, client_sends("30 06 00 00 03 23 00 02")},
    {Rule::packet_identifier_in_use, "a client does not use an identifier twice at a time [MQTT-2.2.1-3]", "e0 01 82",
     Role::server, nothing_set, client_sends("32 06 00 01 61 00 01 00 32 06 00 01 62 00 01 00")},
    {Rule::acknowledgement_unexpected, "PUBREL does not come before PUBREC [MQTT-4.3.3-4]", "e0 01 82", Role::server,
     nothing_set, client_sends("34 06 00 01 61 00 01 00 62 02 00 01")},
    {Rule::acknowledgement_wrong_type, "PUBREC does not answer QoS 1 [MQTT-3.3.4-1]", "e0 01 82", Role::client,
     nothing_set,
     [](Scripted& client) {
       client.connect(Version::v5, connack_v5);
       publish_at_least_once(client);
       client.peer_sends("50 02 00 01");
     }},
    {Rule::suback_unexpected, "SUBACK without SUBSCRIBE is refused [MQTT-2.2.1-6]", "e0 01 82", Role::client,
     nothing_set, server_sends("90 04 00 07 00 00")},
    {Rule::suback_count, "SUBACK has a code for each filter [MQTT-3.8.4-6]", "e0 01 82", Role::client, nothing_set,
     [](Scripted& client) {
       client.connect(Version::v5, connack_v5);
       subscribe_to_a(client);
       client.peer_sends("90 05 00 01 00 00 00");
     }},
    {Rule::wildcard_not_available, "a server without wildcard subscriptions refuses them", "e0 01 a2", Role::server,
     [](EngineOptions& options) { options.limits.wildcard_subscription_available = false; },
     client_sends("82 09 00 01 00 00 03 61 2f 23 00")},
    {Rule::shared_not_available, "a server without Shared Subscriptions refuses them", "e0 01 9e", Role::server,
     [](EngineOptions& options) { options.limits.shared_subscription_available = false; },
     client_sends("82 10 00 01 00 00 0a 24 73 68 61 72 65 2f 67 2f 61 00")},
    {Rule::subscription_identifier_not_available, "a server without Subscription Identifiers refuses them", "e0 01 a1",
     Role::server, [](EngineOptions& options) { options.limits.subscription_identifier_available = false; },
     client_sends("82 09 00 01 02 0b 07 00 01 61 00")},
    {Rule::session_expiry_raised, "DISCONNECT does not revive a Session that CONNECT let expire", "e0 01 82",
     Role::server, nothing_set, client_sends("e0 07 00 05 11 00 00 00 0a")},
    {Rule::auth_not_agreed, "AUTH needs an Authentication Method in CONNECT [MQTT-4.12.0-7]", "e0 01 82", Role::server,
     nothing_set, client_sends("f0 06 19 04 15 00 01 6d")},
    {Rule::authentication_method_changed, "AUTH keeps to the method of CONNECT [MQTT-4.12.0-5] [MQTT-4.12.1-1]",
     "e0 01 82", Role::server, nothing_set,
     [](Scripted& server) {
       server.accept(connect_v5_method);
       server.peer_sends("f0 06 19 04 15 00 01 6e");
     }},
    {Rule::response_information_unrequested, "Response Information comes on request only [MQTT-3.1.2-28]", "e0 01 82",
     Role::client, nothing_set, server_answers("20 07 00 00 04 1a 00 01 78")},
    {Rule::problem_information_unrequested, "Request Problem Information 0 keeps PUBACK plain [MQTT-3.1.2-29]",
     "e0 01 82", Role::client, nothing_set,
     [](Scripted& client) {
       PropertyWriter properties;
       properties.add(PropertyId::request_problem_information, 0);
       client.connect(Version::v5, connack_v5, true, 0, properties.block());
       publish_at_least_once(client);
       client.peer_sends("40 08 00 01 00 04 1f 00 01 78");
     }},
    {Rule::disconnect_before_connack, "a server's DISCONNECT comes after CONNACK [MQTT-3.14.0-1]", "e0 01 82",
     Role::client, nothing_set, server_answers("e0 01 8b")},
    {Rule::connect_timeout, "a CONNECT that does not end in time is given up", "", Role::server, nothing_set,
     [](Scripted& server) {
       server.peer_sends("10 0e 00 04 4d 51 54 54");
       server.pass(9s);
       server.peer_sends("05 02 00");
       REQUIRE(server.step == Engine::Step::need_more);
       server.pass(1s);
     }},
    {Rule::connack_timeout, "a CONNECT that is not answered in time is given up", "", Role::client, nothing_set,
     [](Scripted& client) {
       client.connect(Version::v5, "");
       client.pass(10s);
     }},
    {Rule::pingresp_timeout, "a PINGREQ that is not answered in time ends the connection [MQTT-3.1.2-20]", "c0 00",
     Role::client, nothing_set,
     [](Scripted& client) {
       client.connect(Version::v5, connack_v5, true, 60);
       client.pass(53999ms);
       REQUIRE(client.sent().empty());
       client.pass(10s);
       REQUIRE(client.step != Engine::Step::closed);
       client.pass(1ms);
     }},
};

// Rules that tell an onlooker something, but that an engine meets in another way: packet_after_disconnect (nothing is
// read any more), pingresp_unexpected (harmless), not_connected (an answer to the caller).
constexpr Rule met_otherwise[] = {Rule::packet_after_disconnect, Rule::pingresp_unexpected, Rule::not_connected};

}  // namespace

TEST_CASE("a broken flow rule closes the connection with its Reason Code [MQTT-4.13.1-1] [MQTT-4.8.0-1]") {
  for (const Row& row : rows) {
    SUBCASE(row.name) {
      EngineOptions options;
      row.set(options);
      Scripted engine{row.role, options};
      row.play(engine);
      REQUIRE_FALSE(engine.events.empty());
      CHECK(engine.events.back().type == Event::Type::failed);
      CHECK(engine.engine->fault().rule == row.rule);
      CHECK(engine.step == Engine::Step::closed);
      CHECK(engine.sent() == row.answer);
      CHECK_FALSE(engine.engine->deadline());
    }
  }
}

TEST_CASE("every flow rule that an engine meets has its row") {
  for (const RuleInfo& info : all_rules()) {
    if (info.codec || info.observer || std::count(std::begin(met_otherwise), std::end(met_otherwise), info.rule) != 0)
      continue;
    CAPTURE(info.name);
    CHECK(std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.rule == info.rule; }));
  }
}

TEST_CASE("nothing behind DISCONNECT is looked at [MQTT-3.14.4-1]") {
  Scripted server{Role::server};
  server.accept(connect_v5);
  server.peer_sends("e0 00 30 04 00 01 61 00 ff ff");
  CHECK(server.event().type == Event::Type::disconnect);
  CHECK(server.event().type == Event::Type::none);
  CHECK(server.step == Engine::Step::closed);
  CHECK(server.sent().empty());
}

TEST_CASE("a PINGRESP that answers nothing does no harm") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5);
  client.peer_sends("d0 00");
  CHECK(client.engine->open());
}

TEST_CASE("PUBACK and PUBCOMP for nothing in flight do no harm") {
  Scripted client{Role::client};
  client.connect(Version::v5, connack_v5);
  client.peer_sends("40 02 00 01 70 02 00 09");
  CHECK(client.engine->open());
  CHECK(client.sent().empty());
}

TEST_CASE("who is not connected cannot send") {
  Scripted client{Role::client};
  CHECK(client.engine->publish(Publish{}, client.now).error().rule == Rule::not_connected);
  CHECK(client.engine->subscribe(Subscribe{}, 0, client.now).error().rule == Rule::not_connected);
  CHECK(client.engine->ping(client.now).error().rule == Rule::not_connected);
  Scripted server{Role::server};
  CHECK(server.engine->accept(server.server_session, {}, server.now).error().rule == Rule::not_connected);
  CHECK(server.engine->suback(1, {}).error().rule == Rule::not_connected);
  CHECK(server.sent().empty());
}
