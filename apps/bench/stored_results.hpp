// `mqtk bench compare` and `mqtk bench merge`: what is done with results in files.
#pragma once

#include "bench/options.hpp"
#include "cli/exit_status.hpp"

namespace mqtk::bench {

// Prints the differences; assertion_failed where one is shown to be worse by more than the tolerance.
[[nodiscard]] cli::ExitStatus compare_files(const Options& options);

// Adds the results and concludes as a run does. Without a file asked for, the sum is written to standard output as
// JSON.
[[nodiscard]] cli::ExitStatus merge_files(const Options& options);

}  // namespace mqtk::bench
