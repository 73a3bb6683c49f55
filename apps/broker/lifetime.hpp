// Reasons to end that nobody has to send a signal for: the parent is gone, or it was agreed to last no longer.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

#include "base/time.hpp"
#include "net/timer.hpp"

namespace mqtk {
class Loop;
}

namespace mqtk::broker_program {

struct LifetimeOptions {
  std::optional<Duration> at_most;
  bool exit_with_parent = false;
};

class Lifetime {
 public:
  enum class End : unsigned char { parent_gone, time_up };

  // `over` is called once, from the Loop. The parent is the one of this moment.
  Lifetime(Loop& loop, const LifetimeOptions& options, std::function<void(End)> over);

 private:
  void look_for_parent();
  void finish(End end);

  Loop& loop_;
  std::function<void(End)> over_;
  pid_t parent_;
  Timer time_up_;
  Timer look_for_parent_;
};

}  // namespace mqtk::broker_program
