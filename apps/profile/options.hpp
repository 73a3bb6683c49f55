// The options of mqtk-profile.
#pragma once

#include <string>
#include <vector>

#include "cli/option_table.hpp"

namespace mqtk::profile {

struct Options {
  std::vector<std::string> words;  // the command and what it is about
  bool make_default = false;
  bool show_secrets = false;
};

[[nodiscard]] cli::OptionTable option_table(Options& options);

}  // namespace mqtk::profile
