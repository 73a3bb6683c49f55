#include "base/receive_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace mqtk {
namespace {

constexpr std::size_t large_bytes = 1024 * 1024;

}  // namespace

ReceiveScratch::ReceiveScratch(std::size_t size_bytes)
    : memory_(std::make_unique_for_overwrite<std::uint8_t[]>(size_bytes)), size_(size_bytes) {}

MutableBytes ReceiveBuffer::writable() {
  const MutableBytes scratch = scratch_->bytes();
  const std::size_t kept = end_ - begin_;
  // A packet that outgrew half the scratch stays in its own block, so that it is copied once, not at each read.
  if (own_ != nullptr && kept * 2 > scratch.size()) {
    return {own_.get() + end_, own_capacity_ - end_};
  }
  if (kept > 0) std::memcpy(scratch.data(), data_ + begin_, kept);
  data_ = scratch.data();
  begin_ = 0;
  end_ = static_cast<std::uint32_t>(kept);
  return scratch.subspan(kept);
}

void ReceiveBuffer::commit(std::size_t received) { end_ += static_cast<std::uint32_t>(received); }

void ReceiveBuffer::keep_rest(std::size_t whole_packet) {
  const std::size_t rest = end_ - begin_;
  if (rest == 0) {
    own_.reset();
    own_capacity_ = 0;
    data_ = nullptr;
    begin_ = end_ = 0;
    return;
  }
  const bool in_own = own_ != nullptr && data_ == own_.get();
  const std::size_t half_scratch = scratch_->bytes().size() / 2;
  // Small rests are moved back to the scratch by the next round; large ones need room to grow where they are.
  // While the bytes move both blocks are there: a large one grows seldom, when little of it has come. What nobody has
  // written to takes no memory of the machine.
  const std::size_t growth = rest < large_bytes ? 2 : 16;
  const std::size_t wanted =
      rest > half_scratch ? std::max(rest + 1, std::min(std::max(whole_packet, rest + 1), rest * growth)) : rest;
  if (in_own && begin_ == 0 && end_ < own_capacity_ && rest > half_scratch) return;
  if (own_ == nullptr || in_own || own_capacity_ < wanted) {
    auto block = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
    std::memcpy(block.get(), data_ + begin_, rest);
    own_ = std::move(block);
    own_capacity_ = static_cast<std::uint32_t>(wanted);
  } else {
    std::memcpy(own_.get(), data_ + begin_, rest);
  }
  data_ = own_.get();
  begin_ = 0;
  end_ = static_cast<std::uint32_t>(rest);
}

}  // namespace mqtk
