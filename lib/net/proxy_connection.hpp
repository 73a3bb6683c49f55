// A Network Connection through a proxy: once the proxy has connected us, all bytes pass as they are. Private to
// lib/net.
#pragma once

#include <memory>
#include <string>

#include "net/layered_connection.hpp"
#include "net/proxy_handshake.hpp"

namespace mqtk {

class ProxyConnection final : public LayeredConnection {
 public:
  ProxyConnection(std::unique_ptr<NetworkConnection> under, const ProxyOptions& options, const std::string& host,
                  std::uint16_t port);

  [[nodiscard]] std::expected<bool, NetError> shake_hands() override;

  std::expected<std::size_t, std::error_code> read(MutableBytes to) override;
  std::expected<FlushResult, std::error_code> flush(SendQueue& queue) override { return under_->flush(queue); }
  void pause_reading() override { under_->pause_reading(); }
  void resume_reading() override { under_->resume_reading(); }

 private:
  ProxyHandshake handshake_;
  std::string doing_;
  std::string answer_;
};

}  // namespace mqtk
