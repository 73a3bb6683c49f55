// A PUBLISH encoded once for all receivers that get the same bytes; only Packet Identifier and DUP differ.
#pragma once

#include <expected>
#include <vector>

#include "base/send_queue.hpp"
#include "codec/packet.hpp"
#include "codec/rule.hpp"
#include "session/application_message.hpp"

namespace mqtk {

// What makes two receivers get different bytes.
struct PublishLayout {
  Version version = Version::v5;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  Bytes subscription_identifiers;  // encoded Subscription Identifier properties; left out before 5.0
};

// Reuse one object for many messages: it keeps its memory.
class PublishImage {
 public:
  // From this size on a payload is referenced by the SendQueue, not copied to each.
  static constexpr std::size_t shared_payload_bytes = 1024;

  // Encodes `publish` as it is passed on: QoS and RETAIN from `layout`, no Topic Alias, before 5.0 no properties. A
  // large payload is copied once into a counted block.
  std::expected<void, Fault> build(const Publish& publish, const PublishLayout& layout);

  // As above with the expiry that is left at `now` [MQTT-3.3.2-6]; a large payload stays in the message's block.
  std::expected<void, Fault> build(const ApplicationMessage& message, const PublishLayout& layout, TimePoint now);

  [[nodiscard]] std::uint32_t size() const { return size_; }  // of the packet, bytes
  [[nodiscard]] std::uint32_t payload_size() const { return payload_size_; }
  [[nodiscard]] Version version() const { return version_; }
  [[nodiscard]] QoS qos() const { return qos_; }
  [[nodiscard]] bool retain() const { return retain_; }

  // Appends the packet with DUP 0; `id` counts for QoS 1 and 2 only. Returns its first part where it lies in `out`; the
  // second part, not empty for a large payload, is tail().
  Bytes append_to(SendQueue& out, PacketIdentifier id) const;
  [[nodiscard]] Bytes tail() const { return tail_; }

 private:
  std::expected<void, Fault> encode(const Publish& publish, Version version, const SharedBytes& payload_owner);

  std::vector<std::uint8_t> head_;
  std::vector<std::uint8_t> properties_;
  SharedBytes owner_;  // of tail_
  Bytes tail_;         // the payload if it is shared
  std::uint32_t size_ = 0;
  std::uint32_t payload_size_ = 0;
  std::uint32_t identifier_at_ = 0;  // offset of the Packet Identifier in head_
  Version version_ = Version::v5;
  QoS qos_ = QoS::at_most_once;
  bool retain_ = false;
};

}  // namespace mqtk
