#include "broker/subscribe_requests.hpp"

#include <algorithm>

#include "broker/access_rules.hpp"
#include "broker/broker_connection.hpp"
#include "broker/refusal_text.hpp"
#include "broker/state_journal.hpp"

namespace mqtk {
namespace {

// Clients before 5.0 may take part in Shared Subscriptions, too: their specifications leave filters that begin with $
// to the Server, and brokers that have Shared Subscriptions at all offer them to every version.
TopicFilter filter_of(std::string_view text, Version version) {
  const bool shared = text.starts_with("$share/") && !TopicFilter::check(text, Version::v5);
  return TopicFilter::checked(text, shared ? Version::v5 : version);
}

}  // namespace

void SubscribeRequests::on_subscribe(BrokerConnection& connection, Session& session, const Subscribe& subscribe) {
  const auto identifier = subscribe.properties.number(PropertyId::subscription_identifier).value_or(0);
  reason_codes_.clear();
  PropertyWriter properties;  // for the first that is refused
  for (const Subscription& subscription : subscribe.subscriptions) {
    const ReasonCode refusal = check(subscribe, connection);
    const ReasonCode reason_code =
        is_failure(refusal) ? refusal : subscribe_to(subscription, connection.version(), identifier, session);
    reason_codes_.push_back(static_cast<std::uint8_t>(reason_code));
    if (properties.empty()) properties = refusal_properties(reason_code, PacketType::suback);
    state_.listener.on_event({.type = BrokerEvent::Type::subscribed,
                              .reason_code = reason_code,
                              .client_identifier = session.client_identifier,
                              .topic = subscription.topic_filter});
  }
  if (!connection.engine().suback(subscribe.packet_identifier, reason_codes_, properties.block())) {
    // 3.1 cannot say that a subscription failed, and a large answer may be too much for the client.
    connection.condemn(ReasonCode::unspecified_error);
  }
  connection.want_turn_end();
}

// What is about the packet, for its next filter.
ReasonCode SubscribeRequests::check(const Subscribe& subscribe, const BrokerConnection& connection) const {
  if (connection.of_this_process) return ReasonCode::success;
  const ServiceLimits& service = state_.options.service;
  if (!service.takes_user_properties_everywhere && subscribe.properties.find(PropertyId::user_property)) {
    return ReasonCode::implementation_specific_error;
  }
  return reason_codes_.size() < service.max_filters_per_subscribe ? ReasonCode::success : ReasonCode::quota_exceeded;
}

ReasonCode SubscribeRequests::subscribe_to(const Subscription& subscription, Version version, std::uint32_t identifier,
                                           Session& session) {
  const TopicFilter filter = filter_of(subscription.topic_filter, version);
  const ReasonCode refusal = check(filter, session);
  if (is_failure(refusal)) return refusal;
  // A server without the higher levels grants what it has [MQTT-3.2.2-10].
  const QoS granted = std::min(subscription.qos, state_.options.limits.maximum_qos);
  // What a bridge of 5.0 asks for with each subscription.
  const bool bridge = session.connection->says_bridge;
  const Match options{&session, identifier, granted, subscription.no_local || bridge,
                      subscription.retain_as_published || bridge};
  const auto added = state_.subscriptions.add(filter, options);
  if (state_.journal != nullptr) state_.journal->subscribed(session, options, filter.text());
  const bool wanted = subscription.retain_handling == RetainHandling::send ||  // [MQTT-3.3.1-9]
                      (subscription.retain_handling == RetainHandling::send_if_new &&
                       added == SubscriptionIndex::Added::fresh);  // [MQTT-3.3.1-10]
  if (wanted && !filter.is_shared() && state_.retained.size() > 0) {
    if (added == SubscriptionIndex::Added::replaced) session.forget_retained(filter.text());
    const RetainedDelivery& due = session.expect_retained(filter, identifier, granted);
    if (state_.journal != nullptr) state_.journal->retained_due(session, due);
  }
  return static_cast<ReasonCode>(granted);
}

ReasonCode SubscribeRequests::check(const TopicFilter& filter, const Session& session) const {
  const BrokerOptions& options = state_.options;
  const auto slashes = std::count(filter.filter().begin(), filter.filter().end(), '/');
  if (slashes >= options.max_topic_levels) return ReasonCode::topic_filter_invalid;
  if (session.connection->of_this_process) return ReasonCode::success;
  if (filter.filter().size() > options.service.max_topic_bytes) return ReasonCode::topic_filter_invalid;
  if (options.service.topics != nullptr &&
      !options.service.topics->may_subscribe({session.client_identifier, session.connection->user_name()},
                                             filter.text())) {
    return ReasonCode::not_authorized;
  }
  if (filter.has_wildcard() && !options.limits.wildcard_subscription_available) {
    return ReasonCode::wildcard_subscriptions_not_supported;
  }
  if (filter.is_shared() && !options.limits.shared_subscription_available) {
    return ReasonCode::shared_subscriptions_not_supported;
  }
  // At the limit what is there may still be changed.
  if (session.subscription_count >= options.max_subscriptions_per_client &&
      !state_.subscriptions.contains(filter, session)) {
    return ReasonCode::quota_exceeded;
  }
  if (state_.access_control != nullptr &&
      !state_.access_control->may_subscribe({session.client_identifier, session.connection->user_name()},
                                            filter.text())) {
    return ReasonCode::not_authorized;
  }
  return ReasonCode::success;
}

void SubscribeRequests::on_unsubscribe(BrokerConnection& connection, Session& session, const Unsubscribe& unsubscribe) {
  reason_codes_.clear();
  for (const std::string_view text : unsubscribe.topic_filters) {
    const bool removed = state_.subscriptions.remove(filter_of(text, connection.version()), session);
    if (removed) {
      session.forget_retained(text);
      if (state_.journal != nullptr) state_.journal->unsubscribed(session, text);
    }
    const ReasonCode reason_code = removed ? ReasonCode::success : ReasonCode::no_subscription_existed;
    reason_codes_.push_back(static_cast<std::uint8_t>(reason_code));
    state_.listener.on_event({.type = BrokerEvent::Type::unsubscribed,
                              .reason_code = reason_code,
                              .client_identifier = session.client_identifier,
                              .topic = text});
  }
  if (!connection.engine().unsuback(unsubscribe.packet_identifier, reason_codes_)) {
    connection.condemn(ReasonCode::packet_too_large);
  }
  connection.want_turn_end();
}

}  // namespace mqtk
