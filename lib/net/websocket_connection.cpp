#include "net/websocket_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "net/handshake_fault.hpp"
#include "net/http_head.hpp"

namespace mqtk {
namespace {

constexpr std::size_t max_frame_bytes = 128 * 1024;
constexpr std::size_t max_output_bytes = 256 * 1024;  // frames made ahead of the network
constexpr std::size_t max_pongs_bytes = 16 * 1024;    // a peer that pings and does not read is answered no further

std::array<std::uint8_t, 16> random_bytes() {
  std::random_device random;
  std::array<std::uint8_t, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const std::uint32_t word = random();
    std::memcpy(bytes.data() + i, &word, 4);
  }
  return bytes;
}

}  // namespace

WebSocketConnection::WebSocketConnection(Loop& loop, std::unique_ptr<NetworkConnection> under, WebSocketRole role)
    : LayeredConnection(std::move(under)), loop_(loop), role_(role), reader_(role) {}

std::unique_ptr<WebSocketConnection> WebSocketConnection::for_client(Loop& loop,
                                                                     std::unique_ptr<NetworkConnection> under,
                                                                     const WebSocketOpening& opening) {
  std::unique_ptr<WebSocketConnection> connection(
      new WebSocketConnection(loop, std::move(under), WebSocketRole::client));
  connection->masks_.seed(std::random_device{}());
  connection->host_ = opening.host;
  connection->text_ = websocket_key(random_bytes());
  connection->output_.append(as_bytes(websocket_request(opening, connection->text_)));
  return connection;
}

std::unique_ptr<WebSocketConnection> WebSocketConnection::for_server(Loop& loop,
                                                                     std::unique_ptr<NetworkConnection> under,
                                                                     std::string path) {
  std::unique_ptr<WebSocketConnection> connection(
      new WebSocketConnection(loop, std::move(under), WebSocketRole::server));
  connection->text_ = std::move(path);
  return connection;
}

void WebSocketConnection::start(NetworkConnectionListener& listener) {
  LayeredConnection::start(listener);
  paused_ = false;
  if (read_due_ || write_due_) loop_.call_at_turn_end(*this);
}

// A mask keeps old HTTP proxies from taking MQTT for HTTP; it hides nothing.
std::uint32_t WebSocketConnection::next_mask() {
  return role_ == WebSocketRole::server ? 0 : static_cast<std::uint32_t>(masks_());
}

// --- the handshake
// -----------------------------------------------------------------------------------------------------

std::expected<bool, HandshakeFailure> WebSocketConnection::advance() {
  if (open_) return true;
  if (end_) return std::unexpected(HandshakeFailure{end_, end_detail_});
  const auto flushed = flush_output();
  if (!flushed) return std::unexpected(HandshakeFailure{flushed.error()});
  for (;;) {
    std::array<std::uint8_t, 4096> bytes;
    const auto count = under_->read(bytes);
    if (!count && count.error() == std::errc::operation_would_block) return false;
    if (!count) {
      const bool ended = failure_of(count.error()) == NetFailure::lost;
      return std::unexpected(HandshakeFailure{ended ? make_error_code(HandshakeFault::closed) : count.error()});
    }
    head_ += as_text({bytes.data(), *count});
    const auto size = http_head_size(head_);
    if (!size && head_.size() > max_http_head_bytes) {
      return std::unexpected(HandshakeFailure{HandshakeFault::http_too_large});
    }
    // What cannot become HTTP is not waited for.
    const std::string_view expected = role_ == WebSocketRole::client ? "HTTP/" : "GET ";
    const bool other = !head_.starts_with(std::string_view(expected).substr(0, head_.size()));
    if (other && role_ == WebSocketRole::client) return take_head(head_);
    if (!size && !other) continue;
    const std::string head = head_.substr(0, size.value_or(head_.size()));
    head_.erase(0, head.size());
    return take_head(head);
  }
}

std::expected<bool, HandshakeFailure> WebSocketConnection::take_head(std::string_view head) {
  if (role_ == WebSocketRole::client) {
    if (auto accepted = check_websocket_answer(head, text_); !accepted) return std::unexpected(accepted.error());
  } else {
    const WebSocketAnswer answer = answer_websocket_request(head, text_);
    output_.append(as_bytes(answer.text));
    const auto flushed = flush_output();
    if (!answer.accepted) {
      under_->end_writing();
      return std::unexpected(HandshakeFailure{HandshakeFault::bad_request});
    }
    if (!flushed) return std::unexpected(HandshakeFailure{flushed.error()});
  }
  open_ = true;
  head_.shrink_to_fit();
  read_due_ = !head_.empty();
  if (read_due_ || write_due_) loop_.call_at_turn_end(*this);
  return true;
}

