// A one-shot timer of a Loop.
//
// Arming an armed timer for a later time is one store, so a deadline may be moved with every packet.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.hpp"

namespace mqtk {

class Loop;
class TimerQueue;

// Stays where it is; does not outlive its Loop. Destroying it cancels it, also inside its own callback.
class Timer {
 public:
  // `expired` is copied for each call: capture little, best only `this`.
  Timer(Loop& loop, std::function<void()> expired);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  // Calls back once at the first turn at or after `when`; replaces an earlier arming. A time that has passed
  // calls back at the next turn, never inside arm. Timers due in the same turn come in the order of their
  // times.
  void arm(TimePoint when);
  void cancel();
  [[nodiscard]] bool is_armed() const { return armed_; }

 private:
  friend class TimerQueue;
  static constexpr std::uint32_t not_queued = UINT32_MAX;

  TimerQueue& queue_;
  std::function<void()> expired_;
  TimePoint when_{};
  std::uint32_t index_ = not_queued;  // in the queue; its key there may be earlier than when_
  bool armed_ = false;
};

// The timers of one Loop: a binary heap of due times. Private to lib/net.
class TimerQueue {
 public:
  void arm(Timer& timer, TimePoint when);
  void cancel(Timer& timer);

  // When to look again; a timer that was armed for later meanwhile makes this too early, never too late.
  [[nodiscard]] const TimePoint* next() const { return heap_.empty() ? nullptr : &heap_.front().when; }

  // Calls back what is due. Timers that the callbacks arm wait for the next call, so this ends.
  void expire(TimePoint now);

 private:
  struct Entry {
    TimePoint when;
    Timer* timer;
  };

  void place(std::size_t index, Entry entry);
  void rise(std::size_t index, Entry entry);
  void sink(std::size_t index, Entry entry);
  void remove(std::size_t index);

  std::vector<Entry> heap_;
  TimePoint not_before_{};  // while expire runs: what is armed now is for the next call
};

}  // namespace mqtk
