// The options of mqtk-check.
#pragma once

#include <string>

#include "cli/connection_options.hpp"

namespace mqtk::check {

struct Options {
  cli::ConnectionOptions connection;
  std::string topic;          // what the messages are sent below; empty: one of our own
  bool connect_only = false;  // no messages
  bool json = false;
};

[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::check
