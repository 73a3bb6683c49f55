#pragma once

#include "cli/exit_status.hpp"
#include "pub/options.hpp"

namespace mqtk::pub {

[[nodiscard]] cli::ExitStatus run(const Options& options);

}  // namespace mqtk::pub
