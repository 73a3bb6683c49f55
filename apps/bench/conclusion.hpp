// The end of a run: verdicts, the summary, files, exit status.
#pragma once

#include <string>

#include "bench/options.hpp"
#include "bench/report.hpp"
#include "cli/exit_status.hpp"

namespace mqtk::bench {

// What stands around the summary.
struct Surroundings {
  std::string before;
  std::string after;
};

// Prints the summary first, so that it is there when a file cannot be written.
[[nodiscard]] cli::ExitStatus conclude(Report& report, const Options& options, const Surroundings& around = {});

}  // namespace mqtk::bench
