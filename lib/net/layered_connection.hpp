// A Network Connection carried by another one, with a handshake of its own before bytes flow. Private to lib/net.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "net/network_connection.hpp"

namespace mqtk {

class LayeredConnection : public NetworkConnection, protected NetworkConnectionListener {
 public:
  // Goes on with the handshake as far as the bytes that are there allow. True once it is done; until then to be called
  // again at on_readable and on_writable. A server's connections do it by themselves in read().
  [[nodiscard]] virtual std::expected<bool, NetError> shake_hands() = 0;

  void start(NetworkConnectionListener& listener) override {
    listener_ = &listener;
    under_->start(*this);
  }
  // The handshake is done: nothing is told until the next start().
  void await_start() {
    listener_ = nullptr;
    pause_reading();
  }
  void end_writing() override { under_->end_writing(); }
  void confirm_arrival() override { under_->confirm_arrival(); }
  void reset_on_close() override { under_->reset_on_close(); }
  [[nodiscard]] std::string peer_address() const override { return under_->peer_address(); }
  [[nodiscard]] const TlsFacts* tls_facts() const override { return under_->tls_facts(); }

 protected:
  explicit LayeredConnection(std::unique_ptr<NetworkConnection> under) : under_(std::move(under)) {}

  void on_readable() override {
    if (listener_ != nullptr) listener_->on_readable();
  }
  // The listener may have nothing more to flush, so what this layer holds back goes first.
  void on_writable() override {
    const auto flushed = flush_output();
    if (listener_ != nullptr && (!flushed || *flushed)) listener_->on_writable();
  }

  // Writes this layer's output to the connection below; false while that takes no more.
  [[nodiscard]] std::expected<bool, std::error_code> flush_output() {
    if (output_.empty()) return true;
    const auto flushed = under_->flush(output_);
    if (!flushed) return std::unexpected(flushed.error());
    return *flushed == FlushResult::all;
  }

  std::unique_ptr<NetworkConnection> under_;
  SendQueue output_;  // in the form of this layer, waiting for the connection below
  NetworkConnectionListener* listener_ = nullptr;
};

}  // namespace mqtk
