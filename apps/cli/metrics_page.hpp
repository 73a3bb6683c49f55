// Figures for Prometheus, over HTTP on this machine.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "net/acceptor.hpp"
#include "net/loop.hpp"

namespace mqtk::cli {

// Answers GET /metrics. A visitor has five seconds for the request, and only a few are served at a time, so that nobody
// fills the process with silent ones.
class MetricsPage final : AcceptorListener, TurnEndListener {
 public:
  // `text` makes the figures of each visit, in Prometheus' text format, version 0.0.4.
  MetricsPage(Loop& loop, std::function<std::string()> text);
  ~MetricsPage() override;

  // At 127.0.0.1; port 0 is any free one. The value is the URL to be scraped.
  [[nodiscard]] std::expected<std::string, NetError> listen(std::uint16_t port);

 private:
  class Visitor;

  void on_connection(std::unique_ptr<NetworkConnection> connection) override;
  void on_accept_failed(const NetError& error) override;
  void on_turn_end() override;

  Loop& loop_;
  std::function<std::string()> text_;
  std::unique_ptr<Acceptor> acceptor_;
  std::list<std::unique_ptr<Visitor>> visitors_;
};

}  // namespace mqtk::cli
