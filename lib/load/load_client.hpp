// One of the many clients of a load test: an Engine on a Network Connection, without the comfort (and the memory) of
// Client: what fails is told, and whoever owns it decides whether it connects again.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "load/load_result.hpp"
#include "load/scenario.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/network_connection.hpp"
#include "net/timer.hpp"
#include "session/client_session.hpp"
#include "session/engine.hpp"

namespace mqtk {

class LoadClient;

// A listener must not destroy the client in a call.
class LoadClientListener {
 public:
  virtual void on_latency(Latency kind, Duration latency) = 0;
  // CONNACK and, where a filter was given, SUBACK have come: it is there, or part of it was denied.
  virtual void on_ready(LoadClient& client) = 0;
  virtual void on_error(LoadErrorKind kind, ReasonCode reason, std::string_view text) = 0;
  // The connection did not come about (then it was connecting) or is gone: on_error came before. `forgotten` messages
  // of QoS 1 and 2 were unfinished and are not sent again, as their Session ended with the connection.
  struct Gone {
    bool was_connecting;
    std::uint32_t forgotten;
  };
  virtual void on_gone(LoadClient& client, Gone gone) = 0;
  // The time of wait_until() has come.
  virtual void on_waited(LoadClient& client) = 0;
  virtual void on_message(LoadClient& client, const Publish& message, TimePoint now) = 0;
  virtual void on_publish_done(LoadClient& client, Tag tag, ReasonCode reason, TimePoint now) = 0;
  // At the end of a turn, after wants_to_send(yes): there is room.
  virtual void on_room_to_send(LoadClient& client) = 0;

 protected:
  ~LoadClientListener() = default;
};

// Shared by all clients of a group; outlives them.
struct LoadClientSettings {
  const Scenario* scenario = nullptr;
  const ClientGroup* group = nullptr;
  std::uint32_t group_index = 0;
  EngineOptions engine;
};

class LoadClient final : NetworkConnectionListener, TurnEndListener, ConnectObserver {
 public:
  // `place` is its place among the clients of its owner, `number` that in its group.
  LoadClient(Loop& loop, const LoadClientSettings& settings, LoadClientListener& listener, std::uint32_t place,
             std::uint32_t number);
  ~LoadClient();

  [[nodiscard]] std::uint32_t place() const { return place_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] const ClientGroup& group() const { return *settings_.group; }
  [[nodiscard]] std::uint32_t group_index() const { return settings_.group_index; }

  // What one connection needs; forgotten when it is there.
  struct Texts {
    std::string client_identifier;
    std::string user_name;
    std::string password;
    std::string will_topic;
    std::string source_address;
    std::vector<std::pair<std::string, QoS>> filters;
  };
  // Connects, and subscribes unless the broker has kept the Session. on_ready or on_gone follows, never from within.
  void begin(Texts texts);
  // on_waited follows; only while there is no connection.
  void wait_until(TimePoint when) { engine_timer_.arm(when); }

  [[nodiscard]] bool is_connecting() const { return texts_ != nullptr; }
  // on_ready has been told at least once.
  [[nodiscard]] bool was_ready() const { return was_ready_; }
  [[nodiscard]] bool is_ready() const { return ready_; }
  [[nodiscard]] bool subscription_granted() const { return granted_; }
  [[nodiscard]] TimePoint subscribed_at() const { return asked_; }
  // Messages sent and not done.
  [[nodiscard]] std::uint32_t unacknowledged() const { return unacknowledged_; }
  [[nodiscard]] std::size_t unwritten_bytes() const { return engine_ == nullptr ? 0 : engine_->output().size(); }

  // There is room for a message of this QoS: in the output and in the window.
  [[nodiscard]] bool has_room(QoS qos) const;
  // Written at the end of the turn. False if the message breaks a rule or a limit of the broker: on_error was called.
  bool send(const Publish& publish, Tag tag, TimePoint now);
  enum class Wants : std::uint8_t { no, yes };
  void wants_to_send(Wants wants);
  [[nodiscard]] Version version() const { return settings_.group->connect.version; }

  // Goes away by itself. Returns how many unfinished messages are forgotten with the connection.
  std::uint32_t leave(LoadStorm::How how);

  // Says good-bye and writes what is left, for at most `limit`; the Loop must turn meanwhile. `closed` is called once,
  // unless there is no connection: then false is returned.
  bool close(Duration limit, std::function<void()> closed);

 private:
  void on_readable() override;
  void on_writable() override;
  void on_turn_end() override;
  void on_connected(const std::string& peer_address) override;
  void on_proxy_passed() override;
  void on_tls(const TlsFacts& facts) override;
  void connector_done(std::expected<std::unique_ptr<NetworkConnection>, NetError> result);
  void send_connect();
  void take_events(TimePoint now);
  [[nodiscard]] bool awaits_more() const;
  void take(const Event& event, TimePoint now);
  void take_connack(const Event& event, TimePoint now);
  std::expected<void, std::string> begin_login(PropertyWriter& properties);
  void take_auth(const Auth& auth, TimePoint now);
  [[nodiscard]] bool broker_is_authentic(PropertyBlock properties);
  void login_failed(std::string_view why);
  void log_in_again();
  void subscribe(TimePoint now);
  void become_ready();
  void take_suback(const Event& event, TimePoint now);
  void read_slowly(TimePoint now);
  void engine_closed();
  void timer_expired();
  std::uint32_t drop_connection();
  void fail(LoadErrorKind kind, ReasonCode reason, std::string_view text);

  static constexpr std::size_t send_buffer_bytes = 256 * 1024;

  Loop& loop_;
  const LoadClientSettings& settings_;
  LoadClientListener& listener_;
  std::uint32_t place_;
  std::uint32_t number_;
  std::uint32_t unacknowledged_ = 0;
  std::uint32_t read_ = 0;  // messages of this read
  bool was_ready_ = false;
  bool ready_ = false;
  bool granted_ = false;
  bool wants_to_send_ = false;
  bool has_read_ = false;  // in this turn
  bool told_ = false;      // why it ends has been told
  TimePoint began_{};
  TimePoint asked_{};  // when the handshake began, or CONNECT or SUBSCRIBE was sent
  std::unique_ptr<Texts> texts_;
  ClientSession session_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<NetworkConnection> connection_;
  std::unique_ptr<Engine> engine_;
  struct Login;
  std::unique_ptr<Login> login_;       // by enhanced authentication
  std::unique_ptr<Timer> read_timer_;  // of a slow consumer
  Timer engine_timer_;                 // of the engine, or without a connection the wait for the next one
};

}  // namespace mqtk
