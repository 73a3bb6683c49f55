#include "session/receiver_flow.hpp"

#include <algorithm>

namespace mqtk {

std::vector<ReceiverFlow::Entry>::iterator ReceiverFlow::lower_bound(PacketIdentifier id) {
  if (entries_.empty() || entries_.back().id < id) return entries_.end();
  return std::lower_bound(entries_.begin(), entries_.end(), id,
                          [](const Entry& entry, PacketIdentifier wanted) { return entry.id < wanted; });
}

ReceiverFlow::Seen ReceiverFlow::seen(PacketIdentifier id) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), id,
                                      [](const Entry& entry, PacketIdentifier wanted) { return entry.id < wanted; });
  if (found == entries_.end() || found->id != id) return Seen::never;
  return found->taken_over ? Seen::taken_over : Seen::pending;
}

void ReceiverFlow::add(PacketIdentifier id) { entries_.insert(lower_bound(id), {id, false}); }

void ReceiverFlow::take_over(PacketIdentifier id) {
  const auto found = lower_bound(id);
  if (found != entries_.end() && found->id == id) found->taken_over = true;
}

bool ReceiverFlow::release(PacketIdentifier id) {
  const auto found = lower_bound(id);
  if (found == entries_.end() || found->id != id) return false;
  entries_.erase(found);
  if (entries_.empty() && entries_.capacity() > 16) clear();
  return true;
}

}  // namespace mqtk
