#include "capture/packet_json.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

namespace {

std::string json_of(std::string_view hex, Version version = Version::v5, Secrets secrets = Secrets::hidden) {
  const auto bytes = *from_hex(hex);
  const Annotated notes = annotate(bytes, {version, Role::unknown});
  PacketRecord record;
  record.version = version;
  record.type = static_cast<PacketType>(bytes[0] >> 4U);
  record.bytes = bytes;
  record.packet = &notes.packet;
  record.decoded = notes.decoded;
  record.annotations = notes.annotations;
  record.problems = notes.problems;
  std::string out;
  append_packet_json(out, record, secrets);
  return out;
}

// The object's value of "fields".
std::string fields_of(std::string_view hex, Version version = Version::v5, Secrets secrets = Secrets::hidden) {
  const std::string json = json_of(hex, version, secrets);
  const std::size_t from = json.find("\"fields\":") + 9;
  return json.substr(from, json.find(",\"problems\":") - from);
}

std::string problems_of(std::string_view hex, Version version = Version::v5) {
  const std::string json = json_of(hex, version);
  return json.substr(json.find("\"problems\":") + 11, json.size() - json.find("\"problems\":") - 12);
}

}  // namespace

TEST_CASE("an object holds place, type, time, direction, stream, version, fields and problems in this order") {
  const auto bytes = *from_hex("C000");
  const Packet packet = Pingreq{};
  PacketRecord record;
  record.index = 3;
  record.offset = 41;
  record.stream = 2;
  record.time = WallTime{Duration{1'795'219'014'123'456'789}};
  record.sender = Role::client;
  record.version = Version::v3_1_1;
  record.type = PacketType::pingreq;
  record.bytes = bytes;
  record.packet = &packet;
  std::string out;
  append_packet_json(out, record, Secrets::hidden);
  CHECK(out == R"({"index":3,"offset":41,"length":2,"type":"PINGREQ","time":"2026-11-20T23:56:54.123456789Z",)"
               R"("direction":"client_to_server","stream":2,"protocol_version":4,"fields":{},"problems":[]})");
}

TEST_CASE("what is not known is null") {
  CHECK(json_of("30 05 0001 61 00 62") ==
        R"({"index":0,"offset":0,"length":7,"type":"PUBLISH","time":null,"direction":null,"stream":1,)"
        R"("protocol_version":5,"fields":{"dup":false,"qos":0,"retain":false,"topic_name":"a","payload":"b"},)"
        R"("problems":[]})");
}

TEST_CASE("CONNECT of 5.0 with all fields hides the password") {
  const char* connect =
      "10 32 0004 4D515454 05 EE 003C 05 11 0000000A 0003 616263"
      "05 18 00000005 0003 772F74 0004 676F6E65 0002 6D65 0006 736563726574";
  CHECK(fields_of(connect) ==
        R"({"protocol_name":"MQTT","protocol_level":5,"clean_start":true,"keep_alive":60,"client_identifier":"abc",)"
        R"("will":{"topic":"w/t","qos":1,"retain":true,"payload":"gone","properties":{"will_delay_interval":5}},)"
        R"("user_name":"me","password":"***","properties":{"session_expiry_interval":10}})");
  CHECK(fields_of(connect, Version::v5, Secrets::shown).find(R"("password":"secret")") != std::string::npos);
}

TEST_CASE("CONNECT of 3.1 has its own name and Clean Session is clean_start") {
  CHECK(
      fields_of("10 10 0006 4D5149736470 03 00 000A 0002 6162", Version::v3_1) ==
      R"({"protocol_name":"MQIsdp","protocol_level":3,"clean_start":false,"keep_alive":10,"client_identifier":"ab"})");
  // Bit 7 of the level is how some bridges tell that they are one.
  CHECK(fields_of("10 0D 0004 4D515454 84 02 003C 0001 61", Version::v3_1_1) ==
        R"({"protocol_name":"MQTT","protocol_level":132,"clean_start":true,"keep_alive":60,"client_identifier":"a"})");
}

TEST_CASE("CONNACK names its code as its version does") {
  CHECK(fields_of("20 03 00 87 00") == R"({"session_present":false,"reason_code":135,"reason_name":"Not authorized"})");
  CHECK(fields_of("20 02 01 00", Version::v3_1_1) ==
        R"({"session_present":true,"reason_code":0,"reason_name":"accepted"})");
  CHECK(fields_of("20 02 00 05", Version::v3_1) == R"({"reason_code":5,"reason_name":"refused: not authorized"})");
}

