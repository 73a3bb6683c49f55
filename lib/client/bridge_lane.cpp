#include "client/bridge_lane.hpp"

#include <algorithm>
#include <utility>

#include "codec/reason_code.hpp"

namespace mqtk {
namespace {

constexpr Tag no_acknowledgement = 0;  // the tag of QoS 0

Publish as_publish(const ApplicationMessage& message) {
  Publish publish;
  publish.topic_name = message.topic();
  publish.qos = message.qos();
  publish.retain = message.retain();
  publish.properties = message.properties();
  publish.payload = message.payload();
  return publish;
}

}  // namespace

Tag BridgeLane::tag_of(const Publish& publish) const {
  if (publish.qos == QoS::at_most_once) return no_acknowledgement;
  return static_cast<Tag>(session_) << 16U | publish.packet_identifier;
}

// False for a message that came before, on a connection that was lost.
bool BridgeLane::is_new(const Publish& publish) {
  if (publish.qos == QoS::at_most_once) return true;
  const auto [entry, added] = open_.try_emplace(publish.packet_identifier, Open{publish.qos});
  if (added) return true;
  if (entry->second.done) settle(tag_of(publish));
  return false;
}

void BridgeLane::take(const Publish& publish) {
  if (!is_new(publish)) return;
  Held held{ApplicationMessage::make(publish, loop_.now()), tag_of(publish)};
  if (held_.empty() && forward(held)) return;
  held_.push_back(std::move(held));
  source_.pause_reading();
}

void BridgeLane::leave(const Publish& publish) {
  if (is_new(publish) && publish.qos != QoS::at_most_once) settle(tag_of(publish));
}

// What the other broker can take: a lower QoS, or no retained message.
ApplicationMessage BridgeLane::fitted(const ApplicationMessage& message) const {
  const bool fits = message.qos() <= limits_.maximum_qos && (!message.retain() || limits_.retain_available);
  if (fits) return message;
  Publish publish = as_publish(message);
  publish.qos = std::min(publish.qos, limits_.maximum_qos);
  publish.retain = publish.retain && limits_.retain_available;
  PropertyWriter properties;
  if (const auto expiry = message.remaining_expiry(loop_.now())) {
    for (const Property& property : publish.properties) properties.add(property);
    properties.add(PropertyId::message_expiry_interval, *expiry);
    publish.properties = properties.block();
  }
  return ApplicationMessage::make(publish, loop_.now());
}

bool BridgeLane::forward(const Held& held) {
  const ApplicationMessage message = fitted(held.message);
  if (message.expired(loop_.now())) {
    listener_.on_not_forwarded(message.topic(), "the Message Expiry Interval ran out");
    settle(held.tag);
    return true;
  }
  const auto flow = destination_.publish(message, held.tag);
  if (flow && *flow == Client::Flow::wait) return false;
  if (!flow) {
    listener_.on_not_forwarded(message.topic(), rule_info(flow.error().rule).text);
    settle(held.tag);
    return true;
  }
  listener_.on_forwarded(message);
  if (message.qos() == QoS::at_most_once) settle(held.tag);
  return true;
}

// The message has come to its end: its sender need not keep it any more.
void BridgeLane::settle(Tag tag) {
  if (tag == no_acknowledgement || tag >> 16U != session_) return;
  const auto entry = open_.find(static_cast<PacketIdentifier>(tag & 0xFFFFU));
  if (entry == open_.end()) return;
  if (source_.acknowledge(entry->first)) {
    open_.erase(entry);
  } else {
    entry->second.done = true;
  }
}

void BridgeLane::source_connected(bool session_present) {
  if (!session_present) {
    ++session_;
    open_.clear();
  }
  // QoS 2 messages do not come again; QoS 1 messages do.
  for (auto entry = open_.begin(); entry != open_.end();) {
    const bool settled =
        entry->second.done && entry->second.qos == QoS::exactly_once && source_.acknowledge(entry->first);
    entry = settled ? open_.erase(entry) : std::next(entry);
  }
  if (!held_.empty()) source_.pause_reading();
}

void BridgeLane::ready_to_send() {
  for (; !held_.empty(); held_.pop_front()) {
    if (!forward(held_.front())) return;
  }
  source_.resume_reading();
}

void BridgeLane::publish_done(const PublishDone& done) {
  if (is_failure(done.reason)) listener_.on_not_forwarded({}, reason_name(done.reason, done.answer));
  settle(done.tag);
}

}  // namespace mqtk
