// Bytes waiting to be written to one connection, in order, for one gather write.
//
// Small packets are appended to owned chunks; a large payload is referenced in the counted block that holds it.
// An empty queue holds no memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/shared_bytes.hpp"

namespace mqtk {

class SendQueue {
 public:
  SendQueue() = default;
  SendQueue(SendQueue&&) noexcept;
  SendQueue& operator=(SendQueue&&) noexcept;
  ~SendQueue();

  // Room for `size` bytes at the end, which count as queued at once; the caller fills all of them before any other
  // call. Throws nothing but std::bad_alloc.
  [[nodiscard]] std::uint8_t* append(std::size_t size) {
    if (size <= room_) {
      std::uint8_t* at = tail_;
      tail_ += size;
      room_ -= static_cast<std::uint32_t>(size);
      size_ += size;
      return at;
    }
    return append_chunk(size);
  }
  void append(Bytes bytes);

  // References `view`, which must lie in `owner`, without copying. Worth it from about 1 KiB on.
  void append_shared(const SharedBytes& owner, Bytes view);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // The first bytes in order, as up to `parts.size()` views; returns how many were filled. They stay valid until the
  // next call that is not const.
  [[nodiscard]] std::size_t gather(std::span<Bytes> parts) const;

  // Drops the first `count` bytes (at most size()): they were written.
  void consume(std::size_t count);
  void clear() { consume(size_); }

 private:
  friend struct SendQueuePool;
  struct Segment {
    std::uint8_t* begin;   // first byte not yet written
    std::uint8_t* end;     // not set while this is the last segment and tail_ is: tail_ counts
    std::uint8_t* memory;  // owned chunk, or null
    SharedBytes shared;    // owner of the bytes if not a chunk
    bool pooled;           // the chunk has the size that the thread's pool takes back
  };

  std::uint8_t* append_chunk(std::size_t size);
  void close_tail();
  void add_segment(Segment segment);
  void drop_front();
  void drop_all();

  std::unique_ptr<std::vector<Segment>> segments_;  // null while the queue is empty; pooled, as busy queues come and go
  std::uint8_t* tail_ = nullptr;  // where the next byte goes in the last chunk, null if the last segment is closed
  std::size_t size_ = 0;
  std::uint32_t room_ = 0;   // bytes left behind tail_
  std::uint32_t front_ = 0;  // index of the first segment that is not written
};

}  // namespace mqtk
