#include "net/readiness.hpp"

namespace mqtk {

void Readiness::forget(int fd, Watched& watched) {
  remove(fd);
  for (std::size_t i = 0; i < batch_size_; ++i) {
    if (batch_[i].watched == &watched) batch_[i].watched = nullptr;
  }
}

bool Readiness::collect() {
  batch_size_ = find_ready(batch_);
  return batch_size_ > 0;
}

void Readiness::dispatch() {
  for (std::size_t i = 0; i < batch_size_; ++i) {
    // Looked up anew for each call: any callback may have ended any Watched of this batch.
    const Ready& ready = batch_[i];
    if (ready.write && ready.watched != nullptr) ready.watched->on_fd_writable();
    if (ready.read && ready.watched != nullptr) ready.watched->on_fd_readable();
  }
  batch_size_ = 0;
}

}  // namespace mqtk
