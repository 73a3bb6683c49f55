// A queue in one block: grows by doubling, indexed from its front, holds no memory when nothing was ever pushed.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace mqtk {

template <class T>
class Ring {
 public:
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] T& operator[](std::uint32_t index) { return slots_[(front_ + index) & (capacity_ - 1)]; }
  [[nodiscard]] const T& operator[](std::uint32_t index) const { return slots_[(front_ + index) & (capacity_ - 1)]; }
  [[nodiscard]] T& front() { return (*this)[0]; }
  [[nodiscard]] T& back() { return (*this)[size_ - 1]; }

  T& push_back(T value) {
    if (size_ == capacity_) resize(capacity_ == 0 ? 4 : capacity_ * 2);
    T& slot = slots_[(front_ + size_++) & (capacity_ - 1)];
    slot = std::move(value);
    return slot;
  }

  T pop_front() {
    T value = std::move(front());
    front() = T{};
    front_ = (front_ + 1) & (capacity_ - 1);
    --size_;
    // A burst must not pin its memory; a few slots stay, so that the usual in-and-out allocates nothing.
    if (size_ == 0 && capacity_ > kept_capacity) clear();
    return value;
  }

  void clear() {
    slots_.reset();
    capacity_ = front_ = size_ = 0;
  }

  [[nodiscard]] std::size_t memory_bytes() const { return capacity_ * sizeof(T); }

 private:
  static constexpr std::uint32_t kept_capacity = 16;

  void resize(std::uint32_t capacity) {
    auto slots = std::make_unique<T[]>(capacity);
    for (std::uint32_t i = 0; i < size_; ++i) slots[i] = std::move((*this)[i]);
    slots_ = std::move(slots);
    capacity_ = capacity;
    front_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::uint32_t capacity_ = 0;  // a power of two, or 0
  std::uint32_t front_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace mqtk
