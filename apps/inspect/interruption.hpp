// The first SIGINT or SIGTERM ends an input that has no end of its own, so that what is said at the end is said; a
// second one ends the program.
#pragma once

#include <chrono>
#include <optional>

namespace mqtk::inspect {

class Interruption {
 public:
  // From here on the signals are caught. One for the whole program.
  [[nodiscard]] static Interruption& catch_signals();

  // Whether `descriptor` can be read, or is at its end. False when the input is to end: at once if nobody writes to it
  // any more, else when a moment has passed since the signal, for what a writer that got the same signal still has to
  // say.
  [[nodiscard]] bool await_readable(int descriptor);

  // Waits for so long, or until a signal has come.
  void pause(std::chrono::milliseconds time) const;
  [[nodiscard]] bool has_come() const;

 private:
  Interruption();
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> give_up_;
};

}  // namespace mqtk::inspect
