#include "bench/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/append_format.hpp"
#include "bench/markup.hpp"

namespace mqtk::bench {
namespace {

constexpr double width = 720;
constexpr double height = 260;
constexpr double left = 76;
constexpr double right = 14;
constexpr double top = 34;
constexpr double bottom = 42;
constexpr int wanted_ticks = 5;
constexpr std::size_t most_points = 700;  // one a pixel

struct Range {
  double least = std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::lowest();
  void take(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  [[nodiscard]] bool empty() const { return least > most; }
};

// 1, 2 or 5 times a power of ten, so that about `wanted_ticks` fit.
double round_step(double span) {
  const double raw = std::max(span, 1e-12) / wanted_ticks;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart), logarithmic_(chart.y_scale == Chart::Scale::logarithmic) {
    for (const ChartLine& line : chart.lines) {
      for (const auto& [px, py] : line.points) {
        if (!shows(py)) continue;
        x_.take(px);
        y_.take(scaled(py));
      }
    }
  }

  std::string draw() {
    if (x_.empty()) return {};
    settle_ranges();
    append_format(svg_, "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", width, height,
                  escaped(chart_.title));
    append_format(svg_, "<text class=\"title\" x=\"{}\" y=\"18\">{}</text>\n", left, escaped(chart_.title));
    draw_y_axis();
    draw_x_axis();
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) draw_line(i);
    draw_legend();
    svg_ += "</svg>\n";
    return std::move(svg_);
  }

 private:
  [[nodiscard]] bool shows(double y) const { return std::isfinite(y) && (!logarithmic_ || y > 0); }
  [[nodiscard]] double scaled(double y) const { return logarithmic_ ? std::log10(y) : y; }
  [[nodiscard]] double x_at(double x) const {
    return left + (x - x_.least) / (x_.most - x_.least) * (width - left - right);
  }
  [[nodiscard]] double y_at(double y) const {
    return height - bottom - (scaled(y) - y_.least) / (y_.most - y_.least) * (height - top - bottom);
  }

  void settle_ranges() {
    for (const auto& [place, text] : chart_.x_ticks) x_.take(place);
    if (x_.most - x_.least < 1e-9) x_.most = x_.least + 1;
    if (logarithmic_) {
      y_.least = std::floor(y_.least);
      y_.most = std::max(std::ceil(y_.most), y_.least + 1);
      return;
    }
    y_.least = std::min(y_.least, 0.0);
    const double step = round_step(std::max(y_.most - y_.least, 1e-9));
    y_.most = std::max(std::ceil(y_.most / step), 1.0) * step;
  }

  void draw_y_axis() {
    const double step = logarithmic_ ? 1 : round_step(y_.most - y_.least);
    for (int i = 0; y_.least + i * step <= y_.most + step / 1000; ++i) {
      const double value = y_.least + i * step;
      const double y = y_at(logarithmic_ ? std::pow(10.0, value) : value);
      append_format(svg_, "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/>", left, y, width - right);
      append_format(svg_, "<text class=\"axis\" text-anchor=\"end\" x=\"{}\" y=\"{:.1f}\">{}</text>\n", left - 6, y + 4,
                    escaped(chart_.y_text(logarithmic_ ? std::pow(10.0, value) : value)));
    }
  }

  void draw_x_axis() {
    std::vector<std::pair<double, std::string>> ticks = chart_.x_ticks;
    if (ticks.empty()) {
      const double step = round_step(x_.most - x_.least);
      for (double value = std::ceil(x_.least / step) * step; value <= x_.most + step / 1000; value += step) {
        ticks.emplace_back(value, fmt::format("{:g}", std::round(value * 1e6) / 1e6));
      }
    }
    for (const auto& [place, text] : ticks) {
      append_format(svg_, "<path class=\"grid\" d=\"M{:.1f} {}v4\"/>", x_at(place), height - bottom);
      append_format(svg_, "<text class=\"axis\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", x_at(place),
                    height - bottom + 17, escaped(text));
    }
    append_format(svg_, "<text class=\"axis\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text>\n",
                  (left + width - right) / 2, height - 8, escaped(chart_.x_label));
  }

  // Of more points than pixels only the highest of each group is drawn: peaks are what matters.
  void draw_line(std::size_t number) {
    const ChartLine& line = chart_.lines[number];
    const std::size_t group = line.points.size() / most_points + 1;
    std::string path;
    std::pair<double, double> last;
    std::size_t drawn = 0;
    for (std::size_t at = 0; at < line.points.size(); at += group) {
      const auto begin = line.points.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min(group, line.points.size() - at));
      const auto [px, py] = *std::max_element(begin, end, [](auto& a, auto& b) { return a.second < b.second; });
      if (!shows(py)) continue;
      last = {x_at(px), y_at(py)};
      append_format(path, "{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', last.first, last.second);
      ++drawn;
    }
    if (drawn == 0) return;
    if (drawn == 1) {
      append_format(svg_, "<circle class=\"dot{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", number + 1, last.first,
                    last.second);
      return;
    }
    append_format(svg_, "<path class=\"line{}\" d=\"{}\"><title>{}</title></path>\n", number + 1, path,
                  escaped(line.name));
  }

  void draw_legend() {
    double x = width - right;
    for (std::size_t i = chart_.lines.size(); i-- > 0;) {
      if (chart_.lines[i].points.empty()) continue;
      const std::string& name = chart_.lines[i].name;
      x -= 7.0 * static_cast<double>(name.size());
      append_format(svg_, "<text class=\"axis\" x=\"{}\" y=\"18\">{}</text>", x, escaped(name));
      append_format(svg_, "<path class=\"line{}\" d=\"M{} 14h16\"/>\n", i + 1, x - 21);
      x -= 34;
    }
  }

  const Chart& chart_;
  bool logarithmic_;
  Range x_;
  Range y_;
  std::string svg_;
};

}  // namespace

std::string to_svg(const Chart& chart) { return Drawing{chart}.draw(); }

}  // namespace mqtk::bench
