#include "capture/flow_conversation.hpp"

using namespace mqtk;

TEST_CASE("a whole conversation as it should be has no problem") {
  CHECK(rules({connect, connack, subscribe_a_q1, suback_q1,  //
               "C 30 04 0001 61 00", "S 30 04 0001 61 00",   // QoS 0 and its delivery
               "C 32 06 0001 61 0002 00", "S 40 02 0002",    // QoS 1
               "S 32 06 0001 61 0001 00", "C 40 02 0001",    //
               "C 34 06 0001 62 0003 00", "S 50 02 0003", "C 62 02 0003", "S 70 02 0003", "C c0 00", "S d0 00",
               "C a2 06 0004 00 0001 61", "S b0 04 0004 00 00", "C e0 00"})
            .empty());
  CHECK(rules({connect_3, connack_3, "C 82 06 0001 0001 61 00", "S 90 03 0001 00", "S 30 03 0001 61", "C e0 00"})
            .empty());
}

TEST_CASE("each packet has its place in the conversation [MQTT-3.1.0-1] [MQTT-3.1.0-2] [MQTT-3.2.0-1] [MQTT-3.2.0-2]") {
  CHECK(rules({"C c0 00"}) == "first_packet_not_connect");
  CHECK(rules({connect, connack, connect}) == "second_connect");
  CHECK(rules({connect, "S d0 00"}) == "packet_before_connack pingresp_unexpected");
  CHECK(rules({connect, "S e0 00"}) == "disconnect_before_connack");
  CHECK(rules({connect, connack, connack}) == "second_connack");
  CHECK(rules({connect, connack, "C e0 00", "C c0 00"}) == "packet_after_disconnect");
  CHECK(rules({connect, "S 20 03 00 87 00", "C c0 00"}) == "packet_after_refusal");
}

TEST_CASE("nothing is held against a capture that begins in the middle or has a gap") {
  CHECK(rules({"C c0 00", "S d0 00", "S d0 00", "S 40 02 0007", "S 32 06 0001 61 0001 00", "C 62 02 0009"}, false)
            .empty());
  CHECK(
      rules({connect, connack, "lost", "S d0 00", "S 40 02 0007", "S 30 04 0001 7a 00", "S 90 04 0009 00 01"}).empty());
}

TEST_CASE("silence of more than one and a half times the Keep Alive is found [MQTT-3.1.2-20] [MQTT-3.1.2-22]") {
  CHECK(rules({connect, connack, "+11", "C c0 00"}).empty());
  CHECK(rules({connect, connack, "+12", "C c0 00"}) == "keep_alive_stretched");
  CHECK(rules({connect, connack, "+15", "C c0 00"}) == "keep_alive_stretched");
  CHECK(rules({connect, connack, "+16", "C c0 00"}) == "keep_alive_timeout");
  // Server Keep Alive 60
  CHECK(rules({connect, "S 20 06 00 00 03 13003c", "+60", "C c0 00", "S d0 00"}).empty());
  CHECK(rules({connect, "S 20 06 00 00 03 130002", "+4", "C c0 00", "S d0 00"}) == "keep_alive_timeout");
}

TEST_CASE("CONNACK must fit CONNECT [MQTT-3.2.2-2] [MQTT-3.2.2-16] [MQTT-3.1.2-28]") {
  CHECK(rules({connect, connack_present}) == "session_present_after_clean_start");
  CHECK(rules({"C 10 0d 0004 4d515454 05 02 000a 00 0000", connack}) == "client_identifier_not_assigned");
  CHECK(rules({connect, "S 20 07 00 00 04 1a 0001 78"}) == "response_information_unrequested");
  CHECK(rules({connect, "S 20 07 00 00 04 15 0001 78"}) == "auth_not_agreed");
}

