// Writes down what must outlive the broker: Sessions that outlive their connections, their subscriptions and messages,
// and retained messages.
//
// Records gather during a turn; commit() writes them as one frame before anything of that turn goes to the network, so
// that what was acknowledged has been written. After an error of the log nothing is written any more.
//
// When the log has grown the whole state is written to a new one, a slice at the end of each turn, so that no client
// waits for it. What changes meanwhile goes to both logs, but what changes in a Session only once that is in the new
// one. Where the new one cannot be written, the old one counts on.
#pragma once

#include <system_error>
#include <unordered_map>

#include "broker/broker_state.hpp"
#include "broker/state_format.hpp"
#include "broker/state_storage.hpp"

namespace mqtk {

class StateJournal final : public QoS2Listener {
 public:
  // Both outlive the journal. `wall_clock` is what the clock of people shows at TimePoint zero.
  StateJournal(BrokerState& state, StateStorage& storage, WallTime wall_clock)
      : state_(state), storage_(storage), wall_clock_(wall_clock) {}

  // --- of Sessions with Session::kept; of others nothing is written --------------------------------------------------
  void session_opened(Session& session);
  void session_left(const Session& session);
  void session_ended(const Session& session);
  void will_gone(const Session& session);
  void subscribed(const Session& session, const Match& options, std::string_view filter);
  void unsubscribed(const Session& session, std::string_view filter);
  void retained_due(const Session& session, const RetainedDelivery& due);
  void retained_served(const Session& session);

  // QoS 0 is not kept.
  void queued(const Session& session, const Delivery& delivery);
  void queued_sent(const Session& session, PacketIdentifier id);
  void queued_dropped(const Session& session, QoS qos);
  void sent(const Session& session, PacketIdentifier id, const Delivery& delivery);
  void finished(const Session& session, PacketIdentifier id);
  void received(const Session& session, PacketIdentifier id);
  void pubrel_sent(SessionState& session, PacketIdentifier id) override;
  void released(SessionState& session, PacketIdentifier id) override;

  // --- retained messages; those of the broker itself, below $SYS, are not kept ---------------------------------------
  [[nodiscard]] static bool is_kept(const ApplicationMessage& message) { return !message.topic().starts_with("$SYS/"); }
  void retained(const ApplicationMessage& message);
  void retained_gone(std::string_view topic);
  void all_retained_gone();

  // --- writing -------------------------------------------------------------------------------------------------------
  [[nodiscard]] std::error_code commit();
  // The next slice of a snapshot, if one is under way or due. At the end of each turn, after commit().
  [[nodiscard]] std::error_code continue_snapshot();
  // The whole state in a new log in place of the old one, at once.
  [[nodiscard]] std::error_code write_snapshot();

 private:
  [[nodiscard]] std::uint64_t wall(TimePoint time) const;
  void write_session(const Session& session);
  void write_session_content(Session& session);
  void write_subscription(const Session& session, const Match& options, std::uint64_t group, std::string_view filter);
  void write_packet(const ApplicationMessage& message);
  [[nodiscard]] std::uint64_t message_number(const ApplicationMessage& message);
  void write_delivery(const Delivery& delivery, std::uint64_t message);
  void write_in_flight(const Session& session, PacketIdentifier id, const InFlight& entry);
  void begin(StateRecord type);
  void begin(StateRecord type, const Session& session);
  void write_message(const ApplicationMessage& message);
  void end_record();
  Bytes framed(StateWriter& records);

  // state_snapshot.cpp
  enum class SnapshotPhase : std::uint8_t { none, retained, sessions, finishing };
  std::error_code begin_snapshot();
  std::error_code write_slice();
  void write_some_retained();
  void write_some_sessions();
  void write_to_snapshot(Session& session);
  [[nodiscard]] bool in_snapshot(const Session& session) const {
    return phase_ != SnapshotPhase::none && session.snapshot == snapshot_number_;
  }
  std::error_code append_to_snapshot();
  void snapshot_took_over();
  // Goes on with the old log and tries again when it has grown more. An error if there is no old log.
  [[nodiscard]] std::error_code abandon_snapshot(const std::error_code& reason);

  BrokerState& state_;
  StateStorage& storage_;
  WallTime wall_clock_;
  StateWriter records_;               // of this turn
  std::size_t record_begins_ = 0;     // the last of them
  bool record_goes_to_both_ = false;  // it, while there is a snapshot
  StateWriter* out_ = &records_;      // where records are written now
  std::vector<std::uint8_t> frame_;
  std::vector<std::uint8_t> properties_;
  // The message written last, held so that no other can have its address.
  ApplicationMessage last_message_;
  std::uint64_t last_written_ = 0;         // its number
  std::uint64_t last_message_number_ = 0;  // of all, those of snapshots as well
  std::uint64_t log_bytes_ = 0;
  std::uint64_t snapshot_due_bytes_ = 0;  // when the log is larger, it is written anew
  std::error_code failed_;

  SnapshotPhase phase_ = SnapshotPhase::none;
  std::uint32_t snapshot_number_ = 0;
  StateWriter snapshot_records_;
  std::uint64_t snapshot_bytes_ = 0;
  std::uint64_t whole_snapshot_bytes_ = 0;  // of them the state itself, without what came behind it
  std::string retained_position_;
  std::size_t bucket_ = 0;
  std::size_t bucket_count_ = 0;
  // The messages that wait for Sessions in the snapshot, by their blocks, since many may wait for one.
  struct Numbered {
    ApplicationMessage message;  // holds the block, so that no other can have its address
    std::uint64_t number;
  };
  std::unordered_map<const std::uint8_t*, Numbered> numbered_;
};

}  // namespace mqtk
