#pragma once

#include "cli/exit_status.hpp"
#include "record/options.hpp"

namespace mqtk::record {

[[nodiscard]] cli::ExitStatus run(const Options& options);

}  // namespace mqtk::record
