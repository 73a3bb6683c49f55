#include "capture/flow_check.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "base/hex.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

namespace {

// A conversation as text: "C 10…" is a packet of the client, "S 20…" one of the server, "+5" five seconds of silence,
// "lost" a gap in the capture, "end" the end of the connection, "new" another connection of the same client to the same
// server.
std::vector<FlowProblem> play(std::initializer_list<std::string_view> steps, bool start_seen = true) {
  std::vector<FlowProblem> problems;
  auto flow = std::make_unique<FlowCheck>(start_seen);
  std::optional<FlowSession> session;
  bool ended = false;
  WallTime now{};
  for (const std::string_view step : steps) {
    if (step.starts_with('+')) {
      now += std::chrono::seconds{std::stoi(std::string{step.substr(1)})};
      continue;
    }
    if (step == "lost") {
      flow->lose();
      continue;
    }
    if (step == "end") {
      flow->end(problems);
      continue;
    }
    if (step == "taken over") {
      flow->taken_over(now);
      continue;
    }
    if (step == "new") {
      session = flow->take_session(now);
      ended = flow->session_has_ended();
      flow = std::make_unique<FlowCheck>(true);
      continue;
    }
    std::string digits;
    for (const char c : step.substr(1)) {
      if (c != ' ') digits += c;
    }
    const std::vector<std::uint8_t> bytes = from_hex(digits).value();
    const Role sender = step[0] == 'C' ? Role::client : Role::server;
    Packet packet;
    const Fault fault = decode(bytes, {flow->version(), sender}, packet);
    CAPTURE(step);
    REQUIRE(fault.rule == Rule::none);
    flow->take({sender, &packet, static_cast<std::uint32_t>(bytes.size()), now}, problems);
    if (packet_type(packet) == PacketType::connect && session) flow->offer_session(*std::exchange(session, {}));
    if (packet_type(packet) == PacketType::connect && ended) flow->expect_no_session();
  }
  return problems;
}

std::string rules(std::initializer_list<std::string_view> steps, bool start_seen = true) {
  std::string names;
  for (const FlowProblem& problem : play(steps, start_seen)) {
    if (!names.empty()) names += ' ';
    names += rule_info(problem.rule).name;
  }
  return names;
}

// 5.0: Clean Start, Keep Alive 10, client "a", no properties; and its CONNACK.
constexpr std::string_view connect = "C 10 0e 0004 4d515454 05 02 000a 00 0001 61";
constexpr std::string_view connack = "S 20 03 00 00 00";
// 5.0: Clean Start 0, Session Expiry Interval 100.
constexpr std::string_view connect_resume = "C 10 13 0004 4d515454 05 00 000a 05 1100000064 0001 61";
constexpr std::string_view connack_present = "S 20 03 01 00 00";
// 3.1.1: Clean Session, and not.
constexpr std::string_view connect_3 = "C 10 0d 0004 4d515454 04 02 000a 0001 61";
constexpr std::string_view connack_3 = "S 20 02 00 00";

constexpr std::string_view subscribe_a_q1 = "C 82 07 0001 00 0001 61 01";  // "a", QoS 1, id 1
constexpr std::string_view suback_q1 = "S 90 04 0001 00 01";

}  // namespace

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

TEST_CASE("a Receive Maximum counts what is not finished, and PUBREC with an error finishes") {
  CHECK(rules({connect, "S 20 06 00 00 03 210001", "C 32 06 0001 61 0001 00", "S 40 02 0001", "C 34 06 0001 61 0001 00",
               "S 50 03 0001 87", "C 32 06 0001 61 0001 00"})
            .empty());
}

TEST_CASE("topic aliases have a meaning only on their connection and in their direction [MQTT-3.3.2-7]") {
  constexpr std::string_view alias_10 = "S 20 06 00 00 03 22000a";
  CHECK(rules({connect, alias_10, "C 30 07 0001 61 03 230001", "C 30 06 0000 03 230001"}).empty());
  CHECK(rules({connect, alias_10, "C 30 06 0000 03 230001"}) == "topic_alias_unknown");
  FlowCheck flow{true};
  Packet packet;
  std::vector<FlowProblem> problems;
  const std::vector<std::uint8_t> publish = from_hex("300700016103230001").value();
  REQUIRE_FALSE(decode(publish, {Version::v5, Role::client}, packet));
  flow.take({Role::client, &packet, 9, {}}, problems);
  CHECK(flow.topic_of_alias(Role::client, 1) == "a");
  CHECK(flow.topic_of_alias(Role::server, 1).empty());
}

