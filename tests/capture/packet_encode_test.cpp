#include "capture/packet_encode.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::string encoded(std::string_view json) {
  const auto packet = encode_packet_json(json);
  if (!packet) return packet.error();
  return *packet ? to_hex((*packet)->bytes, " ") : "no packet";
}

}  // namespace

TEST_CASE("each type of packet becomes the bytes that the specification gives it") {
  CHECK(encoded(R"({"type":"CONNECT","protocol_version":4,"fields":{"clean_start":true,"keep_alive":60,)"
                R"("client_identifier":"abc"}})") == "10 0f 00 04 4d 51 54 54 04 02 00 3c 00 03 61 62 63");
  CHECK(encoded(R"({"type":"CONNACK","protocol_version":5,"fields":{"session_present":true,"reason_code":0,)"
                R"("properties":{"receive_maximum":10}}})") == "20 06 01 00 03 21 00 0a");
  CHECK(encoded(R"({"type":"PUBLISH","protocol_version":5,"fields":{"dup":true,"qos":1,"retain":true,)"
                R"("topic_name":"a","packet_identifier":7,"payload":"hi"}})") == "3b 08 00 01 61 00 07 00 68 69");
  CHECK(encoded(R"({"type":"PUBACK","protocol_version":5,"fields":{"packet_identifier":7,"reason_code":0}})") ==
        "40 02 00 07");
  CHECK(encoded(R"({"type":"PUBREC","protocol_version":5,"fields":{"packet_identifier":7,"reason_code":16}})") ==
        "50 03 00 07 10");
  CHECK(encoded(R"({"type":"PUBREL","protocol_version":4,"fields":{"packet_identifier":7}})") == "62 02 00 07");
  CHECK(encoded(R"({"type":"SUBSCRIBE","protocol_version":5,"fields":{"packet_identifier":1,)"
                R"("properties":{"subscription_identifiers":[200]},"subscriptions":[{"topic_filter":"a/#","qos":2,)"
                R"("no_local":true,"retain_as_published":true,"retain_handling":2}]}})") ==
        "82 0c 00 01 03 0b c8 01 00 03 61 2f 23 2e");
  CHECK(encoded(R"({"type":"SUBACK","protocol_version":4,"fields":{"packet_identifier":1,"reason_codes":[0,128]}})") ==
        "90 04 00 01 00 80");
  CHECK(encoded(R"({"type":"UNSUBSCRIBE","protocol_version":4,"fields":{"packet_identifier":1,)"
                R"("topic_filters":["a","b"]}})") == "a2 08 00 01 00 01 61 00 01 62");
  CHECK(encoded(R"({"type":"UNSUBACK","protocol_version":5,"fields":{"packet_identifier":1,"reason_codes":[17]}})") ==
        "b0 04 00 01 00 11");
  CHECK(encoded(R"({"type":"PINGREQ"})") == "c0 00");
  CHECK(encoded(R"({"type":"DISCONNECT","protocol_version":5,"fields":{"reason_code":142,)"
                R"("properties":{"reason_string":"x"}}})") == "e0 06 8e 04 1f 00 01 78");
  CHECK(encoded(R"({"type":"AUTH","protocol_version":5,"fields":{"reason_code":24,)"
                R"("properties":{"authentication_method":"m","authentication_data_base64":"AP8="}}})") ==
        "f0 0b 18 09 15 00 01 6d 16 00 02 00 ff");
}

TEST_CASE("a CONNECT with Will, user name and password has their flags and fields in order") {
  CHECK(
      encoded(R"({"type":"CONNECT","protocol_version":5,"fields":{"protocol_name":"MQTT","protocol_level":5,)"
              R"("clean_start":false,"keep_alive":0,"client_identifier":"c","will":{"topic":"w","qos":1,"retain":true,)"
              R"("payload":"p","properties":{"will_delay_interval":5}},"user_name":"u","password":"s",)"
              R"("properties":{"user_properties":[["a","b"]]}}})") ==
      "10 27 00 04 4d 51 54 54 05 ec 00 00 07 26 00 01 61 00 01 62 00 01 63 05 18 00 00 00 05 00 01 77 00 01 70 "
      "00 01 75 00 01 73");
}

TEST_CASE("what breaks the specification is encoded as it is said") {
  CHECK(
      encoded(R"({"type":"PUBLISH","protocol_version":4,"fields":{"qos":3,"topic_name":"#","packet_identifier":0}})") ==
      "36 05 00 01 23 00 00");
  CHECK(
      encoded(
          R"({"type":"PUBLISH","protocol_version":4,"fields":{"topic_name_base64":"AA==","payload_base64":"/w=="}})") ==
      "30 04 00 01 00 ff");
}

TEST_CASE("direction, stream, time and version are kept") {
  const auto packet = encode_packet_json(
      R"({"type":"PINGRESP","time":"2026-11-20T23:56:54.5Z","direction":"server_to_client","stream":3,"protocol_version":4})");
  REQUIRE(packet);
  REQUIRE(*packet);
  CHECK((*packet)->sender == Role::server);
  CHECK((*packet)->stream == 3);
  CHECK((*packet)->version == Version::v3_1_1);
  CHECK(rfc3339(*(*packet)->time) == "2026-11-20T23:56:54.500000000Z");
}

TEST_CASE("what cannot be encoded is named with its place") {
  CHECK(encoded("{\"type\":\"PINGREQ\"") == "column 18: not JSON");
  CHECK(encoded("[]") == "the line: not an object");
  CHECK(encoded("{}") == "type: missing");
  CHECK(encoded(R"({"type":"PUBLISHED"})") == "type: 'PUBLISHED' is no type of packet");
  CHECK(encoded(R"({"type":"PUBLISH","fields":{}})") == "fields.topic_name: missing");
  CHECK(encoded(R"({"type":"PUBLISH","fields":{"topic_name":"a","qos":1}})") == "fields.packet_identifier: missing");
  CHECK(encoded(R"({"type":"PUBACK","fields":{"packet_identifier":65536}})") ==
        "fields.packet_identifier: not a whole number up to 65535");
  CHECK(encoded(R"({"type":"PUBLISH","fields":{"topic_name":"a","properties":{"expiry":1}}})") ==
        "fields.properties.expiry: no property has this name");
  CHECK(encoded(R"({"type":"PUBLISH","fields":{"topic_name":"a","payload_base64":"?"}})") ==
        "fields.payload_base64: not base64");
  CHECK(encoded(R"({"type":"CONNECT","fields":{"password":"***"}})") ==
        "fields.password: hidden; take it from 'inspect --json --show-secrets', or set it");
  CHECK(encoded(R"({"type":"PINGREQ","direction":"up"})") ==
        "direction: neither client_to_server nor server_to_client");
  CHECK(encoded(R"({"type":"PINGREQ","time":"now"})") == "time: not a time as 2026-11-20T23:56:54.123456789Z");
}

TEST_CASE("the summary behind all packets is no packet") {
  CHECK(encoded(R"({"summary":{"packets":1,"problems":0,"streams":1}})") == "no packet");
}
