// What belongs to Packet Identifiers, mostly few of them, and looked up for each packet: a table with open addressing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "codec/types.hpp"

namespace mqtk {

template <class Value>
class IdentifierMap {
  static constexpr std::uint32_t none = 0x10000;  // no identifier

 public:
  struct Entry {
    std::uint32_t id = none;
    Value value{};
  };

  // Pointers and references die at the next insert() and erase().
  [[nodiscard]] Value* find(PacketIdentifier id) {
    if (size_ == 0) return nullptr;
    Entry& entry = slots_[slot_of(id)];
    return entry.id == id ? &entry.value : nullptr;
  }
  // `id` must not be there yet.
  Value& insert(PacketIdentifier id, const Value& value) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    ++size_;
    Entry& entry = slots_[slot_of(id)];
    entry = {id, value};
    return entry.value;
  }
  // Nothing happens if it is not there.
  void erase(PacketIdentifier id) {
    if (size_ == 0) return;
    std::size_t hole = slot_of(id);
    if (slots_[hole].id != id) return;
    --size_;
    // Who has been put further on because of it, or of who comes next, moves up.
    for (std::size_t at = next(hole); slots_[at].id != none; at = next(at)) {
      const std::size_t home = home_of(slots_[at].id);
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
  }
  template <class Predicate>
  void erase_if(Predicate predicate) {
    std::vector<PacketIdentifier> gone;
    for (const Entry& entry : *this) {
      if (predicate(entry.value)) gone.push_back(static_cast<PacketIdentifier>(entry.id));
    }
    for (const PacketIdentifier id : gone) erase(id);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t held_bytes() const { return slots_.capacity() * sizeof(Entry); }

  template <class Function>
  void for_each(Function function) {
    for (Entry& entry : slots_) {
      if (entry.id != none) function(entry.value);
    }
  }

  // In no order.
  class Iterator {
   public:
    Iterator(const Entry* at, const Entry* end) : at_(at), end_(end) { skip(); }
    const Entry& operator*() const { return *at_; }
    Iterator& operator++() {
      ++at_;
      skip();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    void skip() {
      while (at_ != end_ && at_->id == none) ++at_;
    }
    const Entry* at_;
    const Entry* end_;
  };
  [[nodiscard]] Iterator begin() const { return {slots_.data(), slots_.data() + slots_.size()}; }
  [[nodiscard]] Iterator end() const { return {slots_.data() + slots_.size(), slots_.data() + slots_.size()}; }

 private:
  static constexpr std::size_t first_slots = 8;

  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t slot) const { return (slot + 1) & mask(); }
  // Identifiers follow each other, and so would entries: long runs are slow. The factor spreads them.
  [[nodiscard]] std::size_t home_of(std::uint32_t id) const { return (id * 0x9E3779B1U >> 12U) & mask(); }
  // Where `id` is, or would be put.
  [[nodiscard]] std::size_t slot_of(PacketIdentifier id) const {
    std::size_t slot = home_of(id);
    while (slots_[slot].id != id && slots_[slot].id != none) slot = next(slot);
    return slot;
  }
  void grow() {
    std::vector<Entry> old(slots_.empty() ? first_slots : slots_.size() * 2);
    std::swap(old, slots_);
    for (const Entry& entry : old) {
      if (entry.id != none) slots_[slot_of(static_cast<PacketIdentifier>(entry.id))] = entry;
    }
  }

  std::vector<Entry> slots_;  // a power of two, at most half of them taken
  std::size_t size_ = 0;
};

}  // namespace mqtk
