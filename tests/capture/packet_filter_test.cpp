#include "capture/packet_filter.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "codec/codec.hpp"

using namespace mqtk;

namespace {

// PUBLISH "a/b", QoS 1, id 10, "21.5", as packet 3 of stream 2 from the client.
bool matches(std::string_view condition, std::string_view hex = "320c0003612f62000a0032312e35") {
  const std::vector<std::uint8_t> bytes = from_hex(hex).value();
  const Annotated notes = annotate(bytes, {Version::v5, Role::client});
  PacketRecord record;
  record.index = 3;
  record.stream = 2;
  record.sender = Role::client;
  record.type = packet_type(notes.packet);
  record.bytes = bytes;
  record.packet = &notes.packet;
  record.problems = notes.problems;
  const auto filter = PacketFilter::parse(condition);
  REQUIRE_MESSAGE(filter.has_value(), filter.error());
  return filter->matches({record});
}

std::string error_of(std::string_view condition) {
  const auto filter = PacketFilter::parse(condition);
  return filter ? "none" : filter.error();
}

}  // namespace

TEST_CASE("fields are compared with numbers and words") {
  CHECK(matches("type==PUBLISH"));
  CHECK(matches("type == publish"));
  CHECK_FALSE(matches("type==PUBACK"));
  CHECK(matches("qos>0"));
  CHECK(matches("qos<=1 && id=10 && stream==2 && index>=3"));
  CHECK_FALSE(matches("length<14"));
  CHECK(matches("length==0x0e"));
  CHECK(matches("direction==\"C>S\""));
  CHECK(matches("topic=='a/b'"));
  CHECK(matches("retain==false"));
  CHECK(matches("topic!=a/c"));
  CHECK_FALSE(matches("topic!=a/b"));
}

TEST_CASE("~ matches Topic Filters against topics and parts against other texts") {
  CHECK(matches("topic~\"a/+\""));
  CHECK(matches("topic~#"));
  CHECK_FALSE(matches("topic~b/#"));
  CHECK(matches("payload~1.5"));
  CHECK_FALSE(matches("payload~22"));
}

TEST_CASE("texts that are numbers are ordered as numbers") {
  CHECK(matches("payload>9"));
  CHECK(matches("payload>-3 && payload<=21.5"));
  CHECK_FALSE(matches("payload<9"));
  CHECK_FALSE(matches("payload>\"9\""));
  CHECK_FALSE(matches("topic>0 || topic<=0"));
}

TEST_CASE("a direction and a version have the names that they have elsewhere") {
  CHECK(matches("direction==C>S && qos==1"));
  CHECK(matches("direction==client_to_server"));
  CHECK_FALSE(matches("direction==server"));
  CHECK(matches("version==5.0"));
  CHECK_FALSE(matches("version==3.1.1"));
  CHECK(matches("packet_identifier==10 && topic_name==a/b && protocol_version=='5'"));
}

TEST_CASE("properties are fields in every packet that has them") {
  // PUBLISH "a/b" with a Message Expiry Interval of 60 and the User Properties k: v and trace: 7
  constexpr std::string_view publish =
      "301e0003612f6217"
      "020000003c"
      "2600016b000176"
      "2600057472616365000137"
      "3f";
  CHECK(matches("message_expiry_interval==60 && message_expiry_interval<100", publish));
  CHECK(matches("user_property=='k=v'", publish));
  CHECK(matches("user_properties~'trace='", publish));
  CHECK_FALSE(matches("user_property==k", publish));
  CHECK_FALSE(matches("content_type", publish));
  // DISCONNECT 0x8B with the Reason String "bye"
  CHECK(matches("reason_string==bye", "e0088b061f0003627965"));
}

TEST_CASE("conditions are joined, && binding closer than ||, and negated") {
  CHECK(matches("type==PUBACK && qos==0 || qos==1"));
  CHECK_FALSE(matches("type==PUBACK && (qos==0 || qos==1)"));
  CHECK(matches("!(type==PUBACK)"));
  CHECK_FALSE(matches("!type==PUBLISH"));
}

TEST_CASE("a field alone asks whether the packet has it") {
  CHECK(matches("topic"));
  CHECK_FALSE(matches("reason_code"));
  CHECK(matches("reason_code==0", "40020001"));
}

TEST_CASE("one of several values is enough") {
  // SUBSCRIBE of "a" at QoS 0 and "b" at QoS 2
  constexpr std::string_view hex = "820b0001000001610000016202";
  CHECK(matches("filter==b && qos==2", hex));
  CHECK_FALSE(matches("filter==c", hex));
  CHECK_FALSE(matches("filter!=b", hex));
}

TEST_CASE("problems are counted and named") {
  CHECK(matches("problems==0"));
  CHECK(matches("problems>0 && statement==MQTT-3.3.1-4 && rule==qos_reserved", "3607000161000a0062"));
}

TEST_CASE("a condition that cannot be read says where and what is allowed") {
  CHECK(error_of("type==PUBLSH") == "column 7: 'PUBLSH' is no type of packet");
  CHECK(error_of("qos==high || qos==1") == "column 6: 'high' is no whole number, and this field is one");
  CHECK(error_of("receive_maximum~2") == "column 17: ~ is for texts, and this field is a number");
  CHECK(error_of("direction==up") == "column 12: 'up' is no direction: C>S or S>C");
  CHECK(error_of("authentication_data").starts_with("column 1: 'authentication_data' is no field"));
  CHECK(error_of("typ==PUBLISH").starts_with("column 1: 'typ' is no field; the fields are index, time, "));
  CHECK(error_of("qos==").starts_with("column 6: a value is missing"));
  CHECK(error_of("(qos==1").starts_with("column 8: a ) is missing"));
  CHECK(error_of("qos==1 type==PUBLISH") == "column 8: &&, || or the end must stand here");
  CHECK(error_of("topic~\"a/#/b\"").ends_with("'a/#/b' is no valid Topic Filter"));
  CHECK(error_of("topic==\"a") == "column 8: the quotation mark has no other");
  CHECK(error_of(std::string(1000, '(')).ends_with("this is nested too deeply"));
}
