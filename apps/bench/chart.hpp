// A line chart as SVG that takes its colours from the page: classes line1 to line4, axis, grid.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mqtk::bench {

struct ChartLine {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x rising
};

struct Chart {
  std::string title;
  std::string x_label;
  std::string (*y_text)(double value) = nullptr;  // at the ticks
  // Places and texts of the ticks; empty: round numbers.
  std::vector<std::pair<double, std::string>> x_ticks = {};
  enum class Scale : unsigned char { linear, logarithmic };
  Scale y_scale = Scale::linear;  // logarithmic shows values above 0 only
  std::vector<ChartLine> lines;   // at most 4
};

// Empty where no line has a point.
[[nodiscard]] std::string to_svg(const Chart& chart);

}  // namespace mqtk::bench
