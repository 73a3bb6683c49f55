#include "session/publish_form.hpp"

#include <doctest/doctest.h>

#include "session/packets.hpp"
#include "support/engine_pair.hpp"

using namespace mqtk;
using namespace mqtk::test;

namespace {

PublishForm form_of(const Publish& publish, Version version = Version::v5) {
  PublishForm form;
  REQUIRE(form.build(publish, version));
  return form;
}

std::string appended(const PublishForm& form, std::string_view payload, PacketIdentifier id = 0) {
  SendQueue out;
  form.append_to(out, as_bytes(payload), id);
  CHECK(out.size() == form.packet_size(payload.size()));
  return to_hex(drain(out), " ");
}

Publish with_content_type(std::string_view type, PropertyWriter& properties) {
  properties.add(PropertyId::content_type, type);
  Publish publish = message_to("a/b", "x");
  publish.properties = properties.block();
  return publish;
}

}  // namespace

TEST_CASE("messages of one form differ in length and payload only") {
  const PublishForm form = form_of(message_to("a/b", "first"));
  CHECK(appended(form, "xy") == "30 08 00 03 61 2f 62 00 78 79");
  CHECK(appended(form, "") == "30 06 00 03 61 2f 62 00");
  CHECK(appended(form, std::string(200, 'x')).substr(0, 29) == "30 ce 01 00 03 61 2f 62 00 78");
  CHECK(appended(form_of(message_to("a/b", ""), Version::v3_1_1), "x") == "30 06 00 03 61 2f 62 78");
}

TEST_CASE("a form has RETAIN and the properties of its first message, before 5.0 no properties") {
  PropertyWriter properties;
  Publish publish = with_content_type("t", properties);
  publish.retain = true;
  CHECK(appended(form_of(publish), "x") == "31 0b 00 03 61 2f 62 04 03 00 01 74 78");
  CHECK(appended(form_of(publish, Version::v3_1_1), "x") == "31 06 00 03 61 2f 62 78");
}

TEST_CASE("messages of a form of QoS 1 or 2 have Packet Identifiers of their own") {
  PropertyWriter properties;
  Publish publish = with_content_type("t", properties);
  publish.qos = QoS::at_least_once;
  CHECK(appended(form_of(publish), "x", 0x1234) == "32 0d 00 03 61 2f 62 12 34 04 03 00 01 74 78");
  publish.qos = QoS::exactly_once;
  publish.retain = true;
  CHECK(appended(form_of(publish, Version::v3_1_1), "x", 1) == "35 08 00 03 61 2f 62 00 01 78");
}

TEST_CASE("a message of another topic, RETAIN, QoS or other properties does not fit a form") {
  PropertyWriter properties;
  const Publish publish = with_content_type("t", properties);
  const PublishForm form = form_of(publish);
  CHECK(form.fits(publish));
  Publish other = publish;
  other.payload = as_bytes("another");
  CHECK(form.fits(other));
  other.topic_name = "a/c";
  CHECK_FALSE(form.fits(other));
  other = publish;
  other.retain = true;
  CHECK_FALSE(form.fits(other));
  other = publish;
  other.qos = QoS::at_least_once;
  CHECK_FALSE(form.fits(other));
  PropertyWriter more;
  CHECK_FALSE(form.fits(with_content_type("u", more)));
  CHECK_FALSE(form.fits(message_to("a/b", "x")));
  CHECK_FALSE(PublishForm{}.fits(publish));
  CHECK_FALSE(PublishForm{}.fits({}));
}

TEST_CASE("what no PUBLISH of a client may be is no form") {
  PublishForm form;
  CHECK(form.build(message_to("a/+", "x"), Version::v5).error().rule == Rule::topic_name_has_wildcard);
  CHECK(form.build(message_to("", "x"), Version::v5).error().rule == Rule::topic_name_empty);
  PropertyWriter alias;
  alias.add(PropertyId::topic_alias, 1);
  Publish publish = message_to("a", "x");
  publish.properties = alias.block();
  CHECK(form.build(publish, Version::v5).error().rule == Rule::topic_alias_too_large);
  CHECK_FALSE(form.fits(message_to("a/+", "x")));
}

TEST_CASE("a form tells the size of a packet that is longer than MQTT allows") {
  const PublishForm form = form_of(message_to("a", ""));
  CHECK(form.packet_size(268'435'451) == 268'435'460);  // Remaining Length 268,435,455, the largest
  CHECK(form.packet_size(268'435'452) > max_packet_size);
}

TEST_CASE("an engine sends a form within the limits of the peer, and in the version of the connection") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 0a 00 00 07 25 00 27 00 00 00 0a");  // no retained messages, 10 bytes at most
  const PublishForm form = form_of(message_to("a", ""));
  CHECK(client.engine->publish(form, as_bytes("xxxx"), 0, client.now) == Rule::none);
  CHECK(client.sent() == "30 08 00 01 61 00 78 78 78 78");
  CHECK(client.engine->publish(form, as_bytes("xxxxx"), 0, client.now) == Rule::packet_too_large);
  Publish retained = message_to("a", "");
  retained.retain = true;
  CHECK(client.engine->publish(form_of(retained), as_bytes("x"), 0, client.now) == Rule::retain_not_available);
  const PublishForm older = form_of(message_to("a", ""), Version::v3_1_1);
  CHECK(client.engine->publish(older, as_bytes("x"), 0, client.now) == Rule::none);
  CHECK(client.sent() == "30 05 00 01 61 00 78");
}

TEST_CASE("a QoS 1 message sent by a form is kept until it is acknowledged") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 03 00 00 00");
  Publish publish = message_to("a", "");
  publish.qos = QoS::at_least_once;
  const PublishForm form = form_of(publish);
  for (const Tag tag : {7, 8}) {
    CHECK(client.engine->publish(form, as_bytes("x"), tag, client.now) == Rule::none);
  }
  CHECK(client.sent() == "32 07 00 01 61 00 01 00 78 32 07 00 01 61 00 02 00 78");
  client.peer_sends("40 02 00 01");
  CHECK(client.client_session.state.sender.unfinished() == 1);
  const InFlight* kept = client.client_session.state.sender.find(2);
  REQUIRE(kept != nullptr);
  CHECK(kept->tag == 8);
  CHECK(as_text(kept->message.payload()) == "x");
}

TEST_CASE("a form is held back by a full window as other messages are") {
  Scripted client{Role::client};
  client.connect(Version::v5, "20 06 00 00 03 21 00 01");
  Publish publish = message_to("a", "");
  publish.qos = QoS::exactly_once;
  const PublishForm form = form_of(publish);
  CHECK(client.engine->publish(form, as_bytes("x"), 0, client.now) == Rule::none);
  CHECK(client.engine->publish(form, as_bytes("x"), 0, client.now) == Rule::receive_maximum_exceeded);
  const std::string large(2000, 'x');  // referenced, not copied: another way
  CHECK(client.engine->publish(form, as_bytes(large), 0, client.now) == Rule::receive_maximum_exceeded);
}
