#include "bench/metrics_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/bytes.hpp"
#include "net/loop.hpp"
#include "net/network_connection.hpp"
#include "net/timer.hpp"

namespace mqtk::bench {

// One HTTP request, one answer, and the connection is closed.
class MetricsServer::Visitor final : NetworkConnectionListener {
 public:
  Visitor(MetricsServer& server, std::unique_ptr<NetworkConnection> connection)
      : server_(server),
        connection_(std::move(connection)),
        patience_(server.loop_, [this] { server_.dismiss(*this); }) {
    patience_.arm(server.loop_.time_after(std::chrono::seconds{5}));
    connection_->start(*this);
  }

 private:
  void on_readable() override {
    std::array<std::uint8_t, 4096> block{};
    const auto count = connection_->read(block);
    if (!count) {
      if (count.error() == std::errc::operation_would_block) return;
      return server_.dismiss(*this);
    }
    request_ += as_text({block.data(), *count});
    const bool whole = request_.find("\r\n\r\n") != std::string::npos || request_.find("\n\n") != std::string::npos;
    if (!whole && request_.size() < most_request) return;
    SendQueue queue;
    queue.append(as_bytes(server_.answer(std::string_view{request_}.substr(0, request_.find_first_of("\r\n")))));
    close_after_sending(server_.loop_, std::move(connection_), std::move(queue));
    server_.dismiss(*this);
  }
  void on_writable() override {}

  static constexpr std::size_t most_request = 16 * 1024;

  friend class MetricsServer;
  MetricsServer& server_;
  std::unique_ptr<NetworkConnection> connection_;
  std::string request_;
  Timer patience_;
};

MetricsServer::MetricsServer(Loop& loop) : loop_(loop) {}

MetricsServer::~MetricsServer() = default;

std::expected<std::unique_ptr<MetricsServer>, std::string> MetricsServer::listen(Loop& loop, std::uint16_t port) {
  std::unique_ptr<MetricsServer> server{new MetricsServer{loop}};
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  auto acceptor = Acceptor::listen(loop, endpoint, {}, *server);
  if (!acceptor) return std::unexpected(acceptor.error().text());
  server->acceptor_ = std::move(*acceptor);
  return server;
}

void MetricsServer::on_connection(std::unique_ptr<NetworkConnection> connection) {
  if (visitors_.size() < most_visitors) visitors_.push_back(std::make_unique<Visitor>(*this, std::move(connection)));
}

void MetricsServer::dismiss(Visitor& visitor) {
  std::erase_if(visitors_, [&](const std::unique_ptr<Visitor>& each) { return each.get() == &visitor; });
}

void MetricsServer::add(const LoadInterval& interval) {
  total_.add(interval);
  latest_ = interval;
}

std::string MetricsServer::answer(std::string_view request_line) const {
  const bool is_get = request_line.starts_with("GET ");
  const std::string_view path = request_line.substr(is_get ? 4 : 0);
  const bool found = is_get && (path.starts_with("/metrics ") || path.starts_with("/metrics?"));
  const std::string body = found ? metrics() : "the figures are at GET /metrics\n";
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      found ? "200 OK" : "404 Not Found", body.size(), body);
}

// Counters only grow; latencies are of all that was measured so far, as the format's summaries are.
std::string MetricsServer::metrics() const {
  std::string text;
  const auto out = std::back_inserter(text);
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    fmt::format_to(out, "# HELP mqtk_bench_{0} {1}\n# TYPE mqtk_bench_{0} counter\nmqtk_bench_{0} {2}\n", name, help,
                   value);
  };
  counter("sent_messages_total", "Messages sent.", total_.traffic.sent);
  counter("acknowledged_messages_total", "Messages acknowledged with success.", total_.traffic.acknowledged);
  counter("received_messages_total", "Messages received.", total_.traffic.received);
  counter("sent_payload_bytes_total", "Bytes of payloads sent.", total_.sent_bytes);
  counter("received_payload_bytes_total", "Bytes of payloads received.", total_.received_bytes);
  counter("errors_total", "Errors of all kinds.", total_.errors);
  text += "# HELP mqtk_bench_latency_seconds Latencies by kind.\n# TYPE mqtk_bench_latency_seconds summary\n";
  for (const LoadInterval::Recorded& recorded : total_.latencies) {
    const Histogram histogram{recorded.histogram};
    const std::string_view kind = latency_name(recorded.kind);
    for (const auto& [quantile, percent] : {std::pair{"0.5", 50.0}, {"0.9", 90.0}, {"0.99", 99.0}, {"0.999", 99.9}}) {
      fmt::format_to(out, "mqtk_bench_latency_seconds{{kind=\"{}\",quantile=\"{}\"}} {}\n", kind, quantile,
                     std::chrono::duration<double>(histogram.percentile(percent)).count());
    }
    const auto count = static_cast<double>(histogram.count());
    fmt::format_to(out, "mqtk_bench_latency_seconds_sum{{kind=\"{}\"}} {}\n", kind,
                   std::chrono::duration<double>(histogram.mean()).count() * count);
    fmt::format_to(out, "mqtk_bench_latency_seconds_count{{kind=\"{}\"}} {}\n", kind, histogram.count());
  }
  const auto process = [&](std::string_view name, const ProcessUse& all, const ProcessUse& now) {
    if (now.memory_bytes == 0) return;
    fmt::format_to(out, "# TYPE mqtk_bench_{0}_cpu_seconds_total counter\nmqtk_bench_{0}_cpu_seconds_total {1}\n", name,
                   std::chrono::duration<double>(all.processor_time).count());
    fmt::format_to(out, "# TYPE mqtk_bench_{0}_memory_bytes gauge\nmqtk_bench_{0}_memory_bytes {1}\n", name,
                   now.memory_bytes);
  };
  process("generator", total_.generator, latest_.generator);
  // LoadInterval::add takes the broker's for one and the same.
  if (latest_.broker.memory_bytes > 0) {
    fmt::format_to(out, "# TYPE mqtk_bench_broker_memory_bytes gauge\nmqtk_bench_broker_memory_bytes {}\n",
                   latest_.broker.memory_bytes);
  }
  return text;
}

}  // namespace mqtk::bench
