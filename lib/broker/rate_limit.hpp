// So many in a second, with bursts of what one second allows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace mqtk {

class RateLimit {
 public:
  // 0: no limit
  explicit RateLimit(std::uint32_t per_second)
      : step_(per_second == 0 ? Duration{0} : Duration{std::chrono::seconds{1}} / per_second) {}

  [[nodiscard]] bool exists() const { return step_ != Duration{0}; }

  // Counts one, and tells how long to wait before the next.
  [[nodiscard]] Duration take(TimePoint now) {
    used_until_ = std::max(used_until_, now) + step_;
    return std::max(used_until_ - now - burst, Duration{0});
  }

  // Counts one if it may be now.
  [[nodiscard]] bool try_take(TimePoint now) {
    if (std::max(used_until_, now) + step_ - now > burst) return false;
    static_cast<void>(take(now));
    return true;
  }

 private:
  static constexpr Duration burst = std::chrono::seconds{1};

  Duration step_;
  TimePoint used_until_{};  // when what was counted would have come one by one
};

}  // namespace mqtk
