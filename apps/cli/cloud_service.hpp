// What cloud services take, as far as their documentation tells, and warnings before something else is sent.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/connect_options.hpp"
#include "client/request_advisor.hpp"
#include "net/endpoint.hpp"

namespace mqtk::cli {

struct CloudService {
  std::string_view preset;     // "azure-hub"
  std::string_view name;       // "Azure IoT Hub"
  std::string_view host = {};  // empty: each customer has one
  bool websocket = false;      // and nothing else
  std::uint16_t websocket_port = 443;
  std::string_view websocket_path = "/mqtt";
  bool speaks_v5 = true;
  std::uint16_t keep_alive_seconds = 60;
  std::uint16_t least_keep_alive_seconds = 0;
  std::uint16_t most_keep_alive_seconds = 65'535;
  std::size_t most_identifier_bytes = 65'535;
  bool takes_will = true;
  bool takes_connect_user_properties = true;

  QoS most_publish_qos = QoS::exactly_once;
  std::string_view higher_qos_is = "refuses it";
  QoS most_subscribe_qos = QoS::exactly_once;
  std::size_t most_payload_bytes = std::numeric_limits<std::size_t>::max();
  std::size_t most_topic_bytes = 65'535;
  std::size_t most_topic_slashes = 65'535;
  std::size_t most_filters_at_once = 65'535;
  std::size_t most_subscriptions = 65'535;
  bool takes_retain = true;
  bool takes_wildcards = true;
  bool takes_shared = true;
  bool takes_subscription_identifiers = true;
  std::vector<std::string_view> topic_beginnings = {};  // of what is published; empty: any
};

[[nodiscard]] const std::vector<CloudService>& cloud_services();
[[nodiscard]] const CloudService* find_cloud_service(std::string_view preset);

// What the service is known to refuse of the connection, one line each.
[[nodiscard]] std::vector<std::string> connect_warnings(const CloudService& service, const ConnectOptions& connect,
                                                        const Endpoint& endpoint);

// Warns of each kind of thing once.
class CloudAdvisor final : public RequestAdvisor {
 public:
  using Warn = std::function<void(const std::string&)>;

  CloudAdvisor(const CloudService& service, Warn warn) : service_(service), warn_(std::move(warn)) {}

  void before_publish(const Publish& publish) override;
  void before_subscribe(const Subscribe& subscribe) override;

 private:
  void warn(std::string_view kind, const std::string& text);
  void check_filter(const Subscription& subscription);

  const CloudService& service_;
  Warn warn_;
  std::set<std::string, std::less<>> warned_;
  std::size_t subscriptions_ = 0;
};

}  // namespace mqtk::cli
