#include "cli/cloud_service.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mqtk::cli {
namespace {

constexpr std::size_t kibibyte = 1024;

CloudService aws(std::string_view preset, bool websocket) {
  return {.preset = preset,
          .name = "AWS IoT",
          .websocket = websocket,
          .most_keep_alive_seconds = 1200,
          .most_identifier_bytes = 128,
          .most_publish_qos = QoS::at_least_once,
          .higher_qos_is = "does not answer it",
          .most_subscribe_qos = QoS::at_least_once,
          .most_payload_bytes = 128 * kibibyte,
          .most_topic_bytes = 256,
          .most_topic_slashes = 7,
          .most_filters_at_once = 8,
          .most_subscriptions = 50,
          .takes_subscription_identifiers = false};
}

std::vector<CloudService> make_services() {
  return {aws("aws", false),
          aws("aws-ws", true),
          {.preset = "azure-hub",
           .name = "Azure IoT Hub",
           .websocket_path = "/$iothub/websocket",
           .speaks_v5 = false,
           .most_keep_alive_seconds = 1177,
           .most_publish_qos = QoS::at_least_once,
           .higher_qos_is = "closes the connection",
           .most_subscribe_qos = QoS::at_least_once,
           .most_payload_bytes = 256 * kibibyte,
           .most_subscriptions = 5,
           .takes_retain = false,
           .topic_beginnings = {"devices/", "$iothub/"}},
          {.preset = "eventgrid",
           .name = "Azure Event Grid",
           .most_keep_alive_seconds = 1160,
           .takes_connect_user_properties = false,
           .most_publish_qos = QoS::at_least_once,
           .most_subscribe_qos = QoS::at_least_once,
           .most_payload_bytes = 512 * kibibyte,
           .takes_shared = false,
           .takes_subscription_identifiers = false},
          {.preset = "hivemq", .name = "HiveMQ Cloud", .websocket_port = 8884},
          {.preset = "emqx",
           .name = "EMQX Cloud",
           .websocket_port = 8084,
           .most_identifier_bytes = 256,
           .most_payload_bytes = kibibyte * kibibyte,
           .most_subscriptions = 10},
          {.preset = "ably",
           .name = "Ably",
           .host = "mqtt.ably.io",
           .speaks_v5 = false,
           .keep_alive_seconds = 30,
           .least_keep_alive_seconds = 15,
           .most_keep_alive_seconds = 60,
           .takes_will = false,
           .most_publish_qos = QoS::at_least_once,
           .most_subscribe_qos = QoS::at_most_once,
           .takes_retain = false,
           .takes_wildcards = false}};
}

std::string line(const CloudService& service, std::string_view text) {
  return fmt::format("warning: --preset {}: {}", service.preset, text);
}

}  // namespace

const std::vector<CloudService>& cloud_services() {
  static const std::vector<CloudService> services = make_services();
  return services;
}

const CloudService* find_cloud_service(std::string_view preset) {
  const auto found = std::ranges::find(cloud_services(), preset, &CloudService::preset);
  return found == cloud_services().end() ? nullptr : &*found;
}

std::vector<std::string> connect_warnings(const CloudService& service, const ConnectOptions& connect,
                                          const Endpoint& endpoint) {
  std::vector<std::string> warnings;
  const auto add = [&](const std::string& text) { warnings.push_back(line(service, text)); };
  if (!speaks_tls(endpoint.transport)) add(fmt::format("{} takes connections over TLS only", service.name));
  const unsigned keep_alive = connect.keep_alive_seconds;
  if (keep_alive < service.least_keep_alive_seconds || keep_alive > service.most_keep_alive_seconds) {
    add(fmt::format("--keep-alive {}: {} takes {} to {} seconds", keep_alive, service.name,
                    service.least_keep_alive_seconds, service.most_keep_alive_seconds));
  }
  if (connect.client_identifier.size() > service.most_identifier_bytes) {
    add(fmt::format("--id: {} takes at most {} bytes", service.name, service.most_identifier_bytes));
  }
  if (!service.speaks_v5 && connect.version == Version::v5) {
    add(fmt::format("{} speaks MQTT 3.1.1 only; leave out --mqtt-version 5", service.name));
  }
  if (connect.will && !service.takes_will) add(fmt::format("{} takes no will", service.name));
  if (connect.will && connect.will->retain && !service.takes_retain) {
    add(fmt::format("{} does not retain messages", service.name));
  }
  if (!service.takes_connect_user_properties && connect.properties.block().find(PropertyId::user_property)) {
    add(fmt::format("{} refuses user properties of CONNECT", service.name));
  }
  return warnings;
}

