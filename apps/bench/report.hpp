// What stands at the end of a run: one struct for the summary and for the JSON.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "bench/machine.hpp"
#include "bench/options.hpp"
#include "load/load_result.hpp"

namespace mqtk::bench {

struct CheckedThreshold {
  std::string text;
  Threshold::Verdict verdict;
};

struct Report {
  const Options* options = nullptr;
  const LoadResult* result = nullptr;
  Machine machine;
  Usage usage;  // of the run
  WallTime started_at;
  WallTime ended_at;
  std::vector<CheckedThreshold> thresholds;
};

// For people, in 80 columns; ends with a line break.
[[nodiscard]] std::string summary(const Report& report);

// One line while it runs.
[[nodiscard]] std::string progress_line(const LoadInterval& interval, const Options& options);

// The whole result.
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace mqtk::bench
