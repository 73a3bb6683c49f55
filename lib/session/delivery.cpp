#include "session/delivery.hpp"

namespace mqtk {

void DeliveryQueue::push(Delivery delivery) {
  message_bytes_ += delivery.message.memory_bytes();
  ring_.push_back(std::move(delivery));
}

std::optional<Delivery> DeliveryQueue::pop(TimePoint now) {
  while (!ring_.empty()) {
    Delivery delivery = ring_.pop_front();
    message_bytes_ -= delivery.message.memory_bytes();
    if (!delivery.message.expired(now)) return delivery;
  }
  return std::nullopt;
}

void DeliveryQueue::drop_front() { message_bytes_ -= ring_.pop_front().message.memory_bytes(); }

void DeliveryQueue::clear() {
  ring_.clear();
  message_bytes_ = 0;
}

}  // namespace mqtk
