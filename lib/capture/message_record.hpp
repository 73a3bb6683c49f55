// One Application Message with what was seen around it: what `sub --json` prints and recordings hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "codec/packet.hpp"

namespace mqtk {

// A view: whoever made it keeps topic, payload and properties alive.
struct MessageRecord {
  std::optional<WallTime> time;
  std::string_view topic;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  bool dup = false;
  PacketIdentifier packet_identifier = 0;  // only for QoS 1 and 2; 0 where it was not kept
  Bytes payload = {};
  PropertyBlock properties = {};
  bool retained_at_subscribe = false;  // a retained message that the broker sent because of the subscription
  // Who published it, where the recording tells: a Client Identifier, or the address of a client that did not say it.
  std::string_view client = {};

  [[nodiscard]] static MessageRecord from(const Publish& publish, std::optional<WallTime> time) {
    return {.time = time,
            .topic = publish.topic_name,
            .qos = publish.qos,
            .retain = publish.retain,
            .dup = publish.dup,
            .packet_identifier = publish.packet_identifier,
            .payload = publish.payload,
            .properties = publish.properties};
  }
};

// A message that was read back. Members that the input left out are empty: the caller has its own defaults.
struct StoredMessage {
  std::optional<WallTime> time;
  std::optional<std::string> topic;
  std::optional<QoS> qos;
  std::optional<bool> retain;
  std::optional<bool> dup;
  std::optional<PacketIdentifier> packet_identifier;
  std::vector<std::uint8_t> payload;
  PropertyWriter properties;
  bool retained_at_subscribe = false;
  std::string client;
};

}  // namespace mqtk