TEST_CASE("Packet Identifiers in use are not used again [MQTT-2.2.1-3] [MQTT-4.3.2-1] [MQTT-4.4.0-1]") {
  CHECK(rules({connect, connack, "C 32 06 0001 61 0001 00", "C 32 06 0001 62 0001 00"}) == "packet_identifier_in_use");
  CHECK(rules({connect, connack, "C 32 06 0001 61 0001 00", "C 82 07 0001 00 0001 61 01"}) ==
        "packet_identifier_in_use");
  CHECK(rules({connect, connack, "C 32 06 0001 61 0001 00", "C 3a 06 0001 61 0001 00"}) ==
        "redelivery_without_reconnect");
  // 3.1.1 leaves open when a message is sent again.
  CHECK(rules({connect_3, connack_3, "C 32 05 0001 61 0001", "C 3a 05 0001 61 0001"}).empty());
}

TEST_CASE("acknowledgements fit a packet in flight and its QoS [MQTT-2.2.1-5] [MQTT-3.3.4-1]") {
  CHECK(rules({connect, connack, "S 40 02 0007"}) == "acknowledgement_unexpected");
  CHECK(rules({connect, connack, "C 34 06 0001 61 0001 00", "S 40 02 0001"}) == "acknowledgement_wrong_type");
  CHECK(rules({connect, connack, "C 32 06 0001 61 0001 00", "S 50 02 0001"}) == "acknowledgement_wrong_type");
  CHECK(rules({connect, connack, "C 34 06 0001 61 0001 00", "C 62 02 0001"}) == "acknowledgement_wrong_type");
  CHECK(rules({connect, connack, "C 62 02 0001"}) == "acknowledgement_unexpected");
  CHECK(rules({connect, connack, "C 62 03 0001 92"}).empty());
  CHECK(rules({connect, connack, "S 70 03 0001 92"}).empty());
  CHECK(rules({connect, connack, "C 34 06 0001 61 0001 00", "S 50 02 0001", "C 62 02 0001",
               "C 3c 06 0001 61 0001 00"}) == "publish_after_pubrel");
}

TEST_CASE("SUBACK and UNSUBACK fit their request [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.10.4-5]") {
  CHECK(rules({connect, connack, "S 90 04 0001 00 01"}) == "suback_unexpected");
  CHECK(rules({connect, connack, subscribe_a_q1, "S b0 04 0001 00 00"}) == "suback_unexpected");
  CHECK(rules({connect, connack, subscribe_a_q1, "S 90 05 0001 00 01 01"}) == "suback_count");
  CHECK(rules({connect, connack, subscribe_a_q1, "S 90 04 0001 00 02"}) == "granted_qos_above_requested");
}

TEST_CASE("what is delivered matches a subscription and its QoS [MQTT-3.3.2-3] [MQTT-3.8.4-8] [MQTT-3.3.1-3]") {
  CHECK(rules({connect, connack, subscribe_a_q1, suback_q1, "S 30 04 0001 62 00"}) == "publish_without_subscription");
  CHECK(rules({connect, connack, subscribe_a_q1, suback_q1, "S 34 06 0001 61 0001 00"}) ==
        "delivery_qos_above_granted");
  CHECK(rules({connect, connack, subscribe_a_q1, suback_q1, "S 3a 06 0001 61 0001 00"}) == "dup_on_first_delivery");
  // Before SUBACK is fine, and so is $share in 3.1.1.
  CHECK(rules({connect, connack, subscribe_a_q1, "S 30 04 0001 61 00"}).empty());
  CHECK(rules({connect_3, connack_3, "C 82 0f 0001 000a 2473686172652f672f61 00", "S 30 03 0001 61"}).empty());
}

TEST_CASE("a client acknowledges in the order of the messages [MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-4]") {
  CHECK(rules({connect, connack, subscribe_a_q1, suback_q1, "S 32 06 0001 61 0001 00", "S 32 06 0001 61 0002 00",
               "C 40 02 0002", "C 40 02 0001"}) == "puback_out_of_order");
  constexpr std::string_view subscribe_q2 = "C 82 07 0001 00 0001 61 02";
  CHECK(rules({connect, connack, subscribe_q2, "S 34 06 0001 61 0001 00", "S 34 06 0001 61 0002 00", "C 50 02 0002",
               "C 50 02 0001"}) == "pubrec_out_of_order");
  CHECK(rules({connect, connack, "C 34 06 0001 61 0001 00", "C 34 06 0001 61 0002 00", "S 50 02 0001", "S 50 02 0002",
               "C 62 02 0002", "C 62 02 0001"}) == "pubrel_out_of_order");
}

