// What `mqtk request` is asked to do.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "cli/connection_options.hpp"
#include "cli/message_format.hpp"
#include "cli/message_input.hpp"
#include "cli/option_table.hpp"

namespace mqtk::request {

struct Options {
  static constexpr std::uint64_t all_in_time = std::numeric_limits<std::uint64_t>::max();

  cli::ConnectionOptions connection;
  std::string topic;
  QoS qos = QoS::at_most_once;
  cli::MessageInput input;
  std::optional<std::string> response_topic;
  std::optional<std::string> match_json;  // JSON Pointer
  std::uint64_t answers = 1;              // to each request; all_in_time: those that come before the timeout
  Duration timeout = std::chrono::seconds{10};
  std::uint32_t parallel = 1;
  bool latency = false;
  cli::MessageFormat format;
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::request
