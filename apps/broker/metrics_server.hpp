// The broker's counters for Prometheus, over HTTP on this machine.
#pragma once

#include <cstdint>
#include <expected>
#include <list>
#include <memory>
#include <string>

#include "broker/bridges.hpp"
#include "broker/broker.hpp"
#include "net/acceptor.hpp"
#include "net/loop.hpp"

namespace mqtk::broker_program {

class MetricsServer final : AcceptorListener, TurnEndListener {
 public:
  MetricsServer(Loop& loop, const Broker& broker, const Bridges& bridges);
  ~MetricsServer() override;

  // At 127.0.0.1; port 0 is any free one. The value is the URL to be scraped.
  [[nodiscard]] std::expected<std::string, NetError> listen(std::uint16_t port);

 private:
  class Connection;

  void on_connection(std::unique_ptr<NetworkConnection> connection) override;
  void on_accept_failed(const NetError& error) override;
  void on_turn_end() override;

  Loop& loop_;
  const Broker& broker_;
  const Bridges& bridges_;
  std::unique_ptr<Acceptor> acceptor_;
  std::list<std::unique_ptr<Connection>> connections_;
};

// The text format of Prometheus, version 0.0.4.
[[nodiscard]] std::string metrics_text(const BrokerCounters& counters, const BrokerSizes& sizes,
                                       const std::vector<BridgeFacts>& bridges);

}  // namespace mqtk::broker_program
