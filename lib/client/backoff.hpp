// When to try again after a Network Connection failed or was lost.
//
// One policy for the first attempt and for every later one, unless it is the default: then a program that never
// reached the broker ends at once, and one that had reached it keeps trying.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "base/time.hpp"

namespace mqtk {

struct ReconnectPolicy {
  static constexpr std::uint32_t forever = std::numeric_limits<std::uint32_t>::max();
  enum class FirstConnect : std::uint8_t { ends_at_failure, is_tried_again };

  std::uint32_t attempts = 0;  // in a row after a failure or loss; 0 is "do not try again"
  FirstConnect first_connect = FirstConnect::is_tried_again;
  Duration shortest_delay = std::chrono::seconds{1};
  Duration longest_delay = std::chrono::seconds{30};
  std::optional<Duration> give_up_after;  // counts from the first failure or loss in a row
};

// Delays double from the shortest to the longest, each shortened by up to a half at random, so that clients that
// lost the same broker do not come back at the same moment.
class Backoff {
 public:
  Backoff(const ReconnectPolicy& policy, std::uint32_t seed) : policy_(policy), random_(seed) {}

  // The broker accepted the connection: attempts count from 0 again. The delay starts over only if the connection
  // then outlives it; a broker that accepts and drops at once is not asked ever faster.
  void connected(TimePoint now);

  // An attempt failed or the connection was lost. When to try next, or nothing: give up.
  [[nodiscard]] std::optional<TimePoint> failed(TimePoint now);

  [[nodiscard]] bool was_connected() const { return was_connected_; }

 private:
  std::uint32_t next_random();

  ReconnectPolicy policy_;
  std::uint32_t random_;
  std::uint32_t failures_in_row_ = 0;
  Duration delay_{0};  // the last one handed out before shortening, 0 at the start
  std::optional<TimePoint> connected_at_;
  std::optional<TimePoint> row_began_at_;
  bool was_connected_ = false;
};

}  // namespace mqtk
