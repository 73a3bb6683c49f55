// Runs of one scenario, once or several times, as one result.
#pragma once

#include "bench/options.hpp"
#include "bench/report.hpp"

namespace mqtk::bench {

// One run.
[[nodiscard]] Report measured_report(Options& options);

// As often as --repeat says, or until a run is ended early.
[[nodiscard]] Report repeated_report(Options& options);

// Adds a further run of the same scenario: the result is that of all, RepeatFigures are kept of each.
void add_repeat(Report& all, Report run);

}  // namespace mqtk::bench
