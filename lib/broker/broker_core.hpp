// A broker without sockets and clock: everything but where connections come from and what time it is.
#pragma once

#include <memory>
#include <vector>

#include "broker/admission.hpp"
#include "broker/back_pressure.hpp"
#include "broker/broker.hpp"
#include "broker/broker_connection.hpp"
#include "broker/broker_state.hpp"
#include "broker/connection_limits.hpp"
#include "broker/fan_out.hpp"
#include "broker/session_life.hpp"
#include "broker/state_journal.hpp"
#include "broker/subscribe_requests.hpp"
#include "broker/system_topics.hpp"

namespace mqtk {

class BrokerCore final : SessionDeadlineListener {
 public:
  // All arguments outlive the core; `scratch` is where all connections read.
  BrokerCore(const BrokerOptions& options, BrokerHost& host, ReceiveScratch& scratch, BrokerListener& listener);
  ~BrokerCore();

  void set_access_control(AccessControl* access_control) { state_.access_control = access_control; }

  // A client has connected. One of this process is beyond the limits that others are kept within.
  enum class Origin : std::uint8_t { network, this_process };
  void accept(std::unique_ptr<NetworkConnection> network, Origin origin = Origin::network);

  // What BrokerHost was asked to call.
  void end_turn();
  void expire(TimePoint now);

  // Tells 5.0 clients that the server shuts down, and closes all connections once their output is written. Wills are
  // not published and Sessions are not ended.
  void shut_down();

  // See Broker.
  bool disconnect(std::string_view client_identifier, ReasonCode reason_code);
  Broker::Forgotten reset(ReasonCode reason_code);
  // Ends the Session with this Client Identifier, and its connection, without Will. False if there is none.
  bool forget(std::string_view client_identifier, ReasonCode reason_code);

  // Brings back what `log` holds, and writes all that changes from now on to `storage`, beginning with the whole state.
  // Before the first connection. Where writing fails later, all connections are cut without an answer to anything that
  // could not be written, and no others are taken; the listener is told state_lost.
  struct KeptState {
    std::uint64_t sessions = 0;
    std::uint64_t retained = 0;
    std::uint64_t queued = 0;
    std::uint64_t cut_bytes = 0;  // damaged or incomplete, at the end
    std::string damaged_log;      // where the log with them is kept
    std::error_code error;        // of the first writing
  };
  KeptState keep_state(StateStorage& storage, Bytes log, WallTime wall_now);

  [[nodiscard]] const BrokerCounters& counters() const { return state_.counters; }
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

  // --- for BrokerConnection ------------------------------------------------------------------------------------------

  [[nodiscard]] BrokerState& state() { return state_; }
  [[nodiscard]] ReceiveScratch& scratch() { return scratch_; }
  [[nodiscard]] Event& event() { return event_; }
  [[nodiscard]] FanOut& fan_out() { return fan_out_; }
  [[nodiscard]] BackPressure& back_pressure() { return back_pressure_; }
  [[nodiscard]] Admission& admission() { return admission_; }
  [[nodiscard]] SubscribeRequests& subscribe_requests() { return subscribe_requests_; }
  [[nodiscard]] SessionLife& session_life() { return session_life_; }
  void call_at_turn_end(BrokerConnection& connection);
  // The connection is destroyed when the turn ends.
  void remove(BrokerConnection& connection);
  // Writes what is to outlive the broker. False if that failed: then nothing may be sent any more.
  [[nodiscard]] bool commit();

 private:
  [[nodiscard]] bool went_well(const std::error_code& error);
  void cut_all(TimePoint now);
  void on_session_deadline(Session& session, TimePoint now) override { session_life_.settle(session, now); }

  // Things that come round: retained messages that expire, publishers that wait, system topics.
  class Chores final : public Timed {
   public:
    explicit Chores(BrokerCore& core) : core_(core) {}
    void on_deadline(TimePoint now) override { core_.do_chores(now); }

   private:
    BrokerCore& core_;
  };
  void do_chores(TimePoint now);

  BrokerState state_;
  std::unique_ptr<StateJournal> journal_;
  bool state_lost_ = false;
  ConnectionLimits connection_limits_;
  ReceiveScratch& scratch_;
  BackPressure back_pressure_;
  FanOut fan_out_;
  SessionLife session_life_;
  Admission admission_;
  SubscribeRequests subscribe_requests_;
  SystemTopics system_topics_;
  Chores chores_;
  Event event_;
  std::vector<std::unique_ptr<BrokerConnection>> connections_;
  std::vector<std::unique_ptr<BrokerConnection>> removed_;
  std::vector<BrokerConnection*> turn_end_;
  std::vector<BrokerConnection*> being_flushed_;
};

}  // namespace mqtk
