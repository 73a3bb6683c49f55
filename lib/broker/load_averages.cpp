#include "broker/load_averages.hpp"

#include <cmath>

namespace mqtk {

void LoadAverages::update(std::uint64_t total, Duration elapsed) {
  const double elapsed_minutes = std::chrono::duration<double, std::ratio<60>>(elapsed).count();
  const double rate = static_cast<double>(total - last_total_) / elapsed_minutes;
  last_total_ = total;
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    const double weight = std::exp(-elapsed_minutes / static_cast<double>(minutes[i]));
    averages_[i] = rate + weight * (averages_[i] - rate);
  }
}

}  // namespace mqtk
