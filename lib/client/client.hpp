// An MQTT client: keeps one Network Connection to a broker, a Session across reconnects, and never more in memory than
// what is in flight: publish() says `wait` instead of queueing.
//
// QoS 1 and 2 messages that were taken are sent again after a reconnect until the broker has acknowledged them: as the
// same message where the broker kept the Session, as new ones where it did not.
#pragma once

#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "client/backoff.hpp"
#include "client/client_listener.hpp"
#include "client/connect_options.hpp"
#include "client/connection_failure.hpp"
#include "client/subscription_requests.hpp"
#include "net/connector.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/network_connection.hpp"
#include "net/timer.hpp"
#include "session/client_session.hpp"
#include "session/engine.hpp"

namespace mqtk {

class Client final : NetworkConnectionListener, TurnEndListener {
 public:
  // Loop and listener outlive the Client.
  Client(Loop& loop, Endpoint endpoint, ConnectOptions options, ClientListener& listener);
  // Drops the connection without DISCONNECT.
  ~Client() override;

  // Connects, and again by the reconnect policy, until on_stopped.
  void start();

  // Writes what was taken, then DISCONNECT, waits for the broker to close, and ends with on_stopped. Unacknowledged
  // QoS 1 and 2 messages are not waited for. Where there is no connection it ends in the next turn.
  void stop(ReasonCode reason = ReasonCode::success);

  enum class Flow : std::uint8_t {
    taken,
    wait,  // nothing has happened; on_ready_to_send tells when to try again
  };
  // Takes a message: QoS 0 is on its way, QoS 1 and 2 end with on_publish_done. The Fault is a rule that the message
  // breaks or a limit of this broker; it will not do better later.
  [[nodiscard]] std::expected<Flow, Fault> publish(const Publish& publish, Tag tag = 0);

  // The same with what was encoded before for many messages. Rule::none: taken, Rule::not_connected: as Flow::wait,
  // others as the Fault; a bare Rule as the Engine's.
  [[nodiscard]] Rule publish(const PublishForm& form, Bytes payload, Tag tag = 0);

  // The same for a message that is large: its block is sent from, not copied. A Topic Alias among its properties is
  // lost.
  [[nodiscard]] std::expected<Flow, Fault> publish(const ApplicationMessage& message, Tag tag = 0);

  // Now, or when the connection is there; also again after a reconnect that found no Session. The Fault likewise, where
  // a connection shows it.
  std::expected<void, Fault> subscribe(const Subscribe& subscribe, Tag tag = 0);
  std::expected<void, Fault> unsubscribe(const Unsubscribe& unsubscribe, Tag tag = 0);

  // For ConnectOptions::Acknowledge::by_caller. False if the message's connection is gone: the broker sends it again.
  bool acknowledge(PacketIdentifier id, ReasonCode reason = ReasonCode::success);

  // Back-pressure for a listener that cannot take more messages: the broker holds back what is not read. Keep Alive
  // goes on meanwhile. Lasts until resume_reading(), or until the connection ends.
  void pause_reading();
  void resume_reading();

  // A step of enhanced authentication, or with re_authenticate a new one.
  std::expected<void, Fault> authenticate(ReasonCode reason, PropertyBlock properties);

  [[nodiscard]] bool is_connected() const { return engine_ != nullptr && engine_->open(); }
  // QoS 1 and 2 messages taken and not done.
  [[nodiscard]] std::uint64_t unfinished() const { return unfinished_; }

  // Of CONNECT from the next connection on; 5.0 only.
  void set_connect_properties(PropertyWriter properties) { options_.properties = std::move(properties); }

  // Sees the packets of all connections; null ends it.
  void observe(PacketObserver* observer);

 private:
  enum class State : std::uint8_t { idle, pausing, connecting, talking, closing, stopped };

  // client.cpp: the messages
  void on_readable() override;
  void on_writable() override;
  void on_turn_end() override;
  void take_events();
  void take(const Event& event);
  void take_message(const Event& event);
  void take_connack(const Event& event);
  [[nodiscard]] bool repeat_requests(bool session_present);
  void take_publish_done(const Event& event);
  void publish_abandoned();
  [[nodiscard]] bool can_take(QoS qos) const;
  [[nodiscard]] bool announces_bridge() const { return options_.announce_bridge && options_.version != Version::v5; }
  [[nodiscard]] bool can_go_on() const;
  [[nodiscard]] Duration patience_for_pingresp() const;
  std::expected<Flow, Fault> wait_to_send(QoS qos);
  void progress();

  // client_connection.cpp: connecting, ending, trying again
  void begin_attempt();
  void open_connection();
  void connector_done(std::expected<std::unique_ptr<NetworkConnection>, NetError> result);
  void send_connect();
  void connection_lost(std::error_code error);
  void engine_closed();
  void end_attempt(const ConnectionFailure& failure);
  bool falls_back(const ConnectionFailure& failure);
  [[nodiscard]] ConnectionFailure failure(ConnectionFailure::Kind kind) const;
  void drop_connection();
  void begin_closing();
  void finish_closing(std::error_code error);
  void finish(const ConnectionFailure* failure);
  void state_timer_expired();
  void engine_timer_expired();
  void acknowledge_timer_expired();
  [[nodiscard]] PropertyWriter connect_properties();
  std::expected<void, std::string> renew();

  // client_enhanced.cpp: enhanced authentication
  std::expected<void, std::string> begin_authentication(PropertyWriter& properties);
  void take_auth(const Auth& auth);
  [[nodiscard]] bool broker_is_authentic(PropertyBlock properties);
  void authentication_failed(std::string why);
  void authenticate_again();

  static constexpr std::size_t send_buffer_bytes = 256 * 1024;
  // Without any progress: for the rest of the output to go, then for the broker to close.
  static constexpr Duration closing_limit = std::chrono::seconds{5};
  static constexpr Duration publisher_closing_limit = std::chrono::milliseconds{50};

  Loop& loop_;
  Endpoint endpoint_;
  ConnectOptions options_;
  ClientListener& listener_;
  PacketObserver* observer_ = nullptr;

  State state_ = State::idle;
  std::optional<QoS> waiting_to_send_;  // on_ready_to_send is due when a message of this QoS can be taken
  bool session_is_ours_ = false;        // the Session Expiry Interval was chosen here, to bridge reconnects
  bool stop_asked_ = false;
  bool messages_told_ = false;  // on_messages_end is due
  bool reading_paused_ = false;
  bool answer_due_ = false;  // the engine waits for authenticate()
  ReasonCode stop_reason_ = ReasonCode::success;
  Version version_asked_;
  bool bridge_asked_;
  Backoff backoff_;
  std::string client_identifier_;
  ClientSession session_;
  std::deque<InFlight> abandoned_;  // to be published anew before anything else
  SubscriptionRequests requests_;
  std::uint64_t unfinished_ = 0;
  TimePoint attempt_began_{};
  TimePoint progress_at_{};  // the latest acknowledgement, or first request after a time without any due
  std::optional<ConnectionFailure> failure_;  // told by an event; acted upon when the engine has closed

  EngineOptions engine_options_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<NetworkConnection> connection_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ClientAuthentication> authentication_;  // of this connection
  Event event_;
  Timer state_timer_;  // ends a pause, or the wait for the broker's close
  Timer engine_timer_;
  Timer acknowledge_timer_;
  Timer authentication_timer_;
};

}  // namespace mqtk
