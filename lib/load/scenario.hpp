// What one load test does: groups of like clients, what they send and receive, when, and for how long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/connect_options.hpp"
#include "load/load_result.hpp"
#include "load/rate_curve.hpp"
#include "load/send_schedule.hpp"
#include "load/text_template.hpp"
#include "load/value_table.hpp"
#include "net/endpoint.hpp"

namespace mqtk {

enum class Pacing : std::uint8_t {
  open_loop,    // at a rate, whatever the broker does
  closed_loop,  // `in_flight` messages per publisher, the next one when one is acknowledged or answered
  unlimited,    // as fast as the broker takes them
};

struct LoadSubscription {
  TextTemplate filter;
  QoS qos = QoS::at_most_once;
};

// What a message holds. Without files and text: a stamp and zeros. Otherwise the stamp travels in a User Property.
struct LoadPayload {
  std::uint32_t size_bytes = 16;                 // at least MessageStamp::size_bytes
  std::vector<std::vector<std::uint8_t>> files;  // contents, sent in turn
  std::optional<TextTemplate> text;

  [[nodiscard]] bool is_given() const { return !files.empty() || text.has_value(); }
};

// Clients that go away by themselves and come back.
struct LoadStorm {
  enum class How : std::uint8_t {
    disconnect,  // with DISCONNECT: no Will Message
    cut,         // the connection is reset
  };
  Duration after = std::chrono::seconds{5};  // from the beginning of the run
  std::optional<Duration> every;             // nothing: once
  double share = 1;                          // of the group's clients
  Duration away{0};
  How how = How::disconnect;
};

// Clients that all do the same.
struct ClientGroup {
  std::string name;
  std::uint32_t count = 1;

  ConnectOptions connect;               // client_identifier, user_name, password and the Will's topic are templates
  std::uint32_t first_identifier = 0;   // what {i} is for the first client in its client identifier
  double connect_rate = 0;              // connections per second; 0: as fast as Scenario::most_pending allows
  std::optional<Duration> joins_after;  // the beginning of the run; nothing: there before it begins

  // Sending, if there is a topic.
  TextTemplate topic;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  LoadPayload payload;
  PropertyWriter publish_properties;
  Pacing pacing = Pacing::open_loop;
  double rate = 1000;  // messages per second of the whole group
  Arrivals arrivals = Arrivals::fixed;
  std::optional<std::uint16_t> in_flight;  // QoS 1 and 2 messages per publisher; the broker may allow fewer
  Duration think_time{0};                  // closed loop: from an acknowledgement to the next message
  std::optional<std::uint64_t> messages;   // sent by the group; without a topic: received, then the run ends

  // Messages are requests: the answer goes to this topic, of which each client hears its own.
  TextTemplate response_topic;
  bool responds = false;  // answers what its subscriptions bring

  // Receiving.
  std::vector<LoadSubscription> subscriptions;
  std::uint32_t filter_numbers = 0;  // {i} in filters starts over after so many; 0: never
  PropertyWriter subscribe_properties;
  double receive_rate = 0;  // a slow consumer reads so many messages per second; 0: all that comes

  std::optional<LoadStorm> storm;

  [[nodiscard]] bool publishes() const { return !topic.empty(); }
  [[nodiscard]] bool requests() const { return !response_topic.empty(); }
  [[nodiscard]] bool subscribes() const { return !subscriptions.empty(); }
  [[nodiscard]] std::uint16_t most_in_flight() const;
  [[nodiscard]] bool shares() const;  // Shared Subscriptions: each message comes to one of the clients
};

struct LoadPhase {
  std::string name;  // "warm_up", "ramp", "hold" …
  Duration length{0};
  double from = 1;  // factors of the groups' rates
  double to = 1;
  bool is_measured = true;  // otherwise what is due is sent and checked, but counts for no rate or latency
};

// The part of a scenario that one thread of one process does: every `count`th client of each group.
struct LoadSlice {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  // Clients of a group with `clients` that belong to this slice: numbers index, index + count …
  [[nodiscard]] std::uint32_t share(std::uint32_t clients) const {
    return clients / count + (index < clients % count ? 1 : 0);
  }
};

struct Scenario {
  std::string name;
  Endpoint endpoint;
  std::uint32_t most_pending = 64;            // handshakes at a time: brokers listen with short backlogs
  std::vector<std::string> source_addresses;  // that connections come from in turn; empty: any
  std::uint32_t threads = 1;
  // What is due within this time is sent together: each wake-up costs as much as several messages.
  Duration granularity = std::chrono::milliseconds{1};

  std::vector<ClientGroup> groups;
  // What is measured must be one piece: measured phases follow each other.
  std::vector<LoadPhase> phases;
  Duration drain = std::chrono::seconds{5};  // longest wait for what is under way at the end

  ValueTable table;  // of the templates
  std::uint64_t seed = 1;
  std::uint32_t first_stream = 0;  // of MessageStamp

  [[nodiscard]] std::uint32_t clients() const;
  [[nodiscard]] std::uint32_t publishers() const;
  [[nodiscard]] std::uint32_t subscribers() const;  // that send nothing
  [[nodiscard]] bool expects_messages() const;      // somebody receives what is not an answer
  // The first group that sends or that receives, or null.
  [[nodiscard]] const ClientGroup* sending() const;
  [[nodiscard]] const ClientGroup* receiving() const;

  // What "latency" means without another word.
  [[nodiscard]] Latency main_latency() const;
  // Whether a run can come to measure it: messages of QoS 0, for one, are never acknowledged.
  [[nodiscard]] bool measures(Latency kind) const;

  // Since the beginning of the run.
  [[nodiscard]] Duration length() const;
  [[nodiscard]] Duration measured_from() const;
  [[nodiscard]] Duration measured_until() const;
  [[nodiscard]] RateCurve rate_curve() const;
};

}  // namespace mqtk
