#include "cli/cloud_service.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mqtk;
using namespace mqtk::cli;

namespace {

struct Advised {
  explicit Advised(std::string_view preset)
      : advisor(*find_cloud_service(preset), [this](const std::string& text) { warnings.push_back(text); }) {}
  std::vector<std::string> warnings;
  CloudAdvisor advisor;

  std::vector<std::string> publish(std::string_view topic, QoS qos = QoS::at_most_once, bool retain = false,
                                   std::size_t bytes = 0) {
    const std::vector<std::uint8_t> payload(bytes);
    Publish message;
    message.topic_name = topic;
    message.qos = qos;
    message.retain = retain;
    message.payload = payload;
    warnings.clear();
    advisor.before_publish(message);
    return warnings;
  }
  std::vector<std::string> subscribe(const std::vector<std::string>& filters, QoS qos = QoS::at_most_once) {
    SubscriptionWriter writer;
    for (const std::string& filter : filters) writer.add({.topic_filter = filter, .qos = qos});
    warnings.clear();
    advisor.before_subscribe({0, {}, writer.list()});
    return warnings;
  }
};

using Warnings = std::vector<std::string>;

}  // namespace

TEST_CASE("each kind of message that a service refuses is warned of once, and no other") {
  Advised aws("aws");
  CHECK(aws.publish("a/b/c/d/e/f/g/h", QoS::at_least_once, true, 131'072).empty());
  CHECK(aws.publish("a", QoS::exactly_once) ==
        Warnings{"warning: --preset aws: QoS 2: AWS IoT does not answer it; use --qos 1"});
  CHECK(aws.publish("b", QoS::exactly_once).empty());
  CHECK(aws.publish("a", QoS::at_most_once, false, 131'073) ==
        Warnings{"warning: --preset aws: a payload of 131073 bytes: AWS IoT takes at most 131072"});
  CHECK(aws.publish("a/b/c/d/e/f/g/h/i") ==
        Warnings{"warning: --preset aws: a topic with 8 slashes: AWS IoT takes at most 7"});
  CHECK(aws.publish(std::string(257, 'x')) ==
        Warnings{"warning: --preset aws: a topic of 257 bytes: AWS IoT takes at most 256"});
}

TEST_CASE("subscriptions are counted over all requests") {
  Advised hub("azure-hub");
  CHECK(hub.subscribe({"a", "b", "c"}).empty());
  CHECK(hub.subscribe({"d", "e"}).empty());
  CHECK(hub.subscribe({"f"}) ==
        Warnings{"warning: --preset azure-hub: 6 subscriptions: Azure IoT Hub takes at most 5"});
  Advised aws("aws");
  CHECK(aws.subscribe({"1", "2", "3", "4", "5", "6", "7", "8", "9"}) ==
        Warnings{"warning: --preset aws: 9 filters in one SUBSCRIBE: AWS IoT takes at most 8"});
}

TEST_CASE("what a service lacks is warned of") {
  Advised ably("ably");
  CHECK(ably.subscribe({"a/#"}, QoS::at_least_once) ==
        Warnings{"warning: --preset ably: a subscription with QoS 1: Ably has at most 0",
                 "warning: --preset ably: Ably has no wildcards"});
  CHECK(ably.publish("a", QoS::at_most_once, true) ==
        Warnings{"warning: --preset ably: Ably does not retain messages"});
  CHECK(Advised("eventgrid").subscribe({"$share/g/a"}) ==
        Warnings{"warning: --preset eventgrid: Azure Event Grid has no shared subscriptions"});
  CHECK(Advised("azure-hub").publish("house/kitchen") ==
        Warnings{"warning: --preset azure-hub: Azure IoT Hub takes only topics of its own, such as "
                 "devices/ID/messages/events/"});
  CHECK(Advised("azure-hub").publish("devices/d/messages/events/").empty());
  CHECK(Advised("hivemq").publish("a", QoS::exactly_once, true, 1'000'000).empty());
}

TEST_CASE("what a service refuses of the connection is warned of") {
  ConnectOptions connect;
  connect.keep_alive_seconds = 10;
  connect.will = WillOptions{.topic = "w", .payload = {}, .retain = true, .properties = {}};
  CHECK(connect_warnings(*find_cloud_service("ably"), connect, {.transport = Transport::tcp, .host = "h"}) ==
        Warnings{"warning: --preset ably: Ably takes connections over TLS only",
                 "warning: --preset ably: --keep-alive 10: Ably takes 15 to 60 seconds",
                 "warning: --preset ably: Ably speaks MQTT 3.1.1 only; leave out --mqtt-version 5",
                 "warning: --preset ably: Ably takes no will",
                 "warning: --preset ably: Ably does not retain messages"});
  ConnectOptions named;
  named.client_identifier = std::string(129, 'c');
  named.properties.add_user_property("a", "b");
  const Endpoint over_tls{.transport = Transport::tls, .host = "h"};
  CHECK(connect_warnings(*find_cloud_service("aws"), named, over_tls) ==
        Warnings{"warning: --preset aws: --id: AWS IoT takes at most 128 bytes"});
  CHECK(connect_warnings(*find_cloud_service("eventgrid"), named, over_tls) ==
        Warnings{"warning: --preset eventgrid: Azure Event Grid refuses user properties of CONNECT"});
}
