#pragma once

#include "cli/option_table.hpp"

namespace mqtk::mosquitto {

// For --help, the manual and the completions. The clients' own options are in option_words.cpp.
[[nodiscard]] cli::OptionTable option_table();

}  // namespace mqtk::mosquitto
