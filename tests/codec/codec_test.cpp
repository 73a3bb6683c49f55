#include "codec/codec.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace mqtk;

namespace {

std::vector<std::uint8_t> bytes(std::string_view hex) { return *from_hex(hex); }

std::string encoded(const auto& packet, CodecContext context) {
  SendQueue out;
  const auto size = encode(packet, context, out);
  REQUIRE(size);
  Bytes part;
  REQUIRE(out.gather({&part, 1}) == 1);
  CHECK(part.size() == *size);
  return to_hex(part);
}

}  // namespace

TEST_CASE("a CONNECT of 5.0 with Will, user name and password is decoded into views of its bytes") {
  const auto packet = bytes(
      "10 32 0004 4D515454 05 EE 003C 05 11 0000000A 0003 616263"
      "05 18 00000005 0003 772F74 0004 676F6E65 0002 6D65 0006 736563726574");
  Packet decoded;
  REQUIRE_FALSE(decode(packet, {Version::v5, Role::client}, decoded));
  const auto& connect = std::get<Connect>(decoded);
  CHECK(connect.version == Version::v5);
  CHECK(connect.clean_start);
  CHECK(connect.keep_alive == 60);
  CHECK(connect.properties.number(PropertyId::session_expiry_interval) == 10);
  CHECK(connect.client_identifier == "abc");
  REQUIRE(connect.will);
  CHECK(connect.will->qos == QoS::at_least_once);
  CHECK(connect.will->retain);
  CHECK(connect.will->properties.number(PropertyId::will_delay_interval) == 5);
  CHECK(connect.will->topic == "w/t");
  CHECK(as_text(connect.will->payload) == "gone");
  CHECK(connect.user_name == "me");
  CHECK(as_text(*connect.password) == "secret");
  CHECK(encoded(connect, {}) == to_hex(packet));
}

TEST_CASE("a PUBLISH is encoded for each version") {
  Publish publish;
  publish.topic_name = "a/b";
  publish.qos = QoS::at_least_once;
  publish.packet_identifier = 10;
  publish.payload = as_bytes("hi");
  CHECK(encoded(publish, {Version::v3_1_1, Role::client}) == "32090003612f62000a6869");
  CHECK(encoded(publish, {Version::v5, Role::client}) == "320a0003612f62000a006869");
}

TEST_CASE("acknowledgements of 5.0 leave out what the specification lets them leave out") {
  Puback puback;
  puback.packet_identifier = 0x1234;
  CHECK(encoded(puback, {Version::v5, Role::client}) == "40021234");
  puback.reason_code = ReasonCode::not_authorized;
  CHECK(encoded(puback, {Version::v5, Role::client}) == "4003123487");
  PropertyWriter properties;
  properties.add(PropertyId::reason_string, "no");
  puback.properties = properties.block();
  CHECK(encoded(puback, {Version::v5, Role::client}) == "4009123487051f00026e6f");
  CHECK(encoded(Disconnect{}, {Version::v5, Role::client}) == "e000");
}

TEST_CASE("what a reader would refuse is not encoded") {
  Publish publish;
  publish.topic_name = "a/#";
  CHECK(encoded_size(publish, {}).error().rule == Rule::topic_name_has_wildcard);
  publish.topic_name = "";
  CHECK(encoded_size(publish, {}).error().rule == Rule::topic_name_empty);
  SubscriptionWriter filters;
  filters.add({.topic_filter = "a/b#"});
  CHECK(encoded_size(Subscribe{1, {}, filters.list()}, {}).error().rule == Rule::multi_level_wildcard_misplaced);
}

TEST_CASE("one shared filter is a Shared Subscription in 5.0 only") {
  SubscriptionWriter filters;
  filters.add({.topic_filter = "$share//a"});
  CHECK(encoded_size(Subscribe{1, {}, filters.list()}, {Version::v5}).error().rule == Rule::share_name_empty);
  CHECK(encoded_size(Subscribe{1, {}, filters.list()}, {Version::v3_1_1}).has_value());
}

TEST_CASE("a lint goes on after a fault in a value and names each one") {
  const auto packet = bytes("3C 09 0003 612F23 0000 6869");  // DUP, QoS 2, wildcard, Packet Identifier 0
  const Annotated noted = annotate(packet, {Version::v3_1_1, Role::client});
  REQUIRE(noted.problems.size() == 2);
  CHECK(noted.problems[0].fault == Fault{Rule::topic_name_has_wildcard, 6});
  CHECK(noted.problems[1].fault == Fault{Rule::client_packet_identifier_zero, 7});
  CHECK(noted.decoded);
}

TEST_CASE("a lint does not read on behind a hundred problems, however long the packet is") {
  auto suback = bytes("90 AF 02 0001 00");  // and 300 Reason Codes that a SUBACK does not have
  suback.insert(suback.end(), 300, 0x7F);
  const Annotated noted = annotate(suback, {Version::v5, Role::server});
  CHECK(noted.problems.size() == 100);
  CHECK_FALSE(noted.decoded);
  CHECK(noted.annotations.back().name == "Undecoded");
  CHECK(noted.annotations.back().offset == 106);
  CHECK(noted.annotations.back().length == 200);
}

TEST_CASE("a lint of a packet with very many entries ends behind the one that fills its annotations") {
  auto suback = bytes("90 C3 9A 0C 0001 00");  // 200,000 codes and these 3 bytes
  suback.insert(suback.end(), 200'000, 0x00);
  const Annotated noted = annotate(suback, {Version::v5, Role::server});
  CHECK(noted.problems.empty());
  CHECK(noted.annotations.size() == 40'001);
  CHECK(noted.annotations.back().name == "Undecoded");
}

TEST_CASE("frames are found at any split of the stream") {
  const auto stream = bytes("30 80 01 00");
  CHECK(find_frame(Bytes{stream}.first(0)).state == Frame::State::need_header);
  CHECK(find_frame(Bytes{stream}.first(1)).state == Frame::State::need_header);
  CHECK(find_frame(Bytes{stream}.first(2)).state == Frame::State::need_header);
  const Frame frame = find_frame(Bytes{stream}.first(3));
  CHECK(frame.state == Frame::State::need_body);
  CHECK(frame.packet_size == 131);
  CHECK(frame.header_size == 3);
  CHECK(find_frame(bytes("30 FF FF FF FF 01")).fault == Fault{Rule::remaining_length_too_long, 1});
}

TEST_CASE("what annotate hands out after a fault ends with the last whole property or list entry") {
  // Will Delay Interval is no property; the User Property before it is whole.
  const auto publish = bytes("30 10 0001 61 0C 26 0001 6B 0001 76 07 00 00 00 00");
  const Annotated damaged = annotate(publish, {Version::v5, Role::unknown});
  CHECK_FALSE(damaged.decoded);
  const auto& properties = std::get<Publish>(damaged.packet).properties;
  CHECK(to_hex(properties.bytes()) == "2600016b000176");
  std::size_t count = 0;
  for (const Property& property : properties) count += property.name == "k" ? 1U : 0U;
  CHECK(count == 1);

  // The options byte of the second subscription is missing.
  const auto subscribe = bytes("82 0A 0001 00 0001 61 01 0001 62");
  const Annotated cut = annotate(subscribe, {Version::v5, Role::unknown});
  CHECK_FALSE(cut.decoded);
  CHECK(std::get<Subscribe>(cut.packet).subscriptions.count() == 1);
}
