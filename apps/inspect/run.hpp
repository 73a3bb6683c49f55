#pragma once

#include "cli/exit_status.hpp"
#include "inspect/options.hpp"

namespace mqtk::inspect {

[[nodiscard]] cli::ExitStatus run(const Options& options);

}  // namespace mqtk::inspect
