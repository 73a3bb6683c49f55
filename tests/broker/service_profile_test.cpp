// The limits of services in the cloud, as clients meet them.
#include "broker/service_profile.hpp"

#include "broker/broker_fixture.hpp"

using namespace mqtk::wire;
using mqtk::BrokerFixture;
using mqtk::BrokerOptions;
using mqtk::Peer;

namespace {

BrokerOptions like(std::string_view service) {
  BrokerOptions options = BrokerFixture::plain_options();
  REQUIRE(mqtk::find_service_profile(service) != nullptr);
  mqtk::find_service_profile(service)->apply(options);
  return options;
}

}  // namespace

TEST_CASE("like AWS IoT Core: what CONNACK announces, and long Client Identifiers are refused") {
  BrokerFixture broker(like("aws"));
  Peer client(broker);
  client.send(connect({.id = "a"}));
  // Receive Maximum 100, Maximum QoS 1, Server Keep Alive 1200, no Subscription Identifiers, in the order of sending
  const std::string connack = client.got();
  for (const char* part : {"21 00 64", "24 01", "29 00", "13 04 b0"}) CHECK(connack.find(part) != std::string::npos);
  Peer longest(broker);
  longest.send(connect({.id = std::string(128, 'x')}));
  CHECK(longest.got().substr(6, 5) == "00 00");
  Peer too_long(broker);
  too_long.send(connect({.id = std::string(129, 'x')}));
  CHECK(too_long.got().substr(6, 5) == "00 85");
}

TEST_CASE("like AWS IoT Core: topics, payloads and filters beyond the limits") {
  BrokerFixture broker(like("aws"));
  Peer client(broker);
  client.connect({.id = "a"});
  client.send(publish({.topic = "1/2/3/4/5/6/7/8", .payload = "x", .qos = 1, .id = 1}));
  EXPECT_GOT(client, hex("40 03 00 01 10"));
  CHECK(broker.core.counters().messages_dropped() == 0);
  client.send(publish({.topic = "1/2/3/4/5/6/7/8/9", .payload = "x", .qos = 1, .id = 1}));
  CHECK(client.got().substr(6, 8) == "00 01 90");
  client.send(publish({.topic = std::string(257, 't'), .payload = "x", .qos = 1, .id = 1}));
  CHECK(client.got().substr(6, 8) == "00 01 90");
  client.send(subscribe(2, {{"1", 0}, {"2", 0}, {"3", 0}, {"4", 0}, {"5", 0}, {"6", 0}, {"7", 0}, {"8", 2}, {"9", 0}}));
  const std::string suback = client.got();
  CHECK(suback.substr(suback.size() - 26) == "00 00 00 00 00 00 00 01 97");
  client.send(publish({.topic = "t", .payload = std::string(128 * 1024, 'x')}));
  CHECK(!client.closed());
  client.send(publish({.topic = "t", .payload = std::string(128 * 1024 + 1, 'x')}));
  CHECK(client.got().substr(0, 8) == "e0 01 95");
  CHECK(client.closed());
}

TEST_CASE("like Azure IoT Hub: 3.1.1, its own topics, nothing retained") {
  BrokerFixture broker(like("azure-hub"));
  Peer modern(broker);
  modern.send(connect({.id = "d"}));
  CHECK(modern.got().substr(6, 5) == "00 84");
  Peer device(broker);
  device.connect({.id = "d", .version = 4});
  device.send(subscribe(
      1, {{"devices/d/messages/devicebound/#", 2}, {"devices/e/messages/devicebound/#", 1}, {"$iothub/twin/res/#", 0}},
      old));
  EXPECT_GOT(device, hex("90 05 00 01 01 80 00"));
  device.send(publish(
      {.topic = "devices/d/messages/events/", .payload = "x", .qos = 1, .id = 1, .retain = true, .properties = old}));
  EXPECT_GOT(device, ack(0x40, 1));
  CHECK(broker.core.state().retained.size() == 0);
  CHECK(broker.count_events("message_dropped") == 0);
  device.send(publish({.topic = "elsewhere", .payload = "x", .properties = old}));
  CHECK(broker.count_events("message_dropped d elsewhere") == 1);
}

TEST_CASE("like EMQX Cloud Serverless: short identifiers and Sessions before 5.0") {
  BrokerFixture broker(like("emqx-serverless"));
  Peer too_long(broker);
  too_long.send(connect({.id = std::string(24, 'x'), .version = 4}));
  EXPECT_GOT(too_long, hex("20 02 00 02"));
  Peer client(broker);
  client.connect({.id = "a", .version = 4, .clean = false});
  client.vanish();
  broker.advance(std::chrono::minutes{119});
  CHECK(broker.count_events("session_ended") == 0);
  broker.advance(std::chrono::minutes{2});
  CHECK(broker.count_events("session_ended a") == 1);
}

TEST_CASE("like Azure Event Grid: no Shared Subscriptions, ten aliases") {
  BrokerFixture broker(like("eventgrid"));
  Peer client(broker);
  client.send(connect({.id = "a"}));
  const std::string connack = client.got();
  for (const char* part : {"24 01", "22 00 0a", "2a 00", "29 00", "27 00 08 00 00", "13 04 88"}) {
    CHECK(connack.find(part) != std::string::npos);
  }
}

TEST_CASE("like AWS IoT Core: a filter a/# does not match a, retained or live") {
  BrokerFixture broker(like("aws"));
  Peer publisher(broker);
  publisher.connect({.id = "p"});
  publisher.send(publish({.topic = "a", .payload = "0", .retain = true}));
  publisher.send(publish({.topic = "a/b", .payload = "1", .retain = true}));
  Peer client(broker);
  client.connect({.id = "c"});
  client.send(subscribe(1, {{"a/#", 0}}));
  EXPECT_GOT(client, hex("90 04 00 01 00 00") + publish({.topic = "a/b", .payload = "1", .retain = true}));
  Peer other(broker);
  other.connect({.id = "o"}).subscribe("#");
  publisher.send(publish({.topic = "a", .payload = "2"}));
  publisher.send(publish({.topic = "a/b/c", .payload = "3"}));
  EXPECT_GOT(client, publish({.topic = "a/b/c", .payload = "3"}));
  EXPECT_GOT(other, publish({.topic = "a", .payload = "2"}) + publish({.topic = "a/b/c", .payload = "3"}));
}

TEST_CASE("like Azure Event Grid: no User Properties but in messages, and large messages are not retained") {
  BrokerFixture broker(like("eventgrid"));
  const auto user_property = hex("26 00 01 61 00 01 62");
  Peer refused(broker);
  refused.send(connect({.id = "a", .properties = user_property}));
  CHECK(refused.got().substr(6, 5) == "00 83");
  Peer client(broker);
  client.connect({.id = "a"});
  client.send(subscribe(1, {{"x", 0}, {"y", 0}}, user_property));
  const std::string suback = client.got();
  CHECK(suback.substr(suback.size() - 5) == "83 83");
  const std::string most(64 * 1024, 'x');
  client.send(publish({.topic = "t", .payload = most, .qos = 1, .id = 1, .retain = true, .properties = user_property}));
  EXPECT_GOT(client, hex("40 03 00 01 10"));
  CHECK(broker.core.state().retained.size() == 1);
  client.send(publish({.topic = "t", .payload = most + "x", .qos = 1, .id = 1, .retain = true}));
  CHECK(client.got().substr(6, 8) == "00 01 97");
}
