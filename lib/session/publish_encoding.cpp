#include "session/publish_encoding.hpp"

#include "codec/variable_byte_integer.hpp"

namespace mqtk {
namespace {

// Of the fixed header of a packet of `packet_size` bytes.
std::uint32_t header_size_of(std::uint32_t packet_size) {
  std::uint32_t size = 2;
  while (1 + variable_byte_integer_size(packet_size - size) > size) ++size;
  return size;
}

void append(std::vector<std::uint8_t>& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void append_expiry(std::vector<std::uint8_t>& to, std::uint32_t seconds) {
  to.push_back(static_cast<std::uint8_t>(PropertyId::message_expiry_interval));
  for (const unsigned shift : {24U, 16U, 8U, 0U}) to.push_back(static_cast<std::uint8_t>(seconds >> shift));
}

}  // namespace

std::expected<PublishHead, Fault> publish_head(const Publish& publish, CodecContext context) {
  Publish bare = publish;
  bare.payload = {};
  const std::expected<std::uint32_t, Fault> bare_size = encoded_size(bare, context);
  if (!bare_size) return std::unexpected(bare_size.error());
  PublishHead head;
  head.body_size = *bare_size - header_size_of(*bare_size);
  if (publish.payload.size() > max_variable_byte_integer - head.body_size) {
    return std::unexpected(Fault{Rule::packet_too_large, 0});
  }
  head.payload_size = static_cast<std::uint32_t>(publish.payload.size());
  head.header_size = 1 + variable_byte_integer_size(head.body_size + head.payload_size);
  return head;
}

void write_publish_head(const Publish& publish, CodecContext context, const PublishHead& head, std::uint8_t* to) {
  Publish bare = publish;
  bare.payload = {};
  // Without its payload the packet has a fixed header as long or shorter: written so that its body is in place.
  const std::uint32_t bare_header = 1 + variable_byte_integer_size(head.body_size);
  std::uint8_t* bare_at = to + (head.header_size - bare_header);
  write(bare, context, bare_at);
  to[0] = *bare_at;
  write_variable_byte_integer(to + 1, head.body_size + head.payload_size);
}

std::uint32_t packet_identifier_offset(Bytes publish_packet) {
  const std::uint32_t topic_at = find_frame(publish_packet).header_size;
  return topic_at + 2U + (static_cast<std::uint32_t>(publish_packet[topic_at]) << 8U) + publish_packet[topic_at + 1];
}

PropertyBlock hop_properties(const ApplicationMessage& message, Bytes subscription_identifiers, TimePoint now,
                             std::vector<std::uint8_t>& buffer) {
  const std::optional<std::uint32_t> expiry = message.remaining_expiry(now);
  if (!expiry && subscription_identifiers.empty()) return message.properties();
  buffer.clear();
  if (expiry) append_expiry(buffer, *expiry);
  append(buffer, message.properties().bytes());
  append(buffer, subscription_identifiers);
  return PropertyBlock{buffer};
}

}  // namespace mqtk
