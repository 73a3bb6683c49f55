// Turns signals into calls from the Loop.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

namespace mqtk {

class Loop;

// While it lives, the given signals call `received` with their number instead of doing what they do by
// default; then the earlier handling comes back. No two at a time for the same signal; does not outlive its Loop. Must
// not be destroyed in its own callback.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> received);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mqtk
