// A block of bytes that several owners share; one allocation, freed with the last owner.
//
// The count is not atomic: a block stays with the thread that made it.
#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.hpp"

namespace mqtk {

class SharedBytes {
 public:
  SharedBytes() = default;

  // A block of `size` bytes, not initialised; the caller fills it through bytes() before sharing it.
  [[nodiscard]] static SharedBytes allocate(std::size_t size);
  [[nodiscard]] static SharedBytes copy_of(Bytes bytes);

  SharedBytes(const SharedBytes& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) ++block_->owners;
  }
  SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedBytes() { release(); }

  [[nodiscard]] Bytes view() const { return block_ == nullptr ? Bytes{} : Bytes{block_->data(), block_->size}; }
  [[nodiscard]] MutableBytes bytes() {
    return block_ == nullptr ? MutableBytes{} : MutableBytes{block_->data(), block_->size};
  }
  [[nodiscard]] std::size_t size() const { return block_ == nullptr ? 0 : block_->size; }
  explicit operator bool() const { return block_ != nullptr; }

 private:
  struct Block {
    std::uint32_t owners;
    std::uint32_t size;
    std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  };

  void release() {
    if (block_ != nullptr && --block_->owners == 0) free_block(block_);
  }
  static void free_block(Block* block);

  Block* block_ = nullptr;
};

}  // namespace mqtk
