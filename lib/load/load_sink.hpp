// A broker that is none: it accepts every connection, acknowledges every message and passes none on.
//
// What a load test reaches against it is the load test's own ceiling.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <unordered_map>

#include "net/acceptor.hpp"
#include "net/loop.hpp"
#include "session/engine.hpp"

namespace mqtk {

class LoadSink final : AcceptorListener {
 public:
  explicit LoadSink(Loop& loop);
  LoadSink(const LoadSink&) = delete;
  LoadSink& operator=(const LoadSink&) = delete;
  ~LoadSink();

  // Where it listens, with the port that was really taken.
  [[nodiscard]] std::expected<Endpoint, NetError> listen(const Endpoint& endpoint);

  struct Counts {
    std::uint64_t connections = 0;  // that sent a CONNECT, since the beginning
    std::uint64_t messages = 0;     // QoS 2 counts when it arrives
    std::uint64_t bytes = 0;        // of the packets that came
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  class Connection;
  void on_connection(std::unique_ptr<NetworkConnection> connection) override;
  void on_accept_failed(const NetError& error) override;
  void forget(Connection& connection);

  Loop& loop_;
  EngineOptions engine_options_;
  Counts counts_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace mqtk
