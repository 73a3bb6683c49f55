// The QoS 2 messages that came from the peer and are not released: a repeat of them is not delivered again.
#pragma once

#include <memory>
#include <vector>

#include "codec/types.hpp"

namespace mqtk {

class ReceiverFlow {
 public:
  enum class Seen : std::uint8_t {
    never,      // a new message
    pending,    // reported to the application, which has not taken it over yet
    taken_over  // PUBREC was due or sent
  };
  [[nodiscard]] Seen seen(PacketIdentifier id) const;

  void add(PacketIdentifier id);        // reported to the application
  void take_over(PacketIdentifier id);  // the application has it
  // PUBREL came, or the message was refused. False if the identifier is not known.
  bool release(PacketIdentifier id);

  // Those that are taken over.
  template <class Visit>
  void for_each(Visit visit) const {
    if (entries_ == nullptr) return;
    for (const Entry& entry : *entries_) {
      if (entry.taken_over) visit(entry.id);
    }
  }

  [[nodiscard]] std::size_t size() const { return entries_ == nullptr ? 0 : entries_->size(); }
  [[nodiscard]] std::size_t memory_bytes() const {
    return entries_ == nullptr ? 0 : entries_->capacity() * sizeof(Entry);
  }
  void clear() { entries_.reset(); }

 private:
  struct Entry {
    PacketIdentifier id;
    bool taken_over;
  };
  // Where an entry with this identifier is or would be.
  [[nodiscard]] std::vector<Entry>::iterator lower_bound(PacketIdentifier id) const;
  [[nodiscard]] Entry* find(PacketIdentifier id) const;

  // Sorted. Identifiers rise, so that a new one mostly goes to the end and the released one is mostly first. Null until
  // the first comes: most Sessions never have one.
  std::unique_ptr<std::vector<Entry>> entries_;
};

}  // namespace mqtk
