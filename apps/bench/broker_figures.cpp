#include "bench/broker_figures.hpp"

#include "base/utf8.hpp"

namespace mqtk::bench {
namespace {

ConnectOptions without_reconnecting(ConnectOptions options) {
  options.reconnect = {};
  return options;
}

}  // namespace

BrokerFigures::BrokerFigures(Loop& loop, const Endpoint& endpoint, const ConnectOptions& options)
    : loop_(loop), client_(loop, endpoint, without_reconnecting(options), *this) {
  client_.start();
}

BrokerFigures::~BrokerFigures() = default;

void BrokerFigures::run_ended() {
  // What is on its way now tells of before.
  constexpr Duration on_its_way = std::chrono::milliseconds{100};
  counts_from_ = loop_.time_after(on_its_way);
}

void BrokerFigures::on_connected(const Connected&) {
  SubscriptionWriter subscriptions;
  subscriptions.add({.topic_filter = "$SYS/#", .qos = QoS::at_most_once});
  if (const auto asked = client_.subscribe({.properties = {}, .subscriptions = subscriptions.list()}); !asked) {
    failed_ = true;
    failure_ = rule_info(asked.error().rule).text;
  }
}

void BrokerFigures::on_subscribed(Tag, const Suback& answer) {
  if (answer.reason_codes.empty() || answer.reason_codes[0] < 0x80) return;
  failed_ = true;
  failure_ = "the broker denies the subscription to $SYS/#";
}

void BrokerFigures::on_message(const Publish& message) {
  const std::string_view text = as_text(message.payload);
  if (text.size() > most_text || !is_mqtt_text(message.payload)) return;
  auto found = values_.find(message.topic_name);
  if (found == values_.end()) {
    if (values_.size() >= most_topics) return;
    found = values_.try_emplace(std::string{message.topic_name}, std::string{text}, std::string{}).first;
  }
  found->second.last = text;
  if (loop_.now() >= counts_from_ && !message.retain) ++updates_after_;
}

void BrokerFigures::on_stopped(const ConnectionFailure* failure) {
  failed_ = true;
  if (failure != nullptr) failure_ = "the connection failed";
}

std::vector<LoadReport::BrokerFigure> BrokerFigures::figures() const {
  std::vector<LoadReport::BrokerFigure> figures;
  for (const auto& [topic, values] : values_) figures.push_back({topic, values.first, values.last});
  return figures;
}

std::string BrokerFigures::failure() const {
  if (!failure_.empty()) return failure_;
  return values_.empty() ? "the broker says nothing under $SYS" : std::string{};
}

}  // namespace mqtk::bench
