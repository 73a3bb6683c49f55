// A client's Network Connection and the one to the broker that belongs to it: what one side sends goes to the other.
//
// Bytes are written in the call in which they were read, as many as came at once. While much waits for one side, the
// other is not read. The end of a stream and a reset are passed on behind the bytes before them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/send_queue.hpp"
#include "broker/faulty_connection.hpp"
#include "codec/types.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/network_connection.hpp"
#include "net/timer.hpp"

namespace mqtk::proxy {

// How a relay came to its end.
struct RelayEnd {
  enum class Kind : std::uint8_t {
    finished,     // both sides ended in good order, `by` first
    reset,        // by `by`: `cause`
    unreachable,  // the broker: `cause`
    fault,        // on command
  };
  Kind kind = Kind::finished;
  Role by = Role::unknown;
  NetError cause = {};
};

class RelayHost {
 public:
  // May put something around it.
  virtual std::unique_ptr<NetworkConnection> on_broker_connected(std::uint64_t number,
                                                                 std::unique_ptr<NetworkConnection> broker) = 0;
  virtual void on_relay_fault(std::uint64_t number, const InjectedFault& fault) = 0;
  // The last call, which may destroy the relay.
  virtual void on_relay_ended(std::uint64_t number, const RelayEnd& end) = 0;

 protected:
  ~RelayHost() = default;
};

class Relay final : public FaultHost, TurnEndListener {
 public:
  struct Options {
    std::size_t max_buffered_bytes = 0;
    // For what is left to be written when nothing more can come.
    Duration linger = std::chrono::seconds(5);
  };

  Relay(Loop& loop, std::uint64_t number, RelayHost& host, const Options& options);

  void start(std::unique_ptr<NetworkConnection> client, const Endpoint& broker, const ConnectorOptions& options);

  // Reads nothing until go_on().
  void hold();
  void go_on();

  // For a FaultyConnection around the client's.
  void on_fault(const InjectedFault& fault) override;

 private:
  struct End final : NetworkConnectionListener {
    End(Relay& owner, Role which) : relay(owner), role(which) {}
    void on_readable() override { relay.read_from(*this); }
    void on_writable() override { relay.write_to(*this); }

    Relay& relay;
    Role role;
    std::unique_ptr<NetworkConnection> network;  // the broker's: null until it is connected
    SendQueue queue;                             // from the other side
    bool paused = false;
    bool ended = false;   // sends nothing more
    bool closed = false;  // was told that nothing more comes
    bool lost = false;    // cannot be written to
  };

  [[nodiscard]] End& other(const End& end) { return end.role == Role::client ? broker_ : client_; }
  void connected(std::expected<std::unique_ptr<NetworkConnection>, NetError> made);
  void read_from(End& from);
  void write_to(End& to);
  void take_end(End& from);
  void take_failure(End& from, std::error_code error);
  void close_both();
  void update_reading(End& from);
  void finish(RelayEnd end);
  void on_turn_end() override;

  Loop& loop_;
  std::uint64_t number_;
  RelayHost& host_;
  Options options_;
  End client_{*this, Role::client};
  End broker_{*this, Role::server};
  Connector connector_;
  Timer linger_;
  RelayEnd end_;
  bool held_ = false;
  bool struck_ = false;  // by a fault that ends the connection
  bool done_ = false;
};

}  // namespace mqtk::proxy
