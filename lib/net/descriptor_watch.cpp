#include "net/descriptor_watch.hpp"

#include <utility>

#include "net/loop.hpp"

namespace mqtk {

DescriptorWatch::DescriptorWatch(Loop& loop, int descriptor, std::function<void()> ready)
    : readiness_(loop.readiness()), ready_(std::move(ready)), descriptor_(descriptor) {}

DescriptorWatch::~DescriptorWatch() {
  if (watched_) readiness_.forget(descriptor_, *this);
}

std::error_code DescriptorWatch::await(Interest interest) {
  if (watched_) return {};
  const std::error_code error = readiness_.watch(descriptor_, interest, *this);
  watched_ = !error;
  return error;
}

void DescriptorWatch::call_back() {
  // Taken out at once: a hang-up that nobody reads would be told at every turn.
  readiness_.forget(descriptor_, *this);
  watched_ = false;
  // A copy, because the callback may destroy this.
  const std::function<void()> ready = ready_;
  ready();
}

}  // namespace mqtk
