// Whether one result differs from another, and by how much.
//
// The figures come from the repeats of both runs where both were repeated, else from the seconds of their series.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "load/load_report.hpp"
#include "load/statistics.hpp"

namespace mqtk {

struct ComparedFigure {
  enum class Unit : std::uint8_t { per_second, duration, count, processors };
  enum class Finding : std::uint8_t {
    too_few,  // values to say anything
    none_shown,
    better,
    worse,
  };
  std::string name;
  Unit unit = Unit::count;
  double before = 0;  // nanoseconds for durations
  double after = 0;
  // Of the difference, with 95 % confidence; nothing for counts and where there is too little to tell.
  std::optional<ConfidenceInterval> difference = {};
  Finding finding = Finding::too_few;

  // Of `before`; infinite where that is 0 and `after` is not.
  [[nodiscard]] double change() const;
};

struct Comparison {
  std::string basis;  // "seconds 30 and 28", "repeats 5 and 5"
  std::vector<ComparedFigure> figures;
};

[[nodiscard]] Comparison compare(const LoadReport& before, const LoadReport& after);

}  // namespace mqtk
