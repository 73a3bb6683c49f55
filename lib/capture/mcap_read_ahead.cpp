#include "capture/mcap_read_ahead.hpp"

namespace mqtk {

McapReadAhead::McapReadAhead(ByteSource& source)
    : places_{Place{source}, Place{source}, Place{source}, Place{source}}, thread_([this] { load_all(); }) {}

McapReadAhead::~McapReadAhead() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void McapReadAhead::ask(const Chunk& chunk) {
  {
    const std::lock_guard lock{mutex_};
    place(asked_).chunk = chunk;
    ++asked_;
  }
  changed_.notify_all();
}

std::optional<McapReadAhead::Loaded> McapReadAhead::take() {
  std::unique_lock lock{mutex_};
  if (taken_ == asked_) return std::nullopt;
  changed_.wait(lock, [this] { return loaded_ > taken_; });
  const Place& first = place(taken_++);
  return Loaded{first.chunk.index, first.records};
}

void McapReadAhead::load_all() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || asked_ > loaded_; });
    if (ending_) return;
    Place& next = place(loaded_);
    lock.unlock();
    next.records = next.loader.load_record(next.chunk.offset, next.chunk.length);
    lock.lock();
    ++loaded_;
    changed_.notify_all();
  }
}

}  // namespace mqtk
