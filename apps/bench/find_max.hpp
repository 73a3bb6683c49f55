// `mqtk bench find-max`: the highest rate at which the conditions hold.
#pragma once

#include "bench/options.hpp"
#include "cli/exit_status.hpp"

namespace mqtk::bench {

// Prints each trial on standard error as it ends, then the summary of the runs at the highest rate, and the trials as a
// table and a plot. Writes the files that were asked for from those runs.
[[nodiscard]] cli::ExitStatus find_max(Options& options);

}  // namespace mqtk::bench
