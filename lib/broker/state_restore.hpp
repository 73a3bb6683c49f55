// Brings the state back that a StateJournal has written.
#pragma once

#include <optional>
#include <unordered_map>

#include "broker/broker_state.hpp"
#include "broker/state_format.hpp"

namespace mqtk {

class StateRestore {
 public:
  // `wall_clock` is what the clock of people shows at TimePoint zero. The state is that of a broker without clients.
  StateRestore(BrokerState& state, TimePoint now, WallTime wall_clock)
      : state_(state), now_(now), wall_clock_(wall_clock) {}

  // Does what the records of one frame say. False at the first that makes no sense here; those before it are done.
  [[nodiscard]] bool apply(Bytes records);

  [[nodiscard]] std::uint64_t queued() const;  // messages that wait for clients

 private:
  struct Fields : StateFields {
    using StateFields::StateFields;
  };
  bool apply_one(StateRecord type, Fields& fields);
  bool on_session(Fields& fields);
  bool on_session_left(Fields& fields);
  bool on_session_ended(Fields& fields);
  bool on_subscription(Fields& fields);
  bool on_unsubscription(Fields& fields);
  bool on_message(Fields& fields);
  bool on_retained(Fields& fields);
  bool on_retained_due(Fields& fields);
  bool on_retained_served(Fields& fields);
  bool on_queued(Fields& fields);
  bool on_queued_sent(Fields& fields);
  bool on_queued_dropped(Fields& fields);
  bool on_sent(Fields& fields);
  bool on_step(StateRecord type, Fields& fields);
  static bool on_pubrel_sent(Session& session, PacketIdentifier id);
  static bool start(Session& session, PacketIdentifier id, Delivery delivery);

  [[nodiscard]] Session* session(Fields& fields);
  [[nodiscard]] std::optional<ApplicationMessage> packet(Fields& fields) const;
  [[nodiscard]] std::optional<Delivery> delivery(Fields& fields);
  [[nodiscard]] TimePoint time(std::uint64_t wall_nanoseconds) const;

  BrokerState& state_;
  TimePoint now_;
  WallTime wall_clock_;
  std::unordered_map<std::uint64_t, Session*> sessions_;
  std::unordered_map<std::uint64_t, ApplicationMessage> messages_;
  std::unordered_map<std::uint64_t, std::uint64_t> groups_;  // numbers then and now
};

}  // namespace mqtk
