#include "broker/session_life.hpp"

#include <algorithm>
#include <vector>

#include "broker/broker_connection.hpp"
#include "broker/state_journal.hpp"

namespace mqtk {
namespace {

// What a client had of Shared Subscriptions and has not begun to take over. A QoS 2 message that was sent once stays
// with its client, even if that never comes back [MQTT-4.8.2-5].
std::vector<Delivery> undelivered_shares(Session& session) {
  std::vector<Delivery> shares;
  SenderFlow& sender = session.sender;
  for (std::uint32_t i = 0; i < sender.span(); ++i) {
    InFlight& entry = sender.at(i);
    const bool unfinished = entry.is_publish() && entry.state != InFlight::State::pubrel_sent;
    if (entry.tag == 0 || !unfinished || entry.qos != QoS::at_least_once) continue;
    shares.push_back({entry.message, {}, entry.tag, entry.qos, entry.retain});
  }
  for (; !session.pending.empty(); session.pending.drop_front()) {
    if (session.pending.front().tag != 0) shares.push_back(session.pending.front());
  }
  return shares;
}

// Messages for this client that it has not taken over.
std::uint64_t waiting_messages(Session& session) {
  std::uint64_t count = session.pending.size();
  SenderFlow& sender = session.sender;
  for (std::uint32_t i = 0; i < sender.span(); ++i) {
    const InFlight& entry = sender.at(i);
    if (entry.is_publish() && entry.state != InFlight::State::pubrel_sent) ++count;
  }
  return count;
}

}  // namespace

SessionLife::Opened SessionLife::open(std::string_view client_identifier, bool clean_start, TimePoint now) {
  Session* session = state_.sessions.find(client_identifier);
  if (session != nullptr && session->connection != nullptr) {
    session->connection->close_by_broker(ReasonCode::session_taken_over, now);  // [MQTT-3.1.4-3]
    session = state_.sessions.find(client_identifier);                          // may have ended with its connection
  }
  if (session != nullptr && clean_start) {
    end(*session, now);  // [MQTT-3.1.2-4]
    session = nullptr;
  }
  if (session == nullptr) return {&state_.sessions.create(client_identifier), false};
  state_.deadlines.clear(*session);
  session->will = {};  // [MQTT-3.1.3-9]
  return {session, true};
}

void SessionLife::leave(Session& session, TimePoint now) {
  session.connection = nullptr;
  session.connection_closed(now);
  if (state_.journal != nullptr) state_.journal->session_left(session);
  settle(session, now);
}

void SessionLife::forget_state(Session& session) {
  session.will = {};
  session.pending.clear();
  session.clear();
}

void SessionLife::settle(Session& session, TimePoint now) {
  const auto will_due = session.will_due();
  if (will_due && *will_due <= now) publish_will(session, now);
  const auto ends_at = session.ends_at();
  if (ends_at && *ends_at <= now) {
    if (session.expiry_interval > 0) ++state_.counters.sessions_expired;
    return end(session, now);
  }
  const auto next_will = session.will_due();
  if (next_will && (!ends_at || *next_will < *ends_at)) {
    state_.set_deadline(session, *next_will);
  } else if (ends_at) {
    state_.set_deadline(session, *ends_at);
  }
}

void SessionLife::publish_will(Session& session, TimePoint now) {
  const ApplicationMessage message = session.will.publish(now);  // and it leaves the Session State [MQTT-3.1.2-10]
  if (state_.journal != nullptr) state_.journal->will_gone(session);
  state_.listener.on_event({.type = BrokerEvent::Type::will_published,
                            .qos = message.qos(),
                            .client_identifier = session.client_identifier,
                            .topic = message.topic()});
  if (state_.listener.wants_messages()) {
    Publish publish;
    publish.topic_name = message.topic();
    publish.qos = message.qos();
    publish.retain = message.retain();
    publish.properties = message.properties();
    publish.payload = message.payload();
    state_.listener.on_message(session.client_identifier, publish);
  }
  fan_out_.publish(message, &session, now);
}

void SessionLife::end(Session& session, TimePoint now) {
  if (session.will) publish_will(session, now);
  const std::uint64_t waiting = waiting_messages(session);
  const std::vector<Delivery> shares = undelivered_shares(session);
  if (waiting > shares.size()) {
    state_.message_dropped(session, {}, QoS::at_least_once, DropReason::session_ended, waiting - shares.size());
  }
  state_.deadlines.clear(session);
  if (state_.journal != nullptr) state_.journal->session_ended(session);
  state_.subscriptions.remove_all(session);
  state_.listener.on_event({.type = BrokerEvent::Type::session_ended, .client_identifier = session.client_identifier});
  state_.sessions.erase(session);
  fan_out_.deliver_again(shares, now);
}

}  // namespace mqtk
