#include <utility>

#include "net/loop.hpp"
#include "net/network_connection.hpp"
#include "net/timer.hpp"

namespace mqtk {
namespace {

class ClosingConnection final : public LoopTenant, NetworkConnectionListener, TurnEndListener {
 public:
  ClosingConnection(Loop& loop, std::unique_ptr<NetworkConnection> connection, SendQueue rest, SendingEnd end)
      : loop_(loop),
        connection_(std::move(connection)),
        rest_(std::move(rest)),
        sent_(std::move(end.sent)),
        limit_(loop, [this] { finish(NetFault::timed_out); }) {
    connection_->start(*this);
    connection_->resume_reading();
    limit_.arm(loop.time_after(end.limit));
    loop.call_at_turn_end(*this);
  }

  void on_turn_end() override {
    // The connection may have ended in the turn in which this began.
    if (connection_ != nullptr) write();
  }
  void on_writable() override { write(); }

  void on_readable() override {
    const auto count = connection_->read(loop_.receive_scratch().bytes());
    if (!count && count.error() != std::errc::operation_would_block) finish(count.error());
  }

 private:
  void write() {
    const auto flushed = connection_->flush(rest_);
    if (!flushed) return finish(flushed.error());
    if (*flushed == FlushResult::part) return;
    connection_->end_writing();
    tell_sent({});
  }

  void finish(std::error_code error) {
    loop_.evict(*this);
    limit_.cancel();
    connection_.reset();
    tell_sent(error);
  }

  void tell_sent(std::error_code error) {
    if (const auto sent = std::exchange(sent_, {})) sent(error);
  }

  Loop& loop_;
  std::unique_ptr<NetworkConnection> connection_;
  SendQueue rest_;
  std::function<void(std::error_code)> sent_;
  Timer limit_;
};

}  // namespace

void close_after_sending(Loop& loop, std::unique_ptr<NetworkConnection> connection, SendQueue rest, SendingEnd end) {
  loop.adopt(std::make_unique<ClosingConnection>(loop, std::move(connection), std::move(rest), std::move(end)));
}

}  // namespace mqtk
