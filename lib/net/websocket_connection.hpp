// MQTT in WebSocket frames over another Network Connection. Private to lib/net.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "net/layered_connection.hpp"
#include "net/loop.hpp"
#include "net/websocket_frames.hpp"
#include "net/websocket_handshake.hpp"

namespace mqtk {

class WebSocketConnection final : public LayeredConnection, TurnEndListener {
 public:
  [[nodiscard]] static std::unique_ptr<WebSocketConnection> for_client(Loop& loop,
                                                                       std::unique_ptr<NetworkConnection> under,
                                                                       const WebSocketOpening& opening);
  // Accepts requests for `path`.
  [[nodiscard]] static std::unique_ptr<WebSocketConnection> for_server(Loop& loop,
                                                                       std::unique_ptr<NetworkConnection> under,
                                                                       std::string path);

  [[nodiscard]] std::expected<bool, NetError> shake_hands() override;
  void start(NetworkConnectionListener& listener) override;

  std::expected<std::size_t, std::error_code> read(MutableBytes to) override;
  std::expected<FlushResult, std::error_code> flush(SendQueue& queue) override;
  void pause_reading() override;
  void resume_reading() override;
  void end_writing() override;

 private:
  WebSocketConnection(Loop& loop, std::unique_ptr<NetworkConnection> under, WebSocketRole role);

  void on_turn_end() override;
  [[nodiscard]] std::expected<bool, HandshakeFailure> advance();
  [[nodiscard]] std::expected<bool, HandshakeFailure> take_head(std::string_view head);
  [[nodiscard]] std::expected<std::size_t, std::error_code> take_frames(MutableBytes bytes);
  void take_control(const WebSocketReader::Control& control);
  void close_with(CloseStatus status);
  [[nodiscard]] std::uint32_t next_mask();

  Loop& loop_;
  WebSocketRole role_;
  std::string text_;  // server: the path, client: the key that was sent
  std::string host_;  // client
  std::string head_;  // of the handshake, until it is whole; then the frames that came behind it
  WebSocketReader reader_;
  std::minstd_rand masks_;
  std::error_code end_;  // what read() gives once all data is taken
  std::string end_detail_;
  bool open_ = false;
  bool paused_ = false;
  bool close_sent_ = false;
  bool read_due_ = false;   // on_readable is to be called although the connection below is silent
  bool write_due_ = false;  // likewise on_writable
};

}  // namespace mqtk
