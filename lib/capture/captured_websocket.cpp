#include "capture/captured_websocket.hpp"

#include <algorithm>

#include "base/byte_order.hpp"

namespace mqtk {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The words of a header's value, which may be given in several headers; names are compared without case.
bool header_lists(std::string_view head, std::string_view name, std::string_view word) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    if (!std::ranges::equal(key, name, {}, lower, lower)) continue;
    line.remove_prefix(colon + 1);
    while (!line.empty()) {
      const std::size_t comma = std::min(line.find(','), line.size());
      std::string_view value = line.substr(0, comma);
      line.remove_prefix(std::min(comma + 1, line.size()));
      while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
      while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
      if (value == word) return true;
    }
  }
  return false;
}

}  // namespace

void CapturedWebSocket::take(Bytes bytes, std::vector<std::uint8_t>& out) {
  while (!bytes.empty() && fault_.empty()) {
    if (in_handshake_) {
      take_handshake(bytes);
    } else if (!in_frame_) {
      take_header(bytes);
    } else {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      if (is_data_) {
        for (std::size_t i = 0; i < count; ++i) out.push_back(bytes[i] ^ mask_[(mask_at_ + i) & 3U]);
      }
      mask_at_ += count;
      left_ -= count;
      bytes = bytes.subspan(count);
      in_frame_ = left_ > 0;
    }
  }
}

void CapturedWebSocket::take_handshake(Bytes& bytes) {
  const std::size_t before = handshake_.size();
  handshake_ += as_text(bytes.first(std::min(bytes.size(), max_handshake_bytes + 1 - before)));
  const std::size_t end = handshake_.find("\r\n\r\n");
  if (end == std::string::npos) {
    bytes = {};
    if (handshake_.size() > max_handshake_bytes) give_up();
    return;
  }
  bytes = bytes.subspan(end + 4 - before);
  handshake_.resize(end + 2);
  end_handshake();
}

void CapturedWebSocket::end_handshake() {
  in_handshake_ = false;
  const bool is_request = handshake_.starts_with("GET ");
  const bool accepted = handshake_.starts_with("HTTP/1.1 101");
  const bool has_protocol = header_lists(handshake_, "Sec-WebSocket-Protocol", "mqtt");
  // The names that were used before the OASIS standard.
  const bool has_old_protocol = header_lists(handshake_, "Sec-WebSocket-Protocol", "mqttv3.1");
  if (!is_request && !accepted) {
    fault_ = "the server does not accept the WebSocket: " + handshake_.substr(0, handshake_.find("\r\n"));
  } else if (!has_protocol && !has_old_protocol) {
    problem_ = is_request ? Rule::websocket_protocol_not_offered : Rule::websocket_protocol_not_selected;
  }
  forget_handshake();
}

std::size_t CapturedWebSocket::header_size() const {
  if (header_bytes_ < 2) return 2;
  const unsigned length = header_[1] & 0x7FU;
  const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  return 2 + extended + ((header_[1] & 0x80U) != 0 ? 4 : 0);
}

void CapturedWebSocket::take_header(Bytes& bytes) {
  while (!bytes.empty() && header_bytes_ < header_size()) {
    header_[header_bytes_++] = bytes[0];
    bytes = bytes.subspan(1);
  }
  if (header_bytes_ < header_size()) return;
  begin_frame();
  header_bytes_ = 0;
}

void CapturedWebSocket::begin_frame() {
  const unsigned opcode = header_[0] & 0x0FU;
  const bool is_known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
  if ((header_[0] & 0x70U) != 0 || !is_known) {
    fault_ = (header_[0] & 0x40U) != 0 ? "the WebSocket frames are compressed" : "this is no WebSocket frame";
    return;
  }
  const unsigned length = header_[1] & 0x7FU;
  left_ = length == 126   ? load_big_endian<std::uint16_t>(header_.data() + 2)
          : length == 127 ? load_big_endian<std::uint64_t>(header_.data() + 2)
                          : length;
  mask_ = {};
  if ((header_[1] & 0x80U) != 0)
    std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(header_size() - 4), 4, mask_.begin());
  mask_at_ = 0;
  is_data_ = opcode <= 2;
  in_frame_ = left_ > 0;
  if (opcode == 1 && !text_told_) {
    text_told_ = true;
    problem_ = Rule::websocket_text_frame;
  }
}

}  // namespace mqtk
