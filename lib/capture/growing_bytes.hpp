// Bytes that are appended to: a vector that hands out room without filling it with zeros first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/bytes.hpp"

namespace mqtk {

class GrowingBytes {
 public:
  [[nodiscard]] Bytes view() const { return {data_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint8_t* data() { return data_.get(); }

  // Room for `count` bytes at the end, not initialised; valid until the next call that appends.
  std::uint8_t* append(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    std::uint8_t* at = data_.get() + size_;
    size_ += count;
    return at;
  }
  void append(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(append(bytes.size()), bytes.data(), bytes.size());
  }

  // Drops what is behind the first `size` bytes.
  void shrink(std::size_t size) { size_ = size; }
  // Keeps the memory, unless it is more than `kept` bytes: one large message shall not cost for ever.
  void clear(std::size_t kept = std::size_t{8} * 1024 * 1024) {
    size_ = 0;
    if (capacity_ > kept) {
      data_.reset();
      capacity_ = 0;
    }
  }

 private:
  void grow(std::size_t count) {
    const std::size_t capacity = std::max({size_ + count, capacity_ * 2, std::size_t{4096}});
    auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace mqtk
