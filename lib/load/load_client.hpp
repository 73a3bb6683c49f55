// One of the many clients of a load test: an Engine on a Network Connection, without the comfort (and the memory) of
// Client: it connects once, and what fails is told.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

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
  // The connection did not come about or is gone: on_error came before.
  virtual void on_gone(LoadClient& client) = 0;
  virtual void on_message(LoadClient& client, const Publish& message, TimePoint now) = 0;
  virtual void on_publish_done(LoadClient& client, Tag tag, ReasonCode reason, TimePoint now) = 0;
  // At the end of a turn, after wants_to_send(yes): there is room.
  virtual void on_room_to_send(LoadClient& client) = 0;

 protected:
  ~LoadClientListener() = default;
};

// Shared by all clients of a worker; outlives them.
struct LoadClientSettings {
  const Scenario* scenario = nullptr;
  EngineOptions engine;
};

class LoadClient final : NetworkConnectionListener, TurnEndListener {
 public:
  LoadClient(Loop& loop, const LoadClientSettings& settings, LoadClientListener& listener, std::uint32_t number);
  ~LoadClient();

  [[nodiscard]] std::uint32_t number() const { return number_; }

  // Connects, and subscribes to `filter` if it is not empty. on_ready or on_gone follows, never from within.
  void begin(std::string client_identifier, std::string filter);

  // on_ready has been told.
  [[nodiscard]] bool settled() const { return settled_; }
  [[nodiscard]] bool is_ready() const { return ready_; }
  [[nodiscard]] bool subscription_granted() const { return granted_; }
  // Messages sent and not done.
  [[nodiscard]] std::uint32_t unacknowledged() const { return unacknowledged_; }
  [[nodiscard]] std::size_t unwritten_bytes() const { return engine_ == nullptr ? 0 : engine_->output().size(); }

  // There is room for a message of this QoS: in the output and in the window.
  [[nodiscard]] bool has_room(QoS qos) const;
  // Written at the end of the turn. False if the message breaks a rule or a limit of the broker: on_error was called.
  bool send(const Publish& publish, Tag tag, TimePoint now);
  enum class Wants : std::uint8_t { no, yes };
  void wants_to_send(Wants wants);

  // Says good-bye and writes what is left, for at most `limit`; the Loop must turn meanwhile. `closed` is called once,
  // unless there is no connection: then false is returned.
  bool close(Duration limit, std::function<void()> closed);

 private:
  void on_readable() override;
  void on_writable() override;
  void on_turn_end() override;
  void connector_done(std::expected<std::unique_ptr<NetworkConnection>, NetError> result);
  void send_connect();
  void take_events(TimePoint now);
  void take(const Event& event, TimePoint now);
  void take_connack(const Event& event, TimePoint now);
  void become_ready();
  void take_suback(const Event& event, TimePoint now);
  void engine_closed();
  void engine_timer_expired();
  void fail(LoadErrorKind kind, ReasonCode reason, std::string_view text);

  static constexpr std::size_t send_buffer_bytes = 256 * 1024;

  Loop& loop_;
  const LoadClientSettings& settings_;
  LoadClientListener& listener_;
  std::uint32_t number_;
  std::uint32_t unacknowledged_ = 0;
  bool settled_ = false;
  bool ready_ = false;
  bool granted_ = false;
  bool wants_to_send_ = false;
  bool told_ = false;  // why it ends has been told
  std::string client_identifier_;
  std::string filter_;
  TimePoint began_{};
  TimePoint asked_{};  // when CONNECT or SUBSCRIBE was sent
  ClientSession session_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<NetworkConnection> connection_;
  std::unique_ptr<Engine> engine_;
  Timer engine_timer_;
};

}  // namespace mqtk
