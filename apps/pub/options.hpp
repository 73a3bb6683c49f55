// What `mqtk pub` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "cli/connection_options.hpp"
#include "cli/message_input.hpp"
#include "cli/option_table.hpp"
#include "cli/text_pattern.hpp"

namespace mqtk::pub {

struct Options {
  cli::ConnectionOptions connection;
  std::string topic;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  bool clear_retained = false;
  cli::MessageInput input;

  bool is_template = false;
  std::optional<cli::TextPattern> topic_pattern;    // with is_template
  std::optional<cli::TextPattern> payload_pattern;  // likewise, of -m

  Duration pause{0};     // after a message
  Duration interval{0};  // from one message to the next
  bool confirm = false;
  bool auto_topic_alias = false;
  std::optional<std::string> raw;  // a file of bytes to send as they are, "-" for standard input
  bool stats = false;
  std::optional<Duration> timeout;  // of the whole run
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::pub
