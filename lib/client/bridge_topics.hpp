// Which topics a bridge mirrors, and what they are called on either side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/types.hpp"

namespace mqtk {

enum class BridgeDirection : std::uint8_t {
  in,   // from the remote broker
  out,  // to it
  both,
};

struct BridgeTopic {
  std::string filter;  // without the prefixes; valid behind either of them
  BridgeDirection direction = BridgeDirection::in;
  QoS qos = QoS::exactly_once;  // at most; messages of a lower one keep theirs
};

struct BridgeTopics {
  std::vector<BridgeTopic> topics;
  std::string local_prefix;  // what comes before the filter in this broker, and before the topic
  std::string remote_prefix;

  // Whether a topic is called otherwise on the other side.
  [[nodiscard]] bool moves() const { return local_prefix != remote_prefix; }
  // What comes before the filter where messages come from, `way` being in or out.
  [[nodiscard]] const std::string& source_prefix(BridgeDirection way) const {
    return way == BridgeDirection::in ? remote_prefix : local_prefix;
  }
  // Whether any topic goes in this direction, in or out.
  [[nodiscard]] bool any(BridgeDirection way) const;
  // What the message's topic is called on the other side; nothing where it is not to be mirrored, as all of $SYS.
  [[nodiscard]] std::optional<std::string> mapped(std::string_view topic, BridgeDirection way) const;
};

[[nodiscard]] constexpr bool goes(const BridgeTopic& topic, BridgeDirection way) {
  return topic.direction == way || topic.direction == BridgeDirection::both;
}

// Topic Names and Topic Filters of what a broker tells of itself, which is never mirrored.
[[nodiscard]] bool is_system_topic(std::string_view text);

}  // namespace mqtk
