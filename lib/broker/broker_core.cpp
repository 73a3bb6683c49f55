#include "broker/broker_core.hpp"

#include <algorithm>

#include "base/send_queue_pool.hpp"
#include "broker/state_restore.hpp"

namespace mqtk {
namespace {

constexpr Duration chores_interval = std::chrono::seconds{1};
constexpr Duration chores_interval_under_pressure = std::chrono::milliseconds{100};
constexpr std::size_t expiry_steps = 1000;  // retained messages looked at in one round

// Connections beyond those of max_connections clients: they have yet to send CONNECT, which may be refused.
constexpr std::size_t waiting_room = 1024;

}  // namespace

BrokerCore::BrokerCore(const BrokerOptions& options, BrokerHost& host, ReceiveScratch& scratch,
                       BrokerListener& listener)
    : state_(options, host, listener, *this),
      connection_limits_(options),
      scratch_(scratch),
      back_pressure_(state_),
      fan_out_(state_, back_pressure_),
      session_life_(state_, fan_out_),
      admission_(state_, session_life_),
      subscribe_requests_(state_),
      system_topics_(state_, fan_out_, host.now()),
      chores_(*this) {
  do_chores(host.now());
}

BrokerCore::~BrokerCore() = default;

void BrokerCore::accept(std::unique_ptr<NetworkConnection> network, Origin origin) {
  ++state_.counters.connections_opened;
  if (state_lost_) return;  // which closes it
  const auto position = static_cast<std::uint32_t>(connections_.size());
  if (origin == Origin::this_process) {
    connections_.push_back(std::make_unique<BrokerConnection>(*this, std::move(network), position));
    connections_.back()->of_this_process = true;
    return;
  }
  if (connections_.size() >= state_.options.max_connections + waiting_room) {
    const std::string address = network->peer_address();
    state_.listener.on_event(
        {.type = BrokerEvent::Type::refused, .reason_code = ReasonCode::quota_exceeded, .peer_address = address});
    return;  // which closes it
  }
  auto limited = connection_limits_.opened(network->peer_address(), state_.host.now());
  if (limited.close_at_once) {
    const std::string address = network->peer_address();
    state_.listener.on_event(
        {.type = BrokerEvent::Type::refused, .reason_code = limited.reason_code, .peer_address = address});
    return;
  }
  connections_.push_back(std::make_unique<BrokerConnection>(*this, std::move(network), position));
  connections_.back()->refusal = limited.reason_code;
  if (!limited.address.empty()) connections_.back()->particulars().counted_address = std::move(limited.address);
}

void BrokerCore::call_at_turn_end(BrokerConnection& connection) {
  if (turn_end_.empty()) state_.host.call_at_turn_end();
  turn_end_.push_back(&connection);
}

void BrokerCore::remove(BrokerConnection& connection) {
  connection_limits_.closed(connection.counted_address());
  const std::uint32_t position = connection.position;
  removed_.push_back(std::move(connections_[position]));
  if (position + 1 != connections_.size()) {
    connections_[position] = std::move(connections_.back());
    connections_[position]->position = position;
  }
  connections_.pop_back();
  state_.host.call_at_turn_end();
}

void BrokerCore::end_turn() {
  const TimePoint now = state_.host.now();
  being_flushed_.swap(turn_end_);
  for (BrokerConnection* connection : being_flushed_) connection->prepare(now);
  // Nothing of this turn goes to the network before it is written.
  if (!commit()) cut_all(now);
  for (BrokerConnection* connection : being_flushed_) connection->flush(now);
  being_flushed_.clear();
  // What was removed is in no list but maybe that of the next turn's end.
  std::erase_if(turn_end_, [](const BrokerConnection* connection) { return connection->removed(); });
  removed_.clear();
  if (state_.journal != nullptr && !went_well(state_.journal->continue_snapshot())) cut_all(now);
  if (back_pressure_.any_wait()) state_.deadlines.set_earlier(chores_, now + chores_interval_under_pressure);
  if (const auto next = state_.deadlines.next()) state_.host.wake_at(*next);
}

void BrokerCore::expire(TimePoint now) {
  state_.deadlines.expire(now);
  if (const auto next = state_.deadlines.next()) state_.host.wake_at(*next);
}

void BrokerCore::do_chores(TimePoint now) {
  back_pressure_.release_impatient(now);
  state_.retained.remove_expired(now, expiry_steps);
  free_unused_output_memory();
  const auto next_topics = system_topics_.publish(now);
  TimePoint next = now + (back_pressure_.any_wait() ? chores_interval_under_pressure : chores_interval);
  if (next_topics) next = std::min(next, *next_topics);
  state_.set_deadline(chores_, next);
}

bool BrokerCore::disconnect(std::string_view client_identifier, ReasonCode reason_code) {
  const Session* session = state_.sessions.find(client_identifier);
  if (session == nullptr || session->connection == nullptr) return false;
  session->connection->close_by_broker(reason_code, state_.host.now());
  return true;
}

bool BrokerCore::forget(std::string_view client_identifier, ReasonCode reason_code) {
  Session* session = state_.sessions.find(client_identifier);
  if (session == nullptr) return false;
  session_life_.forget_state(*session);
  disconnect(client_identifier, reason_code);
  // It may have ended with its connection.
  session = state_.sessions.find(client_identifier);
  if (session != nullptr) session_life_.end(*session, state_.host.now());
  return true;
}

Broker::Forgotten BrokerCore::reset(ReasonCode reason_code) {
  const TimePoint now = state_.host.now();
  Broker::Forgotten forgotten{static_cast<std::size_t>(state_.counters.clients_connected), state_.sessions.size(), 0};
  std::vector<std::string> identifiers;
  state_.sessions.for_each([&](const Session& session) { identifiers.push_back(session.client_identifier); });
  for (const std::string& identifier : identifiers) forget(identifier, reason_code);
  const std::size_t retained = state_.retained.size();
  state_.retained.clear();
  if (state_.journal != nullptr) state_.journal->all_retained_gone();
  const auto next_topics = system_topics_.publish_again(now);
  forgotten.retained = retained - state_.retained.size();
  if (next_topics) state_.deadlines.set_earlier(chores_, *next_topics);
  return forgotten;
}

void BrokerCore::shut_down() {
  const TimePoint now = state_.host.now();
  while (!connections_.empty()) {
    BrokerConnection& connection = *connections_.back();
    connection.leave_will_unpublished();
    connection.close_by_broker(ReasonCode::server_shutting_down, now);
  }
  static_cast<void>(commit());
}

BrokerCore::KeptState BrokerCore::keep_state(StateStorage& storage, Bytes log, WallTime wall_now) {
  const TimePoint now = state_.host.now();
  const WallTime wall_clock = wall_now - now.time_since_epoch();
  KeptState kept;
  StateRestore restore{state_, now, wall_clock};
  StateFrames frames{log};
  for (Bytes records; !(records = frames.next()).empty();) {
    kept.cut_bytes = frames.left() + records.size();
    if (!restore.apply(records)) break;
    kept.cut_bytes = frames.left();
  }
  kept.cut_bytes = std::max(kept.cut_bytes, frames.left());
  kept.queued = restore.queued();
  journal_ = std::make_unique<StateJournal>(state_, storage, wall_clock);
  state_.journal = journal_.get();
  state_.engine_options.qos2_listener = journal_.get();
  std::vector<Session*> sessions;
  state_.sessions.for_each([&](Session& session) { sessions.push_back(&session); });
  for (Session* session : sessions) session_life_.settle(*session, now);
  kept.sessions = state_.sessions.size();
  state_.retained.for_each([&](const ApplicationMessage& message) {
    if (StateJournal::is_kept(message) && !message.expired(now)) ++kept.retained;
  });
  if (kept.cut_bytes > 0) {
    auto copy = storage.set_aside();
    if (copy)
      kept.damaged_log = std::move(*copy);
    else
      kept.error = copy.error();
  }
  if (!kept.error) kept.error = journal_->write_snapshot();
  return kept;
}

bool BrokerCore::commit() {
  if (state_.journal == nullptr) return !state_lost_;
  return went_well(state_.journal->commit());
}

bool BrokerCore::went_well(const std::error_code& error) {
  if (!error) return true;
  state_lost_ = true;
  state_.journal = nullptr;
  const std::string text = error.message();
  state_.listener.on_event({.type = BrokerEvent::Type::state_lost, .detail = text});
  state_.host.call_at_turn_end();
  return false;
}

void BrokerCore::cut_all(TimePoint now) {
  while (!connections_.empty()) connections_.back()->cut(now);
}

}  // namespace mqtk