void CloudAdvisor::warn(std::string_view kind, const std::string& text) {
  if (warned_.contains(kind)) return;
  warned_.emplace(kind);
  warn_(line(service_, text));
}

void CloudAdvisor::before_publish(const Publish& publish) {
  const std::string_view topic = publish.topic_name;
  if (publish.qos > service_.most_publish_qos) {
    warn("qos", fmt::format("QoS {}: {} {}; use --qos {}", static_cast<int>(publish.qos), service_.name,
                            service_.higher_qos_is, static_cast<int>(service_.most_publish_qos)));
  }
  if (publish.retain && !service_.takes_retain) {
    warn("retain", fmt::format("{} does not retain messages", service_.name));
  }
  if (publish.payload.size() > service_.most_payload_bytes) {
    warn("payload", fmt::format("a payload of {} bytes: {} takes at most {}", publish.payload.size(), service_.name,
                                service_.most_payload_bytes));
  }
  if (topic.size() > service_.most_topic_bytes) {
    warn("topic", fmt::format("a topic of {} bytes: {} takes at most {}", topic.size(), service_.name,
                              service_.most_topic_bytes));
  }
  const auto slashes = static_cast<std::size_t>(std::ranges::count(topic, '/'));
  if (slashes > service_.most_topic_slashes) {
    warn("slashes", fmt::format("a topic with {} slashes: {} takes at most {}", slashes, service_.name,
                                service_.most_topic_slashes));
  }
  const auto& beginnings = service_.topic_beginnings;
  const bool known = beginnings.empty() || std::ranges::any_of(beginnings, [&](std::string_view beginning) {
                       return topic.starts_with(beginning);
                     });
  if (!known) {
    warn("beginning",
         fmt::format("{} takes only topics of its own, such as devices/ID/messages/events/", service_.name));
  }
}

void CloudAdvisor::check_filter(const Subscription& subscription) {
  const std::string_view filter = subscription.topic_filter;
  if (subscription.qos > service_.most_subscribe_qos) {
    warn("subscribe-qos",
         fmt::format("a subscription with QoS {}: {} has at most {}", static_cast<int>(subscription.qos), service_.name,
                     static_cast<int>(service_.most_subscribe_qos)));
  }
  if (!service_.takes_shared && filter.starts_with("$share/")) {
    warn("shared", fmt::format("{} has no shared subscriptions", service_.name));
  }
  if (!service_.takes_wildcards && filter.find_first_of("+#") != std::string_view::npos) {
    warn("wildcards", fmt::format("{} has no wildcards", service_.name));
  }
  if (filter.size() > service_.most_topic_bytes) {
    warn("filter", fmt::format("a filter of {} bytes: {} takes at most {}", filter.size(), service_.name,
                               service_.most_topic_bytes));
  }
}

void CloudAdvisor::before_subscribe(const Subscribe& subscribe) {
  std::size_t count = 0;
  for (const Subscription& subscription : subscribe.subscriptions) {
    check_filter(subscription);
    ++count;
  }
  subscriptions_ += count;
  if (count > service_.most_filters_at_once) {
    warn("filters", fmt::format("{} filters in one SUBSCRIBE: {} takes at most {}", count, service_.name,
                                service_.most_filters_at_once));
  }
  if (subscriptions_ > service_.most_subscriptions) {
    warn("subscriptions", fmt::format("{} subscriptions: {} takes at most {}", subscriptions_, service_.name,
                                      service_.most_subscriptions));
  }
  if (!service_.takes_subscription_identifiers && subscribe.properties.find(PropertyId::subscription_identifier)) {
    warn("identifiers", fmt::format("{} has no subscription identifiers", service_.name));
  }
}

}  // namespace mqtk::cli
