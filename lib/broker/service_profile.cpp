#include "broker/service_profile.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "broker/access_rules.hpp"

namespace mqtk {
namespace {

constexpr std::uint32_t kibibyte = 1024;
constexpr std::uint32_t mebibyte = 1024 * kibibyte;

void aws(BrokerOptions& options) {
  options.limits.maximum_qos = QoS::at_least_once;
  options.limits.receive_maximum = 100;
  options.limits.subscription_identifier_available = false;
  options.max_in_flight = 100;
  options.max_publishes_per_second = 100;
  options.max_topic_levels = 8;
  options.max_subscriptions_per_client = 50;
  options.service.max_payload_bytes = 128 * kibibyte;
  options.service.max_topic_bytes = 256;
  options.service.max_client_identifier_bytes = 128;
  options.service.max_filters_per_subscribe = 8;
  options.service.multi_level_covers_parent = false;
  options.service.max_keep_alive_seconds = 1200;
}

void azure_hub(BrokerOptions& options) {
  options.limits.maximum_qos = QoS::at_least_once;
  options.max_subscriptions_per_client = 5;
  options.service.only_version = Version::v3_1_1;
  options.service.max_payload_bytes = 256 * kibibyte;
  options.service.max_keep_alive_seconds = 1177;
  options.service.retains_messages = false;
  options.service.topics =
      std::make_shared<const AccessRules>(AccessRules::parse("pattern write devices/%c/messages/events/#\n"
                                                             "pattern read devices/%c/messages/devicebound/#\n"
                                                             "pattern readwrite $iothub/#\n")
                                              .value());
}

void eventgrid(BrokerOptions& options) {
  options.limits.maximum_qos = QoS::at_least_once;
  options.limits.maximum_packet_size = 512 * kibibyte;
  options.limits.topic_alias_maximum = 10;
  options.limits.shared_subscription_available = false;
  options.limits.subscription_identifier_available = false;
  options.service.max_keep_alive_seconds = 1160;
  options.service.max_retained_payload_bytes = 64 * kibibyte;
  options.service.takes_user_properties_everywhere = false;
}

void emqx_serverless(BrokerOptions& options) {
  options.limits.maximum_packet_size = mebibyte;
  options.max_subscriptions_per_client = 10;
  options.service.max_client_identifier_bytes = 256;
  options.service.max_client_identifier_bytes_before_v5 = 23;
  options.service.max_session_expiry_before_v5_seconds = 7200;
}

constexpr std::array profiles{
    ServiceProfile{
        "aws", "AWS IoT Core",
        "QoS 0 and 1; payloads of 128 KiB; topics of 256 bytes and 7 slashes; Client Identifiers of 128 bytes; "
        "8 filters in a SUBSCRIBE and 50 in all; 100 publishes a second, which are read more slowly then, and 100 "
        "unacknowledged; Keep Alive of 1200 s; no Subscription Identifiers; the filter a/# does not match a",
        &aws},
    ServiceProfile{"azure-hub", "Azure IoT Hub",
                   "MQTT 3.1.1 only; QoS 0 and 1; payloads of 256 KiB; the topics devices/ID/messages/events/…, "
                   "devices/ID/messages/devicebound/… and $iothub/… only; 5 subscriptions; nothing is retained; Keep "
                   "Alive of 1177 s",
                   &azure_hub},
    ServiceProfile{
        "emqx-serverless", "EMQX Cloud Serverless",
        "packets of 1 MiB; 10 subscriptions; Client Identifiers of 256 bytes, before 5.0 of 23; Sessions of 2 "
        "hours before 5.0",
        &emqx_serverless},
    ServiceProfile{
        "eventgrid", "Azure Event Grid",
        "QoS 0 and 1; packets of 512 KiB; retained payloads of 64 KiB; 10 Topic Aliases; no Shared Subscriptions, no "
        "Subscription Identifiers, no User Properties in CONNECT and SUBSCRIBE; Keep Alive of 1160 s",
        &eventgrid},
};

}  // namespace

std::span<const ServiceProfile> service_profiles() { return profiles; }

const ServiceProfile* find_service_profile(std::string_view name) {
  const auto found = std::ranges::find(profiles, name, &ServiceProfile::name);
  return found == profiles.end() ? nullptr : &*found;
}

}  // namespace mqtk
