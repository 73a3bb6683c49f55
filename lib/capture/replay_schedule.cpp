#include "capture/replay_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace mqtk {

void ReplaySchedule::add(Duration gap) {
  gap = std::max(gap, Duration{0});
  if (options_.longest_gap) {
    const double most = std::min(static_cast<double>(options_.longest_gap->count()) * options_.speed, 9e18);
    gap = std::min(gap, Duration{static_cast<std::int64_t>(most)});
  }
  recorded_ = gap > Duration::max() - recorded_ ? Duration::max() : recorded_ + gap;
}

Duration ReplaySchedule::due(std::optional<WallTime> recorded) {
  if (recorded) {
    if (last_) {
      last_gap_ = *recorded > *last_ ? *recorded - *last_ : Duration{0};
      add(last_gap_);
    }
    last_ = recorded;
  }
  if (options_.speed == 1) return recorded_;
  const double due = static_cast<double>(recorded_.count()) / options_.speed;
  return Duration{static_cast<std::int64_t>(std::min(std::round(due), 9e18))};
}

void ReplaySchedule::begin_again(std::optional<Duration> seam) {
  add(seam.value_or(last_gap_));
  last_.reset();
}

}  // namespace mqtk
