// One direction of a WebSocket connection (RFC 6455) to the bytes that its frames carry.
//
// MQTT over WebSocket is a stream of bytes: packets and frames have nothing to do with each other. The opening
// handshake is optional, because a capture may start behind it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "codec/rule.hpp"

namespace mqtk {

class CapturedWebSocket {
 public:
  enum class Start : std::uint8_t { handshake, frames };

  explicit CapturedWebSocket(Start start) : in_handshake_(start == Start::handshake) {}

  // Appends the data bytes in `bytes` to `out`.
  void take(Bytes bytes, std::vector<std::uint8_t>& out);

  // What cannot be read any more; empty if all is well.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  // A handshake that has not ended cannot be kept.
  void give_up() {
    if (!handshake_.empty()) fault_ = endless_handshake;
    forget_handshake();
  }
  // Memory that it takes beside its own.
  [[nodiscard]] std::size_t held_bytes() const { return handshake_.capacity(); }
  // A rule of MQTT that the last take() has found broken.
  [[nodiscard]] std::optional<Rule> take_problem() { return std::exchange(problem_, std::nullopt); }

 private:
  void take_handshake(Bytes& bytes);
  void end_handshake();
  void forget_handshake() {
    handshake_.clear();
    handshake_.shrink_to_fit();
  }
  void take_header(Bytes& bytes);
  [[nodiscard]] std::size_t header_size() const;
  void begin_frame();

  static constexpr std::size_t max_handshake_bytes = 64U * 1024;
  static constexpr std::string_view endless_handshake = "the HTTP header of the WebSocket handshake does not end";

  bool in_handshake_;
  std::string handshake_;
  std::array<std::uint8_t, 14> header_{};
  std::size_t header_bytes_ = 0;
  std::uint64_t left_ = 0;  // of the frame's payload
  std::array<std::uint8_t, 4> mask_{};
  std::size_t mask_at_ = 0;
  bool is_data_ = false;
  bool in_frame_ = false;
  bool text_told_ = false;
  std::string fault_;
  std::optional<Rule> problem_;
};

}  // namespace mqtk
