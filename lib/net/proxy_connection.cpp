#include "net/proxy_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "net/endpoint.hpp"
#include "net/handshake_fault.hpp"

namespace mqtk {

ProxyConnection::ProxyConnection(std::unique_ptr<NetworkConnection> under, const ProxyOptions& options,
                                 const std::string& host, std::uint16_t port)
    : LayeredConnection(std::move(under)),
      handshake_(options, host, port),
      doing_(fmt::format("connecting through the proxy {}", short_text({.host = options.host, .port = options.port}))) {
}

std::expected<bool, NetError> ProxyConnection::shake_hands() {
  for (;;) {
    output_.append(as_bytes(handshake_.take_output()));
    if (const auto flushed = flush_output(); !flushed) return std::unexpected(NetError{doing_, flushed.error()});
    // A small piece at a time: what follows the proxy's answer belongs to the next layer.
    std::array<std::uint8_t, 512> bytes;
    const auto count = under_->read(bytes);
    if (!count && count.error() == std::errc::operation_would_block) return false;
    if (!count) {
      const bool ended = failure_of(count.error()) == NetFailure::lost;
      return std::unexpected(NetError{doing_, ended ? make_error_code(HandshakeFault::closed) : count.error()});
    }
    answer_ += as_text({bytes.data(), *count});
    const auto done = handshake_.take(answer_);
    if (!done) return std::unexpected(NetError{doing_, done.error().code, done.error().detail});
    if (*done) return true;
  }
}

std::expected<std::size_t, std::error_code> ProxyConnection::read(MutableBytes to) {
  if (answer_.empty()) return under_->read(to);
  const std::size_t size = std::min(answer_.size(), to.size());
  std::memcpy(to.data(), answer_.data(), size);
  answer_.erase(0, size);
  return size;
}

}  // namespace mqtk
