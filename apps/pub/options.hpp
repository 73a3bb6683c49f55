// What `mqtk pub` is asked to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "cli/connection_options.hpp"
#include "cli/option_table.hpp"

namespace mqtk::pub {

struct Options {
  enum class Source : std::uint8_t { none, text, empty, file, whole_input, lines };

  cli::ConnectionOptions connection;
  std::string topic;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  Source source = Source::none;
  std::string text;  // the message itself, or the name of the file
  char delimiter = '\n';
  std::uint32_t repeat = 1;
  Duration repeat_delay{0};
  std::optional<Duration> timeout;  // of the whole run
};

// `options` must outlive the table.
[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::pub