std::expected<bool, NetError> WebSocketConnection::shake_hands() {
  const auto done = advance();
  if (done) return *done;
  return std::unexpected(
      NetError{fmt::format("WebSocket handshake with {}", host_), done.error().code, done.error().detail});
}

// --- bytes
// -------------------------------------------------------------------------------------------------------------

std::expected<std::size_t, std::error_code> WebSocketConnection::read(MutableBytes to) {
  const auto done = advance();
  if (!done) {
    end_ = done.error().code;
    return std::unexpected(end_);
  }
  if (!*done) return std::unexpected(make_error_code(std::errc::operation_would_block));
  if (end_) return std::unexpected(end_);
  // The frames that came with the handshake.
  if (!head_.empty()) {
    const std::size_t size = std::min(head_.size(), to.size());
    std::memcpy(to.data(), head_.data(), size);
    head_.erase(0, size);
    return take_frames(to.first(size));
  }
  const auto count = under_->read(to);
  if (!count) return count;
  return take_frames(to.first(*count));
}

std::expected<std::size_t, std::error_code> WebSocketConnection::take_frames(MutableBytes bytes) {
  const auto size = reader_.read(bytes, [this](const WebSocketReader::Control& control) { take_control(control); });
  if (!size) {
    close_with(size.error().status);
    const bool text = size.error().status == CloseStatus::unsupported_data;
    end_ = text ? HandshakeFault::text_frame : HandshakeFault::frame_not_allowed;
    return std::unexpected(end_);
  }
  static_cast<void>(flush_output());
  if (*size == 0) {
    return std::unexpected(end_ ? end_ : make_error_code(std::errc::operation_would_block));
  }
  if (end_ || !head_.empty()) {
    read_due_ = true;
    loop_.call_at_turn_end(*this);
  }
  return *size;
}

void WebSocketConnection::take_control(const WebSocketReader::Control& control) {
  using Kind = WebSocketReader::Control::Kind;
  if (control.kind == Kind::ping) {
    if (output_.size() < max_output_bytes + max_pongs_bytes) append_pong(output_, control.payload, role_, next_mask());
    return;
  }
  if (control.kind == Kind::pong) return;
  const bool in_order = control.status == CloseStatus::normal || control.status == CloseStatus::going_away ||
                        control.status == CloseStatus::none;
  end_ = in_order ? make_error_code(NetFault::end_of_stream) : make_error_code(HandshakeFault::closed_by_peer);
  close_with(in_order ? CloseStatus::normal : control.status);
}

void WebSocketConnection::close_with(CloseStatus status) {
  if (std::exchange(close_sent_, true)) return;
  append_close(output_, status, role_, next_mask());
  static_cast<void>(flush_output());
}

std::expected<FlushResult, std::error_code> WebSocketConnection::flush(SendQueue& queue) {
  if (!open_) {
    if (end_) return std::unexpected(end_);
    if (queue.empty()) return FlushResult::all;
    write_due_ = true;
    return FlushResult::part;
  }
  if (close_sent_) return std::unexpected(end_ ? end_ : make_error_code(NetFault::end_of_stream));
  for (;;) {
    while (!queue.empty() && output_.size() < max_output_bytes) {
      append_binary_frame(output_, queue, max_frame_bytes, role_, next_mask());
    }
    const auto flushed = flush_output();
    if (!flushed) return std::unexpected(flushed.error());
    if (!*flushed) return FlushResult::part;
    if (queue.empty()) return FlushResult::all;
  }
}

void WebSocketConnection::on_turn_end() {
  if (listener_ == nullptr) return;
  if (std::exchange(write_due_, false)) {
    if (read_due_) loop_.call_at_turn_end(*this);
    return listener_->on_writable();
  }
  if (!paused_ && std::exchange(read_due_, false)) listener_->on_readable();
}

void WebSocketConnection::pause_reading() {
  paused_ = true;
  under_->pause_reading();
}

void WebSocketConnection::resume_reading() {
  paused_ = false;
  if (read_due_) loop_.call_at_turn_end(*this);
  under_->resume_reading();
}

void WebSocketConnection::end_writing() {
  if (open_) close_with(CloseStatus::normal);
  // The peer answers with its Close frame; over plain TCP it needs no FIN to do so, but a silent one gets it.
  under_->end_writing();
}

}  // namespace mqtk
