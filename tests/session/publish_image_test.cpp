#include "session/publish_image.hpp"

#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

std::string appended(const PublishImage& image, PacketIdentifier id) {
  SendQueue out;
  image.append_to(out, id);
  CHECK(out.size() == image.size());
  return to_hex(drain(out), " ");
}

}  // namespace

TEST_CASE("an image differs between receivers in the Packet Identifier only") {
  PublishImage image;
  REQUIRE(image.build(message_to("a/b", "xy"), {Version::v5, QoS::exactly_once, true, {}}));
  CHECK(appended(image, 0x1234) == "35 0a 00 03 61 2f 62 12 34 00 78 79");
  CHECK(appended(image, 1) == "35 0a 00 03 61 2f 62 00 01 00 78 79");
  REQUIRE(image.build(message_to("a", "x"), {Version::v3_1_1, QoS::at_most_once, false, {}}));
  CHECK(appended(image, 7) == "30 04 00 01 61 78");
}

TEST_CASE("an image has the properties of 5.0 but no Topic Alias, and none before") {
  PropertyWriter properties;
  properties.add(PropertyId::topic_alias, 3);
  properties.add(PropertyId::message_expiry_interval, 60);
  PropertyWriter identifiers;
  identifiers.add(PropertyId::subscription_identifier, 300);
  Publish publish = message_to("a", "x");
  publish.properties = properties.block();
  PublishImage image;
  REQUIRE(image.build(publish, {Version::v5, QoS::at_most_once, false, identifiers.block().bytes()}));
  CHECK(appended(image, 0) == "30 0d 00 01 61 08 02 00 00 00 3c 0b ac 02 78");
  REQUIRE(image.build(publish, {Version::v3_1_1, QoS::at_most_once, false, identifiers.block().bytes()}));
  CHECK(appended(image, 0) == "30 04 00 01 61 78");
}

TEST_CASE("a large payload is referenced, and the bytes are the same") {
  const std::string payload(2000, 'x');
  const Delivery delivery = delivery_to("a", QoS::at_least_once, 0, payload);
  PublishImage from_message;
  REQUIRE(from_message.build(delivery.message, {Version::v5, QoS::at_least_once, false, {}}, TimePoint{}));
  CHECK(from_message.tail().data() == delivery.message.payload().data());
  PublishImage from_packet;
  REQUIRE(from_packet.build(message_to("a", payload), {Version::v5, QoS::at_least_once, false, {}}));
  const std::string bytes = appended(from_message, 9);
  CHECK(bytes.substr(0, 30) == "32 d6 0f 00 01 61 00 09 00 78 ");
  CHECK(bytes.size() == 2009 * 3 - 1);
  CHECK(appended(from_packet, 9) == bytes);
}

TEST_CASE("at every size that changes the length of Remaining Length the header fits") {
  for (const std::size_t size : {1024U, 16'379U, 16'380U, 16'381U, 2'097'147U, 2'097'148U, 2'097'149U}) {
    CAPTURE(size);
    const std::string payload(size, 'x');
    PublishImage image;
    REQUIRE(image.build(message_to("a", payload), {Version::v3_1_1, QoS::at_most_once, false, {}}));
    SendQueue out;
    image.append_to(out, 0);
    const std::vector<std::uint8_t> bytes = drain(out);
    const Frame frame = find_frame(bytes);
    CHECK(frame.state == Frame::State::complete);
    CHECK(frame.packet_size == bytes.size());
    CHECK(bytes.size() == frame.header_size + 3 + size);
    CHECK(bytes[frame.header_size + 2] == 'a');
  }
}

TEST_CASE("an image that nobody would accept is not built") {
  PublishImage image;
  CHECK(image.build(message_to("a/#"), {}).error().rule == Rule::topic_name_has_wildcard);
}
