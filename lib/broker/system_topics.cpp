#include "broker/system_topics.hpp"

namespace mqtk {

std::optional<TimePoint> SystemTopics::publish(TimePoint now) {
  const Duration interval = state_.options.system_topics_interval;
  if (interval <= Duration::zero()) return std::nullopt;
  if (now < next_) return next_;
  next_ = now + interval;
  const BrokerCounters& counters = state_.counters;
  const auto sum = [](const std::uint64_t(&by_qos)[3]) { return std::to_string(by_qos[0] + by_qos[1] + by_qos[2]); };
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(now - started_at_).count();
  publish_value("version", "mqtk " MQTK_VERSION, now);
  publish_value("uptime", std::to_string(uptime) + " seconds", now);
  publish_value("clients/connected", std::to_string(counters.clients_connected), now);
  publish_value("clients/total", std::to_string(state_.sessions.size()), now);
  publish_value("subscriptions/count", std::to_string(state_.subscriptions.size()), now);
  publish_value("shared_subscriptions/count", std::to_string(state_.subscriptions.shared_size()), now);
  publish_value("retained messages/count", std::to_string(state_.retained.size()), now);
  publish_value("publish/messages/received", sum(counters.messages_received), now);
  publish_value("publish/messages/sent", sum(counters.messages_sent), now);
  publish_value("publish/messages/dropped", std::to_string(counters.messages_dropped), now);
  publish_value("bytes/received", std::to_string(counters.bytes_received), now);
  publish_value("bytes/sent", std::to_string(counters.bytes_sent), now);
  return next_;
}

void SystemTopics::publish_value(std::string_view name, const std::string& value, TimePoint now) {
  std::string& published = published_[std::string{name}];
  if (published == value) return;
  published = value;
  const std::string topic = "$SYS/broker/" + std::string{name};
  Publish publish;
  publish.retain = true;
  publish.topic_name = topic;
  publish.payload = as_bytes(value);
  fan_out_.publish(ApplicationMessage::make(publish, now), nullptr, now);
}

}  // namespace mqtk
