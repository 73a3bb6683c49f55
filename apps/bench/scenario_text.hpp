// The scenario in the report: in a line, and as JSON.
#pragma once

#include <string>

#include "bench/options.hpp"

namespace mqtk::bench {

// "pubsub: 10 publishers, 10 subscribers, QoS 1, 16 B, 1000/s"
[[nodiscard]] std::string scenario_title(const Options& options);

[[nodiscard]] std::string broker_text(const Options& options);

// One object.
[[nodiscard]] std::string scenario_json(const Options& options);

// What of it is the same for all parts of a shared load, wherever they run; likewise.
[[nodiscard]] std::string shared_json(const Scenario& scenario);

}  // namespace mqtk::bench
