#pragma once

#include "cli/exit_status.hpp"
#include "replay/options.hpp"

namespace mqtk::replay {

[[nodiscard]] cli::ExitStatus run(const Options& options);

}  // namespace mqtk::replay