TEST_CASE("PUBLISH with every property of a message keeps the order of User Properties") {
  CHECK(fields_of("3D 3C 0003 612F62 0007 32"
                  "26 0001 6B 0001 32"  // User Property k=2
                  "01 01"               // Payload Format Indicator
                  "02 0000001E"         // Message Expiry Interval
                  "03 0004 6A736F6E"    // Content Type
                  "08 0001 72"          // Response Topic
                  "09 0002 FF00"        // Correlation Data
                  "0B 07 0B 8001"       // Subscription Identifiers 7 and 128
                  "23 0005"             // Topic Alias
                  "26 0001 6B 0001 31"  // User Property k=1
                  "26 0000 0000"        // User Property, both empty
                  "6869") ==
        R"({"dup":true,"qos":2,"retain":true,"topic_name":"a/b","packet_identifier":7,"payload":"hi","properties":)"
        R"({"payload_format_indicator":1,"message_expiry_interval":30,"content_type":"json","response_topic":"r",)"
        R"("correlation_data_base64":"/wA=","subscription_identifiers":[7,128],"topic_alias":5,)"
        R"("user_properties":[["k","2"],["k","1"],["",""]]}})");
}

TEST_CASE("a payload that is no text goes into payload_base64") {
  CHECK(fields_of("30 06 0001 61 00 FF00") ==
        R"({"dup":false,"qos":0,"retain":false,"topic_name":"a","payload_base64":"/wA="})");
  CHECK(fields_of("30 04 0001 61 00") == R"({"dup":false,"qos":0,"retain":false,"topic_name":"a","payload":""})");
}

TEST_CASE("acknowledgements of 5.0 have a Reason Code even where it is left out; those of 3.1.1 have none") {
  CHECK(fields_of("40 02 0007") == R"({"packet_identifier":7,"reason_code":0,"reason_name":"Success"})");
  CHECK(fields_of("50 0B 0007 10 07 1F 0004 6E6F6E65") ==
        R"({"packet_identifier":7,"reason_code":16,"reason_name":"No matching subscribers",)"
        R"("properties":{"reason_string":"none"}})");
  CHECK(fields_of("62 03 0007 92") ==
        R"({"packet_identifier":7,"reason_code":146,"reason_name":"Packet Identifier not found"})");
  CHECK(fields_of("70 02 0007", Version::v3_1_1) == R"({"packet_identifier":7})");
}

TEST_CASE("SUBSCRIBE lists its subscriptions with the options that the version has") {
  CHECK(fields_of("82 0F 0001 02 0B03 0003 612F23 2D 0001 62 00") ==
        R"({"packet_identifier":1,"properties":{"subscription_identifiers":[3]},"subscriptions":[)"
        R"({"topic_filter":"a/#","qos":1,"no_local":true,"retain_as_published":true,"retain_handling":2},)"
        R"({"topic_filter":"b","qos":0,"no_local":false,"retain_as_published":false,"retain_handling":0}]})");
  CHECK(fields_of("82 06 0001 0001 62 02", Version::v3_1_1) ==
        R"({"packet_identifier":1,"subscriptions":[{"topic_filter":"b","qos":2}]})");
}

TEST_CASE("SUBACK, UNSUBSCRIBE and UNSUBACK list codes and filters") {
  CHECK(fields_of("90 05 0001 00 02 87") ==
        R"({"packet_identifier":1,"reason_codes":[2,135],"reason_names":["Granted QoS 2","Not authorized"]})");
  CHECK(fields_of("90 04 0001 00 80", Version::v3_1_1) ==
        R"({"packet_identifier":1,"reason_codes":[0,128],"reason_names":["Granted QoS 0","failure"]})");
  CHECK(fields_of("A2 09 0002 00 0001 61 0001 62") == R"({"packet_identifier":2,"topic_filters":["a","b"]})");
  CHECK(fields_of("B0 04 0002 00 11") ==
        R"({"packet_identifier":2,"reason_codes":[17],"reason_names":["No subscription existed"]})");
  CHECK(fields_of("B0 02 0002", Version::v3_1_1) == R"({"packet_identifier":2})");
}

TEST_CASE("DISCONNECT and AUTH have code and properties in 5.0 and nothing before") {
  CHECK(fields_of("E0 00") == R"({"reason_code":0,"reason_name":"Normal disconnection"})");
  CHECK(fields_of("E0 00", Version::v3_1_1) == "{}");
  CHECK(fields_of("F0 0B 18 09 15 0001 6D 16 0002 7077") ==
        R"({"reason_code":24,"reason_name":"Continue authentication",)"
        R"("properties":{"authentication_method":"m","authentication_data":"***"}})");
  CHECK(fields_of("F0 0B 18 09 15 0001 6D 16 0002 7077", Version::v5, Secrets::shown) ==
        R"({"reason_code":24,"reason_name":"Continue authentication",)"
        R"("properties":{"authentication_method":"m","authentication_data":"pw"}})");
}

