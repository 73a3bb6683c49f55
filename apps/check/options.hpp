// The options of mqtk-check.
#pragma once

#include "cli/connection_options.hpp"

namespace mqtk::check {

struct Options {
  cli::ConnectionOptions connection;
  bool json = false;
};

[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::check
