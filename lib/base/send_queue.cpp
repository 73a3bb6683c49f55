#include "base/send_queue.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mqtk {
namespace {

constexpr std::size_t small_chunk = 512;        // an idle connection's PINGRESP needs no more
constexpr std::size_t large_chunk = 16 * 1024;  // pooled: busy connections take and give back all the time
constexpr std::size_t pool_limit = 256;

// Chunks of large_chunk bytes given back by queues of this thread.
struct ChunkPool {
  std::vector<std::uint8_t*> free;
  ~ChunkPool() {
    for (std::uint8_t* chunk : free) delete[] chunk;
  }
};
thread_local ChunkPool pool;

}  // namespace

SendQueue::SendQueue(SendQueue&& other) noexcept { *this = std::move(other); }

SendQueue& SendQueue::operator=(SendQueue&& other) noexcept {
  std::swap(segments_, other.segments_);
  std::swap(tail_, other.tail_);
  std::swap(size_, other.size_);
  std::swap(room_, other.room_);
  std::swap(front_, other.front_);
  return *this;
}

SendQueue::~SendQueue() { clear(); }

void SendQueue::append(Bytes bytes) {
  if (bytes.empty()) return;
  std::memcpy(append(bytes.size()), bytes.data(), bytes.size());
}

void SendQueue::close_tail() {
  if (tail_ == nullptr) return;
  segments_.back().end = tail_;
  tail_ = nullptr;
  room_ = 0;
}

std::uint8_t* SendQueue::append_chunk(std::size_t size) {
  close_tail();
  std::size_t capacity = size;
  std::uint8_t* memory = nullptr;
  if (segments_.empty() && size <= small_chunk) {
    capacity = small_chunk;
  } else if (size <= large_chunk) {
    capacity = large_chunk;
    if (!pool.free.empty()) {
      memory = pool.free.back();
      pool.free.pop_back();
    }
  }
  if (memory == nullptr) memory = new std::uint8_t[capacity];
  segments_.push_back({memory, nullptr, memory, {}, capacity == large_chunk});
  tail_ = memory + size;
  room_ = static_cast<std::uint32_t>(capacity - size);
  size_ += size;
  return memory;
}

void SendQueue::append_shared(const SharedBytes& owner, Bytes view) {
  if (view.empty()) return;
  close_tail();
  auto* begin = const_cast<std::uint8_t*>(view.data());
  segments_.push_back({begin, begin + view.size(), nullptr, owner, false});
  size_ += view.size();
}

std::size_t SendQueue::gather(std::span<Bytes> parts) const {
  std::size_t count = 0;
  for (std::size_t i = front_; i < segments_.size() && count < parts.size(); ++i) {
    const Segment& segment = segments_[i];
    const std::uint8_t* end = i + 1 == segments_.size() && tail_ != nullptr ? tail_ : segment.end;
    if (end != segment.begin) parts[count++] = {segment.begin, static_cast<std::size_t>(end - segment.begin)};
  }
  return count;
}

void SendQueue::consume(std::size_t count) {
  count = std::min(count, size_);
  size_ -= count;
  if (size_ == 0) {
    while (front_ < segments_.size()) drop_front();
    // A burst must not pin its memory; the usual few segments stay.
    segments_.clear();
    if (segments_.capacity() > 8) std::vector<Segment>{}.swap(segments_);
    tail_ = nullptr;
    room_ = front_ = 0;
    return;
  }
  while (count > 0) {
    Segment& segment = segments_[front_];
    const bool last = front_ + 1 == segments_.size();
    const auto length = static_cast<std::size_t>((last && tail_ != nullptr ? tail_ : segment.end) - segment.begin);
    if (count < length) {
      segment.begin += count;
      return;
    }
    count -= length;
    drop_front();
  }
  if (front_ > 64 && front_ * 2 > segments_.size()) {
    segments_.erase(segments_.begin(), segments_.begin() + front_);
    front_ = 0;
  }
}

void SendQueue::drop_front() {
  Segment& segment = segments_[front_++];
  if (segment.pooled && pool.free.size() < pool_limit) {
    pool.free.push_back(segment.memory);
  } else {
    delete[] segment.memory;
  }
  segment.memory = nullptr;
  segment.shared = {};
}

}  // namespace mqtk
