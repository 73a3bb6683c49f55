// Answers GET /metrics on the loopback with the latest figures, for Prometheus.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "load/load_result.hpp"
#include "net/acceptor.hpp"

namespace mqtk::bench {

class MetricsServer final : AcceptorListener {
 public:
  // Port 0 takes a free one. The error is one line.
  [[nodiscard]] static std::expected<std::unique_ptr<MetricsServer>, std::string> listen(Loop& loop,
                                                                                         std::uint16_t port);
  ~MetricsServer();

  [[nodiscard]] std::uint16_t port() const { return acceptor_->endpoint().port; }
  void add(const LoadInterval& interval);

 private:
  class Visitor;
  explicit MetricsServer(Loop& loop);
  void on_connection(std::unique_ptr<NetworkConnection> connection) override;
  void on_accept_failed(const NetError&) override {}  // the next visit may succeed
  void dismiss(Visitor& visitor);
  [[nodiscard]] std::string answer(std::string_view request_line) const;
  [[nodiscard]] std::string metrics() const;

  static constexpr std::size_t most_visitors = 16;

  Loop& loop_;
  std::unique_ptr<Acceptor> acceptor_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  LoadInterval total_;
  LoadInterval latest_;
};

}  // namespace mqtk::bench
