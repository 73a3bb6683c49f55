// One Application Message on its way to one receiver, and the queue of those that wait for their turn.
#pragma once

#include <optional>

#include "session/application_message.hpp"
#include "session/ring.hpp"

namespace mqtk {

// The caller's mark on a request; it comes back in the event that ends the request.
using Tag = std::uint64_t;

struct Delivery {
  ApplicationMessage message;
  SharedBytes subscription_identifiers;  // encoded Subscription Identifier properties, or none
  Tag tag = 0;
  QoS qos = QoS::at_most_once;  // to be sent at; at most that of the message [MQTT-3.8.4-8]
  bool retain = false;          // to be sent
};

// First in, first out. Counts bytes so that its owner can keep a limit. Memory is given back when it runs empty.
class DeliveryQueue {
 public:
  void push(Delivery delivery);

  // The first delivery whose message has not expired; expired ones before it are deleted [MQTT-3.3.2-5].
  [[nodiscard]] std::optional<Delivery> pop(TimePoint now);

  [[nodiscard]] const Delivery& front() const { return ring_[0]; }
  [[nodiscard]] const Delivery& operator[](std::uint32_t index) const { return ring_[index]; }
  void drop_front();

  [[nodiscard]] std::uint32_t size() const { return ring_.size(); }
  [[nodiscard]] bool empty() const { return ring_.empty(); }
  [[nodiscard]] std::size_t message_bytes() const { return message_bytes_; }  // blocks may be shared with other queues
  void clear();

 private:
  Ring<Delivery> ring_;
  std::size_t message_bytes_ = 0;
};

}  // namespace mqtk
