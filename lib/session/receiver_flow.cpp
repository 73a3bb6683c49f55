#include "session/receiver_flow.hpp"

#include <algorithm>

namespace mqtk {

std::vector<ReceiverFlow::Entry>::iterator ReceiverFlow::lower_bound(PacketIdentifier id) const {
  if (entries_->empty() || entries_->back().id < id) return entries_->end();
  return std::lower_bound(entries_->begin(), entries_->end(), id,
                          [](const Entry& entry, PacketIdentifier wanted) { return entry.id < wanted; });
}

ReceiverFlow::Entry* ReceiverFlow::find(PacketIdentifier id) const {
  if (entries_ == nullptr) return nullptr;
  const auto found = lower_bound(id);
  return found == entries_->end() || found->id != id ? nullptr : &*found;
}

ReceiverFlow::Seen ReceiverFlow::seen(PacketIdentifier id) const {
  const Entry* entry = find(id);
  if (entry == nullptr) return Seen::never;
  return entry->taken_over ? Seen::taken_over : Seen::pending;
}

void ReceiverFlow::add(PacketIdentifier id) {
  if (entries_ == nullptr) entries_ = std::make_unique<std::vector<Entry>>();
  entries_->insert(lower_bound(id), {id, false});
}

void ReceiverFlow::take_over(PacketIdentifier id) {
  Entry* entry = find(id);
  if (entry != nullptr) entry->taken_over = true;
}

bool ReceiverFlow::release(PacketIdentifier id) {
  const Entry* entry = find(id);
  if (entry == nullptr) return false;
  entries_->erase(entries_->begin() + (entry - entries_->data()));
  if (entries_->empty() && entries_->capacity() > 16) clear();
  return true;
}

}  // namespace mqtk
