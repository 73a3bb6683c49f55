#include "broker/inspection.hpp"

#include <algorithm>
#include <tuple>

#include "broker/broker_core.hpp"

namespace mqtk {

std::vector<SessionFacts> sessions_of(BrokerCore& core) {
  std::vector<SessionFacts> all;
  core.state().sessions.for_each([&](const Session& session) {
    SessionFacts facts{.client_identifier = session.client_identifier,
                       .session_expiry_seconds = session.expiry_interval,
                       .subscriptions = session.subscription_count,
                       .in_flight = session.sender.unfinished(),
                       .queued = session.pending.size(),
                       .queued_bytes = session.pending.message_bytes(),
                       .dropped = session.dropped,
                       .will = static_cast<bool>(session.will)};
    if (BrokerConnection* connection = session.connection; connection != nullptr) {
      facts.connected = true;
      facts.peer_address = connection->peer_address();
      facts.version = connection->version();
      facts.keep_alive_seconds = connection->engine().keep_alive_seconds();
      facts.unsent_bytes = connection->engine().output().size();
    }
    all.push_back(std::move(facts));
  });
  std::ranges::sort(all, {}, &SessionFacts::client_identifier);
  return all;
}

std::vector<SubscriptionFacts> subscriptions_of(BrokerCore& core) {
  std::vector<SubscriptionFacts> all;
  core.state().sessions.for_each([&](const Session& session) {
    for (const StoredSubscription* at = session.subscriptions; at != nullptr; at = at->next) {
      all.push_back({.client_identifier = session.client_identifier,
                     .topic_filter = SubscriptionIndex::filter_text(*at),
                     .qos = at->match.qos,
                     .no_local = at->match.no_local,
                     .retain_as_published = at->match.retain_as_published,
                     .identifier = at->match.identifier});
    }
  });
  std::ranges::sort(all, [](const SubscriptionFacts& a, const SubscriptionFacts& b) {
    return std::tie(a.client_identifier, a.topic_filter) < std::tie(b.client_identifier, b.topic_filter);
  });
  return all;
}

}  // namespace mqtk
