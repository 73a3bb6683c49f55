#include "base/shared_bytes.hpp"

#include <cstring>
#include <new>

namespace mqtk {

SharedBytes SharedBytes::allocate(std::size_t size) {
  SharedBytes shared;
  void* memory = ::operator new(sizeof(Block) + size);
  shared.block_ = new (memory) Block{1, static_cast<std::uint32_t>(size)};
  return shared;
}

SharedBytes SharedBytes::copy_of(Bytes bytes) {
  SharedBytes shared = allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(shared.block_->data(), bytes.data(), bytes.size());
  return shared;
}

void SharedBytes::free_block(Block* block) { ::operator delete(block); }

}  // namespace mqtk
