#include "capture/ndjson.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "capture/json_check.hpp"

using namespace mqtk;

namespace {

std::string json(const MessageRecord& message, PayloadJson payload_json = PayloadJson::left_out) {
  std::string out;
  append_message_json(out, message, payload_json);
  return out;
}

std::string refusal(std::string_view line) {
  const auto message = parse_message_json(line);
  return message ? "accepted" : message.error();
}

std::vector<std::uint8_t> bytes(std::string_view hex) { return *from_hex(hex); }

}  // namespace

TEST_CASE("a message is one line with its members in order") {
  const MessageRecord message{.time = parse_rfc3339("2026-11-20T23:56:54.123456789Z"),
                              .topic = "a/b",
                              .qos = QoS::at_least_once,
                              .retain = false,
                              .dup = true,
                              .packet_identifier = 7,
                              .payload = as_bytes("21.5"),
                              .properties = {}};
  CHECK(json(message) ==
        "{\"time\":\"2026-11-20T23:56:54.123456789Z\",\"topic\":\"a/b\",\"qos\":1,\"retain\":false,\"dup\":true,"
        "\"packet_identifier\":7,\"payload\":\"21.5\"}\n");
}

TEST_CASE("QoS 0 has no packet identifier") {
  MessageRecord message;
  message.topic = "t";
  message.retain = true;
  message.packet_identifier = 7;
  CHECK(json(message) == "{\"time\":null,\"topic\":\"t\",\"qos\":0,\"retain\":true,\"dup\":false,\"payload\":\"\"}\n");
}

TEST_CASE("the client that published a message stands behind its flags") {
  std::string text;
  MessageRecord message{.time = std::nullopt, .topic = "a"};
  message.client = "sensor \"7\"";
  append_message_json(text, message);
  CHECK(text ==
        "{\"time\":null,\"topic\":\"a\",\"qos\":0,\"retain\":false,\"dup\":false,\"client\":\"sensor \\\"7\\\"\","
        "\"payload\":\"\"}\n");
  CHECK(parse_message_json(text)->client == "sensor \"7\"");
  CHECK(parse_message_json(R"({"payload":"","client":7})").error() == "\"client\" is not a string");
}

TEST_CASE("text is escaped, and bytes that are no text are base64") {
  MessageRecord message;
  message.topic = "\"\\\t\xC3\xA4";
  message.payload = as_bytes("line\nbreak");
  CHECK(json(message).find("\"topic\":\"\\\"\\\\\\t\xC3\xA4\"") != std::string::npos);
  CHECK(json(message).find("\"payload\":\"line\\nbreak\"") != std::string::npos);
  for (const auto& [hex, base64] : {std::pair{"00", "AA=="}, {"61ff", "Yf8="}, {"eda080", "7aCA"}}) {
    const auto payload = bytes(hex);
    message.payload = payload;
    CHECK(json(message).find(std::string{"\"payload_base64\":\""} + base64 + "\"}") != std::string::npos);
  }
}

TEST_CASE("properties stand under their names, repeated ones as lists") {
  PropertyWriter properties;
  properties.add_user_property("a", "1")
      .add(PropertyId::topic_alias, 9)
      .add(PropertyId::correlation_data, std::string_view{"\xFF", 1})
      .add(PropertyId::subscription_identifier, 3)
      .add(PropertyId::subscription_identifier, 2)
      .add(PropertyId::response_topic, "r/t")
      .add(PropertyId::content_type, "text/plain")
      .add(PropertyId::message_expiry_interval, 60)
      .add(PropertyId::payload_format_indicator, 1)
      .add_user_property("a", "2");
  MessageRecord message;
  message.topic = "t";
  message.properties = properties.block();
  CHECK(json(message).find("\"payload\":\"\",\"properties\":{\"payload_format_indicator\":1,"
                           "\"message_expiry_interval\":60,\"content_type\":\"text/plain\",\"response_topic\":\"r/t\","
                           "\"correlation_data_base64\":\"/w==\",\"subscription_identifiers\":[3,2],\"topic_alias\":9,"
                           "\"user_properties\":[[\"a\",\"1\"],[\"a\",\"2\"]]}}\n") != std::string::npos);
}

TEST_CASE("payload_json holds the payload's own text, on one line, beside the payload") {
  MessageRecord message;
  message.topic = "t";
  message.payload = as_bytes("{\"n\": 1.50,\r\n\"big\": 9007199254740993}");
  CHECK(json(message, PayloadJson::beside)
            .ends_with("\"payload\":\"{\\\"n\\\": 1.50,\\r\\n\\\"big\\\": 9007199254740993}\","
                       "\"payload_json\":{\"n\": 1.50,  \"big\": 9007199254740993}}\n"));
  message.payload = as_bytes("{\"n\": ");
  CHECK(json(message, PayloadJson::beside).find("payload_json") == std::string::npos);
}

