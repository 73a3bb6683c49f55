#pragma once

#include "bench/options.hpp"

namespace mqtk::bench {

// Serves until SIGINT or SIGTERM and prints what came.
[[nodiscard]] cli::ExitStatus run_sink(const Options& options);

}  // namespace mqtk::bench
