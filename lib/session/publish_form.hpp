// What many messages share, checked and encoded once: all of their PUBLISH packets but length, Packet Identifier and
// payload.
//
// For a sender that goes through the same topics again and again, as a recording does.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "base/send_queue.hpp"
#include "codec/packet.hpp"
#include "codec/rule.hpp"

namespace mqtk {

// Reuse one object for many forms: it keeps its memory.
class PublishForm {
 public:
  // Of the topic, QoS, RETAIN and, in 5.0, the properties of `publish`, which must name a topic: a Topic Alias belongs
  // to a connection.
  [[nodiscard]] std::expected<void, Fault> build(const Publish& publish, Version version);
  void clear() { shared_.clear(); }
  // Whether this message is of the form that was built last.
  [[nodiscard]] bool fits(const Publish& publish) const;

  // The message with this payload; lives as long as the form and the payload.
  [[nodiscard]] Publish message(Bytes payload) const;
  [[nodiscard]] Version version() const { return version_; }
  [[nodiscard]] QoS qos() const { return qos_; }
  [[nodiscard]] bool retain() const { return retain_; }

  // Of the whole packet, which may be more than MQTT allows.
  [[nodiscard]] std::uint64_t packet_size(std::size_t payload_bytes) const;
  // Appends the packet, which must not be more than that, with DUP 0 and returns it where it lies in `out`; `id` counts
  // for QoS 1 and 2 only.
  Bytes append_to(SendQueue& out, Bytes payload, PacketIdentifier id = 0) const;

 private:
  [[nodiscard]] std::string_view topic_name() const;
  [[nodiscard]] PropertyBlock properties() const;

  std::vector<std::uint8_t> shared_;  // from the Topic Name to the end of the properties; empty: no form
  std::uint32_t properties_at_ = 0;   // offset of their first byte in shared_
  std::uint32_t topic_size_ = 0;
  Version version_ = Version::v5;
  QoS qos_ = QoS::at_most_once;
  bool retain_ = false;
};

}  // namespace mqtk
