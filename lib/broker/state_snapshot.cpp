// The part of StateJournal that writes the whole state anew, in slices.
#include <utility>

#include "broker/state_journal.hpp"

namespace mqtk {
namespace {

// One slice ends behind the first of these: a fraction of a millisecond.
constexpr std::size_t slice_bytes = 64U * 1024;
constexpr std::size_t slice_messages = 250;
constexpr std::size_t slice_buckets = 2000;

}  // namespace

std::error_code StateJournal::continue_snapshot() {
  if (failed_) return failed_;
  std::error_code error;
  if (phase_ == SnapshotPhase::none && log_bytes_ > snapshot_due_bytes_) error = begin_snapshot();
  if (!error && (phase_ == SnapshotPhase::retained || phase_ == SnapshotPhase::sessions)) {
    error = write_slice();
    state_.host.call_at_turn_end();
  } else if (!error && phase_ == SnapshotPhase::finishing) {
    const auto finished = storage_.snapshot_finished(StateStorage::Wait::no);
    if (!finished) error = finished.error();
    if (finished && *finished) snapshot_took_over();
  }
  if (error) failed_ = abandon_snapshot(error);
  return failed_;
}

std::error_code StateJournal::write_snapshot() {
  // The state says it all.
  records_.bytes().clear();
  record_begins_ = 0;
  record_goes_to_both_ = false;
  if (const auto error = begin_snapshot()) return error;
  while (phase_ != SnapshotPhase::finishing) {
    if (const auto error = write_slice()) return error;
  }
  const auto finished = storage_.snapshot_finished(StateStorage::Wait::until_finished);
  if (!finished) return finished.error();
  snapshot_took_over();
  return {};
}

std::error_code StateJournal::begin_snapshot() {
  if (const auto error = storage_.begin_snapshot()) return error;
  if (const auto error = storage_.append_to_snapshot(as_bytes(state_log_magic))) return error;
  last_message_ = {};  // the new log does not have it
  snapshot_bytes_ = state_log_magic.size();
  ++snapshot_number_;
  retained_position_.clear();
  bucket_ = 0;
  bucket_count_ = state_.sessions.bucket_count();
  phase_ = SnapshotPhase::retained;
  return {};
}

std::error_code StateJournal::write_slice() {
  out_ = &snapshot_records_;
  if (phase_ == SnapshotPhase::retained) {
    write_some_retained();
  } else {
    write_some_sessions();
  }
  out_ = &records_;
  if (const auto error = append_to_snapshot()) return error;
  if (phase_ == SnapshotPhase::finishing) {
    whole_snapshot_bytes_ = snapshot_bytes_;
    storage_.finish_snapshot();
  }
  return {};
}

void StateJournal::write_some_retained() {
  std::size_t left = slice_messages;
  const bool more = state_.retained.for_some(retained_position_, [&](const ApplicationMessage& message) {
    if (is_kept(message)) {
      write_message(message);
      begin(StateRecord::retained);
      out_->number(last_message_number_);
    }
    return --left == 0 || out_->bytes().size() >= slice_bytes;
  });
  if (!more) phase_ = SnapshotPhase::sessions;
}

void StateJournal::write_some_sessions() {
  // Those that are written already are passed over.
  if (bucket_count_ != state_.sessions.bucket_count()) bucket_ = 0;
  bucket_count_ = state_.sessions.bucket_count();
  for (std::size_t left = slice_buckets; bucket_ < bucket_count_ && left > 0 && out_->bytes().size() < slice_bytes;
       --left) {
    state_.sessions.for_each_in_bucket(bucket_++, [&](Session& session) {
      if (session.kept && !in_snapshot(session)) write_to_snapshot(session);
    });
  }
  if (bucket_ == bucket_count_) phase_ = SnapshotPhase::finishing;
}

void StateJournal::write_to_snapshot(Session& session) {
  StateWriter* before = std::exchange(out_, &snapshot_records_);
  write_session_content(session);
  session.snapshot = snapshot_number_;
  out_ = before;
}

std::error_code StateJournal::append_to_snapshot() {
  if (snapshot_records_.empty()) return {};
  const Bytes frame = framed(snapshot_records_);
  snapshot_bytes_ += frame.size();
  return storage_.append_to_snapshot(frame);
}

void StateJournal::snapshot_took_over() {
  phase_ = SnapshotPhase::none;
  numbered_.clear();
  log_bytes_ = snapshot_bytes_;
  snapshot_due_bytes_ = 2 * whole_snapshot_bytes_ + state_.options.state_log_growth_bytes;
}

std::error_code StateJournal::abandon_snapshot(const std::error_code& reason) {
  phase_ = SnapshotPhase::none;
  numbered_.clear();
  snapshot_records_.bytes().clear();
  snapshot_due_bytes_ = log_bytes_ + state_.options.state_log_growth_bytes;
  if (!storage_.abandon_snapshot()) return reason;
  const std::string text = reason.message();
  state_.listener.on_event({.type = BrokerEvent::Type::snapshot_failed, .detail = text});
  return {};
}

}  // namespace mqtk
