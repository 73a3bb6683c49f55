#include "session/publish_form.hpp"

#include <algorithm>
#include <cstring>

#include "codec/variable_byte_integer.hpp"
#include "session/publish_encoding.hpp"

namespace mqtk {
namespace {

constexpr std::size_t topic_length_bytes = 2;

}  // namespace

std::expected<void, Fault> PublishForm::build(const Publish& publish, Version version) {
  clear();
  Publish bare;
  bare.qos = publish.qos;
  bare.retain = publish.retain;
  bare.packet_identifier = 1;
  bare.topic_name = publish.topic_name;
  if (version == Version::v5) bare.properties = publish.properties;
  if (bare.properties.find(PropertyId::topic_alias)) return std::unexpected(Fault{Rule::topic_alias_too_large, 0});
  const CodecContext context{version, Role::client};
  const std::expected<PublishHead, Fault> head = publish_head(bare, context);
  if (!head) return std::unexpected(head.error());
  shared_.resize(head->size());
  write_publish_head(bare, context, *head, shared_.data());
  shared_.erase(shared_.begin(), shared_.begin() + head->header_size);
  topic_size_ = static_cast<std::uint32_t>(bare.topic_name.size());
  properties_at_ = static_cast<std::uint32_t>(shared_.size() - bare.properties.bytes().size());
  version_ = version;
  qos_ = bare.qos;
  retain_ = bare.retain;
  return {};
}

std::string_view PublishForm::topic_name() const {
  return as_text(Bytes{shared_}.subspan(topic_length_bytes, topic_size_));
}

PropertyBlock PublishForm::properties() const { return PropertyBlock{Bytes{shared_}.subspan(properties_at_)}; }

bool PublishForm::fits(const Publish& publish) const {
  if (shared_.empty() || publish.qos != qos_ || publish.retain != retain_) return false;
  if (publish.topic_name != topic_name()) return false;
  const Bytes bytes = publish.properties.bytes();
  if (version_ != Version::v5 || (bytes.empty() && properties_at_ == shared_.size())) return true;
  return std::ranges::equal(bytes, properties().bytes());
}

Publish PublishForm::message(Bytes payload) const {
  Publish publish;
  publish.qos = qos_;
  publish.retain = retain_;
  publish.topic_name = topic_name();
  publish.properties = properties();
  publish.payload = payload;
  return publish;
}

std::uint64_t PublishForm::packet_size(std::size_t payload_bytes) const {
  const std::uint64_t remaining = shared_.size() + payload_bytes;
  return 1 + variable_byte_integer_size(remaining) + remaining;
}

Bytes PublishForm::append_to(SendQueue& out, Bytes payload, PacketIdentifier id) const {
  const auto size = static_cast<std::size_t>(packet_size(payload.size()));
  const auto remaining = static_cast<std::uint32_t>(shared_.size() + payload.size());
  std::uint8_t* const packet = out.append(size);
  std::uint8_t* to = packet;
  *to++ = static_cast<std::uint8_t>(static_cast<unsigned>(PacketType::publish) << 4U |
                                    static_cast<unsigned>(qos_) << 1U | (retain_ ? 1U : 0U));
  to = write_variable_byte_integer(to, remaining);
  std::memcpy(to, shared_.data(), shared_.size());
  if (qos_ != QoS::at_most_once) {
    std::uint8_t* const at = to + topic_length_bytes + topic_size_;
    at[0] = static_cast<std::uint8_t>(id >> 8U);
    at[1] = static_cast<std::uint8_t>(id & 0xFFU);
  }
  if (!payload.empty()) std::memcpy(to + shared_.size(), payload.data(), payload.size());
  return {packet, size};
}

}  // namespace mqtk
