// What mqtk-broker does.
#pragma once

#include "broker/options.hpp"
#include "cli/exit_status.hpp"

namespace mqtk::broker_program {

// With a command, the status is the command's, which may be any number from 0 to 255.
[[nodiscard]] cli::ExitStatus run(const Options& options);

}  // namespace mqtk::broker_program
