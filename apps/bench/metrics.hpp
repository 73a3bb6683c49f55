// The latest figures of a running load for Prometheus.
#pragma once

#include <string>

#include "load/load_result.hpp"

namespace mqtk::bench {

class Metrics {
 public:
  void add(const LoadInterval& interval);

  // The text format of Prometheus, version 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  LoadInterval total_;
  LoadInterval latest_;
};

}  // namespace mqtk::bench
