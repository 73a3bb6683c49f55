#include "net/timer.hpp"

#include <utility>

#include "net/loop.hpp"

namespace mqtk {

Timer::Timer(Loop& loop, std::function<void()> expired) : Timer(loop.timers(), std::move(expired)) {}

Timer::Timer(Deadlines& deadlines, std::function<void()> expired)
    : deadlines_(deadlines), expired_(std::move(expired)) {}

Timer::~Timer() { cancel(); }

void Timer::arm(TimePoint when) { deadlines_.set(*this, when); }

void Timer::cancel() { deadlines_.clear(*this); }

void Timer::on_deadline(TimePoint now) {
  (void)now;
  // A copy, because the callback may destroy the timer.
  const std::function<void()> expired = expired_;
  expired();
}

}  // namespace mqtk
