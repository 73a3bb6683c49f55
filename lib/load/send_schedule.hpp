// When the messages of an open loop are due, whatever the broker does: times on an absolute schedule, so that
// a late start of one moves no other and the mean rate holds.
#pragma once

#include <cstdint>

#include "base/time.hpp"

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
  };

  // Fixed arrivals begin with one at `start`.
  SendSchedule(const Options& options, TimePoint start);

  // When the first message that is not taken yet is due; the end of time if that is not representable.
  [[nodiscard]] TimePoint next() const { return next_; }
  // Takes it. Returns next() as it was.
  TimePoint take();

  // Messages due at `now` and not taken, counted up to `limit`.
  [[nodiscard]] std::uint64_t due(TimePoint now, std::uint64_t limit) const;
  // By how much the first message that is not taken is late; 0 if none is due.
  [[nodiscard]] Duration lateness(TimePoint now) const;
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  [[nodiscard]] TimePoint at(long double nanoseconds) const;
  [[nodiscard]] long double random_gap();

  TimePoint start_;
  long double interval_;    // nanoseconds
  long double offset_ = 0;  // of next_ from start_, nanoseconds
  std::uint64_t random_;
  std::uint64_t taken_ = 0;
  TimePoint next_;
  Arrivals arrivals_;
};

// Splitmix64: one 64-bit state, every value once. Not for secrets.
[[nodiscard]] std::uint64_t next_random(std::uint64_t& state);

}  // namespace mqtk
