// How much happens in a minute, averaged over the last one, five and fifteen, as mosquitto reckons it.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.hpp"

namespace mqtk {

class LoadAverages {
 public:
  static constexpr std::array<std::uint64_t, 3> minutes{1, 5, 15};

  // `total` is the count at the end of `elapsed`, which is above 0; counts begin at 0.
  void update(std::uint64_t total, Duration elapsed);

  // Per minute, for minutes[index].
  [[nodiscard]] double per_minute(std::size_t index) const { return averages_[index]; }

 private:
  std::uint64_t last_total_ = 0;
  std::array<double, minutes.size()> averages_{};
};

}  // namespace mqtk
