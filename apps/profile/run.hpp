// mqtk-profile: what it does.
#pragma once

#include "cli/exit_status.hpp"
#include "profile/options.hpp"

namespace mqtk::profile {

[[nodiscard]] cli::ExitStatus run(const Options& options);

}  // namespace mqtk::profile
