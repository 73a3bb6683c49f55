// The PUBLISH packets that a subscriber of MQTT 5.0 would have received for the messages of a recording.
//
// Recordings do not keep Packet Identifiers: QoS 1 and 2 messages without one get running numbers.
#pragma once

#include <expected>
#include <vector>

#include "base/bytes.hpp"
#include "capture/message_record.hpp"
#include "codec/rule.hpp"

namespace mqtk {

class RebuiltPublish {
 public:
  // A view of the message.
  [[nodiscard]] Publish fields(const MessageRecord& message);
  // Its bytes, until the next call; or the rule that such a packet would break.
  [[nodiscard]] std::expected<Bytes, Fault> packet(const MessageRecord& message);

 private:
  PacketIdentifier next_identifier_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace mqtk