TEST_CASE("what is written reads back as the same bytes") {
  PropertyWriter properties;
  properties.add(PropertyId::payload_format_indicator, 1)
      .add(PropertyId::correlation_data, std::string_view{"\x00\xFF", 2})
      .add_user_property("b", "1")
      .add_user_property("a", "")
      .add_user_property("b", "1");
  for (const char* payload : {"", "00", "c3a4", "c3", "22", "0a", "7f", "efbfbf"}) {
    CAPTURE(payload);
    const auto expected = bytes(payload);
    const MessageRecord message{.time = WallTime{Duration{1'700'000'000'123'456'789}},
                                .topic = "t/\xE2\x82\xAC",
                                .qos = QoS::exactly_once,
                                .retain = true,
                                .dup = true,
                                .packet_identifier = 65'535,
                                .payload = expected,
                                .properties = properties.block()};
    const auto read = parse_message_json(json(message, PayloadJson::beside));
    REQUIRE(read.has_value());
    CHECK(read->time == message.time);
    CHECK(read->topic == "t/\xE2\x82\xAC");
    CHECK(read->qos == QoS::exactly_once);
    CHECK(read->retain == true);
    CHECK(read->dup == true);
    CHECK(read->packet_identifier == 65'535);
    CHECK(read->payload == expected);
    CHECK(json({.time = read->time,
                .topic = *read->topic,
                .qos = *read->qos,
                .retain = *read->retain,
                .dup = *read->dup,
                .packet_identifier = *read->packet_identifier,
                .payload = read->payload,
                .properties = read->properties.block()}) == json(message));
  }
}

TEST_CASE("what is left out stays open, and escapes are resolved") {
  const auto read = parse_message_json(R"( {"payload":"a\u0000\u00e4","topic":"x\/y"} )");
  REQUIRE(read.has_value());
  CHECK(read->topic == "x/y");
  CHECK(to_hex(read->payload) == "6100c3a4");
  CHECK_FALSE(read->qos.has_value());
  CHECK_FALSE(read->retain.has_value());
  CHECK_FALSE(read->time.has_value());
  CHECK_FALSE(parse_message_json(R"({"payload":""})")->topic.has_value());
}

TEST_CASE("a damaged line is refused with the member and what it may be") {
  CHECK(refusal("") == "not a JSON object on one line");
  CHECK(refusal("{") == "not a JSON object on one line");
  CHECK(refusal("[1]") == "not a JSON object on one line");
  CHECK(refusal("{\"payload\":\"\xFF\"}") == "not a JSON object on one line");
  CHECK(refusal(R"({"topic":"t"})") == "exactly one of \"payload\" and \"payload_base64\" is needed");
  CHECK(refusal(R"({"payload":"","payload_base64":""})") ==
        "exactly one of \"payload\" and \"payload_base64\" is needed");
  CHECK(refusal(R"({"payload":1})") == "\"payload\" is not a string");
  CHECK(refusal(R"({"payload_base64":"!"})") == "\"payload_base64\" is not base64");
  CHECK(refusal(R"({"payload":"","qos":3})") == "\"qos\" is not a whole number from 0 to 2");
  CHECK(refusal(R"({"payload":"","qos":-1})") == "\"qos\" is not a whole number from 0 to 2");
  CHECK(refusal(R"({"payload":"","qos":1.0})") == "\"qos\" is not a whole number from 0 to 2");
  CHECK(refusal(R"({"payload":"","retain":1})") == "\"retain\" is not true or false");
  CHECK(refusal(R"({"payload":"","qso":1})") == "unknown member \"qso\"");
  CHECK(refusal(R"({"payload":"","time":"yesterday"})") ==
        "\"time\" is not a time such as 2026-11-20T23:56:54.123456789Z");
  CHECK(refusal(R"({"payload":"","properties":[]})") == "\"properties\" is not an object");
  CHECK(refusal(R"({"payload":"","properties":{"receive_maximum":1}})") == "unknown property \"receive_maximum\"");
  CHECK(refusal(R"({"payload":"","properties":{"user_property":1}})") == "unknown property \"user_property\"");
  CHECK(refusal(R"({"payload":"","properties":{"topic_alias":65536}})") ==
        "\"topic_alias\" is not a whole number from 0 to 65535");
  CHECK(refusal(R"({"payload":"","properties":{"user_properties":[["a"]]}})") ==
        "\"user_properties\" is not a list of [\"name\",\"value\"]");
}

TEST_CASE("deep nesting takes no stack") {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  CHECK(is_json(deep));
  CHECK(refusal("{\"payload\":\"\",\"x\":" + deep + "}") == "unknown member \"x\"");
}
