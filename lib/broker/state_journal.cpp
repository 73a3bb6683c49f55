#include "broker/state_journal.hpp"

#include "codec/codec.hpp"
#include "session/publish_encoding.hpp"

namespace mqtk {
namespace {

// A log is written anew when it has grown to twice the state that it began with, and this much.
constexpr std::uint64_t growth_before_snapshot = 16U * 1024 * 1024;

constexpr std::size_t snapshot_frame_bytes = 64U * 1024;

std::uint64_t options_of(const Match& match) {
  return static_cast<std::uint64_t>(match.qos) | (match.no_local ? 4U : 0U) | (match.retain_as_published ? 8U : 0U);
}

}  // namespace

// Nanoseconds since 1970.
std::uint64_t StateJournal::wall(TimePoint time) const {
  const Duration since_epoch = wall_clock_.time_since_epoch() + time.time_since_epoch();
  return since_epoch < Duration::zero() ? 0 : static_cast<std::uint64_t>(since_epoch.count());
}

// The turn's end is when it is written, even if nothing else has to happen then.
void StateJournal::begin(StateRecord type) {
  if (records_.empty()) state_.host.call_at_turn_end();
  records_.begin(type);
}

void StateJournal::begin(StateRecord type, const Session& session) {
  begin(type);
  records_.number(session.number);
}

void StateJournal::session_opened(const Session& session) {
  if (session.kept) write_session(session);
}

void StateJournal::write_session(const Session& session) {
  begin(StateRecord::session, session);
  records_.text(session.client_identifier);
  records_.number(session.expiry_interval);
  const auto left_at = session.disconnected_at();
  records_.number(left_at ? 1 : 0);
  records_.number(left_at ? wall(*left_at) : 0);
  records_.number(session.will ? 1 : 0);
  if (!session.will) return;
  records_.number(session.will.delay_seconds);
  write_packet(session.will.message);
}

void StateJournal::session_left(const Session& session) {
  if (!session.kept) return;
  begin(StateRecord::session_left, session);
  records_.number(wall(session.disconnected_at().value_or(TimePoint{})));
  records_.number(session.expiry_interval);
  records_.number(session.will ? 1 : 0);
}

void StateJournal::session_ended(const Session& session) {
  if (session.kept) begin(StateRecord::session_ended, session);
}

void StateJournal::will_gone(const Session& session) {
  if (session.kept) begin(StateRecord::will_gone, session);
}

void StateJournal::subscribed(const Session& session, const Match& options, std::string_view filter) {
  if (!session.kept) return;
  // The newest subscription stands first; an older one to the same filter keeps its group.
  const StoredSubscription* newest = session.subscriptions;
  const bool fresh = newest != nullptr && SubscriptionIndex::filter_text(*newest) == filter;
  write_subscription(session, options, fresh && newest->group != nullptr ? newest->group->number : 0, filter);
}

void StateJournal::write_subscription(const Session& session, const Match& options, std::uint64_t group,
                                      std::string_view filter) {
  begin(StateRecord::subscription, session);
  records_.number(options_of(options));
  records_.number(options.identifier);
  records_.number(group);
  records_.text(filter);
}

void StateJournal::unsubscribed(const Session& session, std::string_view filter) {
  if (!session.kept) return;
  begin(StateRecord::unsubscription, session);
  records_.text(filter);
}

void StateJournal::retained_due(const Session& session, const RetainedDelivery& due) {
  if (!session.kept) return;
  begin(StateRecord::retained_due, session);
  records_.number(static_cast<std::uint64_t>(due.qos));
  records_.number(due.identifier);
  records_.text(due.filter);
}

void StateJournal::retained_served(const Session& session) {
  if (session.kept) begin(StateRecord::retained_served, session);
}

void StateJournal::queued(const Session& session, const Delivery& delivery) {
  if (!session.kept || delivery.qos == QoS::at_most_once) return;
  const std::uint64_t message = message_number(delivery.message);
  begin(StateRecord::queued, session);
  write_delivery(delivery, message);
}

void StateJournal::queued_sent(const Session& session, PacketIdentifier id) {
  if (!session.kept || id == 0) return;
  begin(StateRecord::queued_sent, session);
  records_.number(id);
}

void StateJournal::queued_dropped(const Session& session, QoS qos) {
  if (session.kept && qos != QoS::at_most_once) begin(StateRecord::queued_dropped, session);
}

void StateJournal::sent(const Session& session, PacketIdentifier id, const Delivery& delivery) {
  if (!session.kept) return;
  const std::uint64_t message = message_number(delivery.message);
  begin(StateRecord::sent, session);
  records_.number(id);
  write_delivery(delivery, message);
}

void StateJournal::finished(const Session& session, PacketIdentifier id) {
  if (!session.kept) return;
  begin(StateRecord::finished, session);
  records_.number(id);
}

void StateJournal::received(const Session& session, PacketIdentifier id) {
  if (!session.kept) return;
  begin(StateRecord::received, session);
  records_.number(id);
}

void StateJournal::pubrel_sent(SessionState& state, PacketIdentifier id) {
  const auto& session = static_cast<const Session&>(state);
  if (!session.kept) return;
  begin(StateRecord::pubrel_sent, session);
  records_.number(id);
}

void StateJournal::released(SessionState& state, PacketIdentifier id) {
  const auto& session = static_cast<const Session&>(state);
  if (!session.kept) return;
  begin(StateRecord::released, session);
  records_.number(id);
}

void StateJournal::retained(const ApplicationMessage& message) {
  if (!is_kept(message)) return;
  if (message.payload().empty()) {
    begin(StateRecord::retained_gone);
    records_.text(message.topic());
    return;
  }
  const std::uint64_t number = message_number(message);
  begin(StateRecord::retained);
  records_.number(number);
}

void StateJournal::all_retained_gone() { begin(StateRecord::all_retained_gone); }

// When the message came, and the PUBLISH packet that would bring it.
void StateJournal::write_packet(const ApplicationMessage& message) {
  Publish publish;
  publish.qos = message.qos();
  publish.retain = message.retain();
  publish.packet_identifier = message.qos() == QoS::at_most_once ? 0 : 1;
  publish.topic_name = message.topic();
  publish.properties = hop_properties(message, {}, message.received_at(), properties_);
  publish.payload = message.payload();
  records_.number(wall(message.received_at()));
  const auto size = encoded_size(publish, {Version::v5, Role::server});
  records_.number(size.value_or(0));
  if (!size) return;
  std::vector<std::uint8_t>& bytes = records_.bytes();
  const std::size_t at = bytes.size();
  bytes.resize(at + *size);
  write(publish, {Version::v5, Role::server}, bytes.data() + at);
}

// One that goes to many follows itself, so it is enough to know the last one.
std::uint64_t StateJournal::message_number(const ApplicationMessage& message) {
  const std::uint8_t* block = message.block().view().data();
  if (last_message_ && last_message_.block().view().data() == block) return last_message_number_;
  if (in_snapshot_) {
    const auto [written, fresh] = written_.try_emplace(block, last_message_number_ + 1);
    if (!fresh) return written->second;
  }
  last_message_ = message;
  begin(StateRecord::message);
  records_.number(++last_message_number_);
  write_packet(message);
  return last_message_number_;
}

void StateJournal::write_delivery(const Delivery& delivery, std::uint64_t message) {
  records_.number(message);
  records_.number(static_cast<std::uint64_t>(delivery.qos) | (delivery.retain ? 4U : 0U));
  records_.number(delivery.tag);
  records_.text(delivery.subscription_identifiers.view());
}

std::error_code StateJournal::commit() {
  if (failed_) return failed_;
  if (records_.empty()) return {};
  failed_ = write_frame();
  if (!failed_ && log_bytes_ > 2 * snapshot_bytes_ + growth_before_snapshot) failed_ = write_snapshot();
  return failed_;
}

std::error_code StateJournal::write_frame() {
  frame_.clear();
  append_state_frame(records_.bytes(), frame_);
  records_.bytes().clear();
  log_bytes_ += frame_.size();
  return storage_.append(frame_);
}

std::error_code StateJournal::write_snapshot() {
  records_.bytes().clear();  // the state says it all
  last_message_ = {};
  if (const auto error = storage_.begin_snapshot()) return error;
  if (const auto error = storage_.append(as_bytes(state_log_magic))) return error;
  log_bytes_ = state_log_magic.size();
  in_snapshot_ = true;
  const std::error_code error = write_state();
  in_snapshot_ = false;
  written_.clear();
  snapshot_bytes_ = log_bytes_;
  return error ? error : storage_.end_snapshot();
}

std::error_code StateJournal::write_state() {
  std::error_code error;
  const auto write_if_full = [&](std::size_t limit) {
    if (!error && records_.bytes().size() > limit) error = write_frame();
  };
  state_.retained.for_each([&](const ApplicationMessage& message) {
    retained(message);
    write_if_full(snapshot_frame_bytes);
  });
  state_.sessions.for_each([&](Session& session) {
    if (!session.kept) return;
    write_session_content(session);
    write_if_full(snapshot_frame_bytes);
  });
  write_if_full(0);
  return error;
}

void StateJournal::write_session_content(Session& session) {
  write_session(session);
  for (const StoredSubscription* at = session.subscriptions; at != nullptr; at = at->next) {
    write_subscription(session, at->match, at->group == nullptr ? 0 : at->group->number,
                       SubscriptionIndex::filter_text(*at));
  }
  if (session.retained != nullptr) {
    for (const RetainedDelivery& due : *session.retained) retained_due(session, due);
  }
  for (std::uint32_t i = 0; i < session.sender.span(); ++i) {
    write_in_flight(session, session.sender.identifier_at(i), session.sender.at(i));
  }
  for (std::uint32_t i = 0; i < session.pending.size(); ++i) queued(session, session.pending[i]);
  session.receiver.for_each([&](PacketIdentifier id) { received(session, id); });
}

void StateJournal::write_in_flight(const Session& session, PacketIdentifier id, const InFlight& entry) {
  if (!entry.is_publish()) return;
  if (entry.state != InFlight::State::pubrel_sent) {
    return sent(session, id, {entry.message, entry.subscription_identifiers, entry.tag, entry.qos, entry.retain});
  }
  begin(StateRecord::pubrel_sent, session);
  records_.number(id);
}

}  // namespace mqtk
