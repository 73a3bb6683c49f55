// `mqtk broker clients` and the like: asks a broker that runs with --control.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_status.hpp"
#include "cli/option_table.hpp"

namespace mqtk::broker_program {

struct ControlOptions {
  std::string socket;
  std::vector<std::string> words;  // the command and its argument
};

[[nodiscard]] bool is_control_command(std::string_view word);

// Their names.
[[nodiscard]] std::vector<std::string> control_commands();

[[nodiscard]] cli::OptionTable control_option_table(ControlOptions& options);

[[nodiscard]] cli::ExitStatus run_control(const ControlOptions& options);

}  // namespace mqtk::broker_program