TEST_CASE("limits of the server bind the client [MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15] [MQTT-3.3.2-9]") {
  CHECK(rules({connect, "S 20 05 00 00 02 2400", "C 32 06 0001 61 0001 00"}) == "maximum_qos_exceeded");
  CHECK(rules({connect, "S 20 05 00 00 02 2500", "C 31 04 0001 61 00"}) == "retain_not_available");
  CHECK(rules({connect, "S 20 08 00 00 05 2700000005", "C 30 04 0001 61 00"}) == "packet_too_large");
  CHECK(rules({connect, "S 20 06 00 00 03 220002", "C 30 07 0001 61 03 230003"}) == "topic_alias_too_large");
  CHECK(rules({connect, connack, "C 30 07 0001 61 03 230001"}) == "topic_alias_too_large");
  CHECK(rules({connect, "S 20 06 00 00 03 210001", "C 32 06 0001 61 0001 00", "C 32 06 0001 61 0002 00"}) ==
        "receive_maximum_exceeded");
  CHECK(rules({connect, "S 20 05 00 00 02 2800", "C 82 07 0001 00 0001 23 00"}) == "wildcard_not_available");
  CHECK(rules({connect, "S 20 05 00 00 02 2a00", "C 82 10 0001 00 000a 2473686172652f672f61 00"}) ==
        "shared_not_available");
  CHECK(rules({connect, "S 20 05 00 00 02 2900", "C 82 09 0001 02 0b01 0001 61 00"}) ==
        "subscription_identifier_not_available");
}

TEST_CASE("a connection whose client has connected anew must not go on [MQTT-3.1.4-3]") {
  CHECK(rules({connect, connack, "C c0 00", "taken over", "+1", "S d0 00", "+3", "S e0 01 8e"}).empty());
  CHECK(rules({connect, connack, "C c0 00", "taken over", "+3", "S d0 00"}) == "session_not_taken_over");
}

TEST_CASE("authentication keeps to its method [MQTT-4.12.0-5] [MQTT-4.12.0-7] [MQTT-3.1.2-30]") {
  constexpr std::string_view connect_auth = "C 10 12 0004 4d515454 05 02 000a 04 15 0001 78 0001 61";
  CHECK(rules({connect_auth, "S f0 06 18 04 15 0001 78", "C f0 06 18 04 15 0001 78", "S 20 07 00 00 04 15 0001 78"})
            .empty());
  CHECK(rules({connect_auth, "S f0 06 18 04 15 0001 79"}) == "authentication_method_changed");
  CHECK(rules({connect_auth, "C c0 00"}) == "packet_during_authentication");
  CHECK(rules({connect, connack, "C f0 06 19 04 15 0001 78"}) == "auth_not_agreed");
}

TEST_CASE("DISCONNECT cannot raise a Session Expiry Interval of 0 [MQTT-3.14.2-2]") {
  CHECK(rules({connect, connack, "C e0 07 00 05 1100000001"}) == "session_expiry_raised");
  CHECK(rules({connect_resume, connack, "C e0 07 00 05 1100000001"}).empty());
}

TEST_CASE("reasons come only to who wants them [MQTT-3.1.2-29]") {
  constexpr std::string_view connect_quiet = "C 10 10 0004 4d515454 05 02 000a 02 1700 0001 61";
  CHECK(rules({connect_quiet, connack, subscribe_a_q1, "S 90 08 0001 04 1f 0001 78 01"}) ==
        "problem_information_unrequested");
  CHECK(rules({connect_quiet, "S 20 07 00 00 04 1f 0001 78"}).empty());
}

TEST_CASE("a problem names what was found and what is allowed") {
  const auto problems =
      play({connect, "S 20 06 00 00 03 210001", "C 32 06 0001 61 0001 00", "C 32 06 0001 61 0002 00"});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].field == "Packet Identifier");
  CHECK(problems[0].detail == "2 are in flight, 1 are allowed");
}

TEST_CASE("the latency of an answer is the time since what it answers") {
  FlowCheck flow{true};
  std::vector<FlowProblem> problems;
  const auto take = [&](Role sender, std::string_view hex, int seconds) {
    const std::vector<std::uint8_t> bytes = from_hex(hex).value();
    Packet packet;
    REQUIRE_FALSE(decode(bytes, {Version::v5, sender}, packet));
    flow.take({sender, &packet, static_cast<std::uint32_t>(bytes.size()), WallTime{std::chrono::seconds{seconds}}},
              problems);
  };
  take(Role::client, "3206000161000100", 10);
  CHECK_FALSE(flow.latency());
  take(Role::server, "40020001", 13);
  CHECK(flow.latency() == std::chrono::seconds{3});
}

