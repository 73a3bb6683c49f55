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
  CHECK(error_of("typ==PUBLISH").starts_with("column 1: 'typ' is no field; the fields are index, time, "));
  CHECK(error_of("qos==").starts_with("column 6: a value is missing"));
  CHECK(error_of("(qos==1").starts_with("column 8: a ) is missing"));
  CHECK(error_of("qos==1 type==PUBLISH") == "column 8: &&, || or the end must stand here");
  CHECK(error_of("topic~\"a/#/b\"").ends_with("'a/#/b' is no valid Topic Filter"));
  CHECK(error_of("topic==\"a") == "column 8: the quotation mark has no other");
  CHECK(error_of(std::string(1000, '(')).ends_with("this is nested too deeply"));
}
