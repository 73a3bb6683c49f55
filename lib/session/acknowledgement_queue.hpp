// PUBACK and PUBREC packets that are due: they leave in the order in which the PUBLISH packets came, whatever the order
// in which the application takes the messages over.
#pragma once

#include <memory>
#include <string>

#include "codec/packet.hpp"
#include "session/ring.hpp"

namespace mqtk {

class AcknowledgementQueue {
 public:
  struct Entry {
    PacketIdentifier id = 0;
    QoS qos = QoS::at_least_once;
    bool ready = false;
    ReasonCode reason_code = ReasonCode::success;
    std::unique_ptr<std::string> properties;  // of one that has to wait; mostly none
  };

  Entry& expect(PacketIdentifier id, QoS qos) {
    return ring_.push_back({id, qos, false, ReasonCode::success, nullptr});
  }

  // Whether a PUBLISH with this identifier is not acknowledged on the wire yet.
  [[nodiscard]] bool contains(PacketIdentifier id) const;
  // The entry with this identifier that the application has not answered, or null.
  [[nodiscard]] Entry* find(PacketIdentifier id);
  // Whether an entry is the first, so that it can be sent at once.
  [[nodiscard]] bool is_first(const Entry& entry) { return &entry == &ring_.front(); }

  [[nodiscard]] bool first_is_ready() { return !ring_.empty() && ring_.front().ready; }
  [[nodiscard]] Entry take_first() { return ring_.pop_front(); }
  [[nodiscard]] bool empty() const { return ring_.empty(); }

 private:
  Ring<Entry> ring_;
};

}  // namespace mqtk
