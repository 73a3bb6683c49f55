#include "broker/state_restore.hpp"

#include <algorithm>
#include <limits>

#include "codec/codec.hpp"

namespace mqtk {
namespace {

constexpr std::uint64_t largest_identifier = 65'535;
constexpr std::uint64_t largest_qos = 2;
constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();

std::optional<TopicFilter> filter_from(std::string_view text) { return TopicFilter::from(text, Version::v5); }

}  // namespace

bool StateRestore::apply(Bytes records) {
  Fields fields{records};
  while (!fields.at_end()) {
    const auto type = static_cast<StateRecord>(fields.number());
    if (!apply_one(type, fields) || fields.failed()) return false;
  }
  return true;
}

bool StateRestore::apply_one(StateRecord type, Fields& fields) {
  switch (type) {
    case StateRecord::session: return on_session(fields);
    case StateRecord::session_left: return on_session_left(fields);
    case StateRecord::session_ended: return on_session_ended(fields);
    case StateRecord::subscription: return on_subscription(fields);
    case StateRecord::unsubscription: return on_unsubscription(fields);
    case StateRecord::message: return on_message(fields);
    case StateRecord::retained: return on_retained(fields);
    case StateRecord::retained_gone: state_.retained.remove(as_text(fields.text())); return true;
    case StateRecord::all_retained_gone: state_.retained.clear(); return true;
    case StateRecord::retained_due: return on_retained_due(fields);
    case StateRecord::retained_served: return on_retained_served(fields);
    case StateRecord::queued: return on_queued(fields);
    case StateRecord::queued_sent: return on_queued_sent(fields);
    case StateRecord::queued_dropped: return on_queued_dropped(fields);
    case StateRecord::sent: return on_sent(fields);
    case StateRecord::will_gone:
    case StateRecord::pubrel_sent:
    case StateRecord::finished:
    case StateRecord::received:
    case StateRecord::released: return on_step(type, fields);
  }
  return false;
}

Session* StateRestore::session(Fields& fields) {
  const auto found = sessions_.find(fields.number());
  return found == sessions_.end() ? nullptr : found->second;
}

// A clock that was set back meanwhile must not put anything into the future.
TimePoint StateRestore::time(std::uint64_t wall_nanoseconds) const {
  const Duration since_epoch{static_cast<std::int64_t>(std::min<std::uint64_t>(wall_nanoseconds, INT64_MAX))};
  const WallTime now = wall_clock_ + now_.time_since_epoch();
  return now_ - std::max(Duration::zero(), now.time_since_epoch() - since_epoch);
}

std::optional<ApplicationMessage> StateRestore::packet(Fields& fields) const {
  const std::uint64_t received_at = fields.number();
  const Bytes bytes = fields.text();
  const Frame frame = find_frame(bytes);
  if (frame.state != Frame::State::complete || frame.packet_size != bytes.size()) return std::nullopt;
  Packet packet;
  if (decode(bytes, {Version::v5, Role::server}, packet)) return std::nullopt;
  const auto* publish = std::get_if<Publish>(&packet);
  if (publish == nullptr || publish->topic_name.empty()) return std::nullopt;
  return ApplicationMessage::make(*publish, time(received_at));
}

bool StateRestore::on_session(Fields& fields) {
  const std::uint64_t number = fields.number();
  const std::string_view client_identifier = as_text(fields.text());
  const auto known = sessions_.find(number);
  Session* session = known == sessions_.end() ? nullptr : known->second;
  Session* same_client = state_.sessions.find(client_identifier);
  if (fields.failed() || client_identifier.empty() || same_client != session) return false;
  if (session == nullptr) {
    session = &state_.sessions.restore(client_identifier, number);
    sessions_.emplace(number, session);
  }
  session->kept = true;
  session->expiry_interval = static_cast<std::uint32_t>(fields.number(u32_max));
  const bool away = fields.number(1) == 1;
  const std::uint64_t left_at = fields.number();
  // The connection of one that was there ended with the broker, and nobody knows better when than now.
  session->connection_closed(away ? time(left_at) : now_);
  session->will = {};
  if (fields.number(1) == 0) return true;
  const auto delay = static_cast<std::uint32_t>(fields.number(u32_max));
  auto message = packet(fields);
  if (!message) return false;
  session->will = {std::move(*message), delay};
  return true;
}

bool StateRestore::on_session_left(Fields& fields) {
  Session* left = session(fields);
  if (left == nullptr) return false;
  left->connection_closed(time(fields.number()));
  left->expiry_interval = static_cast<std::uint32_t>(fields.number(u32_max));
  if (fields.number(1) == 0) left->will = {};
  return true;
}

bool StateRestore::on_session_ended(Fields& fields) {
  const std::uint64_t number = fields.number();
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return false;
  state_.subscriptions.remove_all(*found->second);
  state_.sessions.erase(*found->second);
  sessions_.erase(found);
  return true;
}

bool StateRestore::on_subscription(Fields& fields) {
  Session* subscriber = session(fields);
  const std::uint64_t options = fields.number(15);
  const auto identifier = static_cast<std::uint32_t>(fields.number(u32_max));
  const std::uint64_t group = fields.number();
  const auto filter = filter_from(as_text(fields.text()));
  if (subscriber == nullptr || !filter || (options & 3U) > largest_qos) return false;
  const auto added = state_.subscriptions.add(
      *filter, {subscriber, identifier, static_cast<QoS>(options & 3U), (options & 4U) != 0, (options & 8U) != 0});
  const bool joins = added == SubscriptionIndex::Added::fresh && subscriber->subscriptions->group != nullptr;
  if (joins) groups_[group] = subscriber->subscriptions->group->number;
  return true;
}

bool StateRestore::on_unsubscription(Fields& fields) {
  Session* subscriber = session(fields);
  const std::string_view text = as_text(fields.text());
  const auto filter = filter_from(text);
  if (subscriber == nullptr || !filter) return false;
  state_.subscriptions.remove(*filter, *subscriber);
  subscriber->forget_retained(text);
  return true;
}

bool StateRestore::on_message(Fields& fields) {
  const std::uint64_t number = fields.number();
  auto message = packet(fields);
  if (!message) return false;
  return messages_.emplace(number, std::move(*message)).second;
}

bool StateRestore::on_retained(Fields& fields) {
  const auto found = messages_.find(fields.number());
  if (found == messages_.end()) return false;
  state_.retained.store(found->second);
  return true;
}

bool StateRestore::on_retained_due(Fields& fields) {
  Session* subscriber = session(fields);
  const std::uint64_t qos = fields.number(largest_qos);
  const auto identifier = static_cast<std::uint32_t>(fields.number(u32_max));
  const std::string_view text = as_text(fields.text());
  const auto filter = filter_from(text);
  if (subscriber == nullptr || !filter) return false;
  subscriber->forget_retained(text);
  subscriber->expect_retained(*filter, identifier, static_cast<QoS>(qos));
  return true;
}

bool StateRestore::on_retained_served(Fields& fields) {
  Session* subscriber = session(fields);
  if (subscriber == nullptr || subscriber->retained == nullptr || subscriber->retained->empty()) return false;
  subscriber->retained->pop_front();
  return true;
}

std::optional<Delivery> StateRestore::delivery(Fields& fields) {
  const auto message = messages_.find(fields.number());
  const std::uint64_t flags = fields.number(7);
  const std::uint64_t group = fields.number();
  const Bytes identifiers = fields.text();
  if (message == messages_.end() || fields.failed()) return std::nullopt;
  const auto qos = static_cast<QoS>(flags & 3U);
  if (qos == QoS::at_most_once || qos > message->second.qos()) return std::nullopt;
  const auto now = groups_.find(group);
  return Delivery{.message = message->second,
                  .subscription_identifiers = identifiers.empty() ? SharedBytes{} : SharedBytes::copy_of(identifiers),
                  .tag = now == groups_.end() ? 0 : now->second,
                  .qos = qos,
                  .retain = (flags & 4U) != 0};
}

bool StateRestore::on_queued(Fields& fields) {
  Session* receiver = session(fields);
  auto queued = delivery(fields);
  if (receiver == nullptr || !queued) return false;
  receiver->pending.push(std::move(*queued));
  return true;
}

bool StateRestore::start(Session& session, PacketIdentifier id, Delivery delivery) {
  InFlight entry;
  entry.message = std::move(delivery.message);
  entry.subscription_identifiers = std::move(delivery.subscription_identifiers);
  entry.tag = delivery.tag;
  entry.state = InFlight::State::publish_sent;
  entry.qos = delivery.qos;
  entry.retain = delivery.retain;
  return session.sender.restore(id, std::move(entry));
}

bool StateRestore::on_queued_sent(Fields& fields) {
  Session* receiver = session(fields);
  const auto id = static_cast<PacketIdentifier>(fields.number(largest_identifier));
  if (receiver == nullptr || receiver->pending.empty()) return false;
  Delivery first = receiver->pending.front();
  receiver->pending.drop_front();
  return start(*receiver, id, std::move(first));
}

bool StateRestore::on_queued_dropped(Fields& fields) {
  Session* receiver = session(fields);
  if (receiver == nullptr || receiver->pending.empty()) return false;
  receiver->pending.drop_front();
  return true;
}

bool StateRestore::on_sent(Fields& fields) {
  Session* receiver = session(fields);
  const auto id = static_cast<PacketIdentifier>(fields.number(largest_identifier));
  auto sent = delivery(fields);
  return receiver != nullptr && sent && start(*receiver, id, std::move(*sent));
}

bool StateRestore::on_step(StateRecord type, Fields& fields) {
  Session* own = session(fields);
  if (own == nullptr) return false;
  if (type == StateRecord::will_gone) {
    own->will = {};
    return true;
  }
  const auto id = static_cast<PacketIdentifier>(fields.number(largest_identifier));
  if (id == 0) return false;
  switch (type) {
    case StateRecord::pubrel_sent: return on_pubrel_sent(*own, id);
    case StateRecord::finished: own->sender.finish(id); return true;
    case StateRecord::received:
      if (own->receiver.seen(id) != ReceiverFlow::Seen::never) return false;
      own->receiver.add(id);
      own->receiver.take_over(id);
      return true;
    default: return own->receiver.release(id);
  }
}

bool StateRestore::on_pubrel_sent(Session& session, PacketIdentifier id) {
  InFlight released;
  released.state = InFlight::State::pubrel_sent;
  released.qos = QoS::exactly_once;
  InFlight* entry = session.sender.find(id);
  if (entry == nullptr) return session.sender.restore(id, std::move(released));
  *entry = std::move(released);
  return true;
}

std::uint64_t StateRestore::queued() const {
  std::uint64_t count = 0;
  state_.sessions.for_each([&](const Session& each) { count += each.pending.size() + each.sender.unfinished(); });
  return count;
}

}  // namespace mqtk
