// $SYS/broker/…: what the broker tells about itself, as retained messages. Names and formats are mosquitto's where it
// has the topic.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "broker/broker_state.hpp"
#include "broker/fan_out.hpp"
#include "broker/load_averages.hpp"

namespace mqtk {

class SystemTopics {
 public:
  SystemTopics(BrokerState& state, FanOut& fan_out, TimePoint started_at)
      : state_(state), fan_out_(fan_out), started_at_(started_at), last_(started_at), next_(started_at) {}

  // Publishes what has changed if it is time to. Returns when to call again; nothing if never.
  std::optional<TimePoint> publish(TimePoint now);
  // All of them, since the retained messages are gone; returns the same.
  std::optional<TimePoint> publish_again(TimePoint now);

 private:
  void publish_clients(TimePoint now);
  void publish_messages(TimePoint now);
  void publish_stored(TimePoint now);
  void publish_drops(TimePoint now);
  void publish_loads(TimePoint now);
  void publish_number(std::string_view name, std::uint64_t value, TimePoint now);
  void publish_value(std::string_view name, std::string value, TimePoint now);

  static constexpr std::size_t load_count = 9;
  BrokerState& state_;
  FanOut& fan_out_;
  TimePoint started_at_;
  TimePoint last_;
  TimePoint next_;
  std::array<LoadAverages, load_count> loads_;
  std::size_t heap_maximum_ = 0;
  std::map<std::string, std::string, std::less<>> published_;
};

}  // namespace mqtk
