// Writing PUBLISH packets whose payload is not copied, and putting the properties of one hop together.
#pragma once

#include <expected>
#include <vector>

#include "codec/codec.hpp"
#include "session/application_message.hpp"

namespace mqtk {

// The part of a PUBLISH in front of its payload.
struct PublishHead {
  std::uint32_t header_size = 0;  // of the fixed header, bytes
  std::uint32_t body_size = 0;    // between fixed header and payload
  std::uint32_t payload_size = 0;

  [[nodiscard]] std::uint32_t size() const { return header_size + body_size; }
  [[nodiscard]] std::uint32_t packet_size() const { return size() + payload_size; }
};

// `publish.payload` counts for the sizes only.
[[nodiscard]] std::expected<PublishHead, Fault> publish_head(const Publish& publish, CodecContext context);
// Writes exactly head.size() bytes.
void write_publish_head(const Publish& publish, CodecContext context, const PublishHead& head, std::uint8_t* to);

// Where the Packet Identifier of a QoS 1 or 2 PUBLISH stands, from the packet's first byte.
[[nodiscard]] std::uint32_t packet_identifier_offset(Bytes publish_packet);

// The properties of `message` with the expiry that is left and the identifiers of the subscriptions. Uses `buffer` only
// if the message's own block does not do.
[[nodiscard]] PropertyBlock hop_properties(const ApplicationMessage& message, Bytes subscription_identifiers,
                                           TimePoint now, std::vector<std::uint8_t>& buffer);

}  // namespace mqtk
