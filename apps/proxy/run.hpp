#pragma once

#include "cli/exit_status.hpp"
#include "proxy/options.hpp"

namespace mqtk::proxy {

[[nodiscard]] cli::ExitStatus run(const Options& options);

}  // namespace mqtk::proxy
