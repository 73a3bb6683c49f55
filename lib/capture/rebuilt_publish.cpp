#include "capture/rebuilt_publish.hpp"

#include <array>

#include "codec/codec.hpp"

namespace mqtk {

Publish RebuiltPublish::fields(const MessageRecord& message) {
  Publish publish;
  publish.dup = message.dup;
  publish.qos = message.qos;
  publish.retain = message.retain;
  publish.topic_name = message.topic;
  publish.properties = message.properties;
  publish.payload = message.payload;
  if (message.qos != QoS::at_most_once) {
    if (++next_identifier_ == 0) next_identifier_ = 1;
    publish.packet_identifier = message.packet_identifier != 0 ? message.packet_identifier : next_identifier_;
  }
  return publish;
}

std::expected<Bytes, Fault> RebuiltPublish::packet(const MessageRecord& message) {
  SendQueue queue;
  if (const auto size = encode(fields(message), {Version::v5, Role::server}, queue); !size) {
    return std::unexpected(size.error());
  }
  bytes_.clear();
  while (queue.size() > 0) {
    std::array<Bytes, 8> parts;
    const std::size_t count = queue.gather(parts);
    std::size_t gathered = 0;
    for (std::size_t i = 0; i < count; ++i) {
      bytes_.insert(bytes_.end(), parts[i].begin(), parts[i].end());
      gathered += parts[i].size();
    }
    queue.consume(gathered);
  }
  return Bytes{bytes_};
}

}  // namespace mqtk
