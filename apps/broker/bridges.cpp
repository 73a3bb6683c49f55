#include "broker/bridges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/failure_text.hpp"
#include "net/loop.hpp"

namespace mqtk::broker_program {
namespace {

BridgeOptions options_of(const BridgeSettings& settings, Broker& broker, const std::string& identity) {
  BridgeOptions options;
  options.topics = settings.topics;
  options.endpoint = settings.connection.endpoint;
  options.remote = settings.connection.connect;
  options.local.client_identifier = "bridge." + settings.name;
  options.local.open = [&broker] { return broker.connect_in_process(); };
  options.identity = identity;
  return options;
}

}  // namespace

Bridges::Bridges(Loop& loop, Broker& broker, BrokerListener& events, const std::vector<BridgeSettings>& settings,
                 const std::string& identity, Duration system_topics_interval)
    : loop_(loop),
      broker_(broker),
      events_(events),
      interval_(system_topics_interval),
      system_topics_due_(loop, [this] { publish_system_topics(); }) {
  BridgeListener& listener = *this;
  entries_.reserve(settings.size());
  for (const BridgeSettings& one : settings) {
    BridgeOptions options = options_of(one, broker, identity);
    std::string client_identifier = options.local.client_identifier;
    entries_.push_back(
        {&one, std::move(client_identifier), std::make_unique<Bridge>(loop, std::move(options), listener), {}});
  }
}

void Bridges::start() {
  for (const Entry& entry : entries_) entry.bridge->start();
  if (!entries_.empty()) publish_system_topics();
}

void Bridges::stop(std::function<void()> done) {
  system_topics_due_.cancel();
  running_ = entries_.size();
  if (running_ == 0) return done();
  done_ = std::move(done);
  for (const Entry& entry : entries_) {
    entry.bridge->stop([this] {
      if (--running_ == 0) done_();
    });
  }
}

std::vector<BridgeFacts> Bridges::facts() const {
  std::vector<BridgeFacts> result;
  for (const Entry& entry : entries_) {
    result.push_back({.name = entry.settings->name,
                      .url = to_text(entry.bridge->endpoint()),
                      .connected = entry.bridge->is_connected(),
                      .counters = entry.bridge->counters(),
                      .failure = entry.failure});
  }
  return result;
}

Bridges::Entry& Bridges::entry_of(const Bridge& bridge) {
  return *std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.bridge.get() == &bridge; });
}

// --- what happens ----------------------------------------------------------------------------------------------------

void Bridges::on_bridge_connected(Bridge& bridge, const Connected& connected) {
  Entry& entry = entry_of(bridge);
  entry.failure.clear();
  const std::string detail =
      fmt::format("bridge to {} connected, MQTT {}, {}", short_text(bridge.endpoint()), version_text(connected.version),
                  connected.session_present ? "session present" : "new session");
  events_.on_event({.type = BrokerEvent::Type::bridge_connected,
                    .version = connected.version,
                    .client_identifier = entry.client_identifier,
                    .detail = detail});
  publish_system_topics(entry);
}

// Once for each change of state, not for each attempt.
void Bridges::tell_failure(Entry& entry, std::string text) {
  const bool again = !entry.failure.empty() && !text.ends_with("given up");
  entry.failure = std::move(text);
  if (again) return;
  events_.on_event(
      {.type = BrokerEvent::Type::bridge_lost, .client_identifier = entry.client_identifier, .detail = entry.failure});
  publish_system_topics(entry);
}

void Bridges::on_bridge_lost(Bridge& bridge, const ConnectionFailure& failure) {
  Entry& entry = entry_of(bridge);
  const auto text =
      cli::describe(failure, bridge.endpoint(), entry.settings->connection.connect, cli::Outlook::tried_again);
  tell_failure(entry, text.line + "; trying again");
}

void Bridges::on_bridge_stopped(Bridge& bridge, const ConnectionFailure& failure) {
  Entry& entry = entry_of(bridge);
  const auto text =
      cli::describe(failure, bridge.endpoint(), entry.settings->connection.connect, cli::Outlook::given_up);
  tell_failure(entry, text.line + "; given up");
}

void Bridges::on_bridge_denied(Bridge& bridge, std::string_view topic_filter, std::string_view why) {
  events_.on_event({.type = BrokerEvent::Type::bridge_denied,
                    .client_identifier = entry_of(bridge).client_identifier,
                    .topic = topic_filter,
                    .detail = why});
}

void Bridges::on_bridge_drop(Bridge& bridge, BridgeDirection way, std::string_view topic, std::string_view why) {
  const std::string detail = fmt::format("{} {}: {}", way == BridgeDirection::in ? "not taken in from" : "not taken by",
                                         short_text(bridge.endpoint()), why);
  events_.on_event({.type = BrokerEvent::Type::message_dropped,
                    .drop_reason = DropReason::refused,
                    .client_identifier = entry_of(bridge).client_identifier,
                    .topic = topic,
                    .detail = detail});
}

// --- $SYS ------------------------------------------------------------------------------------------------------------

void Bridges::publish_system_topics() {
  for (const Entry& entry : entries_) publish_system_topics(entry);
  if (interval_ > Duration::zero()) system_topics_due_.arm(loop_.time_after(interval_));
}

void Bridges::publish_system_topics(const Entry& entry) {
  if (interval_ <= Duration::zero()) return;
  const BridgeCounters& counters = entry.bridge->counters();
  publish_value(entry, "state", entry.bridge->is_connected() ? "1" : "0");  // as mosquitto names it
  publish_value(entry, "messages/received", std::to_string(counters.received));
  publish_value(entry, "messages/sent", std::to_string(counters.sent));
  publish_value(entry, "messages/dropped", std::to_string(counters.dropped));
}

void Bridges::publish_value(const Entry& entry, std::string_view what, const std::string& value) {
  const std::string topic = fmt::format("$SYS/broker/connection/{}/{}", entry.settings->name, what);
  Publish publish;
  publish.retain = true;
  publish.topic_name = topic;
  publish.payload = as_bytes(value);
  broker_.publish(publish);
}

}  // namespace mqtk::broker_program
