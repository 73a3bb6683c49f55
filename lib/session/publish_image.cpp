#include "session/publish_image.hpp"

#include <cstring>

#include "session/publish_encoding.hpp"

namespace mqtk {
namespace {

bool stays_behind(PropertyId id) { return id == PropertyId::topic_alias || id == PropertyId::subscription_identifier; }

bool passes_unchanged(PropertyBlock properties) {
  for (const Property& property : properties) {
    if (stays_behind(property.id)) return false;
  }
  return true;
}

}  // namespace

std::expected<void, Fault> PublishImage::build(const Publish& publish, const PublishLayout& layout) {
  Publish copy = publish;
  copy.dup = false;
  copy.qos = layout.qos;
  copy.retain = layout.retain;
  copy.packet_identifier = 1;
  if (layout.version != Version::v5) {
    copy.properties = {};
  } else if (!layout.subscription_identifiers.empty() || !passes_unchanged(publish.properties)) {
    properties_.clear();
    const Bytes bytes = publish.properties.bytes();
    for (const Property& property : publish.properties) {
      if (stays_behind(property.id)) continue;
      const Bytes one = bytes.subspan(property.offset, property.length);
      properties_.insert(properties_.end(), one.begin(), one.end());
    }
    properties_.insert(properties_.end(), layout.subscription_identifiers.begin(),
                       layout.subscription_identifiers.end());
    copy.properties = PropertyBlock{properties_};
  }
  SharedBytes owner;
  if (copy.payload.size() >= shared_payload_bytes) {
    owner = SharedBytes::copy_of(copy.payload);
    copy.payload = owner.view();
  }
  return encode(copy, layout.version, owner);
}

std::expected<void, Fault> PublishImage::build(const ApplicationMessage& message, const PublishLayout& layout,
                                               TimePoint now) {
  Publish publish;
  publish.qos = layout.qos;
  publish.retain = layout.retain;
  publish.packet_identifier = 1;
  publish.topic_name = message.topic();
  publish.payload = message.payload();
  if (layout.version == Version::v5) {
    publish.properties = hop_properties(message, layout.subscription_identifiers, now, properties_);
  }
  return encode(publish, layout.version,
                publish.payload.size() >= shared_payload_bytes ? message.block() : SharedBytes{});
}

std::expected<void, Fault> PublishImage::encode(const Publish& publish, Version version,
                                                const SharedBytes& payload_owner) {
  const CodecContext context{version, Role::server};
  const std::expected<PublishHead, Fault> head = publish_head(publish, context);
  if (!head) return std::unexpected(head.error());
  const bool shared = static_cast<bool>(payload_owner);
  head_.resize(head->size() + (shared ? 0 : publish.payload.size()));
  write_publish_head(publish, context, *head, head_.data());
  if (!shared && !publish.payload.empty()) {
    std::memcpy(head_.data() + head->size(), publish.payload.data(), publish.payload.size());
  }
  owner_ = payload_owner;
  tail_ = shared ? publish.payload : Bytes{};
  size_ = head->packet_size();
  payload_size_ = static_cast<std::uint32_t>(publish.payload.size());
  identifier_at_ = publish.qos == QoS::at_most_once ? 0 : packet_identifier_offset(head_);
  version_ = version;
  qos_ = publish.qos;
  retain_ = publish.retain;
  return {};
}

Bytes PublishImage::append_to(SendQueue& out, PacketIdentifier id) const {
  std::uint8_t* to = out.append(head_.size());
  std::memcpy(to, head_.data(), head_.size());
  if (identifier_at_ != 0) {
    to[identifier_at_] = static_cast<std::uint8_t>(id >> 8U);
    to[identifier_at_ + 1] = static_cast<std::uint8_t>(id & 0xFFU);
  }
  if (owner_) out.append_shared(owner_, tail_);
  return {to, head_.size()};
}

}  // namespace mqtk
