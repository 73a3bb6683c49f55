#include "net/timer.hpp"

#include <algorithm>
#include <utility>

#include "net/loop.hpp"

namespace mqtk {

Timer::Timer(Loop& loop, std::function<void()> expired) : queue_(loop.timers()), expired_(std::move(expired)) {}

Timer::~Timer() { cancel(); }

void Timer::arm(TimePoint when) { queue_.arm(*this, when); }

void Timer::cancel() { queue_.cancel(*this); }

void TimerQueue::arm(Timer& timer, TimePoint when) {
  when = std::max(when, not_before_);
  timer.when_ = when;
  timer.armed_ = true;
  if (timer.index_ == Timer::not_queued) {
    heap_.push_back({when, &timer});
    rise(heap_.size() - 1, heap_.back());
  } else if (when < heap_[timer.index_].when) {
    rise(timer.index_, {when, &timer});
  }
}

void TimerQueue::cancel(Timer& timer) {
  timer.armed_ = false;
  if (timer.index_ != Timer::not_queued) remove(timer.index_);
}

void TimerQueue::expire(TimePoint now) {
  not_before_ = now + Duration{1};
  while (!heap_.empty() && heap_.front().when <= now) {
    Timer& timer = *heap_.front().timer;
    if (heap_.front().when < timer.when_) {
      sink(0, {timer.when_, &timer});
      continue;
    }
    cancel(timer);
    // A copy, because the callback may destroy the timer.
    const std::function<void()> expired = timer.expired_;
    expired();
  }
  not_before_ = {};
}

void TimerQueue::place(std::size_t index, Entry entry) {
  heap_[index] = entry;
  entry.timer->index_ = static_cast<std::uint32_t>(index);
}

void TimerQueue::rise(std::size_t index, Entry entry) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent].when <= entry.when) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerQueue::sink(std::size_t index, Entry entry) {
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
    if (entry.when <= heap_[child].when) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

void TimerQueue::remove(std::size_t index) {
  heap_[index].timer->index_ = Timer::not_queued;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && last.when < heap_[(index - 1) / 2].when) {
    rise(index, last);
  } else {
    sink(index, last);
  }
}

}  // namespace mqtk
