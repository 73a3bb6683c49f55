// One client's Network Connection in the broker: its engine, and what happens to each event.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadlines.hpp"
#include "broker/access_control.hpp"
#include "broker/broker_state.hpp"
#include "broker/rate_limit.hpp"
#include "net/network_connection.hpp"
#include "session/engine.hpp"

namespace mqtk {

class BrokerCore;

class BrokerConnection final : NetworkConnectionListener, public Timed {
 public:
  BrokerConnection(BrokerCore& core, std::unique_ptr<NetworkConnection> network, std::uint32_t position);
  ~BrokerConnection() override;

  [[nodiscard]] Engine& engine() { return engine_; }
  [[nodiscard]] Session* session() const { return session_; }
  [[nodiscard]] Version version() const { return engine_.version(); }
  [[nodiscard]] std::string peer_address() const { return network_ == nullptr ? "" : network_->peer_address(); }
  [[nodiscard]] const TlsFacts* tls_facts() const { return network_ == nullptr ? nullptr : network_->tls_facts(); }
  ReasonCode refusal = ReasonCode::success;  // of the CONNECT, decided when the connection was opened

  // --- deliveries ----------------------------------------------------------------------------------------------------

  enum class Sent : std::uint8_t { yes, too_much_waits, too_large };
  // QoS 0.
  Sent send(const PublishImage& image, TimePoint now);
  // QoS 1 and 2. With too_much_waits the caller queues the delivery in the Session.
  Sent send(const PublishImage& image, const Delivery& delivery, TimePoint now);

  // A delivery is about to be queued in the Session.
  void about_to_queue(TimePoint now);

  // Has the output written, and the Session's queues looked at, when the turn ends.
  void want_turn_end();
  // At the end of the turn: moves what waits in the Session to the output …
  void prepare(TimePoint now);
  // … and the output to the network.
  void flush(TimePoint now);

  // --- back-pressure -------------------------------------------------------------------------------------------------

  [[nodiscard]] bool congested();
  // The latest moment at which the client took something, or had nothing to take.
  [[nodiscard]] TimePoint last_progress() const { return last_progress_; }
  void pause_reading();
  void resume_reading(TimePoint now);
  [[nodiscard]] bool paused() const { return paused_; }
  std::uint32_t waiting_publishers = 0;  // kept by BackPressure

  // --- the connection's life -----------------------------------------------------------------------------------------

  // CONNACK with success is about to be sent for this Session.
  void attach(Session& session) { session_ = &session; }
  // Ends the connection, with a DISCONNECT where the version has one.
  void close_by_broker(ReasonCode reason_code, TimePoint now);
  // The same at the end of the turn: for use while a message is on its way to many.
  void condemn(ReasonCode reason_code);

  void leave_will_unpublished();
  // Ends the connection without a word: what waits to be written must not leave.
  void cut(TimePoint now);
  // Ends the connection with 0xA0 Maximum connect time, unless this is called again before; nothing: never.
  void authorize_for(std::optional<Duration> duration);
  // Gone, and only waiting for the end of the turn.
  [[nodiscard]] bool removed() const { return network_ == nullptr; }

  void on_deadline(TimePoint now) override;
  void watch_deadline();

  // What most connections do not have. An idle one is to cost as little memory as can be.
  class Tap;
  struct Particulars {
    std::string counted_address;  // by ConnectionLimits; empty: none
    std::string user_name;        // that access control has found; empty: none
    // Enhanced authentication that is under way or may be repeated.
    std::vector<std::uint8_t> unanswered_connect;  // the CONNECT packet until it is answered
    std::unique_ptr<Authentication> authentication;
    std::optional<TimePoint> authorized_until;
    RateLimit publish_rate{0};
    std::optional<TimePoint> throttled_until;  // nothing is read before
    std::unique_ptr<Tap> tap;
  };
  [[nodiscard]] Particulars& particulars();
  [[nodiscard]] std::string_view counted_address() const;
  [[nodiscard]] std::string_view user_name() const;
  // What the limits of topics, the imitated service and access control say of a message or Will of this client.
  [[nodiscard]] ReasonCode may_publish(std::string_view client_identifier, std::string_view topic_name) const;

  std::uint32_t position;        // in the core's list of connections
  bool says_bridge = false;      // by the bit that mosquitto has made up for clients before 5.0
  bool of_this_process = false;  // subject to no access control and no limit of a service

 private:
  void on_readable() override;
  void on_writable() override;

  void take_events(TimePoint now);
  void handle(const Event& event, TimePoint now);
  void on_publish(const Event& event, TimePoint now);
  [[nodiscard]] ReasonCode admit(const Publish& publish) const;
  void on_publish_done(const Event& event, TimePoint now);
  void refuse(const Event& event, ReasonCode reason_code);
  void on_disconnect(const Event& event);

  void send_pending(TimePoint now);
  [[nodiscard]] bool room_in_output();
  void find_retained(TimePoint now);
  void note_sent(QoS qos, std::size_t payload_bytes);

  void take_what_was_set_aside(TimePoint now);
  // Holds the client back if it publishes too fast.
  void limit_publish_rate(TimePoint now);
  [[nodiscard]] bool reads() const { return !paused_ && !throttled_; }

  void lost(const std::error_code& error, TimePoint now);
  void close(TimePoint now);
  void detach(TimePoint now);
  void tell(BrokerEvent event) const;

  BrokerCore& core_;
  std::unique_ptr<NetworkConnection> network_;
  Engine engine_;
  Session* session_ = nullptr;
  std::unique_ptr<Particulars> particulars_;  // null: none
  TimePoint last_progress_;
  ReasonCode condemned_ = ReasonCode::success;
  bool wants_turn_end_ = false;
  bool write_blocked_ = false;
  bool paused_ = false;
  bool throttled_ = false;    // particulars_->throttled_until says until when
  bool rate_limit_ = false;   // particulars_->publish_rate holds
  bool unread_left_ = false;  // packets that came before reading was paused
  bool tells_messages_ = false;
  bool work_left_ = false;  // acknowledgements came or retained messages wait: the Session's queues may move on
};

}  // namespace mqtk