TEST_CASE(
    "a request that is never answered is found when the connection ends [MQTT-3.8.4-1] [MQTT-3.10.4-4] "
    "[MQTT-3.12.4-1]") {
  CHECK(rules({connect, connack, "C c0 00", "+11", "S 30 04 0001 61 00", "end"}) ==
        "publish_without_subscription request_unanswered");
  CHECK(rules({connect, connack, "C c0 00", "S d0 00", "+11", "C e0 00", "end"}) == "");
  // The server may have been about to answer.
  CHECK(rules({connect, connack, subscribe_a_q1, "+9", "S 30 04 0001 61 00", "end"}).empty());
  CHECK(rules({connect, connack, subscribe_a_q1, "+10", "S 30 04 0001 61 00", "end"}) == "request_unanswered");
  CHECK(rules({connect, connack, "C a2 06 0004 00 0001 61", "+10", "S 30 04 0001 61 00", "end"}) ==
        "publish_without_subscription request_unanswered");
  CHECK(rules({connect, connack, subscribe_a_q1, "lost", "+10", "S 30 04 0001 61 00", "end"}).empty());
}

TEST_CASE(
    "a message that is never acknowledged is advice [MQTT-4.5.0-2] [MQTT-4.3.2-4] [MQTT-4.3.3-4] [MQTT-4.3.3-8]") {
  CHECK(rules({connect, connack, "C 32 06 0001 61 0002 00", "+10", "S d0 00", "end"}) ==
        "pingresp_unexpected message_unacknowledged");
  CHECK(rules({connect, connack, "C 34 06 0001 61 0002 00", "S 50 02 0002", "+10", "C c0 00", "S d0 00", "end"}) ==
        "message_unacknowledged");
  CHECK(rules({connect, connack, "C 32 06 0001 61 0002 00", "S 40 02 0002", "+10", "C c0 00", "end"}).empty());
  CHECK(rule_info(Rule::message_unacknowledged).rule_class == RuleClass::advice);
}

TEST_CASE("an authentication goes on with Continue authentication [MQTT-4.12.0-2] [MQTT-4.12.0-3]") {
  // CONNECT with Authentication Method "m".
  constexpr std::string_view with_method = "C 10 12 0004 4d515454 05 02 000a 04 150001 6d 0001 61";
  CHECK(rules({with_method, "S f0 06 18 04 150001 6d", "C f0 06 18 04 150001 6d"}).empty());
  CHECK(rules({with_method, "S f0 06 00 04 150001 6d"}) == "authentication_not_continued");
  CHECK(rules({with_method, "S f0 06 18 04 150001 6d", "C f0 06 19 04 150001 6d"}) == "authentication_not_continued");
}

TEST_CASE("what only explains must not make a packet too large [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.14.2-3]") {
  // CONNECT with Maximum Packet Size 10.
  constexpr std::string_view small = "C 10 13 0004 4d515454 05 02 000a 05 270000000a 0001 61";
  CHECK(rules({small, connack, "C 32 06 0001 61 0002 00", "S 40 0c 0002 10 08 1f0005 68656c6c6f"}) ==
        "problem_information_too_large");
  CHECK(rules({small, connack, "S e0 0c 8b 0a 26 0003 616263 0002 6161"}) == "problem_information_too_large");
  CHECK(rules({small, connack, subscribe_a_q1, suback_q1, "S 30 0a 0001 61 00 616263646566"}) == "packet_too_large");
}

TEST_CASE("why a connection ended is told in words") {
  const auto ending = [](std::initializer_list<std::string_view> steps) {
    FlowCheck flow{true};
    std::vector<FlowProblem> problems;
    for (const std::string_view step : steps) take_packet(flow, step, {}, problems);
    return flow.ending();
  };
  CHECK(ending({connect}) == "there was no CONNACK");
  CHECK(ending({connect, "S 20 03 00 87 00"}) == "the server refused it: Not authorized (0x87)");
  CHECK(ending({connect_3, "S 20 02 00 05"}) == "the server refused it: not authorized (0x05)");
  CHECK(ending({connect, connack, "S e0 02 8e 00"}) == "the server sent DISCONNECT: Session taken over (0x8E)");
  CHECK(ending({connect, connack, "C e0 00"}) == "the client sent DISCONNECT");
  CHECK(ending({connect, connack}).empty());
}

