// A Network Connection that tells what is read from it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/network_connection.hpp"

namespace mqtk::proxy {

class TappedConnection final : public NetworkConnection {
 public:
  // `tap` is called within read(), before it returns.
  TappedConnection(std::unique_ptr<NetworkConnection> network, std::function<void(Bytes)> tap)
      : network_(std::move(network)), tap_(std::move(tap)) {}

  void start(NetworkConnectionListener& listener) override { network_->start(listener); }
  [[nodiscard]] std::expected<std::size_t, std::error_code> read(MutableBytes to) override {
    const auto count = network_->read(to);
    if (count) tap_(to.first(*count));
    return count;
  }
  [[nodiscard]] std::expected<FlushResult, std::error_code> flush(SendQueue& queue) override {
    return network_->flush(queue);
  }
  void pause_reading() override { network_->pause_reading(); }
  void resume_reading() override { network_->resume_reading(); }
  void end_writing() override { network_->end_writing(); }
  void reset_on_close() override { network_->reset_on_close(); }
  [[nodiscard]] std::string peer_address() const override { return network_->peer_address(); }
  [[nodiscard]] const TlsFacts* tls_facts() const override { return network_->tls_facts(); }

 private:
  std::unique_ptr<NetworkConnection> network_;
  std::function<void(Bytes)> tap_;
};

}  // namespace mqtk::proxy
