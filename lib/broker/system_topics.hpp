// $SYS/broker/…: what the broker tells about itself, as retained messages.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "broker/broker_state.hpp"
#include "broker/fan_out.hpp"

namespace mqtk {

class SystemTopics {
 public:
  SystemTopics(BrokerState& state, FanOut& fan_out, TimePoint started_at)
      : state_(state), fan_out_(fan_out), started_at_(started_at), next_(started_at) {}

  // Publishes what has changed if it is time to. Returns when to call again; nothing if never.
  std::optional<TimePoint> publish(TimePoint now);

 private:
  void publish_value(std::string_view name, const std::string& value, TimePoint now);

  BrokerState& state_;
  FanOut& fan_out_;
  TimePoint started_at_;
  TimePoint next_;
  std::map<std::string, std::string, std::less<>> published_;
};

}  // namespace mqtk
