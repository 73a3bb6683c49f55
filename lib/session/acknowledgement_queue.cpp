#include "session/acknowledgement_queue.hpp"

namespace mqtk {

bool AcknowledgementQueue::contains(PacketIdentifier id) const {
  for (std::uint32_t i = 0; i < ring_.size(); ++i) {
    if (ring_[i].id == id) return true;
  }
  return false;
}

AcknowledgementQueue::Entry* AcknowledgementQueue::find(PacketIdentifier id) {
  for (std::uint32_t i = 0; i < ring_.size(); ++i) {
    if (ring_[i].id == id && !ring_[i].ready) return &ring_[i];
  }
  return nullptr;
}

}  // namespace mqtk
