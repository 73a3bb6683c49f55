// Messages, their acknowledgements, subscriptions and Sessions in the flow of a connection.
#include "capture/flow_conversation.hpp"

using namespace mqtk;

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

TEST_CASE("a Topic Filter that stands twice in a SUBSCRIBE is advice") {
  CHECK(rules({connect, connack, "C 82 0b 0001 00 0001 61 00 0001 61 01"}) == "filter_repeated");
  CHECK(rules({connect, connack, "C 82 0b 0001 00 0001 61 00 0001 62 01"}).empty());
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
