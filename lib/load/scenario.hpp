// What one load test does: how many clients, what they send and receive, when, and for how long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/connect_options.hpp"
#include "load/send_schedule.hpp"
#include "net/endpoint.hpp"

namespace mqtk {

enum class Pacing : std::uint8_t {
  open_loop,    // at `rate`, whatever the broker does
  closed_loop,  // `in_flight` messages per publisher, the next one when one is acknowledged
  unlimited,    // as fast as the broker takes them
};

struct Scenario {
  Endpoint endpoint;
  ConnectOptions connect;           // client_identifier is a template
  std::uint32_t most_pending = 64;  // handshakes at a time: brokers listen with short backlogs

  std::uint32_t publishers = 0;
  std::uint32_t subscribers = 0;
  std::uint32_t idle_clients = 0;

  // Templates: {i} is the number of the publisher or, in the filter, of the subscriber modulo `filter_numbers`.
  std::string topic;
  std::string filter;
  std::uint32_t filter_numbers = 1;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  std::uint32_t payload_bytes = 16;  // at least MessageStamp::size_bytes
  PropertyWriter publish_properties;
  PropertyWriter subscribe_properties;

  Pacing pacing = Pacing::open_loop;
  double rate = 1000;  // messages per second of all publishers together
  Arrivals arrivals = Arrivals::fixed;
  std::uint64_t seed = 1;
  std::uint16_t in_flight = 1000;  // QoS 1 and 2 messages per publisher; the broker may allow fewer

  Duration warm_up{0};                           // what is due in this time is sent and checked, but not measured
  Duration duration = std::chrono::seconds{10};  // after the warm-up
  std::optional<std::uint64_t> messages;     // ends the run earlier: sent by all publishers, or received without any
  Duration drain = std::chrono::seconds{5};  // longest wait for what is under way at the end

  std::uint8_t run_mark = 0;  // of MessageStamp

  [[nodiscard]] std::uint32_t clients() const { return publishers + subscribers + idle_clients; }
};

// `text` with every {i} replaced.
[[nodiscard]] std::string with_number(std::string_view text, std::uint32_t number);

}  // namespace mqtk
