// A queue in one block: grows by doubling, indexed from its front.
//
// As large as a pointer, and holds no memory when nothing was ever pushed: connections and Sessions have several, most
// of which are never used.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace mqtk {

template <class T>
class Ring {
 public:
  [[nodiscard]] std::uint32_t size() const { return block_ == nullptr ? 0 : block_->size; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  // `index` is below size().
  [[nodiscard]] T& operator[](std::uint32_t index) { return block_->at(index); }
  [[nodiscard]] const T& operator[](std::uint32_t index) const { return block_->at(index); }
  [[nodiscard]] T& front() { return block_->at(0); }
  [[nodiscard]] T& back() { return block_->at(block_->size - 1); }

  T& push_back(T value) {
    if (block_ == nullptr || block_->size == block_->capacity) grow();
    T& slot = block_->at(block_->size++);
    slot = std::move(value);
    return slot;
  }

  T pop_front() {
    Block& block = *block_;
    T value = std::move(block.at(0));
    block.at(0) = T{};
    block.front = (block.front + 1) & (block.capacity - 1);
    --block.size;
    // A burst must not pin its memory; a few slots stay, so that the usual in-and-out allocates nothing.
    if (block.size == 0 && block.capacity > kept_capacity) clear();
    return value;
  }

  void clear() { block_.reset(); }

  [[nodiscard]] std::size_t memory_bytes() const { return block_ == nullptr ? 0 : block_->capacity * sizeof(T); }

 private:
  static constexpr std::uint32_t first_capacity = 4;
  static constexpr std::uint32_t kept_capacity = 16;
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  static constexpr std::size_t alignment = std::max(alignof(T), alignof(std::uint32_t));

  // The slots lie behind it, in the same allocation. (Of two alignas GCC 12 heeds the last one alone.)
  struct alignas(alignment) Block {
    std::uint32_t capacity;  // a power of two
    std::uint32_t front = 0;
    std::uint32_t size = 0;

    [[nodiscard]] T* slots() { return reinterpret_cast<T*>(this + 1); }
    [[nodiscard]] T& at(std::uint32_t index) { return slots()[(front + index) & (capacity - 1)]; }
  };
  struct Free {
    void operator()(Block* block) const {
      std::destroy_n(block->slots(), block->capacity);
      ::operator delete(block);
    }
  };
  using Owned = std::unique_ptr<Block, Free>;

  void grow() {
    const std::uint32_t capacity = block_ == nullptr ? first_capacity : block_->capacity * 2;
    void* memory = ::operator new(sizeof(Block) + capacity * sizeof(T));
    Block* block = new (memory) Block{capacity};
    std::uninitialized_value_construct_n(block->slots(), capacity);
    Owned larger{block};
    for (; larger->size < size(); ++larger->size) larger->at(larger->size) = std::move(block_->at(larger->size));
    block_ = std::move(larger);
  }

  Owned block_;
};

}  // namespace mqtk
