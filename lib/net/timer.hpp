// A one-shot timer of a Loop, or of whoever else plays time.
#pragma once

#include <functional>

#include "base/deadlines.hpp"

namespace mqtk {

class Loop;

// Stays where it is; does not outlive its Loop, or its Deadlines. Destroying it cancels it, also inside its own
// callback.
class Timer final : Timed {
 public:
  // `expired` is copied for each call: capture little, best only `this`.
  Timer(Loop& loop, std::function<void()> expired);
  Timer(Deadlines& deadlines, std::function<void()> expired);
  ~Timer() override;

  // Calls back once at the first turn at or after `when`; replaces an earlier arming. A time that has passed
  // calls back at the next turn, never inside arm. Timers due in the same turn come in the order of their
  // times.
  void arm(TimePoint when);
  void cancel();
  [[nodiscard]] bool is_armed() const { return is_set(); }

 private:
  void on_deadline(TimePoint now) override;

  Deadlines& deadlines_;
  std::function<void()> expired_;
};

}  // namespace mqtk
