#include "load/send_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace mqtk {

std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t value = (state += 0x9E37'79B9'7F4A'7C15);
  value = (value ^ (value >> 30)) * 0xBF58'476D'1CE4'E5B9;
  value = (value ^ (value >> 27)) * 0x94D0'49BB'1331'11EB;
  return value ^ (value >> 31);
}

SendSchedule::SendSchedule(const Options& options, TimePoint start)
    : start_(start),
      curve_(options.curve),
      interval_(1e9L / static_cast<long double>(options.rate)),
      first_(static_cast<long double>(options.offset.count())),
      offset_(first_),
      random_(options.seed),
      next_(start),
      arrivals_(options.arrivals) {
  if (arrivals_ == Arrivals::poisson) offset_ = random_gap();
  next_ = at(offset_);
}

TimePoint SendSchedule::at(long double work) const {
  const long double nanoseconds = curve_ == nullptr ? work : curve_->when_done(work);
  const auto room = static_cast<long double>((TimePoint::max() - start_).count());
  if (nanoseconds >= room) return TimePoint::max();
  return start_ + Duration{static_cast<std::int64_t>(nanoseconds)};
}

long double SendSchedule::random_gap() {
  // 53 bits, and never 0, whose logarithm is infinite.
  const double uniform = (static_cast<double>(next_random(random_) >> 11) + 1) * 0x1p-53;
  return -interval_ * static_cast<long double>(std::log(uniform));
}

TimePoint SendSchedule::take() {
  const TimePoint taken = next_;
  ++taken_;
  if (arrivals_ == Arrivals::fixed) {
    // From the start, not from the one before: rounding does not add up.
    offset_ = first_ + interval_ * static_cast<long double>(taken_);
  } else {
    offset_ += random_gap();
  }
  next_ = at(offset_);
  return taken;
}

std::uint64_t SendSchedule::due(TimePoint now, std::uint64_t limit) const {
  SendSchedule ahead = *this;
  std::uint64_t count = 0;
  while (count < limit && ahead.next_ <= now) {
    ahead.take();
    ++count;
  }
  return count;
}

Duration SendSchedule::lateness(TimePoint now) const { return std::max<Duration>(now - next_, Duration{0}); }

}  // namespace mqtk
