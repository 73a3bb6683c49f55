// When the messages of an open loop are due, whatever the broker does: times on an absolute schedule, so that
// a late start of one moves no other and the mean rate holds.
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "load/rate_curve.hpp"

namespace mqtk {

enum class Arrivals : std::uint8_t {
  fixed,    // evenly spaced
  poisson,  // independent of each other: gaps are exponentially distributed
};

class SendSchedule {
 public:
  struct Options {
    double rate = 1;  // messages per second, above 0
    Arrivals arrivals = Arrivals::fixed;
    std::uint64_t seed = 1;  // for Poisson arrivals: the same seed gives the same times
    Duration offset{0};      // of the first of fixed arrivals from the start, so that several schedules interleave
    const RateCurve* curve = nullptr;  // how the rate changes; null: never. Outlives the schedule
  };

  // Fixed arrivals begin with one at `start`, if the curve does not begin with 0.
  SendSchedule(const Options& options, TimePoint start);

  // When the first message that is not taken yet is due; the end of time if that is never.
  [[nodiscard]] TimePoint next() const { return next_; }
  // Takes it. Returns next() as it was.
  TimePoint take();

  // Messages due at `now` and not taken, counted up to `limit`.
  [[nodiscard]] std::uint64_t due(TimePoint now, std::uint64_t limit) const;
  // By how much the first message that is not taken is late; 0 if none is due.
  [[nodiscard]] Duration lateness(TimePoint now) const;
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  [[nodiscard]] TimePoint at(long double work) const;
  [[nodiscard]] long double random_gap();

  TimePoint start_;
  const RateCurve* curve_;
  long double interval_;  // nanoseconds at the full rate
  long double first_;     // of fixed arrivals, likewise
  long double offset_;    // of next_, likewise
  std::uint64_t random_;
  std::uint64_t taken_ = 0;
  TimePoint next_;
  Arrivals arrivals_;
};

// Splitmix64: one 64-bit state, every value once. Not for secrets.
[[nodiscard]] std::uint64_t next_random(std::uint64_t& state);

}  // namespace mqtk
