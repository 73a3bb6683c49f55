#include "base/send_queue.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/send_queue_pool.hpp"

namespace mqtk {
namespace {

constexpr std::size_t small_chunk = 512;        // an idle connection's PINGRESP needs no more
constexpr std::size_t large_chunk = 16 * 1024;  // pooled: busy connections take and give back all the time
// What a thread keeps of them: enough for the usual turn, and no more, so that a burst gives its memory back.
constexpr std::size_t pooled_chunks = 16;
constexpr std::size_t pooled_lists = 256;

}  // namespace

// What queues of this thread have given back: chunks of large_chunk bytes and lists of segments.
struct SendQueuePool {
  std::vector<std::uint8_t*> chunks;
  std::vector<std::unique_ptr<std::vector<SendQueue::Segment>>> lists;
  // The fewest that were left since free_unused().
  std::size_t unused_chunks = 0;
  std::size_t unused_lists = 0;

  [[nodiscard]] std::uint8_t* take_chunk() {
    std::uint8_t* chunk = chunks.back();
    chunks.pop_back();
    unused_chunks = std::min(unused_chunks, chunks.size());
    return chunk;
  }
  [[nodiscard]] std::unique_ptr<std::vector<SendQueue::Segment>> take_list() {
    auto list = std::move(lists.back());
    lists.pop_back();
    unused_lists = std::min(unused_lists, lists.size());
    return list;
  }
  void free_unused() {
    for (; unused_chunks > 0; --unused_chunks) {
      delete[] chunks.back();
      chunks.pop_back();
    }
    lists.resize(lists.size() - unused_lists);
    unused_chunks = chunks.size();
    unused_lists = lists.size();
  }
  ~SendQueuePool() {
    for (std::uint8_t* chunk : chunks) delete[] chunk;
  }
};

namespace {

thread_local SendQueuePool pool;

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
  segments_->back().end = tail_;
  tail_ = nullptr;
  room_ = 0;
}

std::uint8_t* SendQueue::append_chunk(std::size_t size) {
  close_tail();
  std::size_t capacity = size;
  std::uint8_t* memory = nullptr;
  if (segments_ == nullptr && size <= small_chunk) {
    capacity = small_chunk;
  } else if (size <= large_chunk) {
    capacity = large_chunk;
    if (!pool.chunks.empty()) memory = pool.take_chunk();
  }
  if (memory == nullptr) memory = new std::uint8_t[capacity];
  add_segment({memory, nullptr, memory, {}, capacity == large_chunk});
  tail_ = memory + size;
  room_ = static_cast<std::uint32_t>(capacity - size);
  size_ += size;
  return memory;
}

void SendQueue::append_shared(const SharedBytes& owner, Bytes view) {
  if (view.empty()) return;
  close_tail();
  auto* begin = const_cast<std::uint8_t*>(view.data());
  add_segment({begin, begin + view.size(), nullptr, owner, false});
  size_ += view.size();
}

void SendQueue::add_segment(Segment segment) {
  if (segments_ == nullptr) {
    segments_ = pool.lists.empty() ? std::make_unique<std::vector<Segment>>() : pool.take_list();
  }
  segments_->push_back(std::move(segment));
}

std::size_t SendQueue::gather(std::span<Bytes> parts) const {
  if (segments_ == nullptr) return 0;
  const std::vector<Segment>& segments = *segments_;
  std::size_t count = 0;
  for (std::size_t i = front_; i < segments.size() && count < parts.size(); ++i) {
    const Segment& segment = segments[i];
    const std::uint8_t* end = i + 1 == segments.size() && tail_ != nullptr ? tail_ : segment.end;
    if (end != segment.begin) parts[count++] = {segment.begin, static_cast<std::size_t>(end - segment.begin)};
  }
  return count;
}

void SendQueue::consume(std::size_t count) {
  count = std::min(count, size_);
  size_ -= count;
  if (size_ == 0) return drop_all();
  while (count > 0) {
    Segment& segment = (*segments_)[front_];
    const bool last = front_ + 1 == segments_->size();
    const auto length = static_cast<std::size_t>((last && tail_ != nullptr ? tail_ : segment.end) - segment.begin);
    if (count < length) {
      segment.begin += count;
      return;
    }
    count -= length;
    drop_front();
  }
  if (front_ > 64 && front_ * 2 > segments_->size()) {
    segments_->erase(segments_->begin(), segments_->begin() + front_);
    front_ = 0;
  }
}

void SendQueue::drop_all() {
  if (segments_ == nullptr) return;
  while (front_ < segments_->size()) drop_front();
  segments_->clear();
  // A burst must not pin its memory.
  if (segments_->capacity() <= 8 && pool.lists.size() < pooled_lists) pool.lists.push_back(std::move(segments_));
  segments_.reset();
  tail_ = nullptr;
  room_ = front_ = 0;
}

void SendQueue::drop_front() {
  Segment& segment = (*segments_)[front_++];
  if (segment.pooled && pool.chunks.size() < pooled_chunks) {
    pool.chunks.push_back(segment.memory);
  } else {
    delete[] segment.memory;
  }
  segment.memory = nullptr;
  segment.shared = {};
}

void free_unused_output_memory() { pool.free_unused(); }

}  // namespace mqtk