TEST_CASE("a Session goes on over connections [MQTT-3.3.1-1] [MQTT-4.4.0-1]") {
  constexpr std::string_view message = "C 32 06 0001 61 0001 00";
  constexpr std::string_view again = "C 3a 06 0001 61 0001 00";
  CHECK(
      rules({connect_resume, connack, message, "new", connect_resume, connack_present, again, "S 40 02 0001"}).empty());
  CHECK(rules({connect_resume, connack, message, "new", connect_resume, connack_present, message}) ==
        "redelivery_without_dup");
  // What the server had in flight is no first delivery, and its subscriptions still stand.
  CHECK(rules({connect_resume, connack, subscribe_a_q1, suback_q1, "S 32 06 0001 61 0005 00", "new", connect_resume,
               connack_present, "S 3a 06 0001 61 0005 00", "C 40 02 0005", "S 30 04 0001 61 00"})
            .empty());
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

TEST_CASE("no retained message comes where Retain Handling is 2 [MQTT-3.3.1-11]") {
  constexpr std::string_view never = "C 82 07 0001 00 0001 61 20";
  constexpr std::string_view always = "C 82 07 0002 00 0001 2b 00";
  constexpr std::string_view suback = "S 90 04 0001 00 00";
  CHECK(rules({connect, connack, never, suback, "S 31 04 0001 61 00"}) == "retained_unwanted");
  CHECK(rules({connect, connack, never, suback, "S 30 04 0001 61 00"}).empty());
  CHECK(rules({connect, connack, never, suback, always, "S 90 04 0002 00 00", "S 31 04 0001 61 00"}).empty());
  // Retain As Published: the RETAIN flag is the publisher's.
  CHECK(rules({connect, connack, "C 82 07 0001 00 0001 61 28", suback, "S 31 04 0001 61 00"}).empty());
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

TEST_CASE("messages are sent again in the order in which they were sent first [MQTT-4.6.0-1]") {
  constexpr std::string_view first = "C 32 06 0001 61 0001 00";
  constexpr std::string_view second = "C 34 06 0001 62 0002 00";
  constexpr std::string_view first_again = "C 3a 06 0001 61 0001 00";
  constexpr std::string_view second_again = "C 3c 06 0001 62 0002 00";
  CHECK(
      rules({connect_resume, connack, first, second, "new", connect_resume, connack_present, first_again, second_again})
          .empty());
  CHECK(rules({connect_resume, connack, first, second, "new", connect_resume, connack_present, second_again,
               first_again}) == "redelivery_out_of_order");
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

TEST_CASE("a Topic Filter that stands twice in a SUBSCRIBE is advice") {
  CHECK(rules({connect, connack, "C 82 0b 0001 00 0001 61 00 0001 61 01"}) == "filter_repeated");
  CHECK(rules({connect, connack, "C 82 0b 0001 00 0001 61 00 0001 62 01"}).empty());
}

TEST_CASE("why a connection ended is told in words") {
  const auto ending = [](std::initializer_list<std::string_view> steps) {
    FlowCheck flow{true};
    std::vector<FlowProblem> problems;
    for (const std::string_view step : steps) {
      std::string digits;
      for (const char c : step.substr(1)) {
        if (c != ' ') digits += c;
      }
      const std::vector<std::uint8_t> bytes = from_hex(digits).value();
      const Role sender = step[0] == 'C' ? Role::client : Role::server;
      Packet packet;
      REQUIRE_FALSE(decode(bytes, {flow.version(), sender}, packet));
      flow.take({sender, &packet, static_cast<std::uint32_t>(bytes.size()), {}}, problems);
    }
    return flow.ending();
  };
  CHECK(ending({connect}) == "there was no CONNACK");
  CHECK(ending({connect, "S 20 03 00 87 00"}) == "the server refused it: Not authorized (0x87)");
  CHECK(ending({connect_3, "S 20 02 00 05"}) == "the server refused it: not authorized (0x05)");
  CHECK(ending({connect, connack, "S e0 02 8e 00"}) == "the server sent DISCONNECT: Session taken over (0x8E)");
  CHECK(ending({connect, connack, "C e0 00"}) == "the client sent DISCONNECT");
  CHECK(ending({connect, connack}).empty());
}

TEST_CASE("what was refused is not sent again [MQTT-4.4.0-2]") {
  constexpr std::string_view message = "C 32 06 0001 61 0001 00";
  constexpr std::string_view again = "C 3a 06 0001 61 0001 00";
  CHECK(rules({connect, connack, message, "S 40 03 0001 87", again}) == "refused_publish_sent_again");
  CHECK(rules({connect, connack, "C 34 06 0001 61 0001 00", "S 50 03 0001 97", "C 3c 06 0001 61 0001 00"}) ==
        "refused_publish_sent_again");
  CHECK(rules({connect_resume, connack, message, "S 40 03 0001 87", "new", connect_resume, connack_present, again}) ==
        "refused_publish_sent_again");
  // The identifier is free, and the same words may be said once more.
  CHECK(rules({connect, connack, message, "S 40 03 0001 87", message}).empty());
  CHECK(rules({connect, connack, message, "S 40 03 0001 87", "C 32 06 0001 62 0001 00", "S 40 02 0001"}).empty());
  CHECK(rules({connect, connack, message, "S 40 03 0001 87", message, "S 40 02 0001", again, "S 40 02 0001"}).empty());
}

TEST_CASE("a message keeps its Packet Identifier when it is sent again [MQTT-2.3.1-3] [MQTT-4.4.0-1]") {
  constexpr std::string_view connect_3_resume = "C 10 0d 0004 4d515454 04 00 000a 0001 61";
  constexpr std::string_view connack_3_present = "S 20 02 01 00";
  constexpr std::string_view message = "C 32 05 0001 61 0001";
  // The first connection begins with Clean Start 1, so that the client has nothing of an older Session.
  constexpr std::string_view connect_new = "C 10 13 0004 4d515454 05 02 000a 05 1100000064 0001 61";
  CHECK(rules({connect_new, connack, "C 32 06 0001 61 0001 00", "new", connect_resume, connack_present,
               "C 3a 06 0001 61 0002 00"}) == "redelivery_with_new_identifier");
  CHECK(rules({connect_new, connack, "C 32 06 0001 61 0001 00", "new", connect_resume, connack_present,
               "C 3a 06 0001 61 0001 00"})
            .empty());
  // Without it nobody can tell what the client still had.
  CHECK(
      rules({connect_3_resume, connack_3, message, "new", connect_3_resume, connack_3_present, "C 3a 05 0001 61 0002"})
          .empty());
}

TEST_CASE("who takes a message with an alias of an older connection breaks a rule, too [MQTT-3.3.2-7]") {
  constexpr std::string_view alias_10 = "S 20 06 00 00 03 22000a";
  constexpr std::string_view unknown = "C 32 08 0000 0001 03 230001";
  CHECK(rules({connect, alias_10, unknown, "S 40 02 0001"}) == "topic_alias_unknown unknown_alias_accepted");
  CHECK(rules({connect, alias_10, unknown, "S 40 03 0001 90"}) == "topic_alias_unknown");
  CHECK(rules({connect, alias_10, "C 34 08 0000 0001 03 230001", "S 50 02 0001"}) ==
        "topic_alias_unknown unknown_alias_accepted");
}

TEST_CASE("QoS 1 and 2 have their own answers, each time [MQTT-4.3.3-10] [MQTT-4.3.2-2] [MQTT-4.3.3-2]") {
  constexpr std::string_view message = "C 34 06 0001 61 0001 00";
  constexpr std::string_view again = "C 3c 06 0001 61 0001 00";
  CHECK(rules({connect_resume, connack, message, "S 50 02 0001", "new", connect_resume, connack_present, again,
               "S 50 02 0001"})
            .empty());
  CHECK(rules({connect_resume, connack, message, "S 50 02 0001", "new", connect_resume, connack_present, again,
               "S 40 02 0001"}) == "acknowledgement_wrong_type");
  CHECK(rules({connect_resume, connack, message, "S 50 02 0001", "new", connect_resume, connack_present, again,
               "S 70 02 0001"}) == "acknowledgement_wrong_type");
  CHECK(rules({connect_3, connack_3, "C 32 05 0001 61 0001", "S 50 02 0001"}) == "acknowledgement_wrong_type");
  CHECK(rules({connect_3, connack_3, "C 34 05 0001 61 0001", "S 40 02 0001"}) == "acknowledgement_wrong_type");
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

TEST_CASE("what is in flight is sent again when the Session goes on [MQTT-4.4.0-1]") {
  constexpr std::string_view message = "C 32 06 0001 61 0001 00";
  constexpr std::string_view ping = "C c0 00";
  constexpr std::string_view pong = "S d0 00";
  CHECK(rules({connect_resume, connack, message, "new", connect_resume, connack_present, "+10", ping, pong, "end"}) ==
        "message_not_sent_again");
  CHECK(rules({connect_resume, connack, message, "new", connect_resume, connack_present, "+9", ping, pong, "end"})
            .empty());
  CHECK(rules({connect_resume, connack, message, "new", connect_resume, connack_present, "C 3a 06 0001 61 0001 00",
               "S 40 02 0001", "+10", ping, pong, "end"})
            .empty());
  // From PUBREC on, PUBREL is what is sent again.
  CHECK(rules({connect_resume, connack, "C 34 06 0001 61 0001 00", "S 50 02 0001", "new", connect_resume,
               connack_present, "C 62 02 0001", "S 70 02 0001", "+10", ping, pong, "end"})
            .empty());
  // Where the server has no Session, a client of 5.0 must not send its messages again.
  CHECK(rules({connect_resume, connack, message, "new", "+100", connect_resume, connack, "+10", ping, pong, "end"})
            .empty());
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
