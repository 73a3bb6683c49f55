// One run of a scenario, from the first connection to the last.
#pragma once

#include "base/time.hpp"
#include "bench/machine.hpp"
#include "bench/options.hpp"
#include "load/load_result.hpp"

namespace mqtk::bench {

struct Measurement {
  LoadResult result;
  ProcessUse generator;
  WallTime started_at;
  WallTime ended_at;
};

// Returns when the run has ended; an interrupt ends it early, a second one ends this process. The broker must be known.
[[nodiscard]] Measurement measure(const Options& options);

}  // namespace mqtk::bench