TEST_CASE("Session Present tells what the server has [MQTT-3.2.2-3] [MQTT-3.1.2-5] [MQTT-3.1.2-4] [MQTT-3.2.2-2]") {
  // The Session of the first connection ends with it: Session Expiry Interval 0, or Clean Session.
  CHECK(rules({connect, connack, "new", connect_resume, connack_present}) == "session_present_unexpected");
  CHECK(rules({connect, connack, "new", connect_resume, connack}).empty());
  constexpr std::string_view connect_3_resume = "C 10 0d 0004 4d515454 04 00 000a 0001 61";
  CHECK(rules({connect_3, connack_3, "new", connect_3_resume, "S 20 02 01 00"}) == "session_present_unexpected");
  // Session Expiry Interval 100
  CHECK(rules({connect_resume, connack, "new", "+99", connect_resume, connack}) == "session_lost");
  CHECK(rules({connect_resume, connack, "new", "+100", connect_resume, connack}).empty());
  CHECK(rules({connect_resume, connack, "new", connect, connack}).empty());
  CHECK(rules({connect_3_resume, connack_3, "new", "+1000000", connect_3_resume, connack_3}) == "session_lost");
  CHECK(rules({connect_resume, connack, "lost", "new", connect_resume, connack}).empty());
  CHECK(rule_info(Rule::session_lost).rule_class == RuleClass::advice);
}

TEST_CASE("a new authentication is answered, or the connection closed [MQTT-4.12.1-2]") {
  constexpr std::string_view with_method = "C 10 12 0004 4d515454 05 02 000a 04 150001 6d 0001 61";
  constexpr std::string_view accepted = "S 20 07 00 00 04 150001 6d";
  constexpr std::string_view again = "C f0 06 19 04 150001 6d";
  CHECK(rules({with_method, accepted, again, "S f0 06 00 04 150001 6d", "+11", "C c0 00", "S d0 00", "end"}).empty());
  CHECK(rules({with_method, accepted, again, "+11", "C c0 00", "S d0 00", "end"}) == "request_unanswered");
  CHECK(rules({with_method, accepted, again, "+11", "S e0 01 87", "end"}).empty());
}

TEST_CASE("a connection is closed for what breaks the protocol [MQTT-4.13.1-1] [MQTT-4.8.0-1]") {
  CHECK(rules({connect, connack, connect, "+9", "S 30 04 0001 61 00", "end"}) ==
        "second_connect publish_without_subscription");
  CHECK(rules({connect, connack, connect, "+10", "S 30 04 0001 61 00", "end"}) ==
        "second_connect publish_without_subscription violation_tolerated");
  FlowCheck flow{true};
  std::vector<FlowProblem> problems;
  const auto take = [&](Role sender, std::string_view hex, int seconds) {
    const std::vector<std::uint8_t> bytes = from_hex(hex).value();
    Packet packet;
    REQUIRE_FALSE(decode(bytes, {Version::v5, sender}, packet));
    flow.take({sender, &packet, static_cast<std::uint32_t>(bytes.size()), WallTime{std::chrono::seconds{seconds}}},
              problems);
  };
  take(Role::client, "100e00044d5154540502000a00000161", 1);
  take(Role::server, "2003000000", 1);
  // A packet that cannot be read is not given to the flow.
  flow.broke(Role::client, Rule::qos_reserved, WallTime{std::chrono::seconds{2}});
  flow.lose();
  take(Role::server, "300400016100", 12);
  flow.end(problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].rule == Rule::violation_tolerated);
  CHECK(problems[0].detail == "both QoS bits are set, 10.0 s before the last packet of the server");
}

TEST_CASE("who sends DISCONNECT closes the connection [MQTT-3.14.4-2] [MQTT-3.14.4-1]") {
  FlowCheck flow{true};
  std::vector<FlowProblem> problems;
  const auto take = [&](Role sender, std::string_view hex, int seconds) {
    const std::vector<std::uint8_t> bytes = from_hex(hex).value();
    Packet packet;
    REQUIRE_FALSE(decode(bytes, {Version::v5, sender}, packet));
    flow.take({sender, &packet, static_cast<std::uint32_t>(bytes.size()), WallTime{std::chrono::seconds{seconds}}},
              problems);
  };
  take(Role::client, "100e00044d5154540502000a00000161", 1);
  take(Role::server, "2003000000", 1);
  take(Role::client, "e000", 5);
  flow.end_of(Role::server, WallTime{std::chrono::seconds{50}}, problems);
  flow.end_of(Role::client, WallTime{std::chrono::seconds{14}}, problems);
  CHECK(problems.empty());
  flow.end_of(Role::client, WallTime{std::chrono::seconds{15}}, problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].rule == Rule::connection_kept_after_disconnect);
  CHECK(problems[0].detail == "the client, for 10.0 s");
}