TEST_CASE("a problem has severity, class, rule, statement, place, Reason Code and message") {
  CHECK(json_of("36 07 0001 61 000A 00 62") ==
        R"({"index":0,"offset":0,"length":9,"type":"PUBLISH","time":null,"direction":null,"stream":1,)"
        R"("protocol_version":5,"fields":{"dup":false,"qos":3,"retain":false,"topic_name":"a","packet_identifier":10,)"
        R"("payload":"b"},"problems":[{"severity":"error","class":"malformed_packet","rule":"qos_reserved",)"
        R"("statement":"MQTT-3.3.1-4","offset":0,"length":1,"reason_code":129,)"
        R"("message":"both QoS bits are set"}]})");
}

TEST_CASE("advice is a warning") {
  CHECK(problems_of("30 07 0001 61 02 0101 FF") ==
        R"([{"severity":"warning","class":"advice","rule":"payload_not_utf8","statement":null,"offset":8,"length":1,)"
        R"("reason_code":153,"message":"the Payload Format Indicator says UTF-8, but the payload is not"}])");
}

TEST_CASE("a rule without a statement has null there, and 3.1.1 has no Reason Code but in CONNACK") {
  CHECK(problems_of("40 01 00", Version::v3_1_1) ==
        R"([{"severity":"error","class":"malformed_packet","rule":"packet_too_short","statement":null,"offset":2,)"
        R"("length":1,"reason_code":null,"message":"the packet ends inside a field"}])");
  CHECK(problems_of("10 0C 0004 4D515454 04 00 003C 0000", Version::v3_1_1) ==
        R"([{"severity":"error","class":"protocol_error","rule":"client_identifier_rejected",)"
        R"("statement":"MQTT-3.1.3-7","offset":12,"length":2,"reason_code":2,)"
        R"("message":"this version does not allow an empty Client Identifier here"}])");
}

TEST_CASE("a packet that cannot be decoded shows the fields read so far and no others") {
  // The Topic Name claims ten bytes.
  CHECK(fields_of("31 05 000A 616263") == R"({"dup":false,"qos":0,"retain":true})");
  // The packet ends in its Packet Identifier.
  CHECK(fields_of("32 04 0001 61 00") == R"({"dup":false,"qos":1,"retain":false,"topic_name":"a"})");
  CHECK(fields_of("82 03 0001 05") == R"({"packet_identifier":1})");
  CHECK(fields_of("10 0B 0004 4D515454 05 02 003C 00") ==
        R"({"protocol_name":"MQTT","protocol_level":5,"clean_start":true,"keep_alive":60})");
}

TEST_CASE("a CONNECT of another protocol shows what it says") {
  CHECK(fields_of("10 07 0004 48545450 05") == R"({"protocol_name":"HTTP","protocol_level":5})");
  CHECK(fields_of("10 07 0004 4D515454 06") == R"({"protocol_name":"MQTT","protocol_level":6})");
}

TEST_CASE("text that is not UTF-8 keeps its bytes") {
  CHECK(fields_of("30 05 0002 61FF 00") ==
        R"({"dup":false,"qos":0,"retain":false,"topic_name_base64":"Yf8=","payload":""})");
  CHECK(fields_of("A2 07 0002 00 0002 61FF") == R"({"packet_identifier":2,"topic_filters":[{"base64":"Yf8="}]})");
  CHECK(fields_of("40 0A 0007 00 06 26 0001 FF 0000") ==
        R"({"packet_identifier":7,"reason_code":0,"reason_name":"Success",)"
        R"("properties":{"user_properties":[[{"base64":"/w=="},""]]}})");
}

TEST_CASE("a packet that the input cuts off says how much is missing") {
  const auto bytes = *from_hex("32 0A 0003 612F62");
  const Packet packet = Publish{};
  PacketRecord record;
  record.type = PacketType::publish;
  record.bytes = bytes;
  record.missing_bytes = 5;
  record.packet = &packet;
  record.decoded = false;
  std::string out;
  append_packet_json(out, record, Secrets::hidden);
  CHECK(out == R"({"index":0,"offset":0,"length":7,"type":"PUBLISH","time":null,"direction":null,"stream":1,)"
               R"("protocol_version":5,"fields":{"dup":false,"qos":0,"retain":false},"problems":[)"
               R"({"severity":"error","class":"malformed_packet","rule":"packet_incomplete","statement":null,)"
               R"("offset":7,"length":0,"reason_code":null,)"
               R"("message":"the input ends inside the packet: 5 of 12 bytes are missing"}]})");
}
