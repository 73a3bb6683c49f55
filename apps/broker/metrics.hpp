// The broker's counters for Prometheus.
#pragma once

#include <string>
#include <vector>

#include "broker/bridges.hpp"
#include "broker/broker.hpp"

namespace mqtk::broker_program {

// The text format of Prometheus, version 0.0.4.
[[nodiscard]] std::string metrics_text(const BrokerCounters& counters, const BrokerSizes& sizes,
                                       const std::vector<BridgeFacts>& bridges);

}  // namespace mqtk::broker_program
