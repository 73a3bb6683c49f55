#include "broker/fault_rules.hpp"

#include "codec/topic.hpp"

namespace mqtk {
namespace {

using Kind = FaultRule::Kind;

// Whether this kind of fault makes sense for the packet.
bool can_strike(Kind kind, const Packet& packet, PacketType type) {
  if (kind == Kind::withhold) return can_be_withheld(type);
  if (kind != Kind::answer) return true;
  if (type == PacketType::subscribe || type == PacketType::unsubscribe) return true;
  const auto* publish = std::get_if<Publish>(&packet);
  return publish != nullptr && publish->qos != QoS::at_most_once;
}

bool is_about(std::string_view topic_filter, const Packet& packet) {
  if (topic_filter.empty()) return true;
  if (const auto* publish = std::get_if<Publish>(&packet)) return topic_matches(topic_filter, publish->topic_name);
  if (const auto* subscribe = std::get_if<Subscribe>(&packet)) {
    for (const Subscription& subscription : subscribe->subscriptions) {
      if (topic_matches(topic_filter, subscription.topic_filter)) return true;
    }
  }
  if (const auto* unsubscribe = std::get_if<Unsubscribe>(&packet)) {
    for (const std::string_view filter : unsubscribe->topic_filters) {
      if (topic_matches(topic_filter, filter)) return true;
    }
  }
  return false;
}

}  // namespace

// SplitMix64: small, and its numbers do not depend on the library.
std::uint64_t FaultRules::Entry::next_random() {
  std::uint64_t value = random += 0x9E37'79B9'7F4A'7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D0'49BB'1331'11EBU;
  return value ^ (value >> 31U);
}

std::size_t FaultRules::add(FaultRule rule) {
  const std::uint64_t number = ++last_number_;
  const std::uint64_t seed = rule.seed.value_or(seed_ + number);
  rules_.push_back({.rule = std::move(rule), .number = number, .random = seed});
  return number;
}

FaultRules::Entry* FaultRules::strike(std::string_view client_identifier, const Packet& packet, PacketType type,
                                      PacketDirection direction) {
  for (Entry& entry : rules_) {
    const FaultRule& rule = entry.rule;
    const bool meant = (!rule.packet || *rule.packet == type) && (!rule.direction || *rule.direction == direction) &&
                       (rule.client.empty() || matches_pattern(rule.client, client_identifier)) &&
                       can_strike(rule.kind, packet, type) && is_about(rule.topic_filter, packet);
    if (!meant) continue;
    if (entry.met++ < rule.after || (rule.count && entry.injected >= *rule.count)) continue;
    constexpr double range = 18446744073709551616.0;  // 2^64
    if (rule.probability < 1 && static_cast<double>(entry.next_random()) / range >= rule.probability) continue;
    ++entry.injected;
    return &entry;
  }
  return nullptr;
}

}  // namespace mqtk
