#include "broker/state_journal.hpp"

#include <utility>

#include "codec/codec.hpp"
#include "session/publish_encoding.hpp"

namespace mqtk {
namespace {

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
  if (out_ == &records_) {
    end_record();
    if (records_.empty()) state_.host.call_at_turn_end();
    record_goes_to_both_ = phase_ != SnapshotPhase::none;
  }
  out_->begin(type);
}

void StateJournal::begin(StateRecord type, const Session& session) {
  begin(type);
  if (out_ == &records_) record_goes_to_both_ = in_snapshot(session);
  out_->number(session.number);
}

void StateJournal::end_record() {
  const Bytes record = Bytes{records_.bytes()}.subspan(record_begins_);
  if (record_goes_to_both_) snapshot_records_.append(record);
  record_begins_ = records_.bytes().size();
  record_goes_to_both_ = false;
}

void StateJournal::session_opened(Session& session) {
  if (!session.kept) return;
  write_session(session);
  end_record();
  // A new one may have its place in what the snapshot has passed already.
  if (phase_ != SnapshotPhase::none && !in_snapshot(session)) write_to_snapshot(session);
}

void StateJournal::write_session(const Session& session) {
  begin(StateRecord::session, session);
  out_->text(session.client_identifier);
  out_->number(session.expiry_interval);
  const auto left_at = session.disconnected_at();
  out_->number(left_at ? 1 : 0);
  out_->number(left_at ? wall(*left_at) : 0);
  out_->number(session.will ? 1 : 0);
  if (!session.will) return;
  out_->number(session.will.delay_seconds);
  write_packet(session.will.message);
}

void StateJournal::session_left(const Session& session) {
  if (!session.kept) return;
  begin(StateRecord::session_left, session);
  out_->number(wall(session.disconnected_at().value_or(TimePoint{})));
  out_->number(session.expiry_interval);
  out_->number(session.will ? 1 : 0);
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
  out_->number(options_of(options));
  out_->number(options.identifier);
  out_->number(group);
  out_->text(filter);
}

void StateJournal::unsubscribed(const Session& session, std::string_view filter) {
  if (!session.kept) return;
  begin(StateRecord::unsubscription, session);
  out_->text(filter);
}

void StateJournal::retained_due(const Session& session, const RetainedDelivery& due) {
  if (!session.kept) return;
  begin(StateRecord::retained_due, session);
  out_->number(static_cast<std::uint64_t>(due.qos));
  out_->number(due.identifier);
  out_->text(due.filter);
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
  out_->number(id);
}

void StateJournal::queued_dropped(const Session& session, QoS qos) {
  if (session.kept && qos != QoS::at_most_once) begin(StateRecord::queued_dropped, session);
}

void StateJournal::sent(const Session& session, PacketIdentifier id, const Delivery& delivery) {
  if (!session.kept) return;
  const std::uint64_t message = message_number(delivery.message);
  begin(StateRecord::sent, session);
  out_->number(id);
  write_delivery(delivery, message);
}

void StateJournal::finished(const Session& session, PacketIdentifier id) {
  if (!session.kept) return;
  begin(StateRecord::finished, session);
  out_->number(id);
}

void StateJournal::received(const Session& session, PacketIdentifier id) {
  if (!session.kept) return;
  begin(StateRecord::received, session);
  out_->number(id);
}

void StateJournal::pubrel_sent(SessionState& state, PacketIdentifier id) {
  const auto& session = static_cast<const Session&>(state);
  if (!session.kept) return;
  begin(StateRecord::pubrel_sent, session);
  out_->number(id);
}

void StateJournal::released(SessionState& state, PacketIdentifier id) {
  const auto& session = static_cast<const Session&>(state);
  if (!session.kept) return;
  begin(StateRecord::released, session);
  out_->number(id);
}

void StateJournal::retained(const ApplicationMessage& message) {
  if (!is_kept(message)) return;
  if (message.payload().empty()) return retained_gone(message.topic());
  const std::uint64_t number = message_number(message);
  begin(StateRecord::retained);
  out_->number(number);
}

void StateJournal::retained_gone(std::string_view topic) {
  begin(StateRecord::retained_gone);
  out_->text(topic);
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
  out_->number(wall(message.received_at()));
  const auto size = encoded_size(publish, {Version::v5, Role::server});
  out_->number(size.value_or(0));
  if (!size) return;
  std::vector<std::uint8_t>& bytes = out_->bytes();
  const std::size_t at = bytes.size();
  bytes.resize(at + *size);
  write(publish, {Version::v5, Role::server}, bytes.data() + at);
}

// One that goes to many follows itself, so it is enough to know the last one.
std::uint64_t StateJournal::message_number(const ApplicationMessage& message) {
  const std::uint8_t* block = message.block().view().data();
  if (out_ == &records_) {
    if (last_message_ && last_message_.block().view().data() == block) return last_written_;
    last_message_ = message;
    write_message(message);
    return last_written_ = last_message_number_;
  }
  const auto [numbered, fresh] = numbered_.try_emplace(block, Numbered{message, last_message_number_ + 1});
  if (fresh) write_message(message);
  return numbered->second.number;
}

void StateJournal::write_message(const ApplicationMessage& message) {
  begin(StateRecord::message);
  out_->number(++last_message_number_);
  write_packet(message);
}

void StateJournal::write_delivery(const Delivery& delivery, std::uint64_t message) {
  out_->number(message);
  out_->number(static_cast<std::uint64_t>(delivery.qos) | (delivery.retain ? 4U : 0U));
  out_->number(delivery.tag);
  out_->text(delivery.subscription_identifiers.view());
}

std::error_code StateJournal::commit() {
  if (failed_) return failed_;
  if (records_.empty()) return {};
  end_record();
  const Bytes frame = framed(records_);
  record_begins_ = 0;
  log_bytes_ += frame.size();
  failed_ = storage_.append(frame);
  // It may be the new log that takes the room of the old one.
  if (failed_ && (phase_ == SnapshotPhase::retained || phase_ == SnapshotPhase::sessions)) {
    const std::error_code reason = std::exchange(failed_, {});
    failed_ = abandon_snapshot(reason);
    if (!failed_ && storage_.append(frame)) failed_ = reason;
  }
  if (failed_) return failed_;
  if (const auto error = append_to_snapshot()) failed_ = abandon_snapshot(error);
  return failed_;
}

// Valid until the next call.
Bytes StateJournal::framed(StateWriter& records) {
  frame_.clear();
  append_state_frame(records.bytes(), frame_);
  records.bytes().clear();
  return frame_;
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
  out_->number(id);
}

}  // namespace mqtk
