#include "net/descriptor_watch.hpp"

#include <utility>

#include "net/loop.hpp"

namespace mqtk {

DescriptorWatch::DescriptorWatch(Loop& loop, int descriptor, std::function<void()> readable)
    : readiness_(loop.readiness()), readable_(std::move(readable)), descriptor_(descriptor) {}

DescriptorWatch::~DescriptorWatch() {
  if (watched_) readiness_.forget(descriptor_, *this);
}

std::error_code DescriptorWatch::await_readable() {
  if (watched_) return {};
  const std::error_code error = readiness_.watch(descriptor_, {.read = true}, *this);
  watched_ = !error;
  return error;
}

void DescriptorWatch::on_fd_readable() {
  // Taken out at once: a hang-up that nobody reads would be told at every turn.
  readiness_.forget(descriptor_, *this);
  watched_ = false;
  // A copy, because the callback may destroy this.
  const std::function<void()> readable = readable_;
  readable();
}

}  // namespace mqtk
