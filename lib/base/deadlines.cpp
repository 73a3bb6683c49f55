#include "base/deadlines.hpp"

namespace mqtk {

void Deadlines::put(std::size_t index, Entry entry) {
  heap_[index] = entry;
  entry.timed->index_ = static_cast<std::uint32_t>(index);
}

void Deadlines::rise(std::size_t index, Entry entry) {
  while (index > 0 && entry.when < heap_[(index - 1) / 2].when) {
    put(index, heap_[(index - 1) / 2]);
    index = (index - 1) / 2;
  }
  put(index, entry);
}

void Deadlines::sink(std::size_t index, Entry entry) {
  for (std::size_t child = 2 * index + 1; child < heap_.size(); child = 2 * index + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].when < heap_[child].when) ++child;
    if (entry.when <= heap_[child].when) break;
    put(index, heap_[child]);
    index = child;
  }
  put(index, entry);
}

void Deadlines::remove(std::size_t index) {
  heap_[index].timed->index_ = Timed::not_queued;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && last.when < heap_[(index - 1) / 2].when) {
    rise(index, last);
  } else {
    sink(index, last);
  }
}

void Deadlines::set(Timed& timed, TimePoint due) {
  if (due <= expiring_) due = expiring_ + Duration{1};
  timed.due_ = due;
  if (timed.index_ == Timed::not_queued) {
    heap_.push_back({due, &timed});
    rise(heap_.size() - 1, {due, &timed});
  } else if (due < heap_[timed.index_].when) {
    rise(timed.index_, {due, &timed});
  }
}

void Deadlines::set_earlier(Timed& timed, TimePoint due) {
  if (timed.index_ == Timed::not_queued || due < timed.due_) set(timed, due);
}

void Deadlines::clear(Timed& timed) {
  if (timed.index_ != Timed::not_queued) remove(timed.index_);
}

std::optional<TimePoint> Deadlines::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

void Deadlines::expire(TimePoint now) {
  expiring_ = now;
  while (!heap_.empty() && heap_.front().when <= now) {
    Timed& timed = *heap_.front().timed;
    if (heap_.front().when < timed.due_) {
      sink(0, {timed.due_, &timed});
      continue;
    }
    remove(0);
    timed.on_deadline(now);
  }
  expiring_ = TimePoint::min();
}

}  // namespace mqtk
