#include "cli/metrics_page.hpp"

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "cli/output.hpp"
#include "net/network_connection.hpp"
#include "net/timer.hpp"

namespace mqtk::cli {
namespace {

constexpr std::size_t longest_request = 16 * 1024;
constexpr std::size_t most_visitors = 64;
constexpr Duration patience = std::chrono::seconds{5};

std::string url(std::uint16_t port) { return fmt::format("http://127.0.0.1:{}/metrics", port); }

std::string response(std::string_view status, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nConnection: "
      "close\r\n\r\n{}",
      status, body.size(), body);
}

}  // namespace

// One request, one answer, and the connection is closed.
class MetricsPage::Visitor final : NetworkConnectionListener {
 public:
  Visitor(MetricsPage& page, std::unique_ptr<NetworkConnection> network)
      : page_(page), network_(std::move(network)), patience_(page.loop_, [this] { end(); }) {
    patience_.arm(page.loop_.time_after(patience));
    network_->start(*this);
  }
  [[nodiscard]] bool gone() const { return network_ == nullptr; }

 private:
  void on_readable() override {
    std::uint8_t bytes[4096];
    const auto count = network_->read(bytes);
    if (!count && count.error() == std::errc::operation_would_block) return;
    if (!count) return end();
    request_.append(as_text(Bytes{bytes, *count}));
    const bool whole = request_.find("\r\n\r\n") != std::string::npos || request_.find("\n\n") != std::string::npos;
    if (!whole && request_.size() <= longest_request) return;
    SendQueue queue;
    queue.append(as_bytes(whole ? answer() : response("431 Request Header Fields Too Large", "")));
    close_after_sending(page_.loop_, std::move(network_), std::move(queue));
    end();
  }
  void on_writable() override {}

  [[nodiscard]] std::string answer() const {
    if (!request_.starts_with("GET ")) return response("405 Method Not Allowed", "");
    const std::string_view target = std::string_view{request_}.substr(4, request_.find_first_of(" \r\n", 4) - 4);
    if (target.substr(0, target.find('?')) != "/metrics") {
      return response("404 Not Found", "the figures are at GET /metrics\n");
    }
    return response("200 OK", page_.text_());
  }

  // Destroyed at the end of the turn.
  void end() {
    network_.reset();
    patience_.cancel();
    page_.loop_.call_at_turn_end(page_);
  }

  MetricsPage& page_;
  std::unique_ptr<NetworkConnection> network_;
  std::string request_;
  Timer patience_;
};

MetricsPage::MetricsPage(Loop& loop, std::function<std::string()> text) : loop_(loop), text_(std::move(text)) {}

MetricsPage::~MetricsPage() = default;

std::expected<std::string, NetError> MetricsPage::listen(std::uint16_t port) {
  auto acceptor = Acceptor::listen(loop_, {.host = "127.0.0.1", .port = port}, AcceptorOptions{}, *this);
  if (!acceptor) {
    return std::unexpected(NetError{"listening at " + url(port), acceptor.error().code, acceptor.error().detail});
  }
  acceptor_ = std::move(*acceptor);
  return url(acceptor_->endpoint().port);
}

void MetricsPage::on_connection(std::unique_ptr<NetworkConnection> connection) {
  if (visitors_.size() >= most_visitors) return;  // which closes it
  visitors_.push_back(std::make_unique<Visitor>(*this, std::move(connection)));
}

void MetricsPage::on_accept_failed(const NetError& error) { report(error.text()); }

void MetricsPage::on_turn_end() {
  std::erase_if(visitors_, [](const auto& visitor) { return visitor->gone(); });
}

}  // namespace mqtk::cli
