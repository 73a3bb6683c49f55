// Limits of MQTT services in the cloud, as their documentation had them: what a client meets there, without an account.
#pragma once

#include <span>
#include <string_view>

#include "broker/broker_options.hpp"

namespace mqtk {

struct ServiceProfile {
  std::string_view name;     // "aws"
  std::string_view service;  // "AWS IoT Core"
  std::string_view limits;   // for people
  void (*apply)(BrokerOptions& options);
};

[[nodiscard]] std::span<const ServiceProfile> service_profiles();

// Null if there is none with this name.
[[nodiscard]] const ServiceProfile* find_service_profile(std::string_view name);

}  // namespace mqtk
