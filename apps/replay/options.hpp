// What `mqtk replay` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "capture/topic_map.hpp"
#include "cli/connection_options.hpp"
#include "cli/option_table.hpp"
#include "cli/recording_input.hpp"

namespace mqtk::replay {

enum class Retain : std::uint8_t { as_recorded, set, clear };
enum class Expiry : std::uint8_t { keep, scale, drop };
enum class Connections : std::uint8_t { one, per_client };

struct Options {
  cli::ConnectionOptions connection;
  std::vector<std::string> files;
  cli::InputOptions input;

  // Timing
  std::optional<double> speed = 1;  // nothing: as fast as the broker takes the messages
  std::optional<Duration> longest_gap;
  cli::TimeLimit from;
  cli::TimeLimit to;
  std::optional<WallTime> start_at;
  std::uint32_t passes = 1;  // 0: for ever
  std::optional<Duration> seam;

  // Selection and change
  cli::TopicSelection topics;
  bool drop_retained = false;
  TopicMap topic_map;
  std::optional<QoS> qos;
  Retain retain = Retain::as_recorded;
  Expiry expiry = Expiry::keep;
  std::vector<std::pair<std::string, std::string>> json_changes;  // pointer and value

  Connections connections = Connections::one;
  std::string client_property;  // a User Property that names the publisher; empty: none does
  std::string client_prefix;

  bool dry_run = false;
  bool verify = false;
  std::string verify_filter = "#";
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::replay
