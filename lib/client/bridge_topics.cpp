#include "client/bridge_topics.hpp"

#include <algorithm>

#include "codec/topic.hpp"

namespace mqtk {

bool is_system_topic(std::string_view text) { return text == "$SYS" || text.starts_with("$SYS/"); }

bool BridgeTopics::any(BridgeDirection way) const {
  return std::ranges::any_of(topics, [way](const BridgeTopic& topic) { return goes(topic, way); });
}

std::optional<std::string> BridgeTopics::mapped(std::string_view topic, BridgeDirection way) const {
  const std::string& from = source_prefix(way);
  const std::string& to = way == BridgeDirection::in ? local_prefix : remote_prefix;
  if (is_system_topic(topic) || !topic.starts_with(from)) return std::nullopt;
  // A Session of an earlier run may hold other subscriptions.
  const bool wanted = std::ranges::any_of(
      topics, [&](const BridgeTopic& entry) { return goes(entry, way) && topic_matches(from + entry.filter, topic); });
  if (!wanted) return std::nullopt;
  std::string result = to + std::string{topic.substr(from.size())};
  if (is_system_topic(result) || TopicName::check(result)) return std::nullopt;
  return result;
}

}  // namespace mqtk
