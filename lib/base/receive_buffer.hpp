// Where received bytes wait until they make a whole packet.
//
// An idle connection holds no memory: bytes are read into a scratch area that all connections of a loop share,
// and only an incomplete packet is kept in a block of its own between two reads.
#pragma once

#include <memory>

#include "base/bytes.hpp"

namespace mqtk {

// Shared by all ReceiveBuffers of one thread; outlives them.
class ReceiveScratch {
 public:
  explicit ReceiveScratch(std::size_t size_bytes = 128 * 1024);
  [[nodiscard]] MutableBytes bytes() { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<std::uint8_t[]> memory_;
  std::size_t size_;
};

// Use in rounds, one ReceiveBuffer of a scratch at a time: writable, commit, then unread and consume as often as
// wanted, then keep_rest, which ends the round. Views of unread() die at keep_rest.
class ReceiveBuffer {
 public:
  explicit ReceiveBuffer(ReceiveScratch& scratch) : scratch_(&scratch) {}

  // Room for the next read, at least 1 byte. Kept bytes come first: they are moved into the scratch, or the own
  // block is used where a packet larger than the scratch was announced with expect().
  [[nodiscard]] MutableBytes writable();
  void commit(std::size_t received);

  [[nodiscard]] Bytes unread() const { return {data_ + begin_, static_cast<std::size_t>(end_ - begin_)}; }
  void consume(std::size_t count) { begin_ += static_cast<std::uint32_t>(count); }

  // Ends the round: what is unread is copied out of the scratch, or nothing is held when all was read.
  // `whole_packet` is the size of the packet that the rest begins, 0 if not known. Memory grows with the bytes
  // that really came (doubling, from 1 MiB on 16-fold), never with what was only announced.
  void keep_rest(std::size_t whole_packet = 0);

  // Bytes of memory held between rounds.
  [[nodiscard]] std::size_t held() const { return own_capacity_; }

 private:
  ReceiveScratch* scratch_;
  std::unique_ptr<std::uint8_t[]> own_;
  std::uint8_t* data_ = nullptr;
  std::uint32_t own_capacity_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace mqtk
