// What a program says on stderr about its connection: one line for each change of state, not for each attempt.
#pragma once

#include <cstdint>

#include "cli/exit_status.hpp"
#include "client/connect_options.hpp"
#include "client/connection_failure.hpp"
#include "net/endpoint.hpp"

namespace mqtk::cli {

class ConnectionReport {
 public:
  // `options` as the Client has them: whether it tries again decides what is advised.
  ConnectionReport(Endpoint endpoint, ConnectOptions options)
      : endpoint_(std::move(endpoint)), options_(std::move(options)) {}

  // For ClientListener::on_connected: speaks where lost() has spoken before.
  void connected();
  // For ClientListener::on_connection_lost.
  void lost(const ConnectionFailure& failure);
  // For ClientListener::on_stopped, where it was for good reason. What the program should end with.
  [[nodiscard]] ExitStatus stopped(const ConnectionFailure& failure) const;

  // Connections after the first.
  [[nodiscard]] std::uint64_t reconnects() const { return connections_ > 0 ? connections_ - 1 : 0; }
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

 private:
  Endpoint endpoint_;
  ConnectOptions options_;
  bool away_ = false;  // it was said that the connection is lost
  std::uint64_t connections_ = 0;
};

}  // namespace mqtk::cli
