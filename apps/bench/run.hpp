#pragma once

#include "bench/options.hpp"
#include "cli/exit_status.hpp"

namespace mqtk::bench {

[[nodiscard]] cli::ExitStatus run(Options& options);

}  // namespace mqtk::bench
