// One run of a scenario, from the first connection to the last.
#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"
#include "bench/machine.hpp"
#include "bench/options.hpp"
#include "load/load_report.hpp"

namespace mqtk::bench {

struct Measurement {
  LoadResult result;
  ProcessUse generator;
  WallTime started_at;
  WallTime ended_at;
  std::vector<LoadReport::BrokerFigure> broker_figures;
  std::optional<LoadReport::Clock> clock;
};

// Returns when the run has ended; an interrupt ends it early, a second one ends this process. The broker must be known.
// `title` stands above what is shown meanwhile.
[[nodiscard]] Measurement measure(const Options& options, const std::string& title);

// Whether the port of --metrics-port, if any, can be listened at; says why not.
[[nodiscard]] bool can_serve_metrics(const Options& options);

}  // namespace mqtk::bench
