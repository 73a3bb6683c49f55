#include "broker/system_topics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/heap_size.hpp"

namespace mqtk {

std::optional<TimePoint> SystemTopics::publish(TimePoint now) {
  const Duration interval = state_.options.system_topics_interval;
  if (interval <= Duration::zero()) return std::nullopt;
  if (now < next_) return next_;
  next_ = now + interval;
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(now - started_at_).count();
  publish_value("version", "mqtk " MQTK_VERSION, now);
  publish_value("uptime", fmt::format("{} seconds", uptime), now);
  publish_clients(now);
  publish_messages(now);
  publish_stored(now);
  publish_drops(now);
  publish_loads(now);
  return next_;
}

std::optional<TimePoint> SystemTopics::publish_again(TimePoint now) {
  published_.clear();
  next_ = now;
  return publish(now);
}

void SystemTopics::publish_clients(TimePoint now) {
  const BrokerCounters& counters = state_.counters;
  const std::uint64_t away = state_.sessions.size() - counters.clients_connected;
  publish_number("clients/total", state_.sessions.size(), now);
  publish_number("clients/connected", counters.clients_connected, now);
  publish_number("clients/disconnected", away, now);
  // Former names, which dashboards still ask for.
  publish_number("clients/active", counters.clients_connected, now);
  publish_number("clients/inactive", away, now);
  publish_number("clients/maximum", counters.clients_maximum, now);
  publish_number("clients/expired", counters.sessions_expired, now);
  publish_number("clients/refused", counters.connects_refused, now);
  publish_number("subscriptions/count", state_.subscriptions.size(), now);
  publish_number("shared_subscriptions/count", state_.subscriptions.shared_size(), now);
}

void SystemTopics::publish_messages(TimePoint now) {
  const BrokerCounters& counters = state_.counters;
  publish_number("bytes/received", counters.bytes_received, now);
  publish_number("bytes/sent", counters.bytes_sent, now);
  // Control Packets of all types: mosquitto calls them messages, too.
  publish_number("messages/received", counters.packets.packets_received, now);
  publish_number("messages/sent", counters.packets.packets_sent, now);
  publish_number("publish/messages/received", counters.all_messages_received(), now);
  publish_number("publish/messages/sent", counters.all_messages_sent(), now);
  for (std::size_t qos = 0; qos < 3; ++qos) {
    publish_number(fmt::format("publish/messages/received/qos{}", qos), counters.messages_received[qos], now);
    publish_number(fmt::format("publish/messages/sent/qos{}", qos), counters.messages_sent[qos], now);
  }
  publish_number("publish/bytes/received", counters.payload_bytes_received, now);
  publish_number("publish/bytes/sent", counters.payload_bytes_sent, now);
}

void SystemTopics::publish_stored(TimePoint now) {
  std::uint64_t in_flight = 0;
  std::uint64_t queued = 0;
  std::uint64_t queued_bytes = 0;
  // 0.13 us a Session: 2 ms for 15,000 of them, once in an interval, cost less than counting with each message.
  state_.sessions.for_each([&](const Session& session) {
    in_flight += session.sender.unfinished();
    queued += session.pending.size();
    queued_bytes += session.pending.message_bytes();
  });
  const std::size_t heap = heap_bytes();
  heap_maximum_ = std::max(heap_maximum_, heap);
  publish_number("messages/inflight", in_flight, now);
  // A message that waits for several clients counts for each.
  publish_number("messages/stored", queued + in_flight + state_.retained.size(), now);
  publish_number("store/messages/count", queued + in_flight + state_.retained.size(), now);
  publish_number("store/messages/bytes", queued_bytes + state_.retained.message_bytes(), now);
  publish_number("retained messages/count", state_.retained.size(), now);
  publish_number("retained messages/bytes", state_.retained.message_bytes(), now);
  publish_number("heap/current", heap, now);
  publish_number("heap/maximum", heap_maximum_, now);
}

void SystemTopics::publish_drops(TimePoint now) {
  const BrokerCounters& counters = state_.counters;
  publish_number("publish/messages/dropped", counters.messages_dropped(), now);
  for (std::size_t reason = 0; reason < drop_reason_count; ++reason) {
    const std::string_view name = drop_reason_name(static_cast<DropReason>(reason));
    publish_number(fmt::format("publish/messages/dropped/{}", name), counters.drops[reason], now);
  }
  publish_number("retained messages/refused", counters.messages_not_retained, now);
  publish_number("publish/slowed", counters.publishers_slowed, now);
}

void SystemTopics::publish_loads(TimePoint now) {
  const BrokerCounters& counters = state_.counters;
  const std::pair<std::string_view, std::uint64_t> totals[load_count] = {
      {"messages/received", counters.packets.packets_received},
      {"messages/sent", counters.packets.packets_sent},
      {"publish/dropped", counters.messages_dropped()},
      {"publish/received", counters.all_messages_received()},
      {"publish/sent", counters.all_messages_sent()},
      {"bytes/received", counters.bytes_received},
      {"bytes/sent", counters.bytes_sent},
      {"sockets", counters.connections_opened},
      {"connections", counters.connects_received},
  };
  const Duration elapsed = now - std::exchange(last_, now);
  for (std::size_t i = 0; i < load_count; ++i) {
    if (elapsed > Duration::zero()) loads_[i].update(totals[i].second, elapsed);
    for (std::size_t span = 0; span < LoadAverages::minutes.size(); ++span) {
      publish_value(fmt::format("load/{}/{}min", totals[i].first, LoadAverages::minutes[span]),
                    fmt::format("{:.2f}", loads_[i].per_minute(span)), now);
    }
  }
}

void SystemTopics::publish_number(std::string_view name, std::uint64_t value, TimePoint now) {
  publish_value(name, std::to_string(value), now);
}

void SystemTopics::publish_value(std::string_view name, std::string value, TimePoint now) {
  std::string& published = published_[std::string{name}];
  if (published == value) return;
  published = std::move(value);
  const std::string topic = fmt::format("$SYS/broker/{}", name);
  Publish publish;
  publish.retain = true;
  publish.topic_name = topic;
  publish.payload = as_bytes(published);
  fan_out_.publish(ApplicationMessage::make(publish, now), nullptr, now);
}

}  // namespace mqtk
