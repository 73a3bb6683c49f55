// What stands at the end of a run: one struct for the summary and for every file.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "bench/machine.hpp"
#include "load/load_result.hpp"
#include "load/threshold.hpp"

namespace mqtk::bench {

struct CheckedThreshold {
  std::string text;
  Threshold::Verdict verdict;
};

struct Report {
  std::string title;     // "pubsub: 10 publishers, 10 subscribers, QoS 1": what was asked for
  std::string broker;    // "127.0.0.1:1883, started for this run"
  std::string scenario;  // as run, a JSON object
  LoadResult result;
  Machine machine;
  Usage usage;  // of the run
  WallTime started_at;
  WallTime ended_at;
  std::vector<CheckedThreshold> thresholds;
};

// For people, in 80 columns; ends with a line break.
[[nodiscard]] std::string summary(const Report& report);

// One line while it runs.
[[nodiscard]] std::string progress_line(const LoadInterval& interval, Latency main_latency);

// The whole result.
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace mqtk::bench
