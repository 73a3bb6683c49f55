// Answers questions about a broker, and does things to it on command, over a Unix socket.
//
// A request is one line of JSON, {"command":"kick","client_identifier":"a"}; the answer is JSON Lines until the
// connection closes. {"error":"…"} alone means that nothing was done.
#pragma once

#include <expected>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "broker/bridges.hpp"
#include "broker/broker.hpp"
#include "broker/broker_listener.hpp"
#include "net/acceptor.hpp"
#include "net/loop.hpp"

namespace mqtk::broker_program {

class ControlServer final : public BrokerListener, AcceptorListener, TurnEndListener {
 public:
  ControlServer(Loop& loop, Broker& broker, const Bridges& bridges, FaultRules& faults);
  ~ControlServer() override;

  // `path` is the socket's file.
  [[nodiscard]] std::expected<void, NetError> listen(const std::string& path);

  // Goes to everyone who asked for events.
  void on_event(const BrokerEvent& event) override;

 private:
  class Connection;

  void on_connection(std::unique_ptr<NetworkConnection> connection) override;
  void on_accept_failed(const NetError& error) override;
  void on_turn_end() override;

  // The lines of the answer. Throws nothing: a bad request is answered with its error.
  [[nodiscard]] std::string answer(std::string_view request, bool& wants_events);
  [[nodiscard]] WallTime wall_time(TimePoint time) const { return loop_.wall_now() + (time - loop_.now()); }
  void append_retained(std::string& out, std::string_view filter, std::string_view separator) const;
  void append_dump(std::string& out) const;

  Loop& loop_;
  Broker& broker_;
  const Bridges& bridges_;
  FaultRules& faults_;
  std::unique_ptr<Acceptor> acceptor_;
  std::list<std::unique_ptr<Connection>> connections_;
};

}  // namespace mqtk::broker_program
