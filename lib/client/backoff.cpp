#include "client/backoff.hpp"

#include <algorithm>

namespace mqtk {

void Backoff::connected(TimePoint now) {
  was_connected_ = true;
  connected_at_ = now;
  failures_in_row_ = 0;
}

std::optional<TimePoint> Backoff::failed(TimePoint now) {
  if (!was_connected_ && policy_.first_connect == ReconnectPolicy::FirstConnect::ends_at_failure) return {};
  if (connected_at_) {
    if (now - *connected_at_ >= delay_) {
      delay_ = Duration{0};
      row_began_at_.reset();
    }
    connected_at_.reset();
  }
  if (!row_began_at_) row_began_at_ = now;
  if (policy_.attempts != ReconnectPolicy::forever && failures_in_row_ >= policy_.attempts) return {};
  ++failures_in_row_;

  const Duration doubled = delay_ > policy_.longest_delay / 2 ? policy_.longest_delay : delay_ * 2;
  delay_ = std::clamp(doubled, std::min(policy_.shortest_delay, policy_.longest_delay), policy_.longest_delay);
  const Duration half = delay_ / 2;
  const Duration shortened = delay_ - half + half / 65'536 * (next_random() >> 16U);
  if (!policy_.give_up_after) return now + shortened;
  const TimePoint end = *row_began_at_ + *policy_.give_up_after;
  if (now >= end) return {};
  return std::min(now + shortened, end);  // the last attempt is made when the time runs out, not before
}

std::uint32_t Backoff::next_random() {
  // A linear congruential step (Numerical Recipes): spreads clients well enough, and needs no state beside itself.
  random_ = random_ * 1'664'525U + 1'013'904'223U;
  return random_;
}

}  // namespace mqtk
